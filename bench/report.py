"""What a run says: the table and the goals in the terminal, and all of it as JSON."""

from figures import connected, goals
from work import OTHERWISE


def short(value):
    """Three digits: 43,400 or 8.71."""
    if value >= 1000:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def milliseconds(value):
    return "N/A" if value is None else f"{value:.2f}"


def ratio_text(ratio):
    return f"{ratio['median']:.2f} ({ratio['low']:.2f} to {ratio['high']:.2f})" if ratio else ""


def columns(rows):
    """The rows, each column as wide as it has to be: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    for first, *others in rows:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:]))]
        yield "  ".join(cells).rstrip()


HEAD = ("", "a second", "to webdis", "p50 ms", "p99 ms", "p99.9 ms", "CPU µs", "Redis µs", "wrk µs", "peak MiB")


def table(figures, not_run, failed):
    """The medians of the rounds; CPU time is for each request, or command of a pipeline."""
    rows, titles, last = [HEAD], {}, None
    for work, connections, series, middle, ratio in figures.rows():
        if (work, connections) != last:
            last = work, connections
            titles[len(rows)] = f"{work.title}, {connected(connections)} ({work.unit} a second)"
        cpu = [short(middle["cpu_us"][process]) for process in ("server", "redis", "wrk")]
        times = [milliseconds(middle[name]) for name in ("p50_ms", "p99_ms", "p99_9_ms")]
        row = (f"  {series.title}", short(middle["per_second"]), ratio_text(ratio), *times, *cpu, short(middle["peak_mib"]))
        rows.append(row)
    lines = []
    for number, line in enumerate(columns(rows)):
        if number in titles:
            lines += ["", titles[number]]
        lines.append(line)
    return "\n".join([*lines, "", *otherwise_lines(), *not_run_lines(not_run), *failed_lines(failed)])


def not_run_lines(not_run):
    return [f"NOT RUN: {peer}: {reason}" for peer, reason in not_run.items()]


def failed_lines(failed):
    return [f"FAILED: {failure}" for failure in failed]


def otherwise_lines():
    return [f"{series.title}, {work.title}: {what}" for (work, series), what in OTHERWISE.items()]


def goals_table(promised):
    rows = [("goal", "bound", "measured", "rounds", "")]
    for goal in promised:
        bound = f"{'at most' if goal.at_most else 'at least'} {goal.bound:g}{goal.unit}"
        if goal.value is None:
            rows.append((goal.title, bound, "", "", goal.outcome))
            continue
        measured = f"{goal.value:.3g}{goal.unit}"
        rows.append((goal.title, bound, measured, f"{goal.low:.3g} to {goal.high:.3g}", goal.outcome))
    return "\n".join(columns(rows))


def goal_document(goal):
    return {
        "goal": goal.title,
        "bound": goal.bound,
        "at_most": goal.at_most,
        "unit": goal.unit.strip(),
        "measured": goal.value,
        "low": goal.low,
        "high": goal.high,
        "outcome": goal.outcome,
    }


def document(about, figures, not_run):
    """All there is to know of the run."""
    return {
        **about,
        "not_run": not_run,
        "otherwise": otherwise_lines(),
        "figures": [
            {
                "work": work.name,
                "title": work.title,
                "unit": work.unit,
                "connections": connections,
                "series": series.name,
                "median": middle,
                "to_webdis": ratio,
                "rounds": figures.rounds[work, connections, series],
            }
            for work, connections, series, middle, ratio in figures.rows()
        ],
        "goals": [goal_document(goal) for goal in goals(figures)],
    }
