"""Pipelines, transactions, errors, and how a client comes by its address."""

import asyncio
import unittest

from support import READ_ONLY_TOKEN, URL, Case, with_both_clients
from upstash_redis import Redis
from upstash_redis.asyncio import Redis as AsyncRedis
from upstash_redis.errors import UpstashError


@with_both_clients
class Requests(Case):
    def test_a_pipeline_answers_in_order(self):
        k = self.key("pipeline")
        pipeline = self.redis.pipeline()
        pipeline.set(k, "é").get(k).hset(f"{k}h", "f", "v").hgetall(f"{k}h").zadd(f"{k}z", {"m": 1.5})
        pipeline.zrange(f"{k}z", 0, -1, withscores=True).mget(k, f"{k}none")
        self.assertEqual(pipeline.exec(), [True, "é", 1, {"f": "v"}, 1, [("m", 1.5)], ["é", None]])
        for _ in range(3000):
            pipeline.incr(f"{k}n")
        self.assertEqual(pipeline.exec(), list(range(1, 3001)))

    def test_a_pipeline_goes_on_behind_an_error(self):
        k = self.key("pipeline")
        pipeline = self.redis.pipeline().set(k, "text").incr(k).append(k, "!")
        with self.assertRaisesRegex(UpstashError, "^ERR value is not an integer or out of range$"):
            pipeline.exec()
        self.assertEqual(self.redis.get(k), "text!")

    def test_a_transaction_runs_whole(self):
        k = self.key("transaction")
        transaction = self.redis.multi().set(k, 1).incr(k).get(k).lrange(f"{k}none", 0, -1).get(f"{k}none")
        self.assertEqual(transaction.exec(), [True, 2, "2", [], None])

    def test_a_transaction_with_a_command_that_is_none_runs_nothing(self):
        k = self.key("transaction")
        # The client takes the one error for a list of answers.
        with self.assertRaises(AttributeError):
            self.redis.multi().set(k, 1).execute(["GET"]).exec()
        self.assertEqual(self.redis.exists(k), 0)

    def test_errors_are_redis_own(self):
        redis, k = self.redis, self.key("error")
        redis.set(k, "text")
        for command, text in (
            (["LPUSH", k, "x"], r"^WRONGTYPE Operation against a key holding the wrong kind of value$"),
            (["INCR", k], r"^ERR value is not an integer or out of range$"),
            (["SET", k, "v", "EX", -1], r"^ERR invalid expire time in 'set' command$"),
            (["NONSENSE", "a"], r"^ERR unknown command 'NONSENSE', with args beginning with: 'a' $"),
            (["GET"], r"^ERR wrong number of arguments for 'get' command$"),
            (["BLPOP", k, 0], r"is not served here"),
            (["CONFIG", "SET", "maxmemory", 1], r"^NOPERM"),
            (["GET", "redstart:scripts"], r"^NOPERM"),
        ):
            with self.assertRaisesRegex(UpstashError, text):
                redis.execute(command)
        self.assertEqual(redis.get(k), "text")

    def test_any_command_can_be_sent(self):
        k = self.key("any")
        self.assertEqual(self.redis.execute(["SET", k, True]), True)
        self.assertEqual(self.redis.execute(["OBJECT", "ENCODING", k]), "embstr")
        self.assertEqual(self.redis.get(k), "true")
        self.assertEqual(self.redis.execute(["LMPOP", 1, self.key("none"), "LEFT"]), None)

    def test_a_wrong_token_is_refused_in_so_many_words(self):
        with self.assertRaisesRegex(UpstashError, "^WRONGPASS invalid or missing auth token"):
            self.client(token="wrong").get("k")

    def test_a_token_that_only_reads_does_not_write(self):
        k = self.key("reader")
        self.redis.set(k, 1)
        reader = self.client(token=READ_ONLY_TOKEN)
        self.assertEqual(reader.mget(k, self.key("none")), ["1", None])
        self.assertEqual(reader.pipeline().get(k).strlen(k).exec(), ["1", 1])
        with self.assertRaisesRegex(UpstashError, "^NOPERM this user has no permissions to run the 'set' command$"):
            reader.set(k, 2)
        with self.assertRaisesRegex(UpstashError, "^NOPERM"):
            reader.pipeline().get(k).delete(k).exec()
        with self.assertRaisesRegex(UpstashError, "^NOPERM"):
            reader.eval_ro("return 1")
        self.assertEqual(self.redis.get(k), "1")

    def test_an_address_may_end_in_a_slash(self):
        client = self.client(url=f"{URL}/")
        self.assertEqual(client.ping(), "PONG")
        self.assertEqual(client.pipeline().ping().echo("x").exec(), ["PONG", "x"])

    def test_each_answer_brings_another_sync_token(self):
        seen = set()
        for number in range(10):
            self.redis.set(self.key("sync"), number)
            seen.add(self.redis._sync_token)
        self.assertEqual(len(seen), 10)
        self.assertNotIn("", seen)


class Environment(unittest.TestCase):
    def test_a_client_takes_its_address_and_its_token_from_the_environment(self):
        with Redis.from_env() as redis:
            self.assertIs(redis.set("environment", "v"), True)
            self.assertEqual(redis.get("environment"), "v")


class Concurrency(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.redis = AsyncRedis.from_env()
        self.addAsyncCleanup(self.redis.close)

    async def test_many_requests_at_once_do_not_mix_their_answers_up(self):
        async def written_and_read(number):
            key = f"many-{number}"
            await self.redis.delete(key)
            await self.redis.rpush(key, number, f"text {number}")
            return await self.redis.lrange(key, 0, -1)

        answers = await asyncio.gather(*map(written_and_read, range(100)))
        self.assertEqual(answers, [[str(number), f"text {number}"] for number in range(100)])

    async def test_no_other_client_comes_between_the_commands_of_a_transaction(self):
        await self.redis.set("between", 0)

        async def bump():
            before, bumped, after = await self.redis.multi().get("between").incr("between").get("between").exec()
            return (bumped - int(before), int(after) - bumped)

        self.assertEqual(set(await asyncio.gather(*(bump() for _ in range(100)))), {(1, 0)})
        self.assertEqual(await self.redis.get("between"), "100")
