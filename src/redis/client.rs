//! The kept connection: one for all requests of an instance, opened when first needed and again when it broke.
//!
//! Whether a command ran cannot be told once its connection broke. So a read is repeated, once, on a new connection,
//! and a write is not.

use std::borrow::Cow;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::{
    FutureExt,
    future::{BoxFuture, Either, pending, select},
};

use super::{Access, Command, Redis, RedisError, Reply, error::HostError};
use crate::config::{self, secret::Secret};

/// The parameter of an address by which a host bounds each call and each connect, in seconds.
pub const SOCKET_TIMEOUT: &str = "socket_timeout";

/// What a host offers to reach Redis, and a clock.
pub trait Transport: Send + Sync + 'static {
    /// An open connection that may be used by several requests at once.
    type Connection: Send + Sync;

    /// Opens a connection to `address`, a `redis://` or `rediss://` URL.
    fn open<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<Self::Connection, HostError>>;

    /// Sends a command; the reply comes as a flat list.
    fn execute<'a>(
        &'a self,
        connection: &'a Self::Connection,
        command: Cow<'a, Command>,
    ) -> BoxFuture<'a, Result<Vec<Reply>, HostError>>;

    /// Waits.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()>;
}

/// [`Redis`] over a [`Transport`].
pub struct Client<T: Transport> {
    transport: T,
    server: config::Redis,
    /// The host ends a call, and a connect, in time. A timer beside each would be a tenth of a request.
    is_bounded: bool,
    connection: Mutex<Kept<T::Connection>>,
}

/// The connection that all requests use.
enum Kept<C> {
    None,
    Opening(Why),
    Open(Arc<C>),
}

/// Why a connection could not be opened, for all who wait for it: who comes next would else try before them, and again.
type Why = Arc<OnceLock<RedisError>>;

/// What a request that needs the connection is to do.
enum Turn<C> {
    Open(Why),
    Wait(Why),
    Use(Arc<C>),
}

/// How often a request looks whether the connection that another one is opening is there. It cannot be woken: a task of
/// the component model cannot wake another (wit-bindgen 0.57 has a feature for it, which traps under wasmtime 48).
const LOOK_AGAIN: Duration = Duration::from_millis(1);

impl<T: Transport> Client<T> {
    /// A client that connects to `server` at the first command. `is_bounded` says whether the host heeds [`SOCKET_TIMEOUT`].
    pub fn new(transport: T, mut server: config::Redis, is_bounded: bool) -> Self {
        if is_bounded {
            let seconds = server.timeout.as_secs_f64();
            server.url = Secret::new(format!("{}?{SOCKET_TIMEOUT}={seconds}", server.url.expose()));
        }
        Self { transport, server, is_bounded, connection: Mutex::new(Kept::None) }
    }

    async fn connection(&self) -> Result<Arc<T::Connection>, RedisError> {
        loop {
            let why = match self.take_turn() {
                Turn::Use(connection) => return Ok(connection),
                Turn::Open(why) => return self.open(&why).await,
                Turn::Wait(why) => why,
            };
            // One moment after another is waited for, as nobody wakes it.
            self.transport.sleep(LOOK_AGAIN).await;
            if let Some(error) = why.get().filter(|_| !self.is_open()) {
                return Err(error.clone());
            }
        }
    }

    fn take_turn(&self) -> Turn<T::Connection> {
        let mut kept = lock(&self.connection);
        match &*kept {
            Kept::Open(connection) => Turn::Use(connection.clone()),
            Kept::Opening(why) => Turn::Wait(why.clone()),
            Kept::None => {
                let why = Why::default();
                *kept = Kept::Opening(why.clone());
                Turn::Open(why)
            }
        }
    }

    fn is_open(&self) -> bool {
        matches!(&*lock(&self.connection), Kept::Open(_))
    }

