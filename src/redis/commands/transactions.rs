//! Transactions (<https://redis.io/commands/?group=transactions>).

use super::*;

pub(super) static ROWS: &[Row] = &[
    row("DISCARD", Refused(OPEN_TRANSACTION), Write, Keys::None, FAST | TRANSACTION),
    row("EXEC", Refused(OPEN_TRANSACTION), Write, Keys::None, SLOW | TRANSACTION),
    row("MULTI", Refused(OPEN_TRANSACTION), Write, Keys::None, FAST | TRANSACTION),
    row("UNWATCH", Refused(OPEN_TRANSACTION), Write, Keys::None, FAST | TRANSACTION),
    row("WATCH", Refused(OPEN_TRANSACTION), Write, Keys::From(0), FAST | TRANSACTION),
];
