// Hashes, lists, sets, sorted sets, places.

import assert from "node:assert/strict";
import { test } from "node:test";

import { key, near, redis, sorted } from "./support.mjs";

test("a hash is written, counted in, and read in every way", async () => {
  const k = key("hash");
  assert.equal(await redis.hset(k, { a: 1, b: "two", c: { d: 3 } }), 3);
  assert.equal(await redis.hset(k, { a: 2 }), 0);
  assert.equal(await redis.hget(k, "b"), "two");
  assert.equal(await redis.hget(k, "none"), null);
  assert.deepEqual(await redis.hmget(k, "c", "none", "a"), { c: { d: 3 }, none: null, a: 2 });
  assert.equal(await redis.hmget(k, "none"), null);
  assert.deepEqual(await redis.hgetall(k), { a: 2, b: "two", c: { d: 3 } });
  assert.equal(await redis.hgetall(key("none")), null);
  assert.equal(await redis.hmset(k, { e: 5 }), "OK");
  assert.equal(await redis.hsetnx(k, "e", 6), 0);
  assert.equal(await redis.hincrby(k, "e", 10), 15);
  assert.equal(await redis.hincrbyfloat(k, "e", 0.5), 15.5);
  assert.equal(await redis.hexists(k, "e"), 1);
  assert.equal(await redis.hstrlen(k, "b"), 3);
  assert.deepEqual(await sorted(redis.hkeys(k)), ["a", "b", "c", "e"]);
  assert.equal((await redis.hvals(k)).length, 4);
  assert.equal(await redis.hdel(k, "a", "c", "none"), 2);
  assert.equal(await redis.hlen(k), 2);
  assert.deepEqual(await redis.hrandfield(k, 2, true), { b: "two", e: 15.5 });
  assert.ok(["b", "e"].includes(await redis.hrandfield(k)));
  assert.equal(await redis.hrandfield(key("none"), 2, true), null);
});

test("scans of a hash, a set and a sorted set give all that is in them", async () => {
  const k = key("scanned");
  const members = Array.from({ length: 600 }, (_, number) => `member ${number}`);
  await redis.hset(`${k}h`, Object.fromEntries(members.map((member, number) => [member, number])));
  await redis.sadd(`${k}s`, ...members);
  await redis.zadd(`${k}z`, ...members.map((member, score) => ({ member, score })));
  const all = async (scan, size) => {
    const found = new Map();
    let cursor = "0";
    do {
      let page;
      [cursor, page] = await scan(cursor);
      for (let i = 0; i < page.length; i += size) found.set(page[i], page[i + 1]);
    } while (cursor !== "0");
    return found;
  };
  const hash = await all((cursor) => redis.hscan(`${k}h`, cursor, { count: 100 }), 2);
  const set = await all((cursor) => redis.sscan(`${k}s`, cursor, { match: "member *" }), 1);
  const sortedSet = await all((cursor) => redis.zscan(`${k}z`, cursor), 2);
  assert.deepEqual([hash.size, set.size, sortedSet.size], [600, 600, 600]);
  assert.deepEqual([hash.get("member 42"), sortedSet.get("member 599")], [42, 599]);
});

