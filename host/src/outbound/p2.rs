//! `fermyon:spin/redis@2.0.0`: the same calls as in `spin:redis/redis@3.0.0`, of which an instance makes one at a time.

use redis::{Cmd, FromRedisValue};
use wasmtime::component::Resource;

use super::{
    Connection, Failure,
    call::{Argument, Caller, Opening, admit, admit_value, command_of, type_error},
};
use crate::{
    bindings::{
        p2::redis::{Error, Host, HostConnection, Payload, RedisParameter, RedisResult},
        p3,
    },
    instance::InstanceState,
};

type Handle = Resource<Connection>;
/// The outer error is a trap; only a host that is broken has one.
type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl From<p3::redis::Error> for Error {
    fn from(error: p3::redis::Error) -> Self {
        match error {
            p3::redis::Error::InvalidAddress => Self::InvalidAddress,
            p3::redis::Error::TooManyConnections => Self::TooManyConnections,
            p3::redis::Error::TypeError => Self::TypeError,
            p3::redis::Error::Other(text) => Self::Other(text),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        p3::redis::Error::from(failure).into()
    }
}

fn result(result: p3::redis::RedisResult) -> RedisResult {
    match result {
        p3::redis::RedisResult::Nil => RedisResult::Nil,
        p3::redis::RedisResult::Status(text) => RedisResult::Status(text),
        p3::redis::RedisResult::Int64(number) => RedisResult::Int64(number),
        p3::redis::RedisResult::Binary(bytes) => RedisResult::Binary(bytes),
    }
}

impl InstanceState {
    /// Sends `command` on the component's connection.
    async fn call<R: FromRedisValue>(
        &mut self,
        connection: &Handle,
        command: &Cmd,
    ) -> wasmtime::Result<Result<R, Failure>> {
        Ok(Caller::new(self, connection)?.call(command).await)
    }

    /// [`Self::call`] for the methods whose reply has one type and one kind of error.
    async fn simple<R: FromRedisValue>(&mut self, connection: &Handle, command: &Cmd) -> Answer<R> {
        Ok(self.call(connection, command).await?.map_err(Error::from))
    }
}

impl Host for InstanceState {}

impl HostConnection for InstanceState {
    async fn open(&mut self, url: String) -> Answer<Handle> {
        match Opening::new(self).open(url).await {
            Ok(connection) => Ok(Ok(self.table.push(connection)?)),
            Err(error) => Ok(Err(error.into())),
        }
    }

    async fn drop(&mut self, connection: Handle) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }

    async fn publish(&mut self, connection: Handle, channel: String, payload: Payload) -> Answer<()> {
        self.simple(&connection, &Cmd::publish(channel, payload)).await
    }

    async fn get(&mut self, connection: Handle, key: String) -> Answer<Option<Payload>> {
        let value = self.simple(&connection, &Cmd::get(key)).await?;
        Ok(value.and_then(|value| Ok(admit_value(self, value)?)))
    }

    async fn set(&mut self, connection: Handle, key: String, value: Payload) -> Answer<()> {
        self.simple(&connection, &Cmd::set(key, value)).await
    }

    async fn incr(&mut self, connection: Handle, key: String) -> Answer<i64> {
        self.simple(&connection, &Cmd::incr(key, 1)).await
    }

    async fn del(&mut self, connection: Handle, keys: Vec<String>) -> Answer<u32> {
        self.simple(&connection, &Cmd::del(keys)).await
    }

    async fn sadd(&mut self, connection: Handle, key: String, values: Vec<String>) -> Answer<u32> {
        let added = self.call(&connection, &Cmd::sadd(key, values)).await?;
        Ok(added.map_err(|failure| type_error(failure).into()))
    }

    async fn smembers(&mut self, connection: Handle, key: String) -> Answer<Vec<String>> {
        self.simple(&connection, &Cmd::smembers(key)).await
    }

    async fn srem(&mut self, connection: Handle, key: String, values: Vec<String>) -> Answer<u32> {
        self.simple(&connection, &Cmd::srem(key, values)).await
    }

    async fn execute(
        &mut self,
        connection: Handle,
        command: String,
        arguments: Vec<RedisParameter>,
    ) -> Answer<Vec<RedisResult>> {
        let arguments = arguments.into_iter().map(|argument| match argument {
            RedisParameter::Int64(number) => Argument::Int64(number),
            RedisParameter::Binary(bytes) => Argument::Binary(bytes),
        });
        let reply = self.simple(&connection, &command_of(&command, arguments)).await?;
        Ok(reply.and_then(|reply| Ok(admit(self, reply)?.into_iter().map(result).collect())))
    }
}
