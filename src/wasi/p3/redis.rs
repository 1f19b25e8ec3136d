//! The host's Redis interface and its clock. The one place that makes futures `Send`: a component has one thread.

use std::borrow::Cow;
use std::time::Duration;

use futures_util::{FutureExt, future::BoxFuture};
use send_wrapper::SendWrapper;
use wasip3::clocks::monotonic_clock::wait_for;

use super::bindings::redis;
use crate::redis::Command;
use crate::redis::Reply;
use crate::redis::client::Transport;
use crate::redis::error::HostError;
use crate::wasi::redis::redis_of_world;

redis_of_world!(redis);

/// Redis as Spin offers it (`spin:redis/redis@3.0.0`).
pub(super) struct Host;

impl Transport for Host {
    type Connection = SendWrapper<Connection>;

    fn open<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<Self::Connection, HostError>> {
        let opening =
            async move { Connection::open(address.to_owned()).await.map(SendWrapper::new).map_err(host_error) };
        SendWrapper::new(opening).boxed()
    }

    fn execute<'a>(
        &'a self,
        connection: &'a Self::Connection,
        command: Cow<'a, Command>,
    ) -> BoxFuture<'a, Result<Vec<Reply>, HostError>> {
        let work = async move {
            let (name, arguments) = parts(command);
            replies(connection.execute(name.into_owned(), arguments).await)
        };
        SendWrapper::new(work).boxed()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        SendWrapper::new(wait_for(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))).boxed()
    }
}