    async fn open(&self, why: &OnceLock<RedisError>) -> Result<Arc<T::Connection>, RedisError> {
        let mut opening = Opening { kept: &self.connection, opened: None };
        let opened = self.transport.open(self.server.url.expose()).await;
        let connection = opened.map_err(|error| {
            let error = RedisError::from_open(error, &self.server.address);
            // Its time was over; that of others is not.
            if !matches!(error, RedisError::TimedOut { .. }) {
                why.get_or_init(|| error.clone());
            }
            error
        })?;
        let connection = Arc::new(connection);
        opening.opened = Some(connection.clone());
        tracing::debug!("connected to Redis");
        Ok(connection)
    }

    /// The end of the time for a command, unless the host ends its one call.
    fn end_of_time(&self) -> BoxFuture<'static, ()> {
        if self.is_bounded && self.is_open() { pending().boxed() } else { self.transport.sleep(self.server.timeout) }
    }

    /// What comes of `work` before `end`. A connection that is silent then is not used again, as where the host's own time is
    /// over.
    async fn before(
        &self,
        end: BoxFuture<'static, ()>,
        used: &Used<T>,
        work: impl Future<Output = Result<Reply, RedisError>>,
    ) -> Result<Reply, RedisError> {
        if let Either::Left((result, _)) = select(pin!(work), end).await {
            return result;
        }
        let silent = lock(used).take();
        if let Some(connection) = &silent {
            self.forget(connection);
        }
        Err(RedisError::TimedOut { sent: silent.is_some() })
    }

    /// Stops using a connection, unless another request has replaced it already.
    fn forget(&self, broken: &Arc<T::Connection>) {
        let mut kept = lock(&self.connection);
        if matches!(&*kept, Kept::Open(connection) if Arc::ptr_eq(connection, broken)) {
            *kept = Kept::None;
        }
    }

    /// One attempt. `used` becomes the connection that the command was handed to.
    async fn attempt(&self, command: Cow<'_, Command>, used: &Used<T>) -> Result<Reply, RedisError> {
        let connection = self.connection().await?;
        *lock(used) = Some(connection.clone());
        let (shape, arguments) = (command.shape, command.arguments.len());
        match self.transport.execute(&connection, command).await.map_err(RedisError::from_execute) {
            Ok(flat) => shape.restore(arguments, flat),
            Err(error) => {
                // A connection that stays silent may be half-open, and would stay so for many minutes.
                if is_lost(&error) || matches!(error, RedisError::TimedOut { .. }) {
                    self.forget(&connection);
                }
                Err(error)
            }
        }
    }

    async fn attempt_twice_if_read(&self, command: Command, used: &Used<T>) -> Result<Reply, RedisError> {
        if command.access == Access::Write {
            return self.attempt(Cow::Owned(command), used).await;
        }
        match self.attempt(Cow::Borrowed(&command), used).await {
            Err(error) if is_lost(&error) => {
                tracing::debug!("the connection to Redis broke: reading again on a new one");
                // It is the time for a command that ends.
                let end = self.transport.sleep(self.server.timeout);
                self.before(end, used, self.attempt(Cow::Owned(command), used)).boxed().await
            }
            result => result,
        }
    }
}

fn is_lost(error: &RedisError) -> bool {
    matches!(error, RedisError::Lost(_))
}

/// Ends [`Kept::Opening`], also when the request that opens is given up.
struct Opening<'a, C> {
    kept: &'a Mutex<Kept<C>>,
    opened: Option<Arc<C>>,
}

impl<C> Drop for Opening<'_, C> {
    fn drop(&mut self) {
        *lock(self.kept) = self.opened.take().map_or(Kept::None, Kept::Open);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The connection that a command was last handed to.
type Used<T> = Mutex<Option<Arc<<T as Transport>::Connection>>>;

impl<T: Transport> Redis for Client<T> {
    fn execute(&self, command: Command) -> BoxFuture<'_, Result<Reply, RedisError>> {
        async move {
            let used = Used::<T>::default();
            self.before(self.end_of_time(), &used, self.attempt_twice_if_read(command, &used)).await
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests;
