"""The picture of a run of `BENCH=growth`, as SVG: a row of panels for each dimension, both axes logarithmic."""

import math
from html import escape

from growth.figures import MEASURES
from growth.tables import each_us
from plot import line, text
from report import short

PANEL_WIDTH, PANEL_HEIGHT = 290, 186
LEFT, TOP, RIGHT, BOTTOM = 52, 28, 14, 30
HEAD, TITLE, FOOT = 64, 44, 16
COLUMNS = 4
WIDTH = COLUMNS * PANEL_WIDTH + 20
# The least that an axis spans: on a shorter one, noise would look like growth.
LEAST_SPAN = 10
COLOURS = ("#b5342b", "#2f6fa7", "#e58a6b", "#4f9d69")
# The measures, each with its column. The third is for what a unit of the work costs.
DRAWN = (
    ("time_ms", 0, "time a request (ms)"),
    ("host_cpu_us", 1, "CPU time of the host a request (µs)"),
    ("peak_mib", 3, "peak memory of the host (MiB)"),
)
GUIDE, GRID, BROKEN = "#aaa", "#e4e4de", "#d0006f"


def span(values):
    """From the lowest to the highest, with a margin, and at least LEAST_SPAN."""
    low, high = min(values), max(values)
    missing = max(1.0, LEAST_SPAN / (high / low)) ** 0.5
    return low / missing / 1.15, high * missing * 1.15


