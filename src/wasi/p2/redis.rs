//! The host's Redis interface, whose calls return when they are done.

use std::borrow::Cow;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, pending, ready};

use super::bindings::redis;
use crate::redis::client::Transport;
use crate::redis::error::HostError;
use crate::redis::{Command, Reply};
use crate::wasi::redis::redis_of_world;

redis_of_world!(redis);

/// Redis as Spin offers it (`fermyon:spin/redis@2.0.0`).
pub(super) struct Host;

impl Transport for Host {
    type Connection = Connection;

    fn open<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<Self::Connection, HostError>> {
        ready(Connection::open(address).map_err(host_error)).boxed()
    }

    fn execute<'a>(
        &'a self,
        connection: &'a Self::Connection,
        command: Cow<'a, Command>,
    ) -> BoxFuture<'a, Result<Vec<Reply>, HostError>> {
        let (name, arguments) = parts(command);
        ready(replies(connection.execute(&name, &arguments))).boxed()
    }

    /// A time that never comes: while something is called, nobody looks at a clock.
    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        pending().boxed()
    }
}
