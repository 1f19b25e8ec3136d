//! Bits of strings (<https://redis.io/commands/?group=bitmap>).

use super::*;

pub(super) static ROWS: &[Row] = &[
    row("BITCOUNT", Direct(Scalar), Read, Keys::First, READ | BITMAP | SLOW),
    row("BITFIELD", Precise(Array), Write, Keys::First, WRITE | BITMAP | SLOW),
    row("BITFIELD_RO", Precise(Array), Read, Keys::First, READ | BITMAP | FAST),
    row("BITOP", Direct(Scalar), Write, Keys::From(1), WRITE | BITMAP | SLOW),
    row("BITPOS", Direct(Scalar), Read, Keys::First, READ | BITMAP | SLOW),
    row("GETBIT", Direct(Scalar), Read, Keys::First, READ | BITMAP | FAST),
    row("SETBIT", Direct(Scalar), Write, Keys::First, WRITE | BITMAP | SLOW),
];
