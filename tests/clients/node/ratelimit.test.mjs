// The limiters of @upstash/ratelimit, with many callers at once.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Ratelimit, Redis, key, options } from "./support.mjs";

const LIMIT = 10;
// Long, so that no window ends within a test, unless the test begins at its very end.
const WINDOW = "7 d";

const limiters = {
  fixedWindow: () => Ratelimit.fixedWindow(LIMIT, WINDOW),
  slidingWindow: () => Ratelimit.slidingWindow(LIMIT, WINDOW),
  tokenBucket: () => Ratelimit.tokenBucket(LIMIT, WINDOW, LIMIT),
};

// Each is a client of its own, without what it remembers of who is blocked: Redis alone decides.
const ratelimit = (limiter, more) =>
  new Ratelimit({
    redis: new Redis(options),
    limiter: limiter(),
    prefix: key("limit"),
    ephemeralCache: false,
    timeout: 0,
    ...more,
  });

for (const [name, limiter] of Object.entries(limiters)) {
  test(`${name} lets as many pass as it says, of many who ask at once`, async () => {
    const prefix = key("limit");
    const callers = Array.from({ length: 5 }, () => ratelimit(limiter, { prefix }));
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => callers[i % 5].limit("someone")));
    assert.equal(answers.filter(({ success }) => success).length, LIMIT);
    const remaining = answers.filter(({ success }) => success).map((answer) => answer.remaining);
    assert.deepEqual(remaining.sort((a, b) => a - b), Array.from({ length: LIMIT }, (_, i) => i));
    for (const answer of answers) {
      assert.equal(answer.limit, LIMIT);
      assert.ok(answer.reset > Date.now());
    }
    assert.equal((await callers[0].limit("someone else")).remaining, LIMIT - 1);
  });

  test(`${name} says what is left, takes several at once, and is reset`, async () => {
    const limits = ratelimit(limiter);
    assert.equal((await limits.getRemaining("id")).remaining, LIMIT);
    assert.equal((await limits.limit("id", { rate: 4 })).remaining, LIMIT - 4);
    assert.equal((await limits.getRemaining("id")).remaining, LIMIT - 4);
    await limits.resetUsedTokens("id");
    assert.equal((await limits.getRemaining("id")).remaining, LIMIT);
  });
}

test("a limit of short windows lets pass again", async () => {
  const limits = ratelimit(() => Ratelimit.fixedWindow(1, "500 ms"));
  assert.equal((await limits.blockUntilReady("id", 5000)).success, true);
  assert.equal((await limits.blockUntilReady("id", 5000)).success, true);
});

test("a limit that is changed while it runs holds at once", async () => {
  const limits = ratelimit(limiters.slidingWindow, { dynamicLimits: true });
  await limits.setDynamicLimit({ limit: 2 });
  const answers = await Promise.all(Array.from({ length: 5 }, () => limits.limit("id")));
  assert.equal(answers.filter(({ success }) => success).length, 2);
  assert.equal((await limits.getDynamicLimit()).dynamicLimit, 2);
});

test("usage is counted where the operator wants to see it", async () => {
  const limits = ratelimit(limiters.fixedWindow, { analytics: true });
  const answers = await Promise.all(Array.from({ length: 12 }, () => limits.limit("id")));
  await Promise.all(answers.map(({ pending }) => pending));
  const usage = await limits.analytics.getUsage();
  assert.deepEqual(usage, { id: { success: 10, blocked: 2 } });
});
