//! Counting distinct things (<https://redis.io/commands/?group=hyperloglog>).

use super::*;

pub(super) static ROWS: &[Row] = &[
    row("PFADD", Direct(Scalar), Write, Keys::First, WRITE | HYPERLOGLOG | FAST),
    row("PFCOUNT", Direct(Scalar), Read, Keys::From(0), READ | HYPERLOGLOG | SLOW),
    row("PFDEBUG", Refused(NOT_FOR_CLIENTS), Write, Keys::At(1), WRITE | HYPERLOGLOG | ADMIN | SLOW | DANGEROUS),
    row("PFMERGE", Direct(Scalar), Write, Keys::From(0), WRITE | HYPERLOGLOG | SLOW),
    row("PFSELFTEST", Refused(NOT_FOR_CLIENTS), Write, Keys::None, HYPERLOGLOG | ADMIN | SLOW | DANGEROUS),
];
