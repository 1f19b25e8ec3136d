//! What happens on a connection of HTTP/2, by which it is seen to be idle or stalled: sockets do not show it, as pings and windows
//! keep them busy.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

/// How often it is looked at, in parts of the time after which something is concluded.
const LOOKS: u32 = 4;
const SHORTEST_LOOK: Duration = Duration::from_millis(20);

/// The requests of a connection.
#[derive(Default)]
pub(crate) struct Activity {
    /// Counts what happens.
    moved: AtomicU64,
    /// Requests that have begun and are not wholly answered.
    open: AtomicUsize,
    /// Those of them that wait for the component and not for the client.
    waiting: AtomicUsize,
    /// Told when none is open.
    none_open: Notify,
}

/// Why a connection is to end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Rest {
    /// Nothing is asked for.
    Idle,
    /// The client takes nothing of its answers.
    Stalled,
}

impl Activity {
    /// Begins a request, which waits for the component.
    pub fn begin(self: &Arc<Self>) -> Open {
        self.moved.fetch_add(1, Relaxed);
        self.open.fetch_add(1, Relaxed);
        self.waiting.fetch_add(1, Relaxed);
        Open { activity: Arc::clone(self), waits: true }
    }

    /// Waits until one of both holds for so long.
    pub async fn rest(&self, idle: Duration, stalled: Duration) -> Rest {
        let (mut before, mut since) = (self.moved.load(Relaxed), Instant::now());
        loop {
            // It is time itself that tells whether nothing happens.
            sleep((idle.min(stalled) / LOOKS).max(SHORTEST_LOOK)).await;
            let moved = self.moved.load(Relaxed);
            if moved != before {
                (before, since) = (moved, Instant::now());
            }
            let open = self.open.load(Relaxed);
            if open == 0 && since.elapsed() >= idle {
                return Rest::Idle;
            }
            if open > self.waiting.load(Relaxed) && since.elapsed() >= stalled {
                return Rest::Stalled;
            }
        }
    }

    /// Waits until all requests are wholly answered.
    pub async fn quiet(&self) {
        loop {
            // Before it looks, so that it misses nothing.
            let none_open = self.none_open.notified();
            if self.open.load(Relaxed) == 0 {
                return;
            }
            none_open.await;
        }
    }
}

/// A request, until the client has all of its answer.
pub(crate) struct Open {
    activity: Arc<Activity>,
    waits: bool,
}

impl Open {
    /// The client took a part of the answer, and has to take the next.
    pub fn moves(&mut self) {
        self.activity.moved.fetch_add(1, Relaxed);
        if std::mem::take(&mut self.waits) {
            self.activity.waiting.fetch_sub(1, Relaxed);
        }
    }

    /// The next part is for the component to give.
    pub fn waits(&mut self) {
        if !std::mem::replace(&mut self.waits, true) {
            self.activity.waiting.fetch_add(1, Relaxed);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.moves();
        if self.activity.open.fetch_sub(1, Relaxed) == 1 {
            self.activity.none_open.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::poll_immediate;

    use super::*;

    const SHORT: Duration = Duration::from_millis(100);
    const LONG: Duration = Duration::from_secs(100);

    /// What it comes to within a time that is long, and not as long as what is to take longest.
    async fn comes_to(activity: &Activity, idle: Duration, stalled: Duration) -> Option<Rest> {
        tokio::time::timeout(10 * SHORT, activity.rest(idle, stalled)).await.ok()
    }

    #[tokio::test]
    async fn it_rests_where_nothing_is_asked_for_or_the_client_takes_nothing() {
        let activity = Arc::<Activity>::default();
        assert_eq!(comes_to(&activity, SHORT, LONG).await, Some(Rest::Idle));
        let mut request = activity.begin();
        assert_eq!(comes_to(&activity, SHORT, SHORT).await, None, "the component has to answer");
        request.moves();
        assert_eq!(comes_to(&activity, SHORT, SHORT).await, Some(Rest::Stalled));
        request.waits();
        assert_eq!(comes_to(&activity, SHORT, SHORT).await, None, "the component has to go on");
        drop(request);
        assert_eq!(comes_to(&activity, SHORT, SHORT).await, Some(Rest::Idle));
    }

    #[tokio::test]
    async fn it_is_quiet_as_soon_as_the_last_request_is_answered() {
        let activity = Arc::<Activity>::default();
        activity.quiet().await;
        let (one, other) = (activity.begin(), activity.begin());
        let mut quiet = std::pin::pin!(activity.quiet());
        assert!(poll_immediate(quiet.as_mut()).await.is_none());
        drop(one);
        assert!(poll_immediate(quiet.as_mut()).await.is_none());
        drop(other);
        assert!(poll_immediate(quiet.as_mut()).await.is_some());
    }

    #[tokio::test]
    async fn a_client_that_takes_some_of_any_answer_does_not_stall() {
        let activity = Arc::<Activity>::default();
        let (mut one, mut other) = (activity.begin(), activity.begin());
        one.moves();
        let taking = async {
            loop {
                other.moves();
                // The pace of a client, which is faster than what is concluded.
                sleep(SHORT / 4).await;
            }
        };
        tokio::select! {
            () = taking => {}
            rest = comes_to(&activity, SHORT, 2 * SHORT) => assert_eq!(rest, None),
        }
    }
}
