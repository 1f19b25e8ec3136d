// Strings, bitmaps, HyperLogLog, keys, and which values survive.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Redis, key, near, options, redis, sorted, url, token } from "./support.mjs";

test("a string is written and read, under conditions and with a time to live", async () => {
  const k = key("string");
  assert.equal(await redis.set(k, "one"), "OK");
  assert.equal(await redis.get(k), "one");
  assert.equal(await redis.set(k, "two", { nx: true }), null);
  assert.equal(await redis.set(k, "two", { xx: true, get: true, ex: 100 }), "one");
  near((await redis.ttl(k)) / 100, 1);
  assert.equal(await redis.set(k, "three", { keepTtl: true }), "OK");
  assert.ok((await redis.pttl(k)) > 90_000);
  assert.equal(await redis.persist(k), 1);
  assert.equal(await redis.ttl(k), -1);
  assert.equal(await redis.setnx(k, "four"), 0);
  assert.equal(await redis.append(k, "!"), 6);
  assert.equal(await redis.getrange(k, 0, 3), "thre");
  assert.equal(await redis.setrange(k, 5, "?"), 6);
  assert.equal(await redis.strlen(k), 6);
  assert.equal(await redis.getset(k, "five"), "three?");
  assert.equal(await redis.getex(k, { px: 100_000 }), "five");
  assert.equal(await redis.getdel(k), "five");
  assert.equal(await redis.get(k), null);
  assert.equal(await redis.ttl(k), -2);
});

test("several strings are written and read at once", async () => {
  const [a, b, c] = [key("a"), key("b"), key("c")];
  assert.equal(await redis.mset({ [a]: "1", [b]: { nested: [true, null] } }), "OK");
  assert.deepEqual(await redis.mget(a, c, b), [1, null, { nested: [true, null] }]);
  assert.equal(await redis.msetnx({ [b]: 2, [c]: 3 }), 0);
  assert.equal(await redis.exists(a, b, c), 2);
});

test("a counter counts in whole numbers and in fractions", async () => {
  const k = key("counter");
  assert.equal(await redis.incr(k), 1);
  assert.equal(await redis.incrby(k, 9), 10);
  assert.equal(await redis.decr(k), 9);
  assert.equal(await redis.decrby(k, 10), -1);
  assert.equal(await redis.incrbyfloat(k, 1.5), 0.5);
});

