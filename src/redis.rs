//! Redis as the rest of the crate sees it: one trait, its replies and its errors.
//!
//! - [`command`]: a command about to be sent
//! - [`keys`]: which of its arguments name what it reaches
//! - [`commands`]: the table of every command
//! - [`reply`]: what Redis answered, and how a flattened answer becomes that again
//! - [`error`]: what can go wrong, read from the texts that hosts give
//! - [`client`]: the kept connection: opening, time limit, the one repeat of a read
//! - [`script`]: Lua run by its SHA-1
//! - [`packed`]: replies that a script packed
//! - `fake`: a scripted Redis for unit tests

pub mod client;
pub mod command;
pub mod commands;
pub mod error;
#[cfg(test)]
pub mod fake;
pub mod keys;
pub mod packed;
pub mod reply;
pub mod script;

pub use command::{Access, Command};
pub use error::{ErrorReply, RedisError};
pub use reply::Reply;

use futures_util::future::BoxFuture;

/// A Redis server that commands can be sent to, from several requests at once.
pub trait Redis: Send + Sync {
    /// Sends a command, and waits for the reply.
    ///
    /// The error is [`RedisError::Server`] where Redis answered with one; else it says why there is no answer.
    fn execute(&self, command: Command) -> BoxFuture<'_, Result<Reply, RedisError>>;
}
