//! Sets (<https://redis.io/commands/?group=set>).

use super::*;

pub(super) static ROWS: &[Row] = &[
    row("SADD", Direct(Scalar), Write, Keys::First, WRITE | SET | FAST),
    row("SCARD", Direct(Scalar), Read, Keys::First, READ | SET | FAST),
    row("SDIFF", Direct(Array), Read, Keys::From(0), READ | SET | SLOW),
    row("SDIFFSTORE", Direct(Scalar), Write, Keys::From(0), WRITE | SET | SLOW),
    row("SINTER", Direct(Array), Read, Keys::From(0), READ | SET | SLOW),
    row("SINTERCARD", Direct(Scalar), Read, Keys::Counted(0), READ | SET | SLOW),
    row("SINTERSTORE", Direct(Scalar), Write, Keys::From(0), WRITE | SET | SLOW),
    row("SISMEMBER", Direct(Scalar), Read, Keys::First, READ | SET | FAST),
    row("SMEMBERS", Direct(Array), Read, Keys::First, READ | SET | SLOW),
    row("SMISMEMBER", Direct(Array), Read, Keys::First, READ | SET | FAST),
    row("SMOVE", Direct(Scalar), Write, Keys::FirstTwo, WRITE | SET | FAST),
    row("SPOP", Direct(ScalarOrArray), Write, Keys::First, WRITE | SET | FAST),
    row("SRANDMEMBER", Direct(ScalarOrArray), Read, Keys::First, READ | SET | SLOW),
    row("SREM", Direct(Scalar), Write, Keys::First, WRITE | SET | FAST),
    row("SSCAN", Direct(Cursor), Read, Keys::First, READ | SET | SLOW),
    row("SUNION", Direct(Array), Read, Keys::From(0), READ | SET | SLOW),
    row("SUNIONSTORE", Direct(Scalar), Write, Keys::From(0), WRITE | SET | SLOW),
];
