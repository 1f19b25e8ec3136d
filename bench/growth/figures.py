"""What was measured as the work grew, and what it comes to."""

from figures import Goal, middle
from growth import verdict
from growth.verdict import CLIFF, TOLERANCE, climbs, highest, steepest

# What is held to the verdict, as the goals and the table call it.
MEASURES = {"time_ms": "time", "host_cpu_us": "CPU time of the host", "peak_mib": "memory of the host"}


class GrowthFigures:
    """The rounds of each (dimension, curve), by size."""

    def __init__(self):
        self.curves = {}

    def add(self, dimension, curve, size, figures):
        self.curves.setdefault((dimension, curve), {}).setdefault(size, []).append(figures)

    def medians(self, dimension, curve):
        """By size."""
        return {size: middle(rounds) for size, rounds in self.curves[dimension, curve].items()}

    def steps(self, dimension, curve, measure, between=verdict.steps):
        """Between neighbours, or with `climbs` between others."""
        costs = {size: [one[measure] for one in rounds] for size, rounds in self.curves[dimension, curve].items()}
        return between(costs, dimension.expected[measure])

    def dimensions(self):
        return list(dict.fromkeys(dimension for dimension, _ in self.curves))

    def all_steps(self, dimension, measure, between=verdict.steps):
        """(Curve, step) of all curves of a dimension."""
        curves = [curve for of, curve in self.curves if of == dimension]
        return [(curve, step) for curve in curves for step in self.steps(dimension, curve, measure, between)]

    def broken(self):
        """(How, dimension, measure, curve, step) of each that grows too much. Of what creeps, the worst two points of each curve,
        and only where no step between neighbours says it already.
        """
        for dimension, curve in self.curves:
            for measure in MEASURES:
                found = [step for step in self.steps(dimension, curve, measure) if not step.holds or step.is_cliff]
                for step in found:
                    yield "CLIFF" if step.is_cliff else "GROWS", dimension, measure, curve, step
                worst = highest((curve, step) for step in self.steps(dimension, curve, measure, climbs))
                if not found and worst and worst[1].is_cliff:
                    yield "CREEPS", dimension, measure, curve, worst[1]


def figures_of(measured, connections):
    """What one measurement comes to, for a request. The time is the mean from when a client asks to when it asks again."""
    time_ms = connections / measured["per_second"] * 1000
    return {**measured, "time_ms": time_ms, "host_cpu_us": measured["cpu_us"]["server"]}


def goals(figures):
    """For each dimension and measure: that it grows no faster than expected from point to point, has no cliff, and does not creep
    up over several points. The worst of all curves counts.
    """
    found = []
    for dimension in figures.dimensions():
        for measure, title in MEASURES.items():
            all_steps, all_climbs = figures.all_steps(dimension, measure), figures.all_steps(dimension, measure, climbs)
            expected = "linear or better" if dimension.expected[measure] else "no growth"
            for what, worst, bound, spread_of, unit in (
                (expected, steepest(all_steps), dimension.expected[measure] + TOLERANCE, lambda step: step.exponent, ""),
                ("no cliff", highest(all_steps), CLIFF, lambda step: step.excess, "×"),
                ("no creeping", highest(all_climbs), CLIFF, lambda step: step.excess, "×"),
            ):
                name = f"{dimension.title}: {title}, {what}"
                if worst is None:
                    found.append(Goal(name, bound, None, None, None, True, unit))
                    continue
                spread = spread_of(worst[1])
                found.append(Goal(name, bound, spread["median"], spread["low"], spread["high"], True, unit))
    return found
