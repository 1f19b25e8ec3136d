//! Redis as a component reaches it: `spin:redis`, over connections that all instances on a thread share.

mod interface;
mod link;
mod reply;
mod shared;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis::{Client, Cmd, FromRedisValue, RedisError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(crate) use interface::RedisInterface;
use link::Link;
use shared::Shared;

use crate::bindings::redis::Error;

/// Connections of their own that all instances of a component together may hold.
pub(crate) const MAX_OWN_CONNECTIONS: usize = 256;
/// Shared connections kept although no instance holds a handle on them.
const MAX_IDLE_SHARED: usize = 16;

/// The bounds on what a component may ask of Redis.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// The time of one call and of one connect.
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
}

impl Redis {
    /// None yet; `own` bounds those that are not shared, on all threads together.
    pub fn new(limits: Limits, own: Arc<Semaphore>) -> Self {
        Self { limits, shared: Mutex::default(), own }
    }

    /// Opens `client`, whose URL is `url`, for an instance: the first handle that it `held`s is on the shared
    /// connection, each further one is a connection of its own, unless what it held has broken: then it is the first again.
    async fn open(&self, url: String, client: Client, held: &Held) -> Result<Connection, Error> {
        let shared = self.shared(url.clone(), client.clone());
        let Some(claim) = held.claim(&url, shared.breaks()) else {
            let permit = Arc::clone(&self.own).try_acquire_owned().map_err(|_| Error::TooManyConnections)?;
            let link = Link::open(&client, self.limits.timeout).await.map_err(Error::Other)?;
            return Ok(Connection { target: Target::Own(Arc::new(link)), _claim: None, _permit: Some(permit) });
        };
        shared.link().await.map_err(Error::Other)?;
        Ok(Connection { target: Target::Shared(shared), _claim: Some(claim), _permit: None })
    }

    fn shared(&self, url: String, client: Client) -> Arc<Shared> {
        let mut all = lock(&self.shared);
        if let Some(shared) = all.get(&url) {
            return Arc::clone(shared);
        }
        if all.len() >= MAX_IDLE_SHARED {
            all.retain(|_, shared| Arc::strong_count(shared) > 1);
        }
        let shared = Arc::new(Shared::new(client, self.limits.timeout));
        all.insert(url, Arc::clone(&shared));
        shared
    }
}

/// A component's handle on a connection. The bindings want it public.
pub struct Connection {
    target: Target,
    _claim: Option<Claim>,
    _permit: Option<OwnedSemaphorePermit>,
}

#[derive(Clone)]
enum Target {
    Shared(Arc<Shared>),
    Own(Arc<Link>),
}

impl Target {
    /// Sends a command, once. What was sent when the connection broke is not sent again: it may have run.
    async fn call<T: FromRedisValue>(&self, command: &Cmd, limits: Limits) -> Result<T, Failure> {
        let shared;
        let link = match self {
            Self::Own(link) => link,
            Self::Shared(slot) => {
                shared = slot.link().await.map_err(Failure::Connect)?;
                &shared
            }
        };
        let value = link.call(command, limits.timeout).await?;
        Ok(redis::from_owned_redis_value(value)?)
    }
}

/// Why a call has no result.
enum Failure {
    /// There is no connection, and why.
    Connect(String),
    Call(RedisError),
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

/// The URLs of which an instance holds the shared connection, each with how often that had broken when it was opened.
#[derive(Clone, Default)]
pub(crate) struct Held(Arc<Mutex<HashMap<String, u64>>>);

impl Held {
    /// The right to the shared connection of `url`, which has broken so often, unless it is taken.
    fn claim(&self, url: &str, breaks: u64) -> Option<Claim> {
        let is_taken = lock(&self.0).insert(url.to_owned(), breaks) == Some(breaks);
        (!is_taken).then(|| Claim { held: self.clone(), url: url.to_owned(), breaks })
    }
}

/// Frees the shared connection for the instance's next `open` when the handle goes, or when opening it did not succeed.
struct Claim {
    held: Held,
    url: String,
    breaks: u64,
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut held = lock(&self.held.0);
        if held.get(&self.url) == Some(&self.breaks) {
            held.remove(&self.url);
        }
    }
}

/// Locks what no panic can leave half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
