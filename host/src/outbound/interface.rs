//! `spin:redis/redis@3.0.0`: the component's calls, turned into commands.

use redis::{Client, Cmd, ErrorKind, FromRedisValue};
use wasmtime::component::{Accessor, HasData, Resource};

use super::{
    Connection, Failure, Limits, Target,
    reply::{Flat, value_within},
};
use crate::{
    allowed_hosts::Address,
    bindings::redis::{Error, Host, HostConnection, HostConnectionWithStore, Payload, RedisParameter, RedisResult},
    instance::InstanceState,
};

/// The size in bytes from which on a reply has to be given room before it is handed over.
const LARGE_REPLY: usize = 64 << 10;

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
    let (target, limits): (Target, Limits) = store.with(|mut access| {
        let state = access.get();
        let target = state.table.get(connection)?.target.clone();
        wasmtime::error::Ok((target, state.redis.limits))
    })?;
    Ok(target.call(command, limits).await)
}

/// [`call`] for the methods whose reply has one type and one kind of error.
async fn simple<T: Send, R: FromRedisValue>(store: &Store<T>, connection: &Handle, command: &Cmd) -> Answer<R> {
    Ok(call(store, connection, command).await?.map_err(Error::from))
}

impl<T: Send> HostConnectionWithStore<T> for RedisInterface {
    async fn open(store: &Store<T>, url: String) -> Answer<Handle> {
        let (component, redis, held) = store.with(|mut access| {
            let state = access.get();
            (state.component.clone(), state.redis.clone(), state.held.clone())
        });
        let Ok(client) = Client::open(url.as_str()) else {
            component.log_unreadable_address();
            return Ok(Err(Error::InvalidAddress));
        };
        let address = Address::of(&client.get_connection_info().addr);
        if !address.as_ref().is_some_and(|address| component.allowed_hosts.allow(address)) {
            component.log_refused_address(address.as_ref());
            return Ok(Err(Error::InvalidAddress));
        }
        match redis.open(url, client, &held).await {
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
        let limit = limits(store).reply_bytes;
        let value = simple(store, &connection, &Cmd::get(key)).await?;
        Ok(value.and_then(|value| value_within(value, limit)).and_then(|value: Option<Payload>| {
            make_room(store, value.as_ref().map_or(0, Vec::len))?;
            Ok(value)
        }))
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
        Ok(added.map_err(|failure| match failure {
            Failure::Call(error) if error.kind() == ErrorKind::TypeError => Error::TypeError,
            failure => failure.into(),
        }))
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
        let limit = limits(store).reply_bytes;
        let mut cmd = redis::cmd(&command);
        for argument in arguments {
            match argument {
                RedisParameter::Int64(number) => cmd.arg(number),
                RedisParameter::Binary(bytes) => cmd.arg(bytes),
            };
        }
        let reply: Result<Flat, Error> = simple(store, &connection, &cmd).await?;
        Ok(reply.and_then(|reply| {
            let (results, size) = reply.within(limit)?;
            make_room(store, size)?;
            Ok(results)
        }))
    }
}

/// Refuses a reply that would end the instance for want of memory, and with it every request in it.
fn make_room<T: Send>(store: &Store<T>, size: usize) -> Result<(), Error> {
    if size < LARGE_REPLY || store.with(|mut access| access.get().memory.promise(size)) {
        return Ok(());
    }
    Err(Error::Other(format!(
        "no memory for a reply of {size} bytes just now: see --max-instance-memory and --max-memory"
    )))
}

fn limits<T: Send>(store: &Store<T>) -> Limits {
    store.with(|mut access| access.get().redis.limits)
}
