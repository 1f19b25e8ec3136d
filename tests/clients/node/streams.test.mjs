// Streams, and groups of consumers that share the work.

import assert from "node:assert/strict";
import { test } from "node:test";

import { key, redis } from "./support.mjs";

test("entries are added, read, ranged over, trimmed and removed", async () => {
  const k = key("stream");
  assert.equal(await redis.xadd(k, "1-1", { a: 1, b: { c: 2 } }), "1-1");
  assert.equal(await redis.xadd(k, "1-2", { a: "two" }), "1-2");
  assert.match(await redis.xadd(k, "*", { a: 3 }), /^\d+-\d+$/);
  assert.equal(await redis.xadd(key("none"), "*", { a: 1 }, { nomkStream: true }), null);
  assert.equal(await redis.xlen(k), 3);
  const first = { "1-1": { a: 1, b: { c: 2 } } };
  assert.deepEqual(await redis.xrange(k, "-", "1-1"), first);
  assert.deepEqual(await redis.xrange(k, "-", "+", 1), first);
  assert.deepEqual(Object.keys(await redis.xrevrange(k, "+", "-")).at(-1), "1-1");
  assert.deepEqual(await redis.xread(k, "1-1", { count: 1 }), [[k, [["1-2", ["a", "two"]]]]]);
  const other = key("stream");
  await redis.xadd(other, "5-0", { z: 0 });
  assert.deepEqual(await redis.xread([k, other], ["1-1", "0"], { count: 1 }), [
    [k, [["1-2", ["a", "two"]]]],
    [other, [["5-0", ["z", 0]]]],
  ]);
  assert.equal(await redis.xread(k, "$"), null);
  await assert.rejects(redis.xread(k, "$", { blockMS: 1 }), /not allowed with BLOCK option/);
  assert.equal(await redis.xdel(k, "1-1", "9-9"), 1);
  assert.equal(await redis.xtrim(k, { strategy: "MAXLEN", exactness: "=", threshold: 1 }), 1);
  assert.equal(await redis.xlen(k), 1);
});

test("a group hands each entry to one consumer until it is acknowledged", async () => {
  const k = key("stream");
  const group = "group";
  assert.equal(await redis.xgroup(k, { type: "CREATE", group, id: "$", options: { MKSTREAM: true } }), "OK");
  await assert.rejects(redis.xgroup(k, { type: "CREATE", group, id: "$" }), /BUSYGROUP/);
  assert.equal(await redis.xgroup(k, { type: "CREATECONSUMER", group, consumer: "idle" }), 1);
  for (const id of ["1-0", "2-0", "3-0"]) await redis.xadd(k, id, { id });
  assert.deepEqual(await redis.xreadgroup(group, "anna", k, ">", { count: 2 }), [
    [k, [["1-0", ["id", "1-0"]], ["2-0", ["id", "2-0"]]]],
  ]);
  assert.deepEqual(await redis.xreadgroup(group, "bert", k, ">"), [[k, [["3-0", ["id", "3-0"]]]]]);
  assert.equal(await redis.xreadgroup(group, "bert", k, ">"), null);
  assert.equal(await redis.xack(k, group, "1-0"), 1);

  const pending = await redis.xpending(k, group, "-", "+", 10);
  assert.deepEqual(pending.map(([id, consumer, , count]) => [id, consumer, count]), [
    ["2-0", "anna", 1],
    ["3-0", "bert", 1],
  ]);
  assert.deepEqual(await redis.xclaim(k, group, "bert", 0, "2-0"), [["2-0", ["id", "2-0"]]]);
  const claimed = await redis.xautoclaim(k, group, "cleo", 0, "0", { count: 1 });
  assert.deepEqual(claimed, ["3-0", [["2-0", ["id", "2-0"]]], []]);
  assert.deepEqual(await redis.xautoclaim(k, group, "cleo", 0, "0", { justId: true }), ["0-0", ["2-0", "3-0"], []]);

  const [info] = await redis.xinfo(k, { type: "GROUPS" });
  assert.deepEqual(info.slice(0, 6), ["name", group, "consumers", 4, "pending", 2]);
  const consumers = await redis.xinfo(k, { type: "CONSUMERS", group });
  assert.deepEqual(consumers.map((consumer) => [consumer[1], consumer[3]]), [
    ["anna", 0],
    ["bert", 0],
    ["cleo", 2],
    ["idle", 0],
  ]);
  assert.equal(await redis.xgroup(k, { type: "SETID", group, id: "0" }), "OK");
  assert.equal(await redis.xgroup(k, { type: "DELCONSUMER", group, consumer: "cleo" }), 2);
  assert.equal(await redis.xgroup(k, { type: "DESTROY", group }), 1);
  await assert.rejects(redis.xreadgroup(group, "anna", k, ">"), /NOGROUP/);
});
