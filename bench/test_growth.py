"""What can be wrong in the verdict on growth without being noticed; `make test` runs it, without any server."""

import json
import unittest
from dataclasses import replace
from xml.etree import ElementTree

from growth import picture, start, tables
from growth.dimensions import CONNECTIONS, DIMENSIONS, KEYS, PIPELINES, VALUES, value
from growth.figures import GrowthFigures, figures_of, goals
from growth.run import Growth
from growth.verdict import climbs, highest, steepest, steps

POINTS = (1, 10, 100, 1000)
PROGRAMS = {"redis": "redis-server", "redstart": "redstart-host"}


def grown(cost, points=POINTS, noise=(1.0, 1.0, 1.0)):
    """The costs of three rounds by size."""
    return {size: [cost(size) * factor for factor in noise] for size in points}


def ends(found):
    return [step.end for step in found]


class Verdict(unittest.TestCase):
    def test_the_exponent_is_that_of_the_cost(self):
        for exponent in (0, 0.5, 1, 2):
            for step in steps(grown(lambda size: 7 * size**exponent), 1):
                self.assertAlmostEqual(step.exponent["median"], exponent)
                self.assertAlmostEqual(step.excess["median"], 10 ** (exponent - 1))

    def test_linear_and_n_log_n_hold_and_more_does_not(self):
        log = lambda size: size * len(str(size))
        self.assertTrue(all(step.holds for step in steps(grown(lambda size: 50 + 3 * size), 1)))
        self.assertTrue(all(step.holds for step in steps(grown(log, (1000, 10_000, 100_000)), 1)))
        for power in (1.5, 2):
            self.assertFalse(any(step.holds for step in steps(grown(lambda size: size**power), 1)))

    def test_what_is_to_stay_may_not_be_linear(self):
        self.assertEqual([step.holds for step in steps(grown(lambda size: 1000 + size), 0)], [True, True, True])
        self.assertEqual([step.holds for step in steps(grown(lambda size: size), 0)], [False] * 3)

    def test_a_square_below_a_fixed_cost_shows_where_it_begins_to_count(self):
        found = steps(grown(lambda size: 1000 + size**2), 1)
        self.assertEqual([step.end for step in found if not step.holds], [1000])

    def test_a_cliff_is_more_than_twice_the_growth_of_the_work_however_near_the_points(self):
        points = (100, 125, 150)
        for jump, expected in ((1.9, []), (2.1, [150])):
            found = steps(grown(lambda size: size * (jump if size == 150 else 1), points), 1)
            self.assertEqual(ends(step for step in found if step.is_cliff), expected)

    def test_what_creeps_up_within_the_tolerance_of_each_step_is_seen_between_others(self):
        costs = grown(lambda size: size**0.2)
        self.assertTrue(all(step.holds and not step.is_cliff for step in steps(costs, 0)))
        found = [(step.start, step.end) for step in climbs(costs, 0) if step.is_cliff]
        self.assertEqual(found, [(1, 100), (1, 1000), (10, 1000)])

    def test_it_counts_within_a_round_what_the_machine_does_to_all_of_it(self):
        found = steps(grown(lambda size: size, noise=(1.0, 10.0, 0.5)), 1)
        self.assertTrue(all(abs(value - 1) < 1e-9 for step in found for value in step.exponent.values()))

    def test_one_round_out_of_three_does_not_decide(self):
        costs = grown(lambda size: size)
        costs[100][1] *= 50
        self.assertTrue(all(step.holds and not step.is_cliff for step in steps(costs, 1)))

    def test_what_is_too_small_to_be_measured_is_no_step(self):
        costs = grown(lambda size: size)
        costs[10][0] = 0
        self.assertEqual(ends(steps(costs, 1)), [1000])

    def test_the_worst_step_of_all_counts(self):
        one = [("one", step) for step in steps(grown(lambda size: size), 1)]
        two = [("two", step) for step in steps({1: [1], 10: [1], 100: [900], 1000: [9000]}, 1)]
        for worst in (steepest, highest):
            self.assertEqual((worst(one + two)[0], worst(one + two)[1].end), ("two", 100))
            self.assertIsNone(worst([]))


class Dimensions(unittest.TestCase):
    def test_go_as_far_as_was_asked(self):
        ranges = {dimension.name: (dimension.points[0], dimension.points[-1]) for dimension in DIMENSIONS}
        expected = {"value": (10, 16 << 20), "pipeline": (1, 10_000), "connections": (1, 5000), "keys": (1000, 10_000_000)}
        self.assertEqual(ranges, expected)

    def test_no_step_is_so_small_that_noise_decides_or_so_large_that_a_cliff_hides(self):
        for dimension in DIMENSIONS:
            for one, other in zip(dimension.points, dimension.points[1:]):
                self.assertTrue(3 <= other / one <= 11, (dimension.name, one, other))

    def test_requests_hold_as_much_as_their_size_says(self):
        self.assertEqual([len(value(size)) for size in VALUES.points], list(VALUES.points))
        for curve in PIPELINES.curves:
            for size in PIPELINES.points:
                self.assertEqual(len(json.loads(curve.request(size).body)), size)

    def test_more_connections_than_files_are_said_not_to_be_measured(self):
        self.assertIsNone(CONNECTIONS.hindered(1))
        self.assertIn("ulimit", CONNECTIONS.hindered(1 << 40))
        self.assertIn("memory", KEYS.hindered(1 << 50))

    def test_the_run_ends_in_its_time(self):
        self.assertLess(Growth("growth", PROGRAMS, "wrk", {}, print).expected_seconds, 600)


