//! Lua that runs inside Redis, atomically, found there by the SHA-1 of its source
//! (<https://redis.io/docs/latest/develop/programmability/eval-intro/>).

use std::sync::LazyLock;

use bytes::Bytes;

use super::keys::Keys;
use super::reply::Shape;
use super::{Access, Command, RedisError};

/// A script of ours. One that writes returns a scalar, one that reads a flat array.
pub struct Script {
    access: Access,
    source: &'static str,
    sha1: LazyLock<Bytes>,
}

/// Makes a [`Script`] that reads or writes of files beside the calling one, one after the other.
macro_rules! script {
    ($access:ident: $($file:literal),+) => {
        $crate::redis::script::Script::new(
            $crate::redis::Access::$access,
            concat!($(include_str!($file)),+),
            || $crate::digest::sha1_hex(concat!($(include_str!($file)),+).as_bytes()).into(),
        )
    };
}
pub(crate) use script;

impl Script {
    #[doc(hidden)]
    pub const fn new(access: Access, source: &'static str, sha1: fn() -> Bytes) -> Self {
        Self { access, source, sha1: LazyLock::new(sha1) }
    }

    /// Whether it changes data.
    pub fn access(&self) -> Access {
        self.access
    }

    /// The command that runs the script, if Redis knows it already.
    pub fn by_sha1(&self, keys: &[Bytes], arguments: &[Bytes]) -> Command {
        self.command(["EVALSHA_RO", "EVALSHA"], self.sha1.clone(), keys, arguments)
    }

    /// The command that runs the script and makes it known to Redis.
    pub fn by_source(&self, keys: &[Bytes], arguments: &[Bytes]) -> Command {
        self.command(["EVAL_RO", "EVAL"], Bytes::from_static(self.source.as_bytes()), keys, arguments)
    }

    fn command(&self, [read, write]: [&'static str; 2], script: Bytes, keys: &[Bytes], arguments: &[Bytes]) -> Command {
        let (name, shape) = match self.access {
            Access::Read => (read, Shape::Array),
            Access::Write => (write, Shape::Scalar),
        };
        let count = if keys.len() == 1 { Bytes::from_static(b"1") } else { keys.len().to_string().into() };
        let mut words = Vec::with_capacity(2 + keys.len() + arguments.len());
        words.extend([script, count]);
        words.extend_from_slice(keys);
        words.extend_from_slice(arguments);
        Command { shape, keys: Keys::Counted(1), arguments: words, ..Command::scalar(name, self.access) }
    }
}

/// Whether Redis does not know the script, and so has run nothing.
pub fn is_unknown(error: &RedisError) -> bool {
    matches!(error, RedisError::Server(reply) if reply.code == "NOSCRIPT")
}