test("a number past 2^53 keeps its digits as a string", async () => {
  const k = key("big");
  await redis.set(k, "9223372036854775806");
  assert.equal(await redis.get(k), "9223372036854775806");
  await redis.incr(k);
  assert.equal(await redis.get(k), "9223372036854775807");
  await redis.set(k, "1e1000");
  assert.equal(await redis.get(k), "1e1000");
  // The answer to INCR is a number in JSON with all its digits; that JavaScript rounds it is the client's affair.
  await redis.set(k, "9007199254740992");
  const answer = await fetch(`${url}/incr/${k}`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(await answer.text(), '{"result":9007199254740993}');
});

test("every text survives, whichever way answers are encoded", async () => {
  const plain = new Redis({ ...options, responseEncoding: false, enableAutoPipelining: false });
  const values = ["", " ", "OK", "ÿ", "héllo 世界 😀", "line\r\nline\0end", '"quoted" \\ /', "T0s=", "%2F+&?"];
  for (const value of [...values, "x".repeat(300_000)]) {
    for (const client of [redis, plain]) {
      const k = key(`key of ${value.slice(0, 20)}`);
      assert.equal(await client.set(k, value), "OK");
      assert.equal(await client.get(k), value);
      assert.equal(await client.hset(k + "h", { [value]: value }), 1);
      assert.deepEqual(await client.hgetall(k + "h"), { [value]: value });
      assert.deepEqual(await client.keys(k.replace(/[\\?*[\]]/g, "?")), [k]);
      await client.del(k, k + "h");
    }
  }
});

test("values of JavaScript come back as they were", async () => {
  const k = key("json");
  for (const value of [{ a: { b: [1, "2", null, true] } }, [1, 2.5, "x"], true, 0, -1.5, "text"]) {
    await redis.set(k, value);
    assert.deepEqual(await redis.get(k), value);
  }
  const raw = new Redis({ ...options, automaticDeserialization: false });
  await redis.set(k, { a: 1 });
  assert.equal(await raw.get(k), '{"a":1}');
});

test("bytes that are no text arrive in base64 as they are", async () => {
  const k = key("bytes");
  for (let bit = 0; bit < 16; bit += 1) await redis.setbit(k, bit, bit < 8 || bit === 15 ? 1 : 0);
  const headers = { authorization: `Bearer ${token}`, "upstash-encoding": "base64" };
  const answer = await fetch(`${url}/get/${k}`, { headers });
  assert.deepEqual(await answer.json(), { result: Buffer.from([0xff, 0x01]).toString("base64") });
  assert.equal(await redis.get(k), "\ufffd\u0001");
});

test("bitmaps are set, counted, searched and combined", async () => {
  const [a, b, both] = [key("bits"), key("bits"), key("bits")];
  assert.equal(await redis.setbit(a, 7, 1), 0);
  assert.equal(await redis.setbit(a, 7, 1), 1);
  await redis.setbit(b, 6, 1);
  assert.equal(await redis.getbit(a, 7), 1);
  assert.equal(await redis.bitop("or", both, a, b), 1);
  assert.equal(await redis.bitcount(both), 2);
  assert.equal(await redis.bitcount(both, 1, 1), 0);
  assert.equal(await redis.bitpos(both, 1), 6);
  const field = redis.bitfield(key("field")).set("u8", "#0", 255).overflow("FAIL").incrby("u8", "#0", 1).get("u8", 0);
  assert.deepEqual(await field.exec(), [0, null, 255]);
});

test("HyperLogLog counts what is distinct", async () => {
  const [a, b, both] = [key("hll"), key("hll"), key("hll")];
  assert.equal(await redis.pfadd(a, "x", "y", "x"), 1);
  assert.equal(await redis.pfadd(a, "y"), 0);
  await redis.pfadd(b, "z");
  assert.equal(await redis.pfcount(a), 2);
  assert.equal(await redis.pfcount(a, b), 3);
  assert.equal(await redis.pfmerge(both, a, b), "OK");
  assert.equal(await redis.pfcount(both), 3);
});

test("keys are typed, copied, renamed, touched and removed", async () => {
  const [a, b, c] = [key("a"), key("b"), key("c")];
  await redis.set(a, "v");
  assert.equal(await redis.type(a), "string");
  assert.equal(await redis.type(b), "none");
  assert.equal(await redis.copy(a, b), "COPIED");
  assert.equal(await redis.copy(a, b), "NOT_COPIED");
  assert.equal(await redis.rename(b, c), "OK");
  assert.equal(await redis.renamenx(a, c), 0);
  assert.equal(await redis.touch(a, b, c), 2);
  assert.equal(await redis.expire(a, 100), 1);
  assert.equal(await redis.expire(a, 50, "gt"), 0);
  assert.equal(await redis.pexpireat(a, Date.now() + 100_000), 1);
  assert.equal(await redis.unlink(a, b), 1);
  assert.equal(await redis.del(c), 1);
  assert.notEqual(await redis.randomkey(), a);
});

test("a scan finds every key of a pattern and of a type", async () => {
  const prefix = key("scan");
  const names = Array.from({ length: 250 }, (_, number) => `${prefix}:${number}`).sort();
  await redis.mset(Object.fromEntries(names.map((name) => [name, 1])));
  await redis.sadd(`${prefix}:set`, 1);
  const found = async (more) => {
    const keys = new Set();
    let cursor = "0";
    do {
      let page;
      [cursor, page] = await redis.scan(cursor, { match: `${prefix}:*`, count: 50, ...more });
      assert.equal(typeof cursor, "string");
      for (const name of page) keys.add(name);
    } while (cursor !== "0");
    return [...keys].sort();
  };
  assert.deepEqual(await found({ type: "string" }), names);
  assert.deepEqual(await found({ type: "set" }), [`${prefix}:set`]);
  assert.deepEqual(await found({}), [...names, `${prefix}:set`].sort());
  assert.deepEqual(await sorted(redis.keys(`${prefix}:1?`)), names.filter((name) => /:1.$/.test(name)));
});

test("the server says its time, its size, and what is echoed", async () => {
  const [seconds, microseconds] = await redis.time();
  near(seconds / (Date.now() / 1000), 1);
  assert.ok(microseconds < 1_000_000);
  await redis.set(key("size"), 1);
  assert.ok((await redis.dbsize()) > 0);
  assert.equal(await redis.ping(), "PONG");
  assert.equal(await redis.ping(["hé"]), "hé");
  assert.equal(await redis.echo("OK"), "OK");
  assert.equal(await redis.publish(key("channel"), { any: "thing" }), 0);
});
