"""Scripts and functions: by source, by SHA-1, loaded, and what they return."""

from hashlib import sha1

from support import Case, with_both_clients
from upstash_redis.errors import UpstashError


def sha(source):
    return sha1(source.encode()).hexdigest()


@with_both_clients
class Scripts(Case):
    def test_a_script_returns_what_redis_makes_of_luas_values(self):
        redis, k = self.redis, self.key("script")
        self.assertEqual(redis.eval("return {KEYS[1], ARGV[1], ARGV[2]}", [k], ["a", "é"]), [k, "a", "é"])
        for source, expected in (
            ("return 3.99", 3),
            ("return false", None),
            ("return nil", None),
            ("return true", 1),
            ("return {}", []),
            ("return {1, {2, {3, 'x'}}, false}", [1, [2, [3, "x"]], None]),
            ("return {1, nil, 3}", [1]),
            ("return redis.status_reply('FINE')", "FINE"),
        ):
            self.assertEqual(redis.eval(source), expected, source)
        self.assertEqual(redis.eval("return redis.call('SET', KEYS[1], ARGV[1])", [k], ["v"]), "OK")
        self.assertEqual(redis.eval_ro("return redis.call('GET', KEYS[1])", [k]), "v")
        with self.assertRaisesRegex(UpstashError, "read-only"):
            redis.eval_ro("return redis.call('DEL', KEYS[1])", [k])
        with self.assertRaisesRegex(UpstashError, "^MINE of my own$"):
            redis.eval("return redis.error_reply('MINE of my own')")
        with self.assertRaisesRegex(UpstashError, "Error compiling script"):
            redis.eval("return {")

    def test_a_script_that_is_loaded_runs_by_its_sha_1_and_one_that_is_not_is_said_to_be_missing(self):
        redis = self.redis
        source = f"return {{'{self.key('loaded')}', ARGV[1]}}"
        loaded = redis.script_load(source)
        self.assertEqual(loaded, sha(source))
        self.assertEqual(redis.script_exists(loaded, sha("never loaded")), [True, False])
        self.assertEqual(redis.evalsha(loaded, args=["x"])[1], "x")
        self.assertEqual(redis.evalsha_ro(loaded, args=["x"])[1], "x")
        with self.assertRaisesRegex(UpstashError, r"^NOSCRIPT No matching script\. Please use EVAL\.$"):
            redis.evalsha(sha("never loaded"))
        self.assertIs(redis.script_flush("SYNC"), True)
        self.assertEqual(redis.script_exists(loaded), [False])

    def test_functions_are_loaded_called_and_removed(self):
        redis, k = self.redis, self.key("function")
        name = f"lib_{self.key('l')}".replace("-", "_")
        body = "function(keys, args) return {keys[1], {1, args[1]}} end"
        code = f"#!lua name={name}\nredis.register_function('{name}', {body})"
        self.assertEqual(redis.execute(["FUNCTION", "LOAD", code]), name)
        self.assertEqual(redis.execute(["FCALL", name, 1, k, "é"]), [k, [1, "é"]])
        [library] = redis.execute(["FUNCTION", "LIST", "LIBRARYNAME", name, "WITHCODE"])
        self.assertEqual(library[7], code)
        self.assertEqual(len(library[5]), 1)
        with self.assertRaisesRegex(UpstashError, "Can not execute a script with write flag"):
            redis.execute(["FCALL_RO", name, 0])
        self.assertEqual(redis.execute(["FUNCTION", "DELETE", name]), "OK")
        with self.assertRaisesRegex(UpstashError, "Function not found"):
            redis.execute(["FCALL", name, 0])
