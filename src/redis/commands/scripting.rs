//! Scripts and functions (<https://redis.io/commands/?group=scripting>).

use super::*;

// Those that read are listed as writing: a script may take all the time and reach every key, which no token that only reads
// is for. In Redis, too, they are not in `@read`.
pub(super) static ROWS: &[Row] = &[
    row("EVAL", Wrapped, Write, Keys::Counted(1), SLOW | SCRIPTING),
    row("EVALSHA", Wrapped, Write, Keys::Counted(1), SLOW | SCRIPTING),
    row("EVALSHA_RO", Wrapped, Write, Keys::Counted(1), SLOW | SCRIPTING),
    row("EVAL_RO", Wrapped, Write, Keys::Counted(1), SLOW | SCRIPTING),
    row("FCALL", Wrapped, Write, Keys::Counted(1), SLOW | SCRIPTING),
    row("FCALL_RO", Wrapped, Write, Keys::Counted(1), SLOW | SCRIPTING),
    row("FUNCTION", Script, Write, Keys::Unknown, WRITE | SLOW | SCRIPTING),
    row("FUNCTION|DELETE", Alone(Scalar), Write, Keys::Server, WRITE | SLOW | SCRIPTING),
    row("FUNCTION|DUMP", Alone(Scalar), Write, Keys::Server, SLOW | SCRIPTING),
    row("FUNCTION|FLUSH", Alone(Scalar), Write, Keys::Server, WRITE | SLOW | SCRIPTING),
    row("FUNCTION|HELP", Direct(Array), Read, Keys::None, SLOW | SCRIPTING),
    row("FUNCTION|KILL", Alone(Scalar), Write, Keys::Server, SLOW | SCRIPTING),
    row("FUNCTION|LIST", Wrapped, Read, Keys::Server, SLOW | SCRIPTING),
    row("FUNCTION|LOAD", Wrapped, Write, Keys::Server, WRITE | SLOW | SCRIPTING),
    row("FUNCTION|RESTORE", Alone(Scalar), Write, Keys::Server, WRITE | SLOW | SCRIPTING),
    row("FUNCTION|STATS", Wrapped, Read, Keys::Server, SLOW | SCRIPTING),
    row("SCRIPT", Script, Write, Keys::Unknown, SLOW | SCRIPTING),
    row("SCRIPT|DEBUG", Refused(NOT_FOR_CLIENTS), Write, Keys::None, SLOW | SCRIPTING),
    row("SCRIPT|EXISTS", Wrapped, Read, Keys::Server, SLOW | SCRIPTING),
    row("SCRIPT|FLUSH", Wrapped, Write, Keys::Server, SLOW | SCRIPTING),
    row("SCRIPT|HELP", Direct(Array), Read, Keys::None, SLOW | SCRIPTING),
    row("SCRIPT|KILL", Alone(Scalar), Write, Keys::Server, SLOW | SCRIPTING),
    row("SCRIPT|LOAD", Wrapped, Write, Keys::Server, SLOW | SCRIPTING),
];
