//! One connection to Redis, on which any number of calls are under way.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use prometheus_client::metrics::gauge::Gauge;
use redis::{Client, Cmd, RedisError, Value, aio::MultiplexedConnection};
use tokio::task::AbortHandle;

use super::lock;
use crate::metrics::OneMore;

/// How long a connection on which calls wait must have been silent to be held for stalled.
pub(super) const STALL: Duration = Duration::from_millis(500);

/// A connection and what is known of its health.
pub(super) struct Link {
    connection: MultiplexedConnection,
    driver: AbortHandle,
    /// Cleared when the connection ends.
    alive: Arc<AtomicBool>,
    silence: Mutex<Silence>,
    _counted: OneMore,
}

/// How long the server owes a reply.
#[derive(Default)]
struct Silence {
    /// Calls that still wait.
    waiting: usize,
    /// The last reply while others were due, or else the first call after it. A call that is given up changes nothing:
    /// its reply is due as before.
    since: Option<Instant>,
}

impl Link {
    /// Connects and signs in within `timeout`; the error is the crate's text.
    pub async fn open(client: &Client, timeout: Duration, gauge: &Gauge) -> Result<Self, String> {
        let connecting = client.create_multiplexed_tokio_connection();
        let (connection, driver) = tokio::time::timeout(timeout, connecting)
            .await
            .map_err(|_| timed_out())
            .flatten()
            .map_err(|error| error.to_string())?;
        let alive = Arc::new(AtomicBool::new(true));
        let ended = Arc::clone(&alive);
        let driver = tokio::spawn(async move {
            // It ends as soon as the server closes the connection, whether or not a call is under way.
            driver.await;
            ended.store(false, Ordering::Release);
        })
        .abort_handle();
        Ok(Self { connection, driver, alive, silence: Mutex::default(), _counted: OneMore::of(gauge) })
    }

    /// Opens as [`Self::open`] does, and every [`STALL`] tries anew beside it: an attempt whose packets were lost does
    /// not notice that the network is back, and one that is only slow must be let finish.
    pub async fn open_soon(client: &Client, timeout: Duration, gauge: &Gauge) -> Result<Self, String> {
        let anew = async {
            tokio::time::sleep(STALL).await;
            loop {
                if let Ok(outcome) = tokio::time::timeout(STALL, Self::open(client, timeout, gauge)).await {
                    return outcome;
                }
            }
        };
        tokio::select! {
            outcome = Self::open(client, timeout, gauge) => outcome,
            outcome = anew => outcome,
        }
    }

    /// Whether a new call should be sent here. Who waits here already goes on waiting: a slow server still answers.
    pub fn is_usable(&self) -> bool {
        let is_stalled = lock(&self.silence).since.is_some_and(|since| since.elapsed() >= STALL);
        self.alive.load(Ordering::Acquire) && !is_stalled
    }

    /// Sends a command and waits at most `timeout` for its reply.
    pub async fn call(&self, command: &Cmd, timeout: Duration) -> Result<Value, RedisError> {
        let call = Call::new(&self.silence);
        let mut connection = self.connection.clone();
        let result = tokio::time::timeout(timeout, connection.send_packed_command(command)).await;
        let Ok(result) = result else {
            return Err(timed_out());
        };
        call.answered();
        if result.as_ref().is_err_and(RedisError::is_unrecoverable_error) {
            self.alive.store(false, Ordering::Release);
        }
        result?.extract_error()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // The driver of a stalled connection would wait for replies that nobody wants for ever.
        self.driver.abort();
    }
}

/// A call under way.
struct Call<'a>(&'a Mutex<Silence>);

impl<'a> Call<'a> {
    fn new(silence: &'a Mutex<Silence>) -> Self {
        let mut current = lock(silence);
        current.waiting += 1;
        current.since.get_or_insert_with(Instant::now);
        Self(silence)
    }

    fn answered(self) {
        let mut silence = lock(self.0);
        silence.since = (silence.waiting > 1).then(Instant::now);
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        lock(self.0).waiting -= 1;
    }
}

/// The error that the crate itself gives when its own time limit is hit.
pub(super) fn timed_out() -> RedisError {
    io::Error::from(io::ErrorKind::TimedOut).into()
}