test("a list grows and shrinks at both ends", async () => {
  const [k, other] = [key("list"), key("list")];
  assert.equal(await redis.rpush(k, "b", { c: 1 }), 2);
  assert.equal(await redis.lpush(k, "a", "a"), 4);
  assert.equal(await redis.rpushx(other, "x"), 0);
  assert.equal(await redis.lpushx(k, "0"), 5);
  assert.deepEqual(await redis.lrange(k, 0, -1), [0, "a", "a", "b", { c: 1 }]);
  assert.equal(await redis.lpos(k, "a"), 1);
  assert.deepEqual(await redis.lpos(k, "a", { count: 0 }), [1, 2]);
  assert.equal(await redis.lpos(k, "none"), null);
  assert.equal(await redis.lindex(k, -1).then((item) => item.c), 1);
  assert.equal(await redis.linsert(k, "before", "b", "bb"), 6);
  assert.equal(await redis.lset(k, 0, "zero"), "OK");
  assert.equal(await redis.lrem(k, 1, "a"), 1);
  assert.equal(await redis.llen(k), 5);
  assert.equal(await redis.lmove(k, other, "left", "right"), "zero");
  assert.equal(await redis.ltrim(k, 0, 2), "OK");
  assert.deepEqual(await redis.lmpop(2, [key("none"), k], "LEFT", 2), [k, ["a", "bb"]]);
  assert.equal(await redis.lmpop(1, [key("none")], "LEFT"), null);
  assert.deepEqual(await redis.rpop(k, 5), ["b"]);
  assert.equal(await redis.lpop(k), null);
  assert.equal(await redis.rpop(other), "zero");
});

test("sets are filled, asked, combined and emptied", async () => {
  const [a, b, stored] = [key("set"), key("set"), key("set")];
  assert.equal(await redis.sadd(a, "x", "y", "x"), 2);
  assert.equal(await redis.sadd(b, "y", "z"), 2);
  assert.deepEqual(await sorted(redis.smembers(a)), ["x", "y"]);
  assert.deepEqual(await redis.smembers(key("none")), []);
  assert.equal(await redis.sismember(a, "x"), 1);
  assert.deepEqual(await redis.smismember(a, ["z", "y"]), [0, 1]);
  assert.deepEqual(await redis.sinter(a, b), ["y"]);
  assert.deepEqual(await redis.sdiff(a, b), ["x"]);
  assert.deepEqual(await sorted(redis.sunion(a, b)), ["x", "y", "z"]);
  assert.equal(await redis.sintercard([a, b], { limit: 5 }), 1);
  assert.equal(await redis.sunionstore(stored, a, b), 3);
  assert.equal(await redis.sinterstore(stored, a, b), 1);
  assert.equal(await redis.sdiffstore(stored, a, b), 1);
  assert.equal(await redis.smove(a, b, "x"), 1);
  assert.equal(await redis.scard(b), 3);
  assert.equal((await redis.srandmember(b, 2)).length, 2);
  assert.equal(await redis.spop(a), "y");
  assert.equal((await redis.spop(b, 2)).length, 2);
  assert.equal(await redis.srem(b, "x", "y", "z"), 1);
});

test("a sorted set is scored, ranked and cut in every way", async () => {
  const k = key("zset");
  const members = [
    { score: 1, member: "a" },
    { score: 2.5, member: "b" },
    { score: -3, member: "c" },
  ];
  assert.equal(await redis.zadd(k, ...members), 3);
  assert.equal(await redis.zadd(k, { gt: true, ch: true }, { score: 0, member: "a" }), 0);
  assert.equal(await redis.zadd(k, { incr: true }, { score: 1, member: "a" }), 2);
  assert.equal(await redis.zadd(k, { nx: true, incr: true }, { score: 1, member: "a" }), null);
  assert.equal(await redis.zincrby(k, 0.25, "b"), 2.75);
  assert.deepEqual(await redis.zrange(k, 0, -1), ["c", "a", "b"]);
  assert.deepEqual(await redis.zrange(k, 0, -1, { withScores: true }), ["c", -3, "a", 2, "b", 2.75]);
  assert.deepEqual(await redis.zrange(k, "(2", "+inf", { byScore: true }), ["b"]);
  assert.deepEqual(await redis.zrange(k, 0, 0, { rev: true }), ["b"]);
  assert.equal(await redis.zscore(k, "b"), 2.75);
  assert.equal(await redis.zscore(k, "none"), null);
  assert.deepEqual(await redis.zmscore(k, ["c", "none"]), [-3, null]);
  assert.equal(await redis.zrank(k, "b"), 2);
  assert.equal(await redis.zrevrank(k, "b"), 0);
  assert.equal(await redis.zrank(k, "none"), null);
  assert.equal(await redis.zcard(k), 3);
  assert.equal(await redis.zcount(k, 0, "+inf"), 2);
  assert.deepEqual(await redis.zpopmin(k), ["c", -3]);
  assert.deepEqual(await redis.zpopmax(k, 2), ["b", 2.75, "a", 2]);
  await redis.zadd(k, ...["a", "b", "c", "d"].map((member) => ({ score: 0, member })));
  assert.equal(await redis.zlexcount(k, "[b", "+"), 3);
  assert.equal(await redis.zremrangebylex(k, "[d", "+"), 1);
  assert.equal(await redis.zremrangebyrank(k, 0, 0), 1);
  assert.equal(await redis.zrem(k, "b", "none"), 1);
  assert.equal(await redis.zremrangebyscore(k, "-inf", "+inf"), 1);
});

