// Pipelines, auto-pipelining, transactions, errors, and how a client comes by its address.

import assert from "node:assert/strict";
import { test } from "node:test";

import { READ_ONLY_TOKEN, Redis, key, options, redis, token, url } from "./support.mjs";

test("a pipeline answers in order", async () => {
  const k = key("pipeline");
  const pipeline = redis.pipeline();
  pipeline.set(k, { a: 1 }).get(k).hset(`${k}h`, { f: "v" }).hgetall(`${k}h`);
  pipeline.xadd(`${k}x`, "1-1", { a: 1 }).xrange(`${k}x`, "-", "+");
  assert.equal(pipeline.length(), 6);
  assert.deepEqual(await pipeline.exec(), ["OK", { a: 1 }, 1, { f: "v" }, "1-1", { "1-1": { a: 1 } }]);
  const counted = redis.pipeline();
  for (let i = 0; i < 3000; i += 1) counted.incr(`${k}n`);
  assert.deepEqual(await counted.exec(), Array.from({ length: 3000 }, (_, i) => i + 1));
});

test("a pipeline goes on behind an error, and tells of it in its place", async () => {
  const k = key("pipeline");
  const commands = () => redis.pipeline().set(k, "text").incr(k).append(k, "!").get(k);
  const answers = await commands().exec({ keepErrors: true });
  const error = "ERR value is not an integer or out of range";
  assert.deepEqual(answers.map(({ result }) => result), ["OK", undefined, 5, "text!"]);
  assert.deepEqual(answers.map((answer) => answer.error), [undefined, error, undefined, undefined]);
  await assert.rejects(commands().exec(), /Command 2 \[ incr \] failed: ERR value is not an integer/);
});

test("calls of one moment are collected, and each has its own answer", async () => {
  const auto = new Redis({ ...options, enableAutoPipelining: true });
  const prefix = key("auto");
  const numbers = Array.from({ length: 1500 }, (_, i) => i);
  await Promise.all(numbers.map((i) => auto.set(`${prefix}${i}`, i)));
  const read = await Promise.all(numbers.map((i) => auto.get(`${prefix}${i}`)));
  assert.deepEqual(read, numbers);
  assert.equal(auto.pipelineCounter, 4);
  const [wrong, right, none] = await Promise.allSettled([
    auto.lpush(`${prefix}0`, "x"),
    auto.incr(`${prefix}1`),
    auto.hgetall(`${prefix}none`),
  ]);
  assert.match(String(wrong.reason), /WRONGTYPE/);
  assert.deepEqual([right.value, none.value], [2, null]);
});

test("many requests at once do not mix their answers up", async () => {
  const prefix = key("many");
  const numbers = Array.from({ length: 300 }, (_, i) => i);
  const read = numbers.map(async (i) => {
    await redis.rpush(`${prefix}${i}`, i, `text ${i}`);
    return redis.lrange(`${prefix}${i}`, 0, -1);
  });
  assert.deepEqual(await Promise.all(read), numbers.map((i) => [i, `text ${i}`]));
});

test("a transaction runs whole, with errors in their places", async () => {
  const k = key("transaction");
  const transaction = redis.multi().set(k, "1").incr(k).lpush(k, "x").get(k);
  transaction.zadd(`${k}z`, { score: 1.5, member: "m" }).zrange(`${k}z`, 0, -1, { withScores: true });
  const answers = await transaction.exec({ keepErrors: true });
  assert.deepEqual(answers.map(({ result }) => result), ["OK", 2, undefined, 2, 1, ["m", 1.5]]);
  assert.match(answers[2].error, /^WRONGTYPE/);
});

test("a transaction with a command that is none runs nothing", async () => {
  const k = key("transaction");
  const transaction = redis.multi().set(k, "1");
  transaction.get();
  await assert.rejects(transaction.exec(), /EXECABORT Transaction discarded because of previous errors\./);
  assert.equal(await redis.exists(k), 0);
});

test("no other client comes between the commands of a transaction", async () => {
  const k = key("transaction");
  const bump = () => redis.multi().get(k).incr(k).get(k).exec();
  await redis.set(k, 0);
  const rounds = await Promise.all(Array.from({ length: 100 }, bump));
  for (const [before, bumped, after] of rounds) assert.deepEqual([bumped, after], [before + 1, before + 1]);
  assert.equal(await redis.get(k), 100);
});