def ticks(low, high):
    """Decades; where there are few, also their halves and fifths."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if math.log10(high / low) < 2 else (1,)
    return [step * 10.0**decade for decade in decades for step in steps if low <= step * 10.0**decade <= high]


def count(value):
    """A size on an axis: 10, 10k, 10M."""
    for suffix, factor in (("M", 1e6), ("k", 1e3)):
        if value >= factor:
            return f"{value / factor:g}{suffix}"
    return f"{value:g}"


class Panel:
    """One measure of one dimension. `curves`: (colour, dashed, title, {size: (median, low, high)}, {size: why it is marked})."""

    def __init__(self, left, top, title, curves, expected):
        self.left, self.top, self.title, self.curves, self.expected = left, top, title, curves, expected
        sizes = [size for *_, points, _ in curves for size in points]
        costs = [cost for *_, points, _ in curves for spread in points.values() for cost in spread]
        self.sizes, self.costs = (min(sizes), max(max(sizes), min(sizes) * 2)), span(costs)

    def x(self, size):
        low, high = self.sizes
        return self.left + LEFT + math.log(size / low) / math.log(high / low) * (PANEL_WIDTH - LEFT - RIGHT)

    def y(self, cost):
        low, high = self.costs
        return self.top + PANEL_HEIGHT - BOTTOM - math.log(cost / low) / math.log(high / low) * (PANEL_HEIGHT - TOP - BOTTOM)

    def axes(self):
        left, right = self.left + LEFT, self.left + PANEL_WIDTH - RIGHT
        top, base = self.top + TOP, self.top + PANEL_HEIGHT - BOTTOM
        parts = [text(left, self.top + 18, self.title, 11, colour="#333")]
        for cost in ticks(*self.costs):
            y = self.y(cost)
            parts += [line(left, y, right, y, GRID), text(left - 5, y + 4, short(cost), 10, "end", "#555")]
        for size in (size for size in ticks(*self.sizes) if math.log10(size).is_integer()):
            x = self.x(size)
            parts += [line(x, top, x, base, GRID), text(x, base + 14, count(size), 10, "middle", "#555")]
        return parts

    def guide(self):
        """Growth as it is expected, down from the costliest end."""
        if self.expected is None:
            return []
        last, cost = max((max(points), points[max(points)][0]) for *_, points, _ in self.curves)
        first = self.sizes[0]
        if self.expected:
            # Until it leaves the panel.
            first = max(first, last * (self.costs[0] / cost) ** (1 / self.expected))
        end = cost * (first / last) ** self.expected
        dashed = line(self.x(first), self.y(end), self.x(last), self.y(cost), GUIDE)
        return [dashed.replace("/>", " stroke-dasharray='2 4'/>")]

    def parts(self):
        found = [*self.axes(), *self.guide()]
        for colour, dashed, title, points, marks in self.curves:
            path = " ".join(f"{self.x(size):.1f},{self.y(middle):.1f}" for size, (middle, _, _) in points.items())
            dashes = " stroke-dasharray='5 3'" if dashed else ""
            found.append(f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='1.6'{dashes}/>")
            for size, (middle, low, high) in points.items():
                x, y = self.x(size), self.y(middle)
                found.append(line(x, self.y(low), x, self.y(high), colour))
                what = f"{title}, {size:,}: {short(middle)}, rounds {short(low)} to {short(high)}"
                found.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='2.6' fill='{colour}'><title>{escape(what)}</title></circle>")
                if size in marks:
                    found.append(
                        f"<circle cx='{x:.1f}' cy='{y:.1f}' r='7' fill='none' stroke='{BROKEN}' stroke-width='1.6'>"
                        f"<title>{escape(marks[size])}</title></circle>"
                    )
        return found


def spreads(medians, rounds, value):
    """By size: the figure that `value(size, figures)` makes of the median, and of the lowest and highest round."""
    found = {}
    for size, middle in medians.items():
        values = [value(size, one) for one in rounds[size]]
        found[size] = value(size, middle), min(values), max(values)
    return found


def panels(figures, dimension, top):
    """The row of a dimension."""
    curves = [curve for of, curve in figures.curves if of == dimension]
    found = []
    for measure, column, title in DRAWN:
        inside = []
        for colour, curve in zip(COLOURS, curves):
            points = spreads(figures.medians(dimension, curve), figures.curves[dimension, curve], lambda _, one: one[measure])
            steps = figures.steps(dimension, curve, measure)
            marks = {step.end: f"exponent {step.exponent['median']:.2f}" for step in steps if step.is_cliff or not step.holds}
            inside.append((colour, False, curve.title, points, marks))
        found.append(Panel(column * PANEL_WIDTH, top, title, inside, dimension.expected[measure]))
    if dimension.each:
        inside = []
        for colour, curve in zip(COLOURS, curves):
            for measure in ("time_ms", "host_cpu_us"):
                each = lambda size, one: each_us(dimension, size, one, measure)
                points = spreads(figures.medians(dimension, curve), figures.curves[dimension, curve], each)
                inside.append((colour, measure == "host_cpu_us", f"{curve.title}, {MEASURES[measure]}", points, {}))
        title = f"time, and dashed CPU time, a {dimension.each} (µs)"
        found.append(Panel(2 * PANEL_WIDTH, top, title, inside, None))
    return found


def legend(curves, top):
    parts, x = [], LEFT
    for colour, curve in zip(COLOURS, curves):
        parts += [f"<rect x='{x}' y='{top - 10}' width='11' height='11' fill='{colour}'/>", text(x + 16, top, curve.title, 11)]
        x += 40 + 6.4 * len(curve.title)
    return parts


def svg(figures, subtitle, footnotes):
    """The whole picture."""
    dimensions = figures.dimensions()
    height = HEAD + (TITLE + PANEL_HEIGHT) * len(dimensions) + FOOT * (len(footnotes) + 3)
    parts = [
        f"<rect width='{WIDTH}' height='{height}' fill='#fdfdfb'/>",
        text(20, 28, "Redstart as the work grows: what a request costs", 17, weight="bold"),
        text(20, 48, subtitle, 11, colour="#555"),
    ]
    for number, dimension in enumerate(dimensions):
        top = HEAD + number * (TITLE + PANEL_HEIGHT)
        parts.append(text(20, top + 18, f"{dimension.title} ({dimension.unit})", 13, weight="bold"))
        parts += legend([curve for of, curve in figures.curves if of == dimension], top + 38)
        for panel in panels(figures, dimension, top + TITLE):
            parts += panel.parts()
    reading = "Both axes are logarithmic. Dots: medians of the rounds; lines: lowest to highest. Dotted: growth as it is expected."
    for number, note in enumerate((reading, "A ring: from the point before, the cost has grown more than that.", *footnotes)):
        parts.append(text(20, height - FOOT * (len(footnotes) + 2 - number), note, 11, colour="#555"))
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' height='{height}' role='img'>\n"
        + "\n".join(parts)
        + "\n</svg>\n"
    )
