"""What the rounds come to: medians, ratios within a round, and the goals they are held to."""

from dataclasses import dataclass
from statistics import median

from plan import GET, PIPELINE
from servers import FASTAPI, REDSTART_COMMANDS, REDSTART_REST, WEBDIS


def middle(rounds):
    """The median of each figure over the rounds; None where it was not measured."""
    return {name: middle_of([one[name] for one in rounds]) for name in rounds[0]}


def middle_of(values):
    if isinstance(values[0], dict):
        return middle(values)
    return None if None in values else median(values)


def connected(connections):
    """With how many connections, in words."""
    return f"{connections} connection{'s' if connections > 1 else ''}"


def spread(values):
    """The median, and between what it lies."""
    return {"median": median(values), "low": min(values), "high": max(values)}


class Figures:
    """The rounds of each (work, connections, series)."""

    def __init__(self):
        self.rounds = {}

    def add(self, work, connections, series, figures):
        self.rounds.setdefault((work, connections, series), []).append(figures)

    def ratio(self, work, connections, series, other, figure="per_second"):
        """The figure as a multiple of the other's of the same round; nothing where either was not measured."""
        ours, theirs = (self.rounds.get((work, connections, one)) for one in (series, other))
        if not ours or not theirs:
            return None
        return spread([one[figure] / two[figure] for one, two in zip(ours, theirs)])

    def rows(self):
        """One for each (work, connections, series), in the order of the table."""
        for (work, connections, series), rounds in self.rounds.items():
            yield work, connections, series, middle(rounds), self.ratio(work, connections, series, WEBDIS)


@dataclass(frozen=True)
class Goal:
    """A promise, and what was measured of it: the value that counts, and between what the rounds lie."""

    title: str
    bound: float
    value: float | None
    low: float | None
    high: float | None
    # Which side of the bound is good.
    at_most: bool
    unit: str

    @property
    def outcome(self):
        if self.value is None:
            return "not measured"
        return "met" if (self.value <= self.bound if self.at_most else self.value >= self.bound) else "missed"


def ratio_goal(title, bound, ratio, at_most=False):
    """A goal for the median of the rounds' ratios."""
    ratio = ratio or {"median": None, "low": None, "high": None}
    return Goal(title, bound, ratio["median"], ratio["low"], ratio["high"], at_most, "×")


def memory_goal(title, bound, rounds):
    """A goal for the worst of the rounds."""
    peaks = [one["peak_mib"] * (1 << 20) / 1e6 for one in rounds]
    return Goal(title, bound, max(peaks, default=None), min(peaks, default=None), max(peaks, default=None), True, " MB")


def goals(figures):
    """Those that are measured here."""
    found = []
    for series in (REDSTART_REST, REDSTART_COMMANDS):
        name = f"{series.title}: GET"
        for connections, bound in ((1, 0.8), (64, 0.7), (256, 0.6)):
            to_webdis = figures.ratio(GET, connections, series, WEBDIS)
            found.append(ratio_goal(f"{name}, {connected(connections)}, to webdis", bound, to_webdis))
        found.append(ratio_goal(f"{name}, 64 connections, to FastAPI", 5, figures.ratio(GET, 64, series, FASTAPI)))
        late = figures.ratio(GET, 64, series, WEBDIS, "p99_ms")
        found.append(ratio_goal(f"{name}, 64 connections, p99 to webdis's", 1.5, late, at_most=True))
        rounds = figures.rounds.get((GET, 256, series), [])
        found.append(memory_goal(f"{name}, 256 connections, memory of the host", 150, rounds))
    for work, connections, series in figures.rounds:
        if work == PIPELINE and series == REDSTART_COMMANDS:
            to_webdis = figures.ratio(PIPELINE, connections, series, WEBDIS)
            found.append(ratio_goal(f"pipelines, {connected(connections)}, commands a second to webdis", 1, to_webdis))
    return found
