//! Lua that runs inside Redis, atomically, found there by the SHA-1 of its source
//! (<https://redis.io/docs/latest/develop/programmability/eval-intro/>).

use std::sync::LazyLock;

use bytes::Bytes;

use super::{
    Command, RedisError,
    command::{EVAL, EVALSHA},
};

/// A script of ours, which returns one scalar.
pub struct Script {
    source: &'static str,
    sha1: LazyLock<Bytes>,
}

/// Makes a [`Script`] of files beside the calling one, one after the other.
macro_rules! script {
    ($($file:literal),+) => {
        $crate::redis::script::Script::new(
            concat!($(include_str!($file)),+),
            || $crate::digest::sha1_hex(concat!($(include_str!($file)),+).as_bytes()).into(),
        )
    };
}
pub(crate) use script;

impl Script {
    #[doc(hidden)]
    pub const fn new(source: &'static str, sha1: fn() -> Bytes) -> Self {
        Self { source, sha1: LazyLock::new(sha1) }
    }

    /// The command that runs the script, if Redis knows it already.
    pub fn by_sha1(&self, keys: &[Bytes], arguments: &[Bytes]) -> Command {
        Self::command(Command::new(&EVALSHA).arg(self.sha1.clone()), keys, arguments)
    }

    /// The command that runs the script and makes it known to Redis.
    pub fn by_source(&self, keys: &[Bytes], arguments: &[Bytes]) -> Command {
        Self::command(Command::new(&EVAL).arg(self.source), keys, arguments)
    }

    fn command(start: Command, keys: &[Bytes], arguments: &[Bytes]) -> Command {
        start.arg(keys.len().to_string()).args(keys.iter().cloned()).args(arguments.iter().cloned())
    }
}

/// Whether Redis does not know the script, and so has run nothing.
pub fn is_unknown(error: &RedisError) -> bool {
    matches!(error, RedisError::Server(reply) if reply.code == "NOSCRIPT")
}
