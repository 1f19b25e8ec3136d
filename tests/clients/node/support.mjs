// What the tests here share: the clients, as scripts/clients.sh installs them, and keys that no other test has.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../../.data/clients/node/", import.meta.url));
const require = createRequire(folder);

export const { Redis } = require("@upstash/redis");
export const { Ratelimit } = require("@upstash/ratelimit");

export const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token, READ_ONLY_TOKEN } = process.env;

// Nothing is told to anybody, and what cannot be reached is not asked for again.
export const options = { url, token, enableTelemetry: false, retry: false };

// Each call is a request, so that what is tested is not how the client collects them.
export const redis = new Redis({ ...options, enableAutoPipelining: false });

export const key = (name) => `${name}-${randomUUID()}`;

// sorted(promise): what it gives, where Redis promises no order.
export const sorted = async (promise) => (await promise).sort();

export function near(actual, expected, what) {
  assert.ok(Math.abs(actual - expected) < 0.01, `${what ?? ""} ${actual} is not about ${expected}`);
}