test("errors are Redis's own, with the command that was sent", async () => {
  const k = key("error");
  await redis.set(k, "text");
  await assert.rejects(redis.lpush(k, "x"), (error) => {
    assert.equal(error.name, "UpstashError");
    const text = "WRONGTYPE Operation against a key holding the wrong kind of value, command was: ";
    assert.equal(error.message, `${text}["lpush","${k}","x"]`);
    return true;
  });
  await assert.rejects(redis.incr(k), /ERR value is not an integer or out of range/);
  await assert.rejects(redis.hincrby(k, "f", 1), /WRONGTYPE/);
  await assert.rejects(redis.set(k, "v", { ex: -1 }), /ERR invalid expire time in 'set' command/);
  await assert.rejects(redis.exec(["NONSENSE", "a"]), /ERR unknown command 'NONSENSE', with args beginning with: 'a'/);
  await assert.rejects(redis.exec(["GET"]), /ERR wrong number of arguments for 'get' command/);
  await assert.rejects(redis.exec(["BLPOP", k, "0"]), /is not served here/);
  await assert.rejects(redis.exec(["CONFIG", "SET", "maxmemory", "1"]), /NOPERM/);
  await assert.rejects(redis.get("redstart:scripts"), /NOPERM/);
  await assert.rejects(redis.set(k, undefined), /null args are not supported: argument 2/);
  assert.equal(await redis.get(k), "text");
});

test("any command can be sent", async () => {
  const k = key("any");
  assert.equal(await redis.exec(["SET", k, "v"]), "OK");
  assert.equal(await redis.exec(["OBJECT", "ENCODING", k]), "embstr");
  assert.deepEqual(await redis.exec(["LCS", k, k, "IDX"]), ["matches", [[[0, 0], [0, 0]]], "len", 1]);
});

test("a wrong token is refused in so many words", async () => {
  const client = new Redis({ ...options, token: "wrong" });
  await assert.rejects(client.get("k"), /WRONGPASS invalid or missing auth token/);
  await assert.rejects(client.pipeline().get("k").exec(), /WRONGPASS/);
  await assert.rejects(client.multi().get("k").exec(), /WRONGPASS/);
});

test("a token that only reads does not write", async () => {
  const k = key("reader");
  await redis.set(k, 1);
  const reader = new Redis({ ...options, token: READ_ONLY_TOKEN, enableAutoPipelining: false });
  assert.equal(await reader.get(k), 1);
  assert.deepEqual(await reader.mget(k, key("none")), [1, null]);
  await assert.rejects(reader.set(k, 2), /NOPERM this user has no permissions to run the 'set' command/);
  await assert.rejects(reader.eval("return 1", [], []), /NOPERM/);
  await assert.rejects(reader.evalRo("return 1", [], []), /NOPERM/);
  await assert.rejects(reader.multi().get(k).del(k).exec(), /NOPERM/);
  const [read, written] = await reader.pipeline().get(k).del(k).exec({ keepErrors: true });
  assert.equal(read.result, 1);
  assert.match(written.error, /^NOPERM/);
  assert.equal(await redis.get(k), 1);
});

test("a client takes its address and its token from the environment", async () => {
  const k = key("environment");
  const client = Redis.fromEnv({ enableTelemetry: false });
  assert.equal(await client.set(k, "v"), "OK");
  assert.equal(await client.get(k), "v");
});

test("an address may end in a slash, and telemetry does no harm", async () => {
  const client = new Redis({ url: `${url}/`, token });
  assert.equal(await client.ping(), "PONG");
  assert.deepEqual(await client.pipeline().ping().echo("x").exec(), ["PONG", "x"]);
});

test("each answer brings another sync token, which the next request may carry", async () => {
  const seen = new Set();
  const client = new Redis({ ...options, readYourWrites: true });
  for (let i = 0; i < 10; i += 1) {
    await client.set(key("sync"), i);
    seen.add(client.client.upstashSyncToken);
  }
  assert.equal(seen.size, 10);
  assert.ok(!seen.has(""));
});

test("subscribing says that it cannot be had here", async () => {
  const subscriber = redis.subscribe("channel");
  const error = await new Promise((resolve) => subscriber.on("error", resolve));
  assert.match(error.message, /use a stream/);
  await subscriber.unsubscribe();
});
