"""What can be wrong in the figures without being noticed; `make test` runs it, without any server."""

import unittest
from xml.etree import ElementTree

import plot
import report
from figures import Figures, goals
from plan import FULL, GET, PIPELINE, PLANS, QUICK, Work
from servers import AXUM, FASTAPI, REDSTART_COMMANDS, REDSTART_REST, WEBDIS
from work import OTHERWISE, REQUESTS

ALL = (REDSTART_REST, REDSTART_COMMANDS, WEBDIS, AXUM, FASTAPI)


def figures_of(per_second, p99_ms=1.0, peak_mib=100.0):
    cpu = {"server": 10.0, "redis": 2.0, "wrk": 3.0}
    latency = {"p50_ms": 0.5, "p99_ms": p99_ms, "p99_9_ms": 2.0, "longest_ms": 5.0}
    return {"per_second": per_second, **latency, "cpu_us": cpu, "peak_mib": peak_mib}


def outcome(figures, title):
    (goal,) = (goal for goal in goals(figures) if goal.title == title)
    return goal.outcome


class Plans(unittest.TestCase):
    def test_each_ends_in_its_time(self):
        for plan, minutes in ((FULL, 10), (QUICK, 2)):
            self.assertLess(plan.expected_seconds(REQUESTS.get), minutes * 60)

    def test_all_do_the_same_work_before_the_next(self):
        for plan in PLANS.values():
            order = [(work, connections) for work, connections, _ in plan.measurements(REQUESTS.get)]
            changes = sum(1 for one, other in zip(order, order[1:]) if one != other)
            self.assertEqual(changes + 1, len(set(order)))

    def test_every_server_does_each_work_or_it_is_said_why_not(self):
        servers = {series.server for series in ALL}
        for plan in PLANS.values():
            for work in plan.matrix:
                doing = {series.server for series in REQUESTS[work]}
                excused = {series.server for of, series in OTHERWISE if of == work}
                self.assertEqual(doing | excused, servers, work.name)


class Ratios(unittest.TestCase):
    def test_are_made_within_a_round(self):
        figures = Figures()
        # The machine is ten times slower in the second round.
        for redstart, webdis in ((800, 1000), (70, 100), (900, 1000)):
            figures.add(GET, 64, REDSTART_REST, figures_of(redstart))
            figures.add(GET, 64, WEBDIS, figures_of(webdis))
        self.assertEqual(figures.ratio(GET, 64, REDSTART_REST, WEBDIS), {"median": 0.8, "low": 0.7, "high": 0.9})

    def test_are_not_there_without_the_other(self):
        figures = Figures()
        figures.add(GET, 64, REDSTART_REST, figures_of(1000))
        self.assertIsNone(figures.ratio(GET, 64, REDSTART_REST, WEBDIS))


class Goals(unittest.TestCase):
    def test_of_speed_want_at_least(self):
        for redstart, expected in ((700, "met"), (699, "missed")):
            figures = Figures()
            figures.add(GET, 64, REDSTART_REST, figures_of(redstart))
            figures.add(GET, 64, WEBDIS, figures_of(1000))
            self.assertEqual(outcome(figures, "Redstart, REST: GET, 64 connections, to webdis"), expected)
            self.assertEqual(outcome(figures, "Redstart, REST: GET, 64 connections, to FastAPI"), "not measured")

    def test_of_lateness_want_at_most(self):
        for p99_ms, expected in ((3, "met"), (3.1, "missed")):
            figures = Figures()
            figures.add(GET, 64, REDSTART_REST, figures_of(1000, p99_ms=p99_ms))
            figures.add(GET, 64, WEBDIS, figures_of(1000, p99_ms=2))
            self.assertEqual(outcome(figures, "Redstart, REST: GET, 64 connections, p99 to webdis's"), expected)

    def test_of_memory_count_the_worst_round(self):
        figures = Figures()
        for peak_mib in (100, 100, 150):
            figures.add(GET, 256, REDSTART_REST, figures_of(1000, peak_mib=peak_mib))
        self.assertEqual(outcome(figures, "Redstart, REST: GET, 256 connections, memory of the host"), "missed")

    def test_of_pipelines_are_there_for_each_number_of_connections(self):
        figures = Figures()
        for connections in (1, 16):
            figures.add(PIPELINE, connections, REDSTART_COMMANDS, figures_of(2000))
            figures.add(PIPELINE, connections, WEBDIS, figures_of(1000))
        self.assertEqual(sum(1 for goal in goals(figures) if goal.title.startswith("pipelines") and goal.outcome == "met"), 2)


class Output(unittest.TestCase):
    def setUp(self):
        self.figures = Figures()
        for connections in (1, 256):
            for number, series in enumerate(ALL, 1):
                for jitter in (0, 5):
                    self.figures.add(GET, connections, series, figures_of(1000 * number + jitter))

    def test_the_table_names_who_was_not_run_and_what_failed(self):
        table = report.table(self.figures, {"squid": "it is at sea"}, ["a wreck"])
        self.assertIn("NOT RUN: squid: it is at sea", table)
        self.assertIn("FAILED: a wreck", table)
        self.assertEqual(table.count("Redstart, REST"), 2)

    def test_the_picture_is_well_formed_and_has_a_bar_for_each_figure(self):
        self.figures.add(Work("odd", "<odd & even>"), 1, WEBDIS, figures_of(1))
        picture = ElementTree.fromstring(plot.svg(self.figures, "here & now", ["a < b"]))
        bars = [part for part in picture.iter("{http://www.w3.org/2000/svg}rect") if len(part)]
        self.assertEqual(len(bars), 2 * len(ALL) + 1)


if __name__ == "__main__":
    unittest.main()
