//! Hashes (<https://redis.io/commands/?group=hash>).

use super::*;

pub(super) static ROWS: &[Row] = &[
    row("HDEL", Direct(Scalar), Write, Keys::First, WRITE | HASH | FAST),
    row("HEXISTS", Direct(Scalar), Read, Keys::First, READ | HASH | FAST),
    row("HGET", Direct(Scalar), Read, Keys::First, READ | HASH | FAST),
    row("HGETALL", Direct(Array), Read, Keys::First, READ | HASH | SLOW),
    row("HINCRBY", Direct(Scalar), Write, Keys::First, WRITE | HASH | FAST),
    row("HINCRBYFLOAT", Direct(Scalar), Write, Keys::First, WRITE | HASH | FAST),
    row("HKEYS", Direct(Array), Read, Keys::First, READ | HASH | SLOW),
    row("HLEN", Direct(Scalar), Read, Keys::First, READ | HASH | FAST),
    row("HMGET", Direct(Array), Read, Keys::First, READ | HASH | FAST),
    row("HMSET", Direct(Scalar), Write, Keys::First, WRITE | HASH | FAST),
    row("HRANDFIELD", Direct(ScalarOrArray), Read, Keys::First, READ | HASH | SLOW),
    row("HSCAN", Direct(Cursor), Read, Keys::First, READ | HASH | SLOW),
    row("HSET", Direct(Scalar), Write, Keys::First, WRITE | HASH | FAST),
    row("HSETNX", Direct(Scalar), Write, Keys::First, WRITE | HASH | FAST),
    row("HSTRLEN", Direct(Scalar), Read, Keys::First, READ | HASH | FAST),
    row("HVALS", Direct(Array), Read, Keys::First, READ | HASH | SLOW),
];
