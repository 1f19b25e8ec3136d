"""A run of `BENCH=growth`: all dimensions, round by round, then the start."""

from growth import picture, start, tables
from growth.dimensions import DIMENSIONS, PIPELINES, RAISED, VALUES, tell_redis
from growth.figures import GrowthFigures, figures_of, goals
from load import Meanwhile, measure
from report import goals_table
from servers import Options, Servers
from work import fill, try_once

ROUNDS = 3
# Starting Redstart anew and trying the request, wrk's own start, reading the figures of the processes.
OVERHEAD_SECONDS = 0.5
# Making ten million keys, and deleting them.
POPULATE_SECONDS = 20
# Starts, and what each of them waits for the one before to end.
START_SECONDS = 15


class Growth:
    """Redstart alone. It is started anew for each measurement, so that none finds what another left behind."""

    def __init__(self, plan, programs, wrk, not_run, say):
        self.name, self.wrk, self.say = plan, wrk, say
        self.programs = {name: programs[name] for name in ("redis", "redstart")}
        self.dimensions = DIMENSIONS
        self.figures, self.not_run, self.failed, self.took = GrowthFigures(), dict(not_run), [], {}
        self.refused, self.started, self.instances = [], [], {}

    @property
    def expected_seconds(self):
        growing = sum(
            len(dimension.points) * len(dimension.curves) * (dimension.seconds + OVERHEAD_SECONDS) for dimension in self.dimensions
        )
        instances = 2 * len(start.REQUESTS) * start.INSTANCE_ROUNDS * (start.INSTANCE_SECONDS + OVERHEAD_SECONDS)
        return START_SECONDS + ROUNDS * (growing + POPULATE_SECONDS) + instances

    def run(self, folder):
        with Servers(self.programs, folder, redis_config="enable-debug-command local\n") as servers:
            fill(servers)
            meanwhile = Meanwhile(servers)
            self.say(f"{start.STARTS} starts, and new instances")
            self.started = start.starts(servers)
            self.instances, failed = start.instance_rounds(servers, self.wrk)
            self.failed += failed
            self.refused = refused_by_default(servers)
            for number in range(1, ROUNDS + 1):
                # The ten million keys of the round before.
                tell_redis(servers, "FLUSHALL")
                for dimension in self.dimensions:
                    self.say(f"Round {number} of {ROUNDS}: {dimension.title}")
                    for size in dimension.points:
                        self.measure(servers, dimension, size)
            self.took = meanwhile.taken()

    def measure(self, servers, dimension, size):
        """All curves of a dimension at one size."""
        if reason := dimension.hindered(size):
            self.not_run[f"{dimension.title}: {dimension.amount(size)}"] = reason
            return
        servers.restart_redstart(RAISED)
        dimension.prepare(servers, size)
        for curve in dimension.curves:
            servers.restart_redstart(RAISED)
            request, connections = curve.request(size), dimension.connections(size)
            try_once(servers, curve.series, request)
            measured, failure = measure(servers, self.wrk, curve.series, request, connections, dimension.seconds)
            self.figures.add(dimension, curve, size, figures_of(measured, connections))
            if failure:
                self.say(failure)
                self.failed.append(failure)

    def about(self):
        return {"name": self.name, "rounds": ROUNDS, "redstart_flags": RAISED.flags, "redstart_config": RAISED.config}

    def goals(self):
        return [*goals(self.figures), *start.goals(self.started, self.instances)]

    def text(self):
        """What the terminal shows."""
        starts = start.text(self.started, self.instances, start.wasm_bytes())
        return "\n\n".join([tables.table(self), starts, goals_table(self.goals())])

    def document(self, about):
        starts = start.document(self.started, self.instances, start.wasm_bytes())
        return {**about, "not_run": self.not_run, "start": starts, **tables.document(self)}

    def svg(self, subtitle, notes):
        starts = start.text(self.started, self.instances, start.wasm_bytes()).splitlines()
        return picture.svg(self.figures, subtitle, [*starts, *notes, *tables.notes(self)])


def refused_by_default(servers):
    """What Redstart refuses of the largest values and pipelines unless it is configured otherwise, in words. Connections beyond the
    limit are not refused, they wait.
    """
    found = []
    for dimension in (VALUES, PIPELINES):
        size = dimension.points[-1]
        servers.restart_redstart(RAISED)
        dimension.prepare(servers, size)
        servers.restart_redstart(Options())
        for curve in dimension.curves:
            request = curve.request(size)
            headers = {**request.headers, **servers.headers(curve.series)}
            status, _ = servers.answer("redstart", request.method, request.path, headers, request.body)
            if not 200 <= status < 300:
                found.append(f"{curve.title}, {dimension.amount(size)}: {status}")
    return found
