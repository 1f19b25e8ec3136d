//! Channels (<https://redis.io/commands/?group=pubsub>).

use super::*;

pub(super) static ROWS: &[Row] = &[
    row("PSUBSCRIBE", Refused(WOULD_STREAM), Write, Keys::None, PUBSUB | SLOW),
    row("PUBLISH", Direct(Scalar), Write, Keys::Channel, PUBSUB | FAST),
    row("PUBSUB", Script, Write, Keys::Unknown, PUBSUB | SLOW),
    row("PUBSUB|CHANNELS", Direct(Array), Read, Keys::Server, PUBSUB | SLOW),
    row("PUBSUB|HELP", Direct(Array), Read, Keys::None, SLOW),
    row("PUBSUB|NUMPAT", Direct(Scalar), Read, Keys::Server, PUBSUB | SLOW),
    row("PUBSUB|NUMSUB", Direct(Array), Read, Keys::ChannelsFrom(1), PUBSUB | SLOW),
    row("PUBSUB|SHARDCHANNELS", Direct(Array), Read, Keys::Server, PUBSUB | SLOW),
    row("PUBSUB|SHARDNUMSUB", Direct(Array), Read, Keys::ChannelsFrom(1), PUBSUB | SLOW),
    row("PUNSUBSCRIBE", Refused(WOULD_STREAM), Write, Keys::None, PUBSUB | SLOW),
    row("SPUBLISH", Direct(Scalar), Write, Keys::First, PUBSUB | FAST),
    row("SSUBSCRIBE", Refused(WOULD_STREAM), Write, Keys::From(0), PUBSUB | SLOW),
    row("SUBSCRIBE", Refused(WOULD_STREAM), Write, Keys::None, PUBSUB | SLOW),
    row("SUNSUBSCRIBE", Refused(WOULD_STREAM), Write, Keys::From(0), PUBSUB | SLOW),
    row("UNSUBSCRIBE", Refused(WOULD_STREAM), Write, Keys::None, PUBSUB | SLOW),
];
