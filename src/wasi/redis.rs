//! The host's Redis interface and its clock. The one place that makes futures `Send`: a component has one thread.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use send_wrapper::SendWrapper;
use wasip3::clocks::monotonic_clock::wait_for;

use super::bindings::redis::{Connection, Error, RedisParameter, RedisResult};
use crate::redis::client::Transport;
use crate::redis::error::HostError;
use crate::redis::{Command, Reply};

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
            // What is owned need not be copied: it may be large.
            let (name, arguments): (_, Vec<_>) = match command {
                Cow::Borrowed(command) => {
                    (command.name.clone(), command.arguments.iter().map(|argument| binary(argument.to_vec())).collect())
                }
                Cow::Owned(command) => {
                    (command.name, command.arguments.into_iter().map(|argument| binary(argument.into())).collect())
                }
            };
            match connection.execute(name.into_owned(), arguments).await {
                Ok(results) => Ok(results.into_iter().map(reply).collect()),
                Err(error) => Err(host_error(error)),
            }
        };
        SendWrapper::new(work).boxed()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        SendWrapper::new(wait_for(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))).boxed()
    }
}

fn binary(argument: Vec<u8>) -> RedisParameter {
    RedisParameter::Binary(argument)
}

fn reply(result: RedisResult) -> Reply {
    match result {
        RedisResult::Nil => Reply::Nil,
        RedisResult::Status(text) => Reply::Status(text),
        RedisResult::Int64(number) => Reply::Integer(number),
        RedisResult::Binary(bytes) => Reply::Bulk(Bytes::from(bytes)),
    }
}

fn host_error(error: Error) -> HostError {
    match error {
        Error::InvalidAddress => HostError::InvalidAddress,
        Error::TooManyConnections => HostError::TooManyConnections,
        Error::TypeError => HostError::TypeError,
        Error::Other(text) => HostError::Other(text),
    }
}
