//! Streams (<https://redis.io/commands/?group=stream>).

use super::*;

pub(super) static ROWS: &[Row] = &[
    row("XACK", Direct(Scalar), Write, Keys::First, WRITE | STREAM | FAST),
    row("XADD", Direct(Scalar), Write, Keys::First, WRITE | STREAM | FAST),
    row("XAUTOCLAIM", Script, Write, Keys::First, WRITE | STREAM | FAST),
    row("XCLAIM", Script, Write, Keys::First, WRITE | STREAM | FAST),
    row("XDEL", Direct(Scalar), Write, Keys::First, WRITE | STREAM | FAST),
    row("XGROUP", Script, Write, Keys::Unknown, WRITE | STREAM | SLOW),
    row("XGROUP|CREATE", Direct(Scalar), Write, Keys::At(1), WRITE | STREAM | SLOW),
    row("XGROUP|CREATECONSUMER", Direct(Scalar), Write, Keys::At(1), WRITE | STREAM | SLOW),
    row("XGROUP|DELCONSUMER", Direct(Scalar), Write, Keys::At(1), WRITE | STREAM | SLOW),
    row("XGROUP|DESTROY", Direct(Scalar), Write, Keys::At(1), WRITE | STREAM | SLOW),
    row("XGROUP|HELP", Direct(Array), Read, Keys::None, STREAM | SLOW),
    row("XGROUP|SETID", Direct(Scalar), Write, Keys::At(1), WRITE | STREAM | SLOW),
    row("XINFO", Script, Write, Keys::Unknown, STREAM | SLOW),
    row("XINFO|CONSUMERS", Script, Read, Keys::At(1), READ | STREAM | SLOW),
    row("XINFO|GROUPS", Script, Read, Keys::At(1), READ | STREAM | SLOW),
    row("XINFO|HELP", Direct(Array), Read, Keys::None, STREAM | SLOW),
    row("XINFO|STREAM", Script, Read, Keys::At(1), READ | STREAM | SLOW),
    row("XLEN", Direct(Scalar), Read, Keys::First, READ | STREAM | FAST),
    row("XPENDING", Script, Read, Keys::First, READ | STREAM | SLOW),
    row("XRANGE", Script, Read, Keys::First, READ | STREAM | SLOW),
    row("XREAD", Script, Read, Keys::AfterStreams, READ | STREAM | SLOW | BLOCKING),
    row("XREADGROUP", Script, Write, Keys::AfterStreams, WRITE | STREAM | SLOW | BLOCKING),
    row("XREVRANGE", Script, Read, Keys::First, READ | STREAM | SLOW),
    row("XSETID", Direct(Scalar), Write, Keys::First, WRITE | STREAM | FAST),
    row("XTRIM", Direct(Scalar), Write, Keys::First, WRITE | STREAM | SLOW),
];
