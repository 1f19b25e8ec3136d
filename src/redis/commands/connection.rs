//! Connections (<https://redis.io/commands/?group=connection>).

use super::*;

pub(super) static ROWS: &[Row] = &[
    row("AUTH", Refused(SHARED_CONNECTION), Write, Keys::None, FAST | CONNECTION),
    row("CLIENT", Script, Write, Keys::Unknown, ADMIN | SLOW | DANGEROUS | CONNECTION),
    row("CLIENT|CACHING", Refused(SHARED_CONNECTION), Write, Keys::None, SLOW | CONNECTION),
    row("CLIENT|GETNAME", Refused(SHARED_CONNECTION), Write, Keys::None, SLOW | CONNECTION),
    row("CLIENT|GETREDIR", Refused(SHARED_CONNECTION), Write, Keys::None, SLOW | CONNECTION),
    row("CLIENT|HELP", Direct(Array), Read, Keys::None, SLOW | CONNECTION),
    row("CLIENT|ID", Refused(SHARED_CONNECTION), Write, Keys::None, SLOW | CONNECTION),
    row("CLIENT|INFO", Refused(SHARED_CONNECTION), Write, Keys::None, SLOW | CONNECTION),
    row("CLIENT|KILL", Refused(SHARED_CONNECTION), Write, Keys::None, ADMIN | SLOW | DANGEROUS | CONNECTION),
    row("CLIENT|LIST", Refused(SHARED_CONNECTION), Write, Keys::None, ADMIN | SLOW | DANGEROUS | CONNECTION),
    row("CLIENT|NO-EVICT", Refused(SHARED_CONNECTION), Write, Keys::None, ADMIN | SLOW | DANGEROUS | CONNECTION),
    row("CLIENT|PAUSE", Refused(SHARED_CONNECTION), Write, Keys::None, ADMIN | SLOW | DANGEROUS | CONNECTION),
    row("CLIENT|REPLY", Refused(SHARED_CONNECTION), Write, Keys::None, SLOW | CONNECTION),
    row("CLIENT|SETNAME", Refused(SHARED_CONNECTION), Write, Keys::None, SLOW | CONNECTION),
    row("CLIENT|TRACKING", Refused(SHARED_CONNECTION), Write, Keys::None, SLOW | CONNECTION),
    row("CLIENT|TRACKINGINFO", Refused(SHARED_CONNECTION), Write, Keys::None, SLOW | CONNECTION),
    row("CLIENT|UNBLOCK", Refused(SHARED_CONNECTION), Write, Keys::None, ADMIN | SLOW | DANGEROUS | CONNECTION),
    row("CLIENT|UNPAUSE", Refused(SHARED_CONNECTION), Write, Keys::None, ADMIN | SLOW | DANGEROUS | CONNECTION),
    row("ECHO", Direct(Scalar), Read, Keys::None, FAST | CONNECTION),
    row("HELLO", Refused(SHARED_CONNECTION), Write, Keys::None, FAST | CONNECTION),
    row("PING", Direct(Scalar), Read, Keys::None, FAST | CONNECTION),
    row("QUIT", Refused(SHARED_CONNECTION), Write, Keys::None, FAST | CONNECTION),
    row("RESET", Refused(SHARED_CONNECTION), Write, Keys::None, FAST | CONNECTION),
    row("SELECT", Refused(SHARED_CONNECTION), Write, Keys::None, FAST | CONNECTION),
];
