//! What the calls of both worlds have in common.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use redis::{Client, Cmd, ErrorKind, FromRedisValue};
use url::Url;
use wasmtime::component::Resource;

use super::{
    Connection, Failure, Held, Redis, Target,
    reply::{Flat, value_within},
};
use crate::{
    allowed_hosts::Address,
    application::Component,
    bindings::p3::redis::{Error, RedisResult},
    instance::InstanceState,
    metrics::{Called, Metrics, Outcome},
};

/// The size in bytes from which on a reply has to be given room before it is handed over.
const LARGE_REPLY: usize = 64 << 10;

/// What opening a connection takes of the instance.
pub(super) struct Opening {
    component: Arc<Component>,
    redis: Arc<Redis>,
    held: Held,
}

impl Opening {
    pub fn new(state: &InstanceState) -> Self {
        Self { component: Arc::clone(&state.component), redis: Arc::clone(&state.redis), held: state.held.clone() }
    }

    /// Opens a connection, if the manifest allows it.
    pub async fn open(self, url: String) -> Result<Connection, Error> {
        let (Ok(client), Ok(timeout)) = (Client::open(url.as_str()), socket_timeout(&url)) else {
            self.component.log_unreadable_address();
            return Err(Error::InvalidAddress);
        };
        let address = Address::of(&client.get_connection_info().addr);
        if !address.as_ref().is_some_and(|address| self.component.allowed_hosts.allow(address)) {
            self.component.log_refused_address(address.as_ref());
            return Err(Error::InvalidAddress);
        }
        let longest = self.redis.limits.timeout;
        self.redis.open(url, client, timeout.map_or(longest, |timeout| longest.min(timeout)), &self.held).await
    }
}

/// The parameter of a URL that bounds each call and each connect, in seconds. Its name is redis-py's.
pub(crate) const SOCKET_TIMEOUT: &str = "socket_timeout";

/// The time that a URL gives, if it gives one; an error where that is none, or no time at all.
pub(super) fn socket_timeout(url: &str) -> Result<Option<Duration>, ()> {
    let url = Url::parse(url).map_err(drop)?;
    let Some((_, seconds)) = url.query_pairs().find(|(name, _)| name == SOCKET_TIMEOUT) else { return Ok(None) };
    let seconds = seconds.parse().map_err(drop)?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if !time.is_zero() => Ok(Some(time)),
        _ => Err(()),
    }
}

/// What a call takes of the instance.
pub(super) struct Caller {
    target: Target,
    timeout: Duration,
    redis: Arc<Redis>,
}

impl Caller {
    /// A call on `connection`.
    ///
    /// # Errors
    /// There is no such connection: the host is broken.
    pub fn new(state: &InstanceState, connection: &Resource<Connection>) -> wasmtime::Result<Self> {
        let Connection { target, timeout, .. } = state.table.get(connection)?;
        Ok(Self { target: target.clone(), timeout: *timeout, redis: Arc::clone(&state.redis) })
    }

    /// Sends `command`.
    pub async fn call<R: FromRedisValue>(&self, command: &Cmd) -> Result<R, Failure> {
        let mut counted = Counted { metrics: &self.redis.metrics, start: Instant::now(), outcome: Outcome::GivenUp };
        let result = self.target.call(command, self.timeout).await;
        counted.outcome = match &result {
            Ok(_) => Outcome::Reply,
            Err(failure) if failure.is_reply() => Outcome::Error,
            Err(failure) if failure.is_timeout() => Outcome::GivenUp,
            Err(_) => Outcome::Lost,
        };
        result
    }
}

/// A call under way, counted when it ends.
struct Counted<'a> {
    metrics: &'a Metrics,
    start: Instant,
    outcome: Outcome,
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.metrics.redis_calls.get_or_create(&Called { outcome: self.outcome }).inc();
        self.metrics.redis_call_duration.observe(self.start.elapsed().as_secs_f64());
    }
}

/// An argument of `execute`.
pub(super) enum Argument {
    Int64(i64),
    Binary(Vec<u8>),
}

/// The command that `execute` sends.
pub(super) fn command_of(name: &str, arguments: impl IntoIterator<Item = Argument>) -> Cmd {
    let mut command = redis::cmd(name);
    for argument in arguments {
        match argument {
            Argument::Int64(number) => command.arg(number),
            Argument::Binary(bytes) => command.arg(bytes),
        };
    }
    command
}

/// The failure of `SADD`, of which the interface tells one kind from the others.
pub(super) fn type_error(failure: Failure) -> Error {
    match failure {
        Failure::Call(error) if error.kind() == ErrorKind::TypeError => Error::TypeError,
        failure => failure.into(),
    }
}

/// The list of a reply, if the instance has room for it.
pub(super) fn admit(state: &mut InstanceState, reply: Flat) -> Result<Vec<RedisResult>, Error> {
    let (results, size) = reply.within(state.redis.limits.reply_bytes)?;
    make_room(state, size)?;
    Ok(results)
}

/// The value of a key, if the instance has room for it.
pub(super) fn admit_value(state: &mut InstanceState, value: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, Error> {
    let value = value_within(value, state.redis.limits.reply_bytes)?;
    make_room(state, value.as_ref().map_or(0, Vec::len))?;
    Ok(value)
}

/// Refuses a reply that would end the instance for want of memory, and with it every request in it.
fn make_room(state: &mut InstanceState, size: usize) -> Result<(), Error> {
    if size < LARGE_REPLY || state.memory.promise(size) {
        return Ok(());
    }
    Err(Error::Other(format!(
        "no memory for a reply of {size} bytes just now: see --max-instance-memory and --max-memory"
    )))
}
