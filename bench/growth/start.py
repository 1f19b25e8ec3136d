"""What a start costs: the time to the first answer, the CPU time of a new instance, the size of the component."""

import tomllib
from statistics import median

from figures import Goal, spread
from load import measure
from machine import ROOT
from servers import REDSTART_REST, Options
from work import Request, read

STARTS = 15
# Between tries to connect; what the measured time may be too long by, with the time of one try.
PAUSE_SECONDS = 0.001
READY_BOUND_MS = 300
INSTANCE_BOUND_MS = 0.3
INSTANCE_CONNECTIONS = 16
INSTANCE_SECONDS = 2
INSTANCE_ROUNDS = 3

ONE_REQUEST_EACH = Options(flags=("--max-instance-reuse-count", "1"))
REQUESTS = {
    "a GET": read("/v1/strings/bench-small"),
    "/healthz, which asks nobody": Request("GET", "/healthz"),
}


def starts(servers):
    """The milliseconds from before the process is made to its first 200 for /readyz, which asks Redis; for each of many starts.
    The component is in the compilation cache and the program in the system's: Redstart has been started before.
    """
    return [servers.restart_redstart(pause=PAUSE_SECONDS) * 1000 for _ in range(STARTS)]


def instance_rounds(servers, wrk):
    """For each request, the rounds: the CPU time of the host for one in milliseconds, with a new instance for each request and with
    instances that are used again; and what went wrong.
    """
    found, failed = {name: [] for name in REQUESTS}, []
    for _ in range(INSTANCE_ROUNDS):
        for name, request in REQUESTS.items():
            costs = []
            for options in (ONE_REQUEST_EACH, Options()):
                servers.restart_redstart(options)
                measured, failure = measure(servers, wrk, REDSTART_REST, request, INSTANCE_CONNECTIONS, INSTANCE_SECONDS)
                costs.append(measured["cpu_us"]["server"] / 1000)
                failed += [failure] if failure else []
            found[name].append({"new_ms": costs[0], "used_again_ms": costs[1]})
    return found, failed


def wasm_bytes():
    """The size of the component that the manifest names."""
    component = tomllib.loads((ROOT / "spin.toml").read_text())["component"]["redstart"]
    return (ROOT / component["source"]).stat().st_size


def goals(started, instances):
    """For the start, the median; for an instance, the median of the rounds' differences."""
    found = []
    if started:
        times = spread(started)
        title = f"start to the first answer, median of {len(started)}"
        found.append(Goal(title, READY_BOUND_MS, times["median"], times["low"], times["high"], True, " ms"))
    for name, rounds in instances.items():
        cost = spread([one["new_ms"] - one["used_again_ms"] for one in rounds])
        title = f"a new instance, CPU time beside that of {name}"
        found.append(Goal(title, INSTANCE_BOUND_MS, cost["median"], cost["low"], cost["high"], True, " ms"))
    return found


def text(started, instances, size):
    """What the terminal shows."""
    spread_of = f"{min(started):.0f} to {max(started):.0f}, {len(started)} starts"
    lines = [f"Start to the first answer: {median(started):.0f} ms ({spread_of})"]
    for name, rounds in instances.items():
        new, again = (median(one[key] for one in rounds) for key in ("new_ms", "used_again_ms"))
        lines.append(f"CPU time of {name}: {new:.3f} ms with a new instance for each, {again:.3f} ms with instances used again")
    return "\n".join([*lines, f"The component: {size:,} bytes"])


def document(started, instances, size):
    return {"first_answer_ms": started, "cpu_of_a_request": instances, "wasm_bytes": size}
