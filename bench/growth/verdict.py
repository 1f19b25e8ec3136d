"""Whether a cost grows no faster than it should, from one point to the next. The costs are of any unit, but above 0."""

import math
from dataclasses import dataclass

from figures import spread

# By how much a step's exponent may lie above what is expected. Between points that lie a factor of 3 to 10 apart that is 1.4 to 2
# times the cost. Less would call what is no growth by its name: medians of rounds on a shared machine differ by 1.2, and a byte
# costs up to twice as much once it no longer fits a cache of the processor. The steps of a cost that grows with n × log n
# stay below; n to the 1.5, or the square, do not.
TOLERANCE = 0.3
# How many times more than is expected a cost may grow in one step, however near the points. It is what TOLERANCE comes to between
# points that lie a factor of 10 apart; between nearer ones a cliff is more than that. And how many times more between any two
# points: else a cost could creep up, each step within its tolerance.
CLIFF = 2.0


@dataclass(frozen=True)
class Step:
    """What a cost does between two points."""

    start: int
    end: int
    # The exponent that is expected: 1 for linear, 0 for no growth.
    expected: float
    # Of each round: log(cost / cost before) / log(end / start).
    exponents: tuple[float, ...]

    @property
    def exponent(self):
        """The median of the rounds, and between what it lies."""
        return spread(self.exponents)

    @property
    def excess(self):
        """How many times more the cost grows than is expected: the median of the rounds, and between what it lies."""
        ratio = self.end / self.start
        return {name: ratio ** (value - self.expected) for name, value in self.exponent.items()}

    @property
    def holds(self):
        return self.exponent["median"] <= self.expected + TOLERANCE

    @property
    def is_cliff(self):
        return self.excess["median"] > CLIFF


def steps(costs, expected):
    """The steps between neighbouring points. `costs` holds those of each round by the size of the work. A step is left out where
    a cost is 0: too small to be measured.
    """
    points = sorted(costs)
    return steps_between(zip(points, points[1:]), costs, expected)


def climbs(costs, expected):
    """As `steps`, but between any two points that are not neighbours."""
    points = sorted(costs)
    pairs = ((start, end) for number, start in enumerate(points) for end in points[number + 2 :])
    return steps_between(pairs, costs, expected)


def steps_between(all_pairs, costs, expected):
    found = []
    for start, end in all_pairs:
        pairs = list(zip(costs[start], costs[end]))
        if pairs and all(before > 0 and after > 0 for before, after in pairs):
            exponents = (math.log(after / before) / math.log(end / start) for before, after in pairs)
            found.append(Step(start, end, expected, tuple(exponents)))
    return found


def steepest(all_steps):
    """Of (whose, step): the one that is the furthest above what is expected."""
    return max(all_steps, key=lambda one: one[1].exponent["median"] - one[1].expected, default=None)


def highest(all_steps):
    """Of (whose, step): the one whose cost grows the most times more than is expected."""
    return max(all_steps, key=lambda one: one[1].excess["median"], default=None)
