"""Redstart beside its peers: all of them do the same work in turn, in rounds."""

import plot
import report
from figures import Figures, goals
from load import Meanwhile, measure
from plan import GET, PLANS
from servers import Servers
from work import REQUESTS, fill, try_once

WARM_UP_CONNECTIONS = 16


class Comparison:
    """A run by one of the plans."""

    def __init__(self, plan, programs, wrk, not_run, say):
        self.plan, self.programs, self.wrk, self.not_run, self.say = PLANS[plan], programs, wrk, not_run, say
        self.figures, self.failed, self.took = Figures(), [], {}

    def series_of(self, work):
        """Who of those that can be had does a piece of work."""
        return [series for series in REQUESTS[work] if series.server in self.programs]

    @property
    def expected_seconds(self):
        return self.plan.expected_seconds(self.series_of)

    def run(self, folder):
        """All rounds."""
        with Servers(self.programs, folder) as servers:
            fill(servers)
            measurements = self.plan.measurements(self.series_of)
            for work, series in dict.fromkeys((work, series) for work, _, series in measurements):
                try_once(servers, series, REQUESTS[work][series])
            for series in self.series_of(GET):
                measure(servers, self.wrk, series, REQUESTS[GET][series], WARM_UP_CONNECTIONS, 1)
            meanwhile = Meanwhile(servers)
            for number in range(1, self.plan.rounds + 1):
                self.say(f"Round {number} of {self.plan.rounds}")
                for work, connections, series in measurements:
                    request = REQUESTS[work][series]
                    measured, failure = measure(servers, self.wrk, series, request, connections, self.plan.seconds)
                    self.figures.add(work, connections, series, measured)
                    if failure:
                        self.say(failure)
                        self.failed.append(failure)
            self.took = meanwhile.taken()

    def about(self):
        return {"name": self.plan.name, "rounds": self.plan.rounds, "seconds_each": self.plan.seconds}

    def text(self):
        """What the terminal shows."""
        return f"{report.table(self.figures, self.not_run, self.failed)}\n\n{report.goals_table(goals(self.figures))}"

    def document(self, about):
        return report.document(about, self.figures, self.not_run)

    def svg(self, subtitle, notes):
        medians = f"Bars: medians of {self.plan.rounds} rounds of {self.plan.seconds} s; lines: lowest to highest round."
        lines = [*report.otherwise_lines(), *report.not_run_lines(self.not_run), *report.failed_lines(self.failed)]
        return plot.svg(self.figures, subtitle, [f"{medians} wrk and Redis on the same cores.", *notes, *lines])
