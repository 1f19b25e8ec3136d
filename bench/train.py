"""Does each piece of work that is measured for a moment, and makes instances, so that a build of Redstart with counters tells
what of it is run how often. scripts/released-host.sh starts it.
"""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from arguments import pair
from growth.start import INSTANCE_CONNECTIONS, ONE_REQUEST_EACH
from growth.start import REQUESTS as OF_INSTANCES
from load import load
from plan import QUICK
from processes import Broken
from servers import REDSTART_REST, Options, Servers
from work import REQUESTS, fill


def train(programs, wrk, folder):
    """All of it once, after a start that has to compile the component; then a new instance for each request."""
    measurements = QUICK.measurements(lambda work: [series for series in REQUESTS[work] if series.server in programs])
    flags = ("--cache-dir", str(Path(folder) / "cache"))
    with Servers(programs, folder) as servers:

        def run(series, request, connections):
            _, failure = load(servers, wrk, series, request, connections, QUICK.seconds)
            if failure:
                raise Broken(failure)

        servers.restart_redstart(Options(flags))
        fill(servers)
        for work, connections, series in measurements:
            run(series, REQUESTS[work][series], connections)
        servers.restart_redstart(Options((*flags, *ONE_REQUEST_EACH.flags)))
        for request in OF_INSTANCES.values():
            run(REDSTART_REST, request, INSTANCE_CONNECTIONS)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wrk", required=True)
    parser.add_argument("--program", type=pair, action="append", required=True, help="redis and redstart, and their programs")
    asked = parser.parse_args()
    # Else servers would outlive this program.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with tempfile.TemporaryDirectory() as folder:
            train(dict(asked.program), asked.wrk, folder)
    except Broken as reason:
        print(f"error: {reason}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