test("sorted sets are combined", async () => {
  const [a, b, stored] = [key("zset"), key("zset"), key("zset")];
  await redis.zadd(a, { score: 1, member: "x" }, { score: 2, member: "y" });
  await redis.zadd(b, { score: 10, member: "y" });
  assert.deepEqual(await redis.zunion(2, [a, b], { withScores: true }), ["x", 1, "y", 12]);
  assert.deepEqual(await redis.zunion(2, [a, b], { weights: [1, 2], withScores: true }), ["x", 1, "y", 22]);
  assert.equal(await redis.zunionstore(stored, 2, [a, b], { aggregate: "max" }), 2);
  assert.equal(await redis.zscore(stored, "y"), 10);
  assert.equal(await redis.zinterstore(stored, 2, [a, b]), 1);
  assert.equal(await redis.zdiffstore(stored, 2, a, b), 1);
  assert.deepEqual(await redis.zrange(stored, 0, -1), ["x"]);
});

test("places are found near others", async () => {
  const [k, stored] = [key("geo"), key("geo")];
  const palermo = { longitude: 13.361389, latitude: 38.115556, member: "Palermo" };
  const catania = { longitude: 15.087269, latitude: 37.502669, member: "Catania" };
  assert.equal(await redis.geoadd(k, palermo, catania), 2);
  near(await redis.geodist(k, "Palermo", "Catania", "KM"), 166.27);
  assert.equal(await redis.geodist(k, "Palermo", "none"), null);
  assert.deepEqual(await redis.geohash(k, "Palermo", "Catania"), ["sqc8b49rny0", "sqdtr74hyu0"]);
  const [position] = await redis.geopos(k, "Palermo");
  near(position.lng, 13.361389);
  near(position.lat, 38.115556);
  const center = { type: "FROMLONLAT", coordinate: { lon: 15, lat: 37 } };
  const shape = { type: "BYRADIUS", radius: 200, radiusType: "KM" };
  assert.deepEqual(await redis.geosearch(k, center, shape, "ASC"), [{ member: "Catania" }, { member: "Palermo" }]);
  const [nearest] = await redis.geosearch(k, center, shape, "ASC", {
    count: { limit: 1 },
    withCoord: true,
    withDist: true,
    withHash: true,
  });
  assert.equal(nearest.member, "Catania");
  assert.equal(nearest.hash, "3479447370796909");
  near(nearest.dist, 56.44);
  near(nearest.coord.long, 15.087269);
  near(nearest.coord.lat, 37.502669);
  const box = { type: "BYBOX", rect: { width: 100, height: 100 }, rectType: "KM" };
  const fromPalermo = { type: "FROMMEMBER", member: "Palermo" };
  assert.equal(await redis.geosearchstore(stored, k, fromPalermo, box, "DESC", { storeDist: true }), 1);
  assert.deepEqual(await redis.zrange(stored, 0, -1, { withScores: true }), ["Palermo", 0]);
});
