"""What is measured: the pieces of work, with how many connections, how often and for how long."""

from dataclasses import dataclass

COMMANDS_AT_ONCE = 50
FIELDS_IN_A_PAGE = 100
# Starting wrk, connecting, and reading the figures of the processes.
OVERHEAD_SECONDS = 0.15
# Starting all servers, and a second of load for each.
START_SECONDS = 15


@dataclass(frozen=True)
class Work:
    """A piece of work, as the figures name it."""

    name: str
    title: str
    unit: str = "requests"


GET = Work("get", "GET, 100 bytes")
SET = Work("set", "SET, 100 bytes")
PIPELINE = Work("pipeline", f"pipeline of {COMMANDS_AT_ONCE} GETs", "commands")
PAGE = Work("page", f"a page of {FIELDS_IN_A_PAGE} fields of a hash")
READ_LARGE = Work("get-1mib", "GET, 1 MiB")
WRITE_LARGE = Work("set-1mib", "SET, 1 MiB")


@dataclass(frozen=True)
class Plan:
    """How thorough a run is."""

    name: str
    rounds: int
    seconds: int
    # With how many connections each piece of work is done.
    matrix: dict[Work, tuple[int, ...]]

    def measurements(self, series_of):
        """Each (work, connections, series) of one round: every server for one piece of work before the next.

        `series_of` says who does a piece of work.
        """
        return [
            (work, connections, series)
            for work, all_connections in self.matrix.items()
            for connections in all_connections
            for series in series_of(work)
        ]

    def expected_seconds(self, series_of):
        """About how long the run takes."""
        one_round = len(self.measurements(series_of)) * (self.seconds + OVERHEAD_SECONDS)
        return START_SECONDS + self.rounds * one_round


FULL = Plan(
    "full",
    rounds=3,
    seconds=2,
    matrix={
        GET: (1, 16, 64, 256),
        SET: (16, 64),
        PIPELINE: (1, 16, 64),
        PAGE: (16, 64),
        READ_LARGE: (16, 64),
        WRITE_LARGE: (16, 64),
    },
)

QUICK = Plan(
    "quick",
    rounds=2,
    seconds=1,
    matrix={
        GET: (1, 16, 64, 256),
        SET: (16,),
        PIPELINE: (16,),
        PAGE: (16,),
        READ_LARGE: (16,),
        WRITE_LARGE: (16,),
    },
)

PLANS = {plan.name: plan for plan in (FULL, QUICK)}
