"""What a run of `BENCH=growth` says: the table and the notes in the terminal, and all of it as JSON."""

from growth.figures import MEASURES
from report import columns, failed_lines, goal_document, not_run_lines, short

# What stands for a step's exponents in the head of the table: for time, CPU time and memory.
EXPONENTS = dict(zip(MEASURES, ("time^", "CPU^", "memory^")))
MARK = "!"


def each_us(dimension, size, figures, measure):
    """A request's cost shared among the units of the work, in microseconds."""
    scale = 1000 if measure == "time_ms" else 1
    if measure == "host_cpu_us" and dimension.expected[measure] == 0:
        # A request of each connection costs as much as many requests.
        return figures[measure]
    return figures[measure] * scale / size


def head(dimension):
    shared = (f"µs a {dimension.each}", f"CPU µs a {dimension.each}") if dimension.each else ("", "")
    return ("", "ms", "p99 ms", "CPU µs", *shared, "peak MiB", *EXPONENTS.values())


def rows(figures, dimension, curve):
    """One for each size; the exponents are those of the step to it."""
    to = {measure: {step.end: step for step in figures.steps(dimension, curve, measure)} for measure in MEASURES}
    for size, middle in figures.medians(dimension, curve).items():
        exponents = []
        for measure in MEASURES:
            step = to[measure].get(size)
            mark = MARK if step and (step.is_cliff or not step.holds) else ""
            exponents.append(f"{step.exponent['median']:.2f}{mark}" if step else "")
        shared = ["", ""]
        if dimension.each:
            shared = [short(each_us(dimension, size, middle, measure)) for measure in ("time_ms", "host_cpu_us")]
        times = short(middle["time_ms"]), short(middle["p99_ms"])
        yield (f"  {dimension.amount(size)}", *times, short(middle["host_cpu_us"]), *shared, short(middle["peak_mib"]), *exponents)


def table(run):
    """The medians of the rounds, for a request."""
    lines = []
    for dimension in run.figures.dimensions():
        all_rows, titles = [head(dimension)], {}
        for curve in (curve for of, curve in run.figures.curves if of == dimension):
            titles[len(all_rows)] = curve.title
            all_rows += rows(run.figures, dimension, curve)
        lines += ["", f"--- {dimension.title} ---"]
        for number, line in enumerate(columns(all_rows)):
            lines += [titles[number]] if number in titles else []
            lines.append(line)
    return "\n".join([*lines, "", *notes(run)])


def broken_lines(figures):
    for how, dimension, measure, curve, step in figures.broken():
        exponent, excess = step.exponent, step.excess["median"]
        yield (
            f"{how}: {dimension.title}, {curve.title}, {MEASURES[measure]}, {dimension.amount(step.start)} to "
            f"{dimension.amount(step.end)}: exponent {exponent['median']:.2f} ({exponent['low']:.2f} to {exponent['high']:.2f}), "
            f"{excess:.2g} times what is expected"
        )


def notes(run):
    refused = [f"Refused by default: {what}" for what in run.refused]
    return [*broken_lines(run.figures), *refused, *not_run_lines(run.not_run), *failed_lines(run.failed)]


def step_document(step):
    return {
        "from": step.start,
        "to": step.end,
        "expected": step.expected,
        "exponent": step.exponent,
        "times_expected": step.excess,
        "holds": step.holds,
        "cliff": step.is_cliff,
    }


def document(run):
    """What was measured, and the verdict."""
    return {
        "refused_by_default": run.refused,
        "figures": [
            {
                "dimension": dimension.name,
                "title": dimension.title,
                "unit": dimension.unit,
                "curve": curve.name,
                "request": curve.title,
                "points": [
                    {"size": size, "connections": dimension.connections(size), "median": middle, "rounds": rounds[size]}
                    for size, middle in run.figures.medians(dimension, curve).items()
                ],
                "steps": {
                    measure: [step_document(step) for step in run.figures.steps(dimension, curve, measure)] for measure in MEASURES
                },
            }
            for (dimension, curve), rounds in run.figures.curves.items()
        ],
        "broken": list(broken_lines(run.figures)),
        "goals": [goal_document(goal) for goal in run.goals()],
    }
