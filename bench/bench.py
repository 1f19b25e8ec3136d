"""Measures Redstart and its peers in one run, in turn, and writes what came of it. `make bench` starts it.

Linux only: CPU time and memory are read from /proc.
"""

import argparse
import datetime
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import machine
import plot
import report
from figures import Figures
from load import children_cpu_seconds, measure
from plan import GET, PLANS
from processes import Broken
from servers import Servers
from work import REQUESTS, fill, try_once

WARM_UP_CONNECTIONS = 16


def pair(text):
    """NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE")
    return name, value


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", choices=PLANS, default="full")
    parser.add_argument("--wrk", required=True)
    parser.add_argument("--program", type=pair, action="append", default=[], help="a server and its program")
    parser.add_argument("--not-run", type=pair, action="append", default=[], help="a peer, and why it cannot be had")
    parser.add_argument("--results", type=Path, required=True, help="the folder for JSON and SVG")
    return parser.parse_args()


def series_of(programs):
    """Who of those that can be had does a piece of work."""
    return lambda work: [series for series in REQUESTS[work] if series.server in programs]


def run(plan, programs, wrk, folder):
    """All rounds; the figures, what went wrong, and the share of the machine's CPU time that others took meanwhile."""
    figures, failed = Figures(), []
    with Servers(programs, folder) as servers:
        fill(servers)
        measurements = plan.measurements(series_of(programs))
        for work, series in dict.fromkeys((work, series) for work, _, series in measurements):
            try_once(servers, series, REQUESTS[work][series])
        for series in series_of(programs)(GET):
            measure(servers, wrk, series, REQUESTS[GET][series], WARM_UP_CONNECTIONS, 1)
        start = time.monotonic(), machine.busy_seconds(), own_cpu_seconds(servers)
        for number in range(1, plan.rounds + 1):
            say(f"Round {number} of {plan.rounds}")
            for work, connections, series in measurements:
                request = REQUESTS[work][series]
                measured, failure = measure(servers, wrk, series, request, connections, plan.seconds)
                figures.add(work, connections, series, measured)
                if failure:
                    say(failure)
                    failed.append(failure)
        seconds = time.monotonic() - start[0]
        others = (machine.busy_seconds() - start[1]) - (own_cpu_seconds(servers) - start[2])
    return figures, failed, {"seconds": round(seconds, 1), "cpu_share_of_others": round(others / seconds / os.cpu_count(), 3)}


def own_cpu_seconds(servers):
    """The CPU time of all that the run consists of."""
    own = time.process_time() + children_cpu_seconds()
    return own + sum(process.cpu_seconds() for process in servers.processes.values())


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


def main():
    asked = arguments()
    plan, programs, not_run = PLANS[asked.plan], dict(asked.program), dict(asked.not_run)
    # Else servers would outlive this program.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    now = datetime.datetime.now(datetime.UTC)
    about = {
        "made": now.isoformat(timespec="seconds"),
        **machine.commit(),
        "plan": {"name": plan.name, "rounds": plan.rounds, "seconds_each": plan.seconds},
        "machine": machine.described(),
        "versions": machine.versions(programs, asked.wrk),
    }
    expected = plan.expected_seconds(series_of(programs))
    say(f"Measuring, {plan.name}: {plan.rounds} rounds, about {expected / 60:.1f} minutes")
    try:
        with tempfile.TemporaryDirectory() as folder:
            figures, failed, took = run(plan, programs, asked.wrk, folder)
    except Broken as reason:
        print(f"error: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    about["run"] = took
    about["failed"] = failed

    print(f"\n{report.table(figures, not_run, failed)}\n\n{report.goals_table(figures)}\n")
    asked.results.mkdir(parents=True, exist_ok=True)
    suffix = "" if plan.name == "full" else f"-{plan.name}"
    name = asked.results / f"{now:%Y-%m-%d}-{about['commit'][:7]}{suffix}"
    document = report.document(about, figures, not_run)
    name.with_suffix(".json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    where = about["machine"]
    load = ", ".join(map(str, where["load_average_at_start"]))
    subtitle = f"{now:%Y-%m-%d}, commit {about['commit'][:7]}; {where['cpu']}, {where['cores']} cores, Linux {where['kernel']}"
    notes = [
        f"Bars: medians of {plan.rounds} rounds of {plan.seconds} s; lines: lowest to highest round. wrk and Redis on the same cores.",
        f"Load average at the start: {load}; others took {took['cpu_share_of_others']:.0%} of the CPU time meanwhile.",
        *report.otherwise_lines(),
        *report.not_run_lines(not_run),
        *report.failed_lines(failed),
    ]
    name.with_suffix(".svg").write_text(plot.svg(figures, subtitle, notes))
    share = f"others took {took['cpu_share_of_others']:.0%} of the machine's CPU time"
    say(f"Measured for {took['seconds']:.0f} s; load average at the start {load}, {share}")
    say(f"Written: {name.with_suffix('.json')} and .svg")
    if failed:
        print(f"error: {len(failed)} measurements had errors: see FAILED above", file=sys.stderr)
        return 1
    return 1 if not_run and os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())
