"""Strings, bitmaps, HyperLogLog, keys, and which values survive."""

import time

from support import Case, with_both_clients


@with_both_clients
class Values(Case):
    def test_a_string_is_written_and_read_under_conditions_and_with_a_time_to_live(self):
        redis, k = self.redis, self.key("string")
        self.assertIs(redis.set(k, "one"), True)
        self.assertEqual(redis.get(k), "one")
        self.assertIs(redis.set(k, "two", nx=True), False)
        self.assertEqual(redis.set(k, "two", xx=True, get=True, ex=100), "one")
        self.assertIn(redis.ttl(k), (99, 100))
        redis.set(k, "three", keepttl=True)
        self.assertGreater(redis.pttl(k), 90_000)
        self.assertIs(redis.persist(k), True)
        self.assertEqual(redis.ttl(k), -1)
        self.assertIs(redis.setnx(k, "four"), False)
        self.assertEqual(redis.append(k, "!"), 6)
        self.assertEqual(redis.getrange(k, 0, 3), "thre")
        self.assertEqual(redis.setrange(k, 5, "?"), 6)
        self.assertEqual(redis.strlen(k), 6)
        self.assertEqual(redis.getset(k, "five"), "three?")
        self.assertEqual(redis.getex(k, px=100_000), "five")
        self.assertEqual(redis.getdel(k), "five")
        self.assertIsNone(redis.get(k))
        self.assertEqual(redis.ttl(k), -2)

    def test_several_strings_are_written_and_read_at_once(self):
        a, b, c = self.key("a"), self.key("b"), self.key("c")
        self.assertIs(self.redis.mset({a: 1, b: {"nested": [True, None]}}), True)
        self.assertEqual(self.redis.mget(a, c, b), ["1", None, '{"nested": [true, null]}'])
        self.assertIs(self.redis.msetnx({b: 2, c: 3}), False)
        self.assertEqual(self.redis.exists(a, b, c), 2)

    def test_a_counter_counts_in_whole_numbers_and_in_fractions(self):
        redis, k = self.redis, self.key("counter")
        self.assertEqual(redis.incr(k), 1)
        self.assertEqual(redis.incrby(k, 9), 10)
        self.assertEqual(redis.decr(k), 9)
        self.assertEqual(redis.decrby(k, 10), -1)
        self.assertEqual(redis.incrbyfloat(k, 1.5), 0.5)

    def test_large_numbers_keep_every_digit(self):
        redis, k = self.redis, self.key("big")
        redis.set(k, 9223372036854775806)
        self.assertEqual(redis.incr(k), 9223372036854775807)
        self.assertEqual(redis.get(k), "9223372036854775807")
        self.assertEqual(redis.hincrby(f"{k}h", "f", -(2**63)), -(2**63))
        many = redis.multi()
        many.set(k, 2**62)
        many.incr(k)
        self.assertEqual(many.exec(), [True, 2**62 + 1])
        redis.set(k, 10**30)
        self.assertEqual(redis.get(k), "1" + 30 * "0")
        self.assertEqual(redis.eval("return 9007199254740993"), 9007199254740992)

    def test_every_text_survives_whichever_way_answers_are_encoded(self):
        values = ["", " ", "OK", "ÿ", "héllo 世界 😀", "line\r\nline\0end", '"quoted" \\ /', "T0s=", "%2F+&?"]
        for client in (self.redis, self.client(rest_encoding=None)):
            for value in (*values, "x" * 300_000):
                k = self.key(f"key of {value[:20]}")
                self.assertIs(client.set(k, value), True)
                self.assertEqual(client.get(k), value)
                client.hset(f"{k}h", values={value: value})
                self.assertEqual(client.hgetall(f"{k}h"), {value: value})
                client.delete(k, f"{k}h")

    def test_bytes_that_are_no_text_are_marked_where_they_are_not_in_base64(self):
        k = self.key("bytes")
        for bit in (*range(8), 15):
            self.redis.setbit(k, bit, 1)
        self.assertEqual(self.client(rest_encoding=None).get(k), "\ufffd\1")
        with self.assertRaises(UnicodeDecodeError):
            # As they are; it is this client that makes text of all.
            self.redis.get(k)

    def test_bitmaps_are_set_counted_searched_and_combined(self):
        redis, a, b, both = self.redis, self.key("bits"), self.key("bits"), self.key("bits")
        self.assertEqual(redis.setbit(a, 7, 1), 0)
        self.assertEqual(redis.setbit(a, 7, 1), 1)
        redis.setbit(b, 6, 1)
        self.assertEqual(redis.getbit(a, 7), 1)
        self.assertEqual(redis.bitop("OR", both, a, b), 1)
        self.assertEqual(redis.bitcount(both), 2)
        self.assertEqual(redis.bitcount(both, 1, 1), 0)
        self.assertEqual(redis.bitpos(both, 1), 6)
        field = redis.bitfield(self.key("field")).set("u8", "#0", 255).overflow("FAIL").incrby("u8", "#0", 1)
        self.assertEqual(field.get("u8", 0).execute(), [0, None, 255])
        self.assertEqual(redis.bitfield_ro(both).get("u8", 0).execute(), [3])

    def test_hyperloglog_counts_what_is_distinct(self):
        redis, a, b, both = self.redis, self.key("hll"), self.key("hll"), self.key("hll")
        self.assertIs(redis.pfadd(a, "x", "y", "x"), True)
        self.assertIs(redis.pfadd(a, "y"), False)
        redis.pfadd(b, "z")
        self.assertEqual(redis.pfcount(a), 2)
        self.assertEqual(redis.pfcount(a, b), 3)
        self.assertIs(redis.pfmerge(both, a, b), True)
        self.assertEqual(redis.pfcount(both), 3)

    def test_keys_are_typed_copied_renamed_touched_and_removed(self):
        redis, a, b, c = self.redis, self.key("a"), self.key("b"), self.key("c")
        redis.set(a, "v")
        self.assertEqual((redis.type(a), redis.type(b)), ("string", "none"))
        self.assertIs(redis.copy(a, b), True)
        self.assertIs(redis.copy(a, b), False)
        self.assertIs(redis.rename(b, c), True)
        self.assertIs(redis.renamenx(a, c), False)
        self.assertEqual(redis.touch(a, b, c), 2)
        self.assertIs(redis.expire(a, 100), True)
        self.assertIs(redis.expire(a, 50, gt=True), False)
        self.assertIs(redis.pexpireat(a, int(time.time() * 1000) + 100_000), True)
        self.assertEqual(redis.unlink(a, b), 1)
        self.assertEqual(redis.delete(c), 1)

    def test_a_scan_finds_every_key_of_a_pattern_and_of_a_type(self):
        prefix = self.key("scan")
        names = {f"{prefix}:{number}" for number in range(250)}
        self.redis.mset({name: 1 for name in names})
        self.redis.sadd(f"{prefix}:set", 1)
        for kind, expected in (("string", names), ("set", {f"{prefix}:set"}), (None, names | {f"{prefix}:set"})):
            found, cursor = set(), 0
            while True:
                cursor, page = self.redis.scan(cursor, match=f"{prefix}:*", count=50, type=kind)
                found.update(page)
                if cursor == 0:
                    break
            self.assertEqual(found, expected)
        self.assertEqual(set(self.redis.keys(f"{prefix}:1?")), {f"{prefix}:1{digit}" for digit in range(10)})

    def test_the_server_says_its_time_its_size_and_what_is_echoed(self):
        seconds, _ = self.redis.time()
        self.assertLess(abs(seconds - time.time()), 60)
        self.redis.set(self.key("size"), 1)
        self.assertGreater(self.redis.dbsize(), 0)
        self.assertEqual(self.redis.ping(), "PONG")
        self.assertEqual(self.redis.ping("hé"), "hé")
        self.assertEqual(self.redis.echo("OK"), "OK")
        self.assertEqual(self.redis.publish(self.key("channel"), "x"), 0)
