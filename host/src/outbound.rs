//! Redis as a component reaches it: the interfaces of both worlds, over connections that all instances on a thread share.

mod call;
mod link;
mod p2;
mod p3;
mod reply;
mod shared;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use redis::{Client, Cmd, FromRedisValue, RedisError};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

pub(crate) use call::SOCKET_TIMEOUT;
use link::Link;
pub(crate) use p3::RedisInterface;
use shared::Shared;

use crate::{bindings::p3::redis::Error, metrics::Metrics};

/// Connections of their own that all instances of a component together may hold.
pub(crate) const MAX_OWN_CONNECTIONS: usize = 256;
/// Shared connections kept although no instance holds a handle on them.
const MAX_IDLE_SHARED: usize = 16;

/// The bounds on what a component may ask of Redis.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// The time of one call, connecting anew included, and of one connect, unless the component asks for less.
    pub timeout: Duration,
    /// The size of one reply in bytes.
    pub reply_bytes: usize,
}

/// The connections that a component's instances on one thread share.
pub(crate) struct Redis {
    limits: Limits,
    /// By the whole URL, so that other credentials or another database are another connection.
    shared: Mutex<HashMap<String, Arc<Shared>>>,
    own: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

impl Redis {
    /// None yet; `own` bounds those that are not shared, on all threads together.
    pub fn new(limits: Limits, own: Arc<Semaphore>, metrics: Arc<Metrics>) -> Self {
        Self { limits, shared: Mutex::default(), own, metrics }
    }

    /// Opens `client`, whose URL is `url`, for an instance: the first handle that it `held`s is on the shared
    /// connection, each further one is a connection of its own, unless it replaces the first, which had given no answer.
    /// One call of it, and one connect, takes at most `timeout`.
    async fn open(&self, url: String, client: Client, timeout: Duration, held: &Held) -> Result<Connection, Error> {
        let Some(claim) = held.claim(&url) else {
            let permit = Arc::clone(&self.own).try_acquire_owned().map_err(|_| Error::TooManyConnections)?;
            let link = Link::open(&client, timeout, &self.metrics.redis_connections).await.map_err(Error::Other)?;
            return Ok(Connection { target: Target::Own(Arc::new(link)), timeout, _permit: Some(permit) });
        };
        let shared = self.shared(url, client);
        // Who stops waiting leaves the connection to others, for whom it goes on.
        let waited = tokio::time::timeout(timeout, shared.link()).await;
        waited.map_err(|_| Error::Other(link::timed_out().to_string()))?.map_err(Error::Other)?;
        Ok(Connection { target: Target::Shared(shared, claim), timeout, _permit: None })
    }

    fn shared(&self, url: String, client: Client) -> Arc<Shared> {
        let mut all = lock(&self.shared);
        if let Some(shared) = all.get(&url) {
            return Arc::clone(shared);
        }
        if all.len() >= MAX_IDLE_SHARED {
            all.retain(|_, shared| Arc::strong_count(shared) > 1);
        }
        let shared = Arc::new(Shared::new(client, self.limits.timeout, self.metrics.redis_connections.clone()));
        all.insert(url, Arc::clone(&shared));
        shared
    }
}

/// A component's handle on a connection. The bindings want it public.
pub struct Connection {
    target: Target,
    timeout: Duration,
    _permit: Option<OwnedSemaphorePermit>,
}

#[derive(Clone)]
enum Target {
    Shared(Arc<Shared>, Arc<Claim>),
    Own(Arc<Link>),
}

impl Target {
    /// Sends a command, once. What was sent when the connection broke is not sent again: it may have run.
    async fn call<T: FromRedisValue>(&self, command: &Cmd, timeout: Duration) -> Result<T, Failure> {
        let value = match self {
            Self::Own(link) => link.call(command, timeout).await?,
            Self::Shared(shared, claim) => {
                let call = Unanswered(claim);
                let deadline = Instant::now() + timeout;
                let link = timeout_at(deadline, shared.link()).await.map_err(|_| link::timed_out())?;
                let link = link.map_err(Failure::Connect)?;
                let result = link.call(command, deadline.saturating_duration_since(Instant::now())).await;
                if result.as_ref().map_or_else(is_reply, |_| true) {
                    call.end();
                }
                result?
            }
        };
        Ok(redis::from_owned_redis_value(value)?)
    }
}

/// Why a call has no result.
#[derive(Debug)]
enum Failure {
    /// There is no connection, and why.
    Connect(String),
    Call(RedisError),
}

impl Failure {
    /// Whether nothing came in time.
    fn is_timeout(&self) -> bool {
        matches!(self, Self::Call(error) if error.is_timeout())
    }

    /// Whether it is what the server said.
    fn is_reply(&self) -> bool {
        matches!(self, Self::Call(error) if is_reply(error))
    }
}

fn is_reply(error: &RedisError) -> bool {
    !error.is_io_error() && !error.is_unrecoverable_error()
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        Self::Call(error)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Other(match failure {
            Failure::Connect(text) => text,
            Failure::Call(error) => error.to_string(),
        })
    }
}

/// The shared connections of which an instance holds a handle, by URL.
#[derive(Clone, Default)]
pub(crate) struct Held(Arc<Mutex<HashMap<String, Weak<Claim>>>>);

impl Held {
    /// The right to the shared connection of `url`, unless there is a handle that has it and is in order.
    fn claim(&self, url: &str) -> Option<Arc<Claim>> {
        let mut held = lock(&self.0);
        held.retain(|_, claim| claim.upgrade().is_some_and(|claim| !claim.is_replaceable.load(Ordering::Relaxed)));
        if held.contains_key(url) {
            return None;
        }
        let claim = Arc::new(Claim::default());
        held.insert(url.to_owned(), Arc::downgrade(&claim));
        Some(claim)
    }
}

/// A handle's right to a shared connection.
#[derive(Default)]
struct Claim {
    /// A call through the handle has ended without an answer, by an error or because the component gave up waiting. The
    /// component may now open the connection anew, while other calls through this handle still wait.
    is_replaceable: AtomicBool,
}

/// A call under way.
struct Unanswered<'a>(&'a Claim);

impl Unanswered<'_> {
    fn end(self) {
        std::mem::forget(self);
    }
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        self.0.is_replaceable.store(true, Ordering::Relaxed);
    }
}

/// Locks what no panic can leave half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
