//! Lists (<https://redis.io/commands/?group=list>).

use super::*;

pub(super) static ROWS: &[Row] = &[
    row("BLMOVE", Refused(WOULD_BLOCK), Write, Keys::FirstTwo, WRITE | LIST | SLOW | BLOCKING),
    row("BLMPOP", Refused(WOULD_BLOCK), Write, Keys::Counted(1), WRITE | LIST | SLOW | BLOCKING),
    row("BLPOP", Refused(WOULD_BLOCK), Write, Keys::AllButLast, WRITE | LIST | SLOW | BLOCKING),
    row("BRPOP", Refused(WOULD_BLOCK), Write, Keys::AllButLast, WRITE | LIST | SLOW | BLOCKING),
    row("BRPOPLPUSH", Refused(WOULD_BLOCK), Write, Keys::FirstTwo, WRITE | LIST | SLOW | BLOCKING),
    row("LINDEX", Direct(Scalar), Read, Keys::First, READ | LIST | SLOW),
    row("LINSERT", Direct(Scalar), Write, Keys::First, WRITE | LIST | SLOW),
    row("LLEN", Direct(Scalar), Read, Keys::First, READ | LIST | FAST),
    row("LMOVE", Direct(Scalar), Write, Keys::FirstTwo, WRITE | LIST | SLOW),
    row("LMPOP", Script, Write, Keys::Counted(0), WRITE | LIST | SLOW),
    row("LPOP", Direct(ScalarOrArray), Write, Keys::First, WRITE | LIST | FAST),
    row("LPOS", Script, Read, Keys::First, READ | LIST | SLOW),
    row("LPUSH", Direct(Scalar), Write, Keys::First, WRITE | LIST | FAST),
    row("LPUSHX", Direct(Scalar), Write, Keys::First, WRITE | LIST | FAST),
    row("LRANGE", Direct(Array), Read, Keys::First, READ | LIST | SLOW),
    row("LREM", Direct(Scalar), Write, Keys::First, WRITE | LIST | SLOW),
    row("LSET", Direct(Scalar), Write, Keys::First, WRITE | LIST | SLOW),
    row("LTRIM", Direct(Scalar), Write, Keys::First, WRITE | LIST | SLOW),
    row("RPOP", Direct(ScalarOrArray), Write, Keys::First, WRITE | LIST | FAST),
    row("RPOPLPUSH", Direct(Scalar), Write, Keys::FirstTwo, WRITE | LIST | SLOW),
    row("RPUSH", Direct(Scalar), Write, Keys::First, WRITE | LIST | FAST),
    row("RPUSHX", Direct(Scalar), Write, Keys::First, WRITE | LIST | FAST),
];
