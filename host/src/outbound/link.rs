//! One connection to Redis, on which any number of calls are under way.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use redis::{Client, Cmd, RedisError, Value, aio::MultiplexedConnection};
use tokio::task::AbortHandle;

/// How long a connection on which calls wait must have been silent, when one of them is given up, to be held for stalled.
pub(super) const STALL: Duration = Duration::from_millis(500);

/// A connection and what is known of its health.
pub(super) struct Link {
    connection: MultiplexedConnection,
    driver: AbortHandle,
    /// Cleared when the connection ends or seems stalled: whoever still uses it may, but no new call should.
    usable: Arc<AtomicBool>,
    opened: Instant,
    /// Since when calls wait in silence, in microseconds after `opened`: since the last reply, or since the first call
    /// after it.
    silent_since: AtomicU64,
    /// Whether a call was sent after the last reply.
    waiting: AtomicBool,
}

impl Link {
    /// Connects and signs in within `timeout`; the error is the crate's text.
    pub async fn open(client: &Client, timeout: Duration) -> Result<Self, String> {
        let connecting = client.create_multiplexed_tokio_connection();
        let (connection, driver) = tokio::time::timeout(timeout, connecting)
            .await
            .map_err(|_| timed_out())
            .flatten()
            .map_err(|error| error.to_string())?;
        let usable = Arc::new(AtomicBool::new(true));
        let ended = Arc::clone(&usable);
        let driver = tokio::spawn(async move {
            // It ends as soon as the server closes the connection, whether or not a call is under way.
            driver.await;
            ended.store(false, Ordering::Release);
        })
        .abort_handle();
        let (silent_since, waiting) = (AtomicU64::new(0), AtomicBool::new(false));
        Ok(Self { connection, driver, usable, opened: Instant::now(), silent_since, waiting })
    }

    /// Whether a new call should be sent here.
    pub fn is_usable(&self) -> bool {
        self.usable.load(Ordering::Acquire)
    }

    /// Sends a command and waits at most `timeout` for its reply.
    pub async fn call(&self, command: &Cmd, timeout: Duration) -> Result<Value, RedisError> {
        if !self.waiting.swap(true, Ordering::Relaxed) {
            self.silent_since.store(self.now(), Ordering::Relaxed);
        }
        let call = Call { link: self, over: false };
        let mut connection = self.connection.clone();
        let result = tokio::time::timeout(timeout, connection.send_packed_command(command)).await;
        let Ok(result) = result else {
            return Err(timed_out());
        };
        call.answered(result.as_ref().is_err_and(RedisError::is_unrecoverable_error));
        result?.extract_error()
    }

    fn retire(&self) {
        self.usable.store(false, Ordering::Release);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn is_stalled(&self) -> bool {
        let silence = self.now().saturating_sub(self.silent_since.load(Ordering::Relaxed));
        Duration::from_micros(silence) >= STALL
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // The driver of a stalled connection would wait for replies that nobody wants for ever.
        self.driver.abort();
    }
}

/// A call under way. One that is dropped before its answer was given up, by the component or by the time limit.
struct Call<'a> {
    link: &'a Link,
    over: bool,
}

impl Call<'_> {
    fn answered(mut self, broken: bool) {
        self.over = true;
        if broken {
            self.link.retire();
        } else {
            self.link.silent_since.store(self.link.now(), Ordering::Relaxed);
            self.link.waiting.store(false, Ordering::Relaxed);
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if !self.over && self.link.is_stalled() {
            self.link.retire();
        }
    }
}

/// The error that the crate itself gives when its own time limit is hit.
fn timed_out() -> RedisError {
    io::Error::from(io::ErrorKind::TimedOut).into()
}
