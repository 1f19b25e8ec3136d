"""The picture of a run, as SVG: for each piece of work a panel, with a bar for each server and number of connections."""

from html import escape

from figures import connected
from report import short

WIDTH, LEFT, RIGHT = 940, 20, 20
HEAD, PANEL, BARS, FOOT = 92, 196, 116, 16
COLOURS = {
    "redstart-rest": "#b5342b",
    "redstart-commands": "#e58a6b",
    "webdis": "#2f6fa7",
    "axum": "#4f9d69",
    "fastapi": "#8a7fb5",
}
FONT = "font-family='system-ui, sans-serif'"


def text(x, y, content, size=12, anchor="start", colour="#222", weight="normal"):
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' {FONT} font-size='{size}' text-anchor='{anchor}' fill='{colour}' "
        f"font-weight='{weight}'>{escape(content)}</text>"
    )


def line(x1, y1, x2, y2, colour):
    return f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{colour}'/>"


def panels(figures):
    """Work, then connections, then (series, rounds)."""
    found = {}
    for (work, connections, series), rounds in figures.rounds.items():
        found.setdefault(work, {}).setdefault(connections, []).append((series, rounds))
    return found


def bar(x, base, width, series, rounds, middle, highest):
    """A bar of the median, a line from the lowest round to the highest, and the figure above both."""
    rates = [one["per_second"] for one in rounds]
    height = middle["per_second"] / highest * BARS
    low, high = (base - rate / highest * BARS for rate in (min(rates), max(rates)))
    centre = x + width / 2
    title = f"{series.title}: {short(middle['per_second'])}, rounds {short(min(rates))} to {short(max(rates))}"
    return [
        f"<rect x='{x:.1f}' y='{base - height:.1f}' width='{width:.1f}' height='{height:.1f}' fill='{COLOURS[series.name]}'>"
        f"<title>{escape(title)}</title></rect>",
        line(centre, low, centre, high, "#222"),
        text(centre, high - 4, short(middle["per_second"]), 10, "middle"),
    ]


def panel(top, work, groups, medians):
    """One piece of work; its highest bar fills the height."""
    base = top + PANEL - 36
    highest = max(one["per_second"] for group in groups.values() for _, rounds in group for one in rounds)
    count = sum(len(group) for group in groups.values())
    step = min(46, (WIDTH - LEFT - RIGHT) / (count + len(groups)))
    parts = [text(LEFT, top + 12, f"{work.title} ({work.unit} a second)", 13, weight="bold")]
    x = LEFT + step / 2
    for connections, group in groups.items():
        start = x
        for series, rounds in group:
            parts += bar(x, base, step - 4, series, rounds, medians[work, connections, series], highest)
            x += step
        parts.append(text((start + x - 4) / 2, base + 16, connected(connections), 11, "middle", "#555"))
        x += step
    return [line(LEFT, base, x - step, base, "#999"), *parts]


def svg(figures, subtitle, footnotes):
    """The whole picture."""
    found = panels(figures)
    medians = {(work, connections, series): middle for work, connections, series, middle, _ in figures.rows()}
    height = HEAD + PANEL * len(found) + FOOT * (len(footnotes) + 1)
    parts = [
        f"<rect width='{WIDTH}' height='{height}' fill='#fdfdfb'/>",
        text(LEFT, 28, "Redstart and its peers: what each does in a second, more is better", 17, weight="bold"),
        text(LEFT, 48, subtitle, 11, colour="#555"),
    ]
    x = LEFT
    for series in dict.fromkeys(series for _, _, series in figures.rounds):
        parts.append(f"<rect x='{x}' y='60' width='12' height='12' fill='{COLOURS[series.name]}'/>")
        parts.append(text(x + 17, 70, series.title))
        x += 36 + 7 * len(series.title)
    for number, (work, groups) in enumerate(found.items()):
        parts += panel(HEAD + number * PANEL, work, groups, medians)
    for number, note in enumerate(footnotes):
        parts.append(text(LEFT, height - FOOT * (len(footnotes) - number), note, 11, colour="#555"))
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' height='{height}' role='img'>\n"
        + "\n".join(parts)
        + "\n</svg>\n"
    )
