"""Streams, and groups of consumers that share the work."""

from support import Case, with_both_clients
from upstash_redis.errors import UpstashError


def entry(name):
    return [name, ["id", name]]


@with_both_clients
class Streams(Case):
    def test_entries_are_added_read_ranged_over_trimmed_and_removed(self):
        redis, k, other = self.redis, self.key("stream"), self.key("stream")
        self.assertEqual(redis.xadd(k, "1-1", {"a": 1, "b": "two"}), "1-1")
        self.assertEqual(redis.xadd(k, "1-2", {"a": "é"}), "1-2")
        self.assertRegex(redis.xadd(k, "*", {"a": 3}), r"^\d+-\d+$")
        self.assertIsNone(redis.xadd(self.key("none"), "*", {"a": 1}, nomkstream=True))
        self.assertEqual(redis.xlen(k), 3)
        first = ["1-1", ["a", "1", "b", "two"]]
        self.assertEqual(redis.xrange(k, "-", "1-1"), [first])
        self.assertEqual(redis.xrange(k, "-", "+", 1), [first])
        self.assertEqual(redis.xrevrange(k, "+", "-")[-1], first)
        redis.xadd(other, "5-0", {"z": 0})
        second = [k, [["1-2", ["a", "é"]]]]
        self.assertEqual(redis.xread({k: "1-1", other: "0"}, count=1), [second, [other, [["5-0", ["z", "0"]]]]])
        self.assertEqual(redis.xread({k: "$"}), [])
        self.assertEqual(redis.xdel(k, "1-1", "9-9"), 1)
        self.assertEqual(redis.xtrim(k, maxlen=1, approximate=False), 1)
        self.assertEqual(redis.xlen(k), 1)

    def test_a_group_hands_each_entry_to_one_consumer_until_it_is_acknowledged(self):
        redis, k, group = self.redis, self.key("stream"), "group"
        self.assertEqual(redis.xgroup_create(k, group, mkstream=True), "OK")
        with self.assertRaisesRegex(UpstashError, "BUSYGROUP"):
            redis.xgroup_create(k, group)
        self.assertEqual(redis.xgroup_createconsumer(k, group, "idle"), 1)
        for name in ("1-0", "2-0", "3-0"):
            redis.xadd(k, name, {"id": name})
        self.assertEqual(redis.xreadgroup(group, "anna", {k: ">"}, count=2), [[k, [entry("1-0"), entry("2-0")]]])
        self.assertEqual(redis.xreadgroup(group, "bert", {k: ">"}), [[k, [entry("3-0")]]])
        self.assertEqual(redis.xreadgroup(group, "bert", {k: ">"}), [])
        self.assertEqual(redis.xack(k, group, "1-0"), 1)

        self.assertEqual(redis.xpending(k, group), [2, "2-0", "3-0", [["anna", "1"], ["bert", "1"]]])
        pending = redis.xpending(k, group, "-", "+", 10)
        known = [(name, consumer, count) for name, consumer, _, count in pending]
        self.assertEqual(known, [("2-0", "anna", 1), ("3-0", "bert", 1)])
        self.assertEqual(redis.xclaim(k, group, "bert", 0, "2-0"), [entry("2-0")])
        self.assertEqual(redis.xautoclaim(k, group, "cleo", 0, "0", count=1), ["3-0", [entry("2-0")], []])
        self.assertEqual(redis.xautoclaim(k, group, "cleo", 0, "0", justid=True), ["0-0", ["2-0", "3-0"], []])

        [info] = redis.xinfo_groups(k)
        self.assertEqual(info[:6], ["name", group, "consumers", 4, "pending", 2])
        consumers = [(consumer[1], consumer[3]) for consumer in redis.xinfo_consumers(k, group)]
        self.assertEqual(consumers, [("anna", 0), ("bert", 0), ("cleo", 2), ("idle", 0)])
        self.assertEqual(redis.xgroup_setid(k, group, "0"), "OK")
        self.assertEqual(redis.xgroup_delconsumer(k, group, "cleo"), 2)
        self.assertEqual(redis.xgroup_destroy(k, group), 1)
        with self.assertRaisesRegex(UpstashError, "NOGROUP"):
            redis.xreadgroup(group, "anna", {k: ">"})
