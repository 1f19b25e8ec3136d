//! Strings (<https://redis.io/commands/?group=string>).

use super::*;

pub(super) static ROWS: &[Row] = &[
    row("APPEND", Direct(Scalar), Write, Keys::First, WRITE | STRING | FAST),
    row("DECR", Direct(Scalar), Write, Keys::First, WRITE | STRING | FAST),
    row("DECRBY", Direct(Scalar), Write, Keys::First, WRITE | STRING | FAST),
    row("GET", Direct(Scalar), Read, Keys::First, READ | STRING | FAST),
    row("GETDEL", Direct(Scalar), Write, Keys::First, WRITE | STRING | FAST),
    row("GETEX", Direct(Scalar), Write, Keys::First, WRITE | STRING | FAST),
    row("GETRANGE", Direct(Scalar), Read, Keys::First, READ | STRING | SLOW),
    row("GETSET", Direct(Scalar), Write, Keys::First, WRITE | STRING | FAST),
    row("INCR", Direct(Scalar), Write, Keys::First, WRITE | STRING | FAST),
    row("INCRBY", Direct(Scalar), Write, Keys::First, WRITE | STRING | FAST),
    row("INCRBYFLOAT", Direct(Scalar), Write, Keys::First, WRITE | STRING | FAST),
    row("LCS", Script, Read, Keys::FirstTwo, READ | STRING | SLOW),
    row("MGET", Direct(Array), Read, Keys::From(0), READ | STRING | FAST),
    row("MSET", Direct(Scalar), Write, Keys::Alternate, WRITE | STRING | SLOW),
    row("MSETNX", Direct(Scalar), Write, Keys::Alternate, WRITE | STRING | SLOW),
    row("PSETEX", Direct(Scalar), Write, Keys::First, WRITE | STRING | SLOW),
    row("SET", Direct(Scalar), Write, Keys::First, WRITE | STRING | SLOW),
    row("SETEX", Direct(Scalar), Write, Keys::First, WRITE | STRING | SLOW),
    row("SETNX", Direct(Scalar), Write, Keys::First, WRITE | STRING | FAST),
    row("SETRANGE", Direct(Scalar), Write, Keys::First, WRITE | STRING | SLOW),
    row("STRLEN", Direct(Scalar), Read, Keys::First, READ | STRING | FAST),
    row("SUBSTR", Direct(Scalar), Read, Keys::First, READ | STRING | SLOW),
];
