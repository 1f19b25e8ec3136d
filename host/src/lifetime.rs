//! How long an instance lives: as long as it is of use, and as it does not compute without end.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    task::yield_now,
    time::{Instant, Sleep},
};
use wasmtime::{Result, UpdateDeadline, format_err};

use crate::{
    engine::{TICK, World},
    settings::Settings,
};

/// How long after the last request's time limit an instance is dropped that did not notice it by itself.
const EXPIRATION_GRACE: Duration = Duration::from_secs(1);

/// The bounds on the life of an instance.
#[derive(Clone, Copy)]
pub(crate) struct Lifetime {
    pub requests: usize,
    pub concurrent_requests: usize,
    pub request_timeout: Duration,
    pub compute_timeout: Duration,
    pub idle_timeout: Duration,
}

impl Lifetime {
    /// That of a component of `world`: in WASI 0.2 a request keeps its instance until it is done.
    pub fn new(settings: &Settings, world: World) -> Self {
        Self {
            requests: settings.max_instance_reuse_count,
            concurrent_requests: match world {
                World::P2 => 1,
                World::P3 => settings.max_instance_concurrent_reuse_count,
            },
            request_timeout: settings.request_timeout,
            compute_timeout: settings.compute_timeout.min(settings.request_timeout),
            idle_timeout: settings.idle_instance_timeout,
        }
    }
}

/// What an instance computed since it last waited for something, in slices of at most a tick of the engine. Slices
/// are counted and not time, so that an instance does not pay for the others between which the threads are shared.
#[derive(Default)]
pub(crate) struct Computing {
    slices: AtomicU32,
    interrupted: AtomicBool,
}

impl Computing {
    /// Ends a slice: the threads' other tasks get their turn, unless the instance has had all of its own.
    pub fn end_slice(&self, timeout: Duration) -> Result<UpdateDeadline> {
        let slices = self.slices.fetch_add(1, Ordering::Relaxed);
        if TICK * slices > timeout {
            return Err(format_err!("it computed for {timeout:?} without a pause: see --compute-timeout"));
        }
        self.interrupted.store(true, Ordering::Relaxed);
        // tokio's own yield comes back only after the thread has looked at its sockets.
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(yield_now())))
    }

    /// The instance gave back its thread: it waits, unless the end of a slice made it do so.
    fn gave_way(&self) {
        if !self.interrupted.swap(false, Ordering::Relaxed) {
            self.slices.store(0, Ordering::Relaxed);
        }
    }
}

/// What an instance does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Status {
    /// Nothing.
    Idle,
    /// It answers requests, of which the last came at the time beside this.
    Requests,
    /// It goes on after the last answer, for instance to send its body.
    AfterAnswers,
}

/// When an instance is dropped although it is not used up.
pub(crate) struct Expiration {
    lifetime: Lifetime,
    computing: Arc<Computing>,
    /// Fires at the deadline or before it. Moving it on each change of state would cost more than letting it fire early.
    sleep: Pin<Box<Sleep>>,
}

impl Expiration {
    pub fn new(lifetime: Lifetime, computing: Arc<Computing>) -> Self {
        Self { lifetime, computing, sleep: Box::pin(tokio::time::sleep(lifetime.idle_timeout)) }
    }

    /// Whether an instance that has done this since then is over.
    pub fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>, status: Status, start: Instant) -> Poll<()> {
        self.computing.gave_way();
        let timeout = match status {
            Status::Idle => self.lifetime.idle_timeout,
            Status::Requests | Status::AfterAnswers => self.lifetime.request_timeout + EXPIRATION_GRACE,
        };
        let deadline = start + timeout;
        if self.sleep.deadline() > deadline {
            self.sleep.as_mut().reset(deadline);
        }
        loop {
            ready!(self.sleep.as_mut().poll(cx));
            if self.sleep.deadline() >= deadline || Instant::now() >= deadline {
                return Poll::Ready(());
            }
            self.sleep.as_mut().reset(deadline);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(1);

    fn slices_until_the_end(computing: &Computing) -> u32 {
        (1..=1000).find(|_| computing.end_slice(TIMEOUT).is_err()).unwrap_or_default()
    }

    #[test]
    fn only_what_is_computed_without_a_pause_counts() {
        let computing = Computing::default();
        let all = slices_until_the_end(&computing);
        assert!(TICK * all >= TIMEOUT && TICK * all <= TIMEOUT + 2 * TICK);
        let computing = Computing::default();
        for _ in 0..10 * all {
            assert!(computing.end_slice(TIMEOUT).is_ok());
            computing.gave_way();
            computing.gave_way();
        }
        for _ in 0..all - 1 {
            assert!(computing.end_slice(TIMEOUT).is_ok());
            computing.gave_way();
        }
        assert!(computing.end_slice(TIMEOUT).is_err());
    }
}
