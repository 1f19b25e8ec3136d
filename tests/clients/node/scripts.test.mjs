// Scripts and functions: by source, by SHA-1, loaded, created, and what they return.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { key, redis } from "./support.mjs";

const sha1 = (source) => createHash("sha1").update(source).digest("hex");

test("a script returns what Redis makes of Lua's values", async () => {
  const k = key("script");
  assert.deepEqual(await redis.eval("return {KEYS[1], ARGV[1], ARGV[2]}", [k], ["a", "é"]), [k, "a", "é"]);
  assert.equal(await redis.eval("return 3.99", [], []), 3);
  assert.equal(await redis.eval("return false", [], []), null);
  assert.equal(await redis.eval("return nil", [], []), null);
  assert.equal(await redis.eval("return true", [], []), 1);
  assert.deepEqual(await redis.eval("return {}", [], []), []);
  assert.deepEqual(await redis.eval("return {1, {2, {3, 'x'}}, false}", [], []), [1, [2, [3, "x"]], null]);
  assert.deepEqual(await redis.eval("return {1, nil, 3}", [], []), [1]);
  assert.equal(await redis.eval("return redis.status_reply('FINE')", [], []), "FINE");
  assert.equal(await redis.eval("return redis.call('SET', KEYS[1], ARGV[1])", [k], ["v"]), "OK");
  assert.equal(await redis.evalRo("return redis.call('GET', KEYS[1])", [k], []), "v");
  await assert.rejects(redis.evalRo("return redis.call('DEL', KEYS[1])", [k], []), /read-only/);
  await assert.rejects(redis.eval("return redis.error_reply('MINE of my own')", [], []), /MINE of my own/);
  await assert.rejects(redis.eval("return {", [], []), /Error compiling script/);
});

test("a script that is loaded runs by its SHA-1, and one that is not is said to be missing", async () => {
  const source = `return {'${key("loaded")}', ARGV[1]}`;
  const sha = await redis.scriptLoad(source);
  assert.equal(sha, sha1(source));
  assert.deepEqual(await redis.scriptExists(sha, sha1("never loaded")), [1, 0]);
  assert.equal((await redis.evalsha(sha, [], ["x"]))[1], "x");
  assert.equal((await redis.evalshaRo(sha, [], ["x"]))[1], "x");
  await assert.rejects(redis.evalsha(sha1("never loaded"), [], []), /NOSCRIPT No matching script\. Please use EVAL\./);
});

test("a script that the client creates runs though nobody has loaded it", async () => {
  const k = key("created");
  const source = `redis.call('INCRBY', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1]) -- ${k}`;
  const script = redis.createScript(source);
  assert.equal(await script.exec([k], ["5"]), 5);
  assert.equal(await script.exec([k], ["5"]), 10);
  assert.equal(await script.evalsha([k], ["5"]), 15);
  assert.equal(await script.eval([k], ["5"]), 20);
  const reading = redis.createScript(`return redis.call('GET', KEYS[1]) -- ${k}`, { readonly: true });
  assert.equal(await reading.exec([k], []), 20);
  assert.equal(await reading.evalshaRo([k], []), 20);
});

test("scripts that are flushed are gone, and come again by themselves", async () => {
  const script = redis.createScript(`return '${key("flushed")}'`);
  const first = await script.exec([], []);
  assert.equal(await redis.scriptFlush({ async: true }), "OK");
  await assert.rejects(script.evalsha([], []), /NOSCRIPT/);
  assert.equal(await script.exec([], []), first);
});

test("scripts run in a pipeline, among other commands", async () => {
  const k = key("piped");
  const pipeline = redis.pipeline();
  pipeline.set(k, 1);
  pipeline.eval("return redis.call('INCR', KEYS[1])", [k], []);
  pipeline.evalsha(sha1("never loaded"), [], []);
  pipeline.get(k);
  const [, incremented, missing, read] = await pipeline.exec({ keepErrors: true });
  assert.deepEqual([incremented.result, incremented.error, read.result], [2, undefined, 2]);
  assert.equal(missing.error, "NOSCRIPT No matching script. Please use EVAL.");
});

test("a script may say of itself what it does, in the words of Redis and of Upstash", async () => {
  const k = key("flagged");
  for (const flags of ["", " flags=no-writes", " flags=allow-key-locking", " flags=allow-key-locking,no-writes"]) {
    assert.equal(await redis.eval(`#!lua${flags}\nreturn redis.call('EXISTS', KEYS[1])`, [k], []), 0, flags);
  }
  const source = "#!lua flags=no-writes,allow-key-locking\nreturn redis.call('SET', KEYS[1], 1)";
  await assert.rejects(redis.eval(source, [k], []), /Write commands are not allowed from read-only scripts/);
  const unknown = redis.eval("#!lua flags=nonsense\nreturn 1", [], []);
  await assert.rejects(unknown, /Unexpected flag in script shebang: nonsense/);
});

test("functions are loaded, listed, called and removed", async () => {
  const library = `lib_${key("l").replaceAll("-", "_")}`;
  const code = `#!lua name=${library}
redis.register_function('${library}_set', function(keys, args)
  return {redis.call('SET', keys[1], args[1]), {1, args[2]}}
end)
redis.register_function{
  function_name='${library}_get',
  callback=function(keys) return redis.call('GET', keys[1]) end,
  flags={'no-writes'},
}`;
  assert.equal(await redis.functions.load({ code }), library);
  await assert.rejects(redis.functions.load({ code }), /already exists/);
  assert.equal(await redis.functions.load({ code, replace: true }), library);
  const k = key("function");
  assert.deepEqual(await redis.functions.call(`${library}_set`, [k], ["v", "x"]), ["OK", [1, "x"]]);
  assert.equal(await redis.functions.callRo(`${library}_get`, [k]), "v");
  const writing = redis.functions.callRo(`${library}_set`, [k], ["v"]);
  await assert.rejects(writing, /Can not execute a script with write flag/);
  await assert.rejects(redis.functions.call("none", [], []), /Function not found/);

  const [listed] = await redis.functions.list({ libraryName: library, withCode: true });
  assert.deepEqual([listed.libraryName, listed.engine, listed.libraryCode], [library, "LUA", code]);
  const functions = listed.functions.sort((a, b) => a.name.localeCompare(b.name));
  assert.deepEqual(functions.map(({ name, flags }) => [name, flags]), [
    [`${library}_get`, ["no-writes"]],
    [`${library}_set`, []],
  ]);
  assert.deepEqual((await redis.functions.stats()).engines, { LUA: { librariesCount: 1, functionsCount: 2 } });
  assert.equal(await redis.functions.delete(library), "OK");
  assert.deepEqual(await redis.functions.list(), []);
  await redis.functions.load({ code });
  assert.equal(await redis.functions.flush(), "OK");
  await assert.rejects(redis.functions.call(`${library}_get`, [k]), /Function not found/);
});