def measured(per_second, cpu=10.0, peak_mib=50.0):
    latency = {"p50_ms": 0.5, "p99_ms": 1.0, "p99_9_ms": 2.0, "longest_ms": 5.0}
    return {"per_second": per_second, **latency, "cpu_us": {"server": cpu, "redis": 2.0, "wrk": 3.0}, "peak_mib": peak_mib}


def a_run():
    """All dimensions; what time a client waits grows with the connections, and memory jumps with 16 MiB."""
    run = Growth("growth", PROGRAMS, "wrk", {}, print)
    for dimension in DIMENSIONS:
        for curve in dimension.curves:
            for size in dimension.points:
                peak = 5000.0 if size == 16 << 20 else 50.0
                for factor in (1.0, 1.05):
                    one = measured(1000 * factor, peak_mib=peak)
                    run.figures.add(dimension, curve, size, figures_of(one, dimension.connections(size)))
    run.started = [90.0, 100.0, 301.0]
    run.instances = {"a GET": [{"new_ms": 0.5, "used_again_ms": 0.1}, {"new_ms": 0.3, "used_again_ms": 0.1}]}
    run.not_run, run.failed, run.refused = {"5,000 <kraken>": "it is at sea"}, ["a wreck"], ["too much: 413"]
    return run


class Output(unittest.TestCase):
    def setUp(self):
        self.run_of_all = a_run()

    def test_the_time_of_a_request_is_what_each_client_waits(self):
        self.assertAlmostEqual(figures_of(measured(2000), 100)["time_ms"], 50)

    def test_the_table_names_the_points_that_break_the_promise(self):
        table = tables.table(self.run_of_all)
        self.assertIn("CLIFF: Size of a value, one connection, PUT as bytes, memory of the host, 4 MiB to 16 MiB", table)
        self.assertEqual(table.count("CLIFF: "), len(VALUES.curves))
        for line in ("Refused by default: too much: 413", "NOT RUN: 5,000 <kraken>: it is at sea", "FAILED: a wreck"):
            self.assertIn(line, table)

    def test_each_dimension_and_measure_is_met_or_missed(self):
        found = {goal.title: goal.outcome for goal in goals(self.run_of_all.figures)}
        missed = [title for title, outcome in found.items() if outcome != "met"]
        name = f"{VALUES.title}: memory of the host"
        self.assertEqual(missed, [f"{name}, {promise}" for promise in ("linear or better", "no cliff", "no creeping")])
        self.assertEqual(len(found), len(DIMENSIONS) * 3 * 3)

    def test_what_creeps_up_is_named_once(self):
        figures = GrowthFigures()
        for size in CONNECTIONS.points:
            figures.add(CONNECTIONS, CONNECTIONS.curves[0], size, figures_of(measured(1000, cpu=10 * size**0.15), size))
        (line,) = tables.broken_lines(figures)
        self.assertIn("CREEPS: Connections of clients, GET of 10 bytes, CPU time of the host, 1 to 5,000", line)

    def test_a_start_counts_by_its_median_and_an_instance_by_the_difference_within_a_round(self):
        ready, instance = start.goals(self.run_of_all.started, self.run_of_all.instances)
        self.assertEqual((ready.value, ready.outcome), (100.0, "met"))
        self.assertAlmostEqual(instance.value, 0.3)
        self.assertEqual((instance.low, instance.high), (0.3 - 0.1, 0.5 - 0.1))

    def test_the_document_is_json_with_every_point(self):
        document = json.loads(json.dumps(tables.document(self.run_of_all)))
        points = sum(len(curve["points"]) for curve in document["figures"])
        self.assertEqual(points, sum(len(dimension.points) * len(dimension.curves) for dimension in DIMENSIONS))

    def test_the_picture_is_well_formed_and_has_a_dot_for_each_figure_and_a_ring_for_each_break(self):
        text = picture.svg(self.run_of_all.figures, "here & now", ["a < b"])
        circles = list(ElementTree.fromstring(text).iter("{http://www.w3.org/2000/svg}circle"))
        rings = [circle for circle in circles if circle.get("fill") == "none"]
        dots = sum(len(one.points) * len(one.curves) * (5 if one.each else 3) for one in DIMENSIONS)
        self.assertEqual((len(rings), len(circles) - len(rings)), (len(VALUES.curves), dots))
        self.assertNotIn("nan", text)

    def test_a_curve_of_one_point_can_be_drawn(self):
        figures = GrowthFigures()
        dimension = replace(VALUES, points=(10,))
        figures.add(dimension, VALUES.curves[0], 10, figures_of(measured(1000), 1))
        ElementTree.fromstring(picture.svg(figures, "", []))


if __name__ == "__main__":
    unittest.main()
