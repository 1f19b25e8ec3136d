//! `spin:redis/redis@3.0.0`: the component's calls, turned into commands.

use redis::{Cmd, FromRedisValue};
use wasmtime::component::{Accessor, HasData, Resource};

use super::{
    Connection, Failure,
    call::{Argument, Caller, Opening, admit, admit_value, command_of, type_error},
};
use crate::{
    bindings::p3::redis::{Error, Host, HostConnection, HostConnectionWithStore, Payload, RedisParameter, RedisResult},
    instance::InstanceState,
};

/// How the bindings reach an instance's state.
pub(crate) struct RedisInterface;

impl HasData for RedisInterface {
    type Data<'a> = &'a mut InstanceState;
}

impl Host for InstanceState {}
impl HostConnection for InstanceState {}

type Store<T> = Accessor<T, RedisInterface>;
type Handle = Resource<Connection>;
/// The outer error is a trap; only a host that is broken has one.
type Answer<T> = wasmtime::Result<Result<T, Error>>;

/// Sends `command` on the component's connection.
async fn call<T: Send, R: FromRedisValue>(
    store: &Store<T>,
    connection: &Handle,
    command: &Cmd,
) -> wasmtime::Result<Result<R, Failure>> {
    let caller = store.with(|mut access| Caller::new(access.get(), connection))?;
    Ok(caller.call(command).await)
}

/// [`call`] for the methods whose reply has one type and one kind of error.
async fn simple<T: Send, R: FromRedisValue>(store: &Store<T>, connection: &Handle, command: &Cmd) -> Answer<R> {
    Ok(call(store, connection, command).await?.map_err(Error::from))
}

impl<T: Send> HostConnectionWithStore<T> for RedisInterface {
    async fn open(store: &Store<T>, url: String) -> Answer<Handle> {
        let opening = store.with(|mut access| Opening::new(access.get()));
        match opening.open(url).await {
            Ok(connection) => store.with(|mut access| Ok(Ok(access.get().table.push(connection)?))),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn drop(store: &Store<T>, connection: Handle) -> wasmtime::Result<()> {
        store.with(|mut access| access.get().table.delete(connection))?;
        Ok(())
    }

    async fn publish(store: &Store<T>, connection: Handle, channel: String, payload: Payload) -> Answer<()> {
        simple(store, &connection, &Cmd::publish(channel, payload)).await
    }

    async fn get(store: &Store<T>, connection: Handle, key: String) -> Answer<Option<Payload>> {
        let value = simple(store, &connection, &Cmd::get(key)).await?;
        Ok(value.and_then(|value| store.with(|mut access| admit_value(access.get(), value))))
    }

    async fn set(store: &Store<T>, connection: Handle, key: String, value: Payload) -> Answer<()> {
        simple(store, &connection, &Cmd::set(key, value)).await
    }

    async fn incr(store: &Store<T>, connection: Handle, key: String) -> Answer<i64> {
        simple(store, &connection, &Cmd::incr(key, 1)).await
    }

    async fn del(store: &Store<T>, connection: Handle, keys: Vec<String>) -> Answer<u32> {
        simple(store, &connection, &Cmd::del(keys)).await
    }

    async fn sadd(store: &Store<T>, connection: Handle, key: String, values: Vec<String>) -> Answer<u32> {
        let added = call(store, &connection, &Cmd::sadd(key, values)).await?;
        Ok(added.map_err(type_error))
    }

    async fn smembers(store: &Store<T>, connection: Handle, key: String) -> Answer<Vec<String>> {
        simple(store, &connection, &Cmd::smembers(key)).await
    }

    async fn srem(store: &Store<T>, connection: Handle, key: String, values: Vec<String>) -> Answer<u32> {
        simple(store, &connection, &Cmd::srem(key, values)).await
    }

    async fn execute(
        store: &Store<T>,
        connection: Handle,
        command: String,
        arguments: Vec<RedisParameter>,
    ) -> Answer<Vec<RedisResult>> {
        let arguments = arguments.into_iter().map(|argument| match argument {
            RedisParameter::Int64(number) => Argument::Int64(number),
            RedisParameter::Binary(bytes) => Argument::Binary(bytes),
        });
        let reply = simple(store, &connection, &command_of(&command, arguments)).await?;
        Ok(reply.and_then(|reply| store.with(|mut access| admit(access.get(), reply))))
    }
}
