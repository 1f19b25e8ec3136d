"""One measurement: wrk for some seconds, and what it cost the processes meanwhile."""

import json
import os
import resource
import subprocess
import time
from pathlib import Path

import machine
from processes import Broken

WRK_SCRIPT = Path(__file__).resolve().parent / "wrk" / "load.lua"
# An answer that takes longer counts as an error.
ANSWER_TIMEOUT_SECONDS = 5


def children_cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Meanwhile:
    """What others take of the machine's CPU time while a run measures."""

    def __init__(self, servers):
        self.servers = servers
        self.start = self.now()

    def now(self):
        # A server that has ended counts among the children.
        own = time.process_time() + children_cpu_seconds() + self.servers.cpu_seconds()
        return time.monotonic(), machine.busy_seconds() - own

    def taken(self):
        seconds, others = (end - start for start, end in zip(self.start, self.now()))
        return {"seconds": round(seconds, 1), "cpu_share_of_others": round(others / seconds / os.cpu_count(), 3)}


def load(servers, wrk, series, request, connections, seconds):
    """Runs wrk: its figures, and what went wrong, if anything did."""
    body = "-"
    if request.body is not None:
        body = servers.folder / "body"
        body.write_bytes(request.body)
    server = servers.processes[series.server]
    headers = {**request.headers, **servers.headers(series)}
    words = [word for header in headers.items() for word in header]
    run = subprocess.run(
        [
            *(wrk, "-t1", f"-c{connections}", f"-d{seconds}s", f"--timeout={ANSWER_TIMEOUT_SECONDS}s", "--latency"),
            *("-s", str(WRK_SCRIPT), f"http://127.0.0.1:{server.port}", "--"),
            *(request.method, request.path, str(request.at_once), str(body), *words),
        ],
        capture_output=True,
        text=True,
        timeout=seconds + 60,
    )
    what = f"{series.title}, {request.method} {request.path}, {connections} connections"
    line = next((line for line in run.stdout.splitlines() if line.startswith("FIGURES ")), None)
    if run.returncode != 0 or line is None:
        raise Broken(f"wrk failed on {what}:\n{run.stdout}{run.stderr}")
    figures = json.loads(line.removeprefix("FIGURES "))
    errors = {kind: count for kind, count in figures["errors"].items() if count}
    if not figures["requests"]:
        raise Broken(f"{what}: no answers, and errors: {errors}\n{server.last_words()}")
    return figures, f"{what}: {figures['requests']} answers, and errors: {errors}" if errors else None


def measure(servers, wrk, series, request, connections, seconds):
    """The figures of one run of wrk with what it cost the processes, and what went wrong in it, if anything did."""
    servers.prepare(series)
    server, redis = servers.processes[series.server], servers.processes["redis"]
    server.forget_peak()
    before = server.cpu_seconds(), redis.cpu_seconds(), children_cpu_seconds()
    figures, failure = load(servers, wrk, series, request, connections, seconds)
    after = server.cpu_seconds(), redis.cpu_seconds(), children_cpu_seconds()
    units = figures["requests"] * request.units
    cpu = [(end - start) / units * 1e6 for start, end in zip(before, after)]
    latencies = {name: figures[name] for name in ("p50_ms", "p99_ms", "p99_9_ms", "longest_ms")}
    if request.at_once > 1:
        # wrk adds what it would have measured had it not waited for a slow answer; it takes the time from one answer to the
        # next for what is to be expected, and so adds short times that there never were.
        latencies = dict.fromkeys(latencies)
    measured = {
        "per_second": units / figures["seconds"],
        **latencies,
        "cpu_us": dict(zip(("server", "redis", "wrk"), cpu)),
        "peak_mib": server.peak_bytes() / (1 << 20),
    }
    return measured, failure
