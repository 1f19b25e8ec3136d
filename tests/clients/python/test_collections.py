"""Hashes, lists, sets, sorted sets, places."""

from support import Case, with_both_clients


@with_both_clients
class Collections(Case):
    def test_a_hash_is_written_counted_in_and_read_in_every_way(self):
        redis, k = self.redis, self.key("hash")
        self.assertEqual(redis.hset(k, values={"a": 1, "b": "two", "c": [3]}), 3)
        self.assertEqual(redis.hset(k, "a", 2), 0)
        self.assertEqual(redis.hget(k, "b"), "two")
        self.assertIsNone(redis.hget(k, "none"))
        self.assertEqual(redis.hmget(k, "c", "none", "a"), ["[3]", None, "2"])
        self.assertEqual(redis.hgetall(k), {"a": "2", "b": "two", "c": "[3]"})
        self.assertEqual(redis.hgetall(self.key("none")), {})
        self.assertIs(redis.hmset(k, {"e": 5}), True)
        self.assertIs(redis.hsetnx(k, "e", 6), False)
        self.assertEqual(redis.hincrby(k, "e", 10), 15)
        self.assertEqual(redis.hincrbyfloat(k, "e", 0.5), 15.5)
        self.assertIs(redis.hexists(k, "e"), True)
        self.assertEqual(redis.hstrlen(k, "b"), 3)
        self.assertEqual(sorted(redis.hkeys(k)), ["a", "b", "c", "e"])
        self.assertEqual(sorted(redis.hvals(k)), ["15.5", "2", "[3]", "two"])
        self.assertEqual(redis.hdel(k, "a", "c", "none"), 2)
        self.assertEqual(redis.hlen(k), 2)
        self.assertEqual(redis.hrandfield(k, 2, withvalues=True), {"b": "two", "e": "15.5"})
        self.assertIn(redis.hrandfield(k), ("b", "e"))
        self.assertEqual(redis.hrandfield(self.key("none"), 2), [])

    def test_scans_of_a_hash_a_set_and_a_sorted_set_give_all_that_is_in_them(self):
        redis, k = self.redis, self.key("scanned")
        members = {f"member {number}": number for number in range(600)}
        redis.hset(f"{k}h", values=members)
        redis.sadd(f"{k}s", *members)
        redis.zadd(f"{k}z", members)
        for scan, name, expected in (
            (redis.hscan, f"{k}h", {(member, str(number)) for member, number in members.items()}),
            (redis.sscan, f"{k}s", set(members)),
            (redis.zscan, f"{k}z", {(member, float(number)) for member, number in members.items()}),
        ):
            found, cursor = set(), 0
            while True:
                cursor, page = scan(name, cursor, match="member *", count=100)
                found.update(page.items() if isinstance(page, dict) else page)
                if cursor == 0:
                    break
            self.assertEqual(found, expected)

    def test_a_list_grows_and_shrinks_at_both_ends(self):
        redis, k, other = self.redis, self.key("list"), self.key("list")
        self.assertEqual(redis.rpush(k, "b", "c"), 2)
        self.assertEqual(redis.lpush(k, "a", "a"), 4)
        self.assertEqual(redis.rpushx(other, "x"), 0)
        self.assertEqual(redis.lpushx(k, 0), 5)
        self.assertEqual(redis.lrange(k, 0, -1), ["0", "a", "a", "b", "c"])
        self.assertEqual(redis.lpos(k, "a"), 1)
        self.assertEqual(redis.lpos(k, "a", count=0), [1, 2])
        self.assertIsNone(redis.lpos(k, "none"))
        self.assertEqual(redis.lindex(k, -1), "c")
        self.assertEqual(redis.linsert(k, "BEFORE", "b", "bb"), 6)
        self.assertIs(redis.lset(k, 0, "zero"), True)
        self.assertEqual(redis.lrem(k, 1, "a"), 1)
        self.assertEqual(redis.llen(k), 5)
        self.assertEqual(redis.lmove(k, other, "LEFT", "RIGHT"), "zero")
        self.assertEqual(redis.rpoplpush(k, other), "c")
        redis.ltrim(k, 0, 1)
        self.assertEqual(redis.lpop(k, 5), ["a", "bb"])
        self.assertIsNone(redis.lpop(k))
        self.assertIsNone(redis.lpop(k, 2))
        self.assertEqual(redis.rpop(other), "zero")

    def test_sets_are_filled_asked_combined_and_emptied(self):
        redis, a, b, stored = self.redis, self.key("set"), self.key("set"), self.key("set")
        self.assertEqual(redis.sadd(a, "x", "y", "x"), 2)
        self.assertEqual(redis.sadd(b, "y", "z"), 2)
        self.assertEqual(set(redis.smembers(a)), {"x", "y"})
        self.assertEqual(redis.smembers(self.key("none")), [])
        self.assertIs(redis.sismember(a, "x"), True)
        self.assertEqual(redis.smismember(a, "z", "y"), [False, True])
        self.assertEqual(redis.sinter(a, b), ["y"])
        self.assertEqual(redis.sdiff(a, b), ["x"])
        self.assertEqual(set(redis.sunion(a, b)), {"x", "y", "z"})
        self.assertEqual(redis.sunionstore(stored, a, b), 3)
        self.assertEqual(redis.sinterstore(stored, a, b), 1)
        self.assertEqual(redis.sdiffstore(stored, a, b), 1)
        self.assertIs(redis.smove(a, b, "x"), True)
        self.assertEqual(redis.scard(b), 3)
        self.assertEqual(len(redis.srandmember(b, 2)), 2)
        self.assertEqual(redis.spop(a), "y")
        self.assertEqual(len(redis.spop(b, 2)), 2)
        self.assertEqual(redis.srem(b, "x", "y", "z"), 1)

    def test_a_sorted_set_is_scored_ranked_and_cut_in_every_way(self):
        redis, k = self.redis, self.key("zset")
        self.assertEqual(redis.zadd(k, {"a": 1, "b": 2.5, "c": -3}), 3)
        self.assertEqual(redis.zadd(k, {"a": 0}, gt=True, ch=True), 0)
        self.assertEqual(redis.zadd(k, {"a": 1}, incr=True), 2.0)
        self.assertIsNone(redis.zadd(k, {"a": 1}, nx=True, incr=True))
        self.assertEqual(redis.zincrby(k, 0.25, "b"), 2.75)
        self.assertEqual(redis.zrange(k, 0, -1), ["c", "a", "b"])
        self.assertEqual(redis.zrange(k, 0, -1, withscores=True), [("c", -3.0), ("a", 2.0), ("b", 2.75)])
        self.assertEqual(redis.zrange(k, "(2", "+inf", sortby="BYSCORE"), ["b"])
        self.assertEqual(redis.zrevrange(k, 0, 0, withscores=True), [("b", 2.75)])
        self.assertEqual(redis.zrangebyscore(k, "-inf", 2, offset=1, count=5), ["a"])
        self.assertEqual(redis.zscore(k, "b"), 2.75)
        self.assertIsNone(redis.zscore(k, "none"))
        self.assertEqual(redis.zmscore(k, ["c", "none"]), [-3.0, None])
        self.assertEqual((redis.zrank(k, "b"), redis.zrevrank(k, "b"), redis.zrank(k, "none")), (2, 0, None))
        self.assertEqual((redis.zcard(k), redis.zcount(k, 0, "+inf")), (3, 2))
        self.assertEqual(redis.zpopmin(k), [("c", -3.0)])
        self.assertEqual(redis.zpopmax(k, 2), [("b", 2.75), ("a", 2.0)])
        redis.zadd(k, {member: 0 for member in "abcd"})
        self.assertEqual(redis.zlexcount(k, "[b", "+"), 3)
        self.assertEqual(redis.zrangebylex(k, "[b", "(d"), ["b", "c"])
        self.assertEqual(redis.zremrangebylex(k, "[d", "+"), 1)
        self.assertEqual(redis.zremrangebyrank(k, 0, 0), 1)
        self.assertEqual(sorted(redis.zrandmember(k, 2, withscores=True)), [("b", 0.0), ("c", 0.0)])
        self.assertEqual(redis.zrem(k, "b", "none"), 1)
        self.assertEqual(redis.zremrangebyscore(k, "-inf", "+inf"), 1)

    def test_sorted_sets_are_combined(self):
        redis, a, b, stored = self.redis, self.key("zset"), self.key("zset"), self.key("zset")
        redis.zadd(a, {"x": 1, "y": 2})
        redis.zadd(b, {"y": 10})
        self.assertEqual(redis.zunion([a, b], withscores=True), [("x", 1.0), ("y", 12.0)])
        self.assertEqual(redis.zinter([a, b], weights=[1, 2.5], withscores=True), [("y", 27.0)])
        self.assertEqual(redis.zdiff([a, b], withscores=True), [("x", 1.0)])
        self.assertEqual(redis.zunionstore(stored, [a, b], aggregate="MAX"), 2)
        self.assertEqual(redis.zscore(stored, "y"), 10.0)
        self.assertEqual(redis.zinterstore(stored, [a, b]), 1)
        self.assertEqual(redis.zdiffstore(stored, [a, b]), 1)
        self.assertEqual(redis.zrangestore(stored, a, 0, -1), 2)

    def test_places_are_found_near_others(self):
        redis, k, stored = self.redis, self.key("geo"), self.key("geo")
        palermo, catania = (13.361389, 38.115556, "Palermo"), (15.087269, 37.502669, "Catania")
        self.assertEqual(redis.geoadd(k, palermo, catania), 2)
        self.assertEqual(redis.geodist(k, "Palermo", "Catania", "KM"), 166.2742)
        self.assertIsNone(redis.geodist(k, "Palermo", "none"))
        self.assertEqual(redis.geohash(k, "Palermo", "Catania"), ["sqc8b49rny0", "sqdtr74hyu0"])
        (longitude, latitude), none = redis.geopos(k, "Palermo", "none")
        self.assertAlmostEqual(longitude, 13.361389, 5)
        self.assertAlmostEqual(latitude, 38.115556, 5)
        self.assertIsNone(none)
        near = {"longitude": 15.0, "latitude": 37.0, "radius": 200, "unit": "KM", "order": "ASC"}
        self.assertEqual(redis.geosearch(k, **near), ["Catania", "Palermo"])
        [nearest] = redis.geosearch(k, **near, count=1, withdist=True, withhash=True, withcoord=True)
        self.assertEqual((nearest.member, nearest.distance, nearest.hash), ("Catania", 56.4413, 3479447370796909))
        self.assertAlmostEqual(nearest.longitude, 15.087269, 5)
        self.assertAlmostEqual(nearest.latitude, 37.502669, 5)
        self.assertEqual(redis.georadius(k, 15, 37, 200, "KM", order="DESC"), ["Palermo", "Catania"])
        box = {"member": "Palermo", "width": 100, "height": 100, "unit": "KM"}
        self.assertEqual(redis.geosearchstore(stored, k, **box, storedist=True), 1)
        self.assertEqual(redis.zrange(stored, 0, -1, withscores=True), [("Palermo", 0.0)])
