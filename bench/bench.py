"""Measures Redstart and its peers in one run, in turn, or how Redstart's cost grows, and writes what came of it. `make bench`
starts it.

Linux only: CPU time and memory are read from /proc.
"""

import argparse
import datetime
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

import machine
from arguments import pair
from comparison import Comparison
from growth.run import Growth
from plan import PLANS
from processes import Broken

GROWTH = "growth"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", choices=[*PLANS, GROWTH], default="full")
    parser.add_argument("--wrk", required=True)
    parser.add_argument("--program", type=pair, action="append", default=[], help="a server and its program")
    parser.add_argument("--not-run", type=pair, action="append", default=[], help="a peer, and why it cannot be had")
    parser.add_argument("--results", type=Path, required=True, help="the folder for JSON and SVG")
    return parser.parse_args()


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


def main():
    asked = arguments()
    kind = Growth if asked.plan == GROWTH else Comparison
    measuring = kind(asked.plan, dict(asked.program), asked.wrk, dict(asked.not_run), say)
    # Else servers would outlive this program.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    now = datetime.datetime.now(datetime.UTC)
    about = {
        "made": now.isoformat(timespec="seconds"),
        **machine.commit(),
        "plan": measuring.about(),
        "machine": machine.described(),
        "versions": machine.versions(measuring.programs, asked.wrk),
    }
    say(f"Measuring, {asked.plan}: {about['plan']['rounds']} rounds, about {measuring.expected_seconds / 60:.1f} minutes")
    try:
        with tempfile.TemporaryDirectory() as folder:
            measuring.run(folder)
    except Broken as reason:
        print(f"error: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    about["run"] = measuring.took
    about["failed"] = measuring.failed

    print(f"\n{measuring.text()}\n")
    asked.results.mkdir(parents=True, exist_ok=True)
    suffix = "" if asked.plan == "full" else f"-{asked.plan}"
    name = asked.results / f"{now:%Y-%m-%d}-{about['commit'][:7]}{suffix}"
    document = measuring.document(about)
    name.with_suffix(".json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    where = about["machine"]
    load = ", ".join(map(str, where["load_average_at_start"]))
    share = f"others took {measuring.took['cpu_share_of_others']:.0%} of the"
    subtitle = f"{now:%Y-%m-%d}, commit {about['commit'][:7]}; {where['cpu']}, {where['cores']} cores, Linux {where['kernel']}"
    notes = [f"Load average at the start: {load}; {share} CPU time meanwhile."]
    name.with_suffix(".svg").write_text(measuring.svg(subtitle, notes))
    say(f"Measured for {measuring.took['seconds']:.0f} s; load average at the start {load}, {share} machine's CPU time")
    say(f"Written: {name.with_suffix('.json')} and .svg")
    if measuring.failed:
        print(f"error: {len(measuring.failed)} measurements had errors: see FAILED above", file=sys.stderr)
        return 1
    return 1 if measuring.not_run and os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())
