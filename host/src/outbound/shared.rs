//! The one connection to an address that all instances share, replaced when it is known to be dead or stalled.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use redis::Client;
use tokio::sync::watch;

use super::{
    link::{Link, STALL},
    lock,
};

/// A shared connection to one address.
pub(super) struct Shared {
    client: Client,
    timeout: Duration,
    state: Mutex<State>,
}

enum State {
    Closed,
    Opening(Opening),
    Open(Arc<Link>),
}

/// A connection being opened, for which all callers wait together.
#[derive(Clone)]
struct Opening {
    task: tokio::task::Id,
    /// `None` until it is done.
    outcome: watch::Receiver<Option<Outcome>>,
}

type Outcome = Result<Arc<Link>, String>;

impl Shared {
    pub fn new(client: Client, timeout: Duration) -> Self {
        Self { client, timeout, state: Mutex::new(State::Closed) }
    }

    /// The connection to send the next command on. Opens one if there is none or the last is not usable any more; the
    /// error is the crate's text.
    pub async fn link(self: &Arc<Self>) -> Outcome {
        let mut opening = match self.usable_or_opening() {
            Ok(link) => return Ok(link),
            Err(opening) => opening,
        };
        let mut waiting = Waiting { shared: self, task: opening.task, since: Instant::now(), over: false };
        let outcome = opening.outcome.wait_for(Option::is_some).await.map(|outcome| outcome.clone());
        waiting.over = true;
        // Without an outcome the runtime ended under it.
        outcome.ok().flatten().unwrap_or_else(|| Err("the host is ending".to_owned()))
    }

    fn usable_or_opening(self: &Arc<Self>) -> Result<Arc<Link>, Opening> {
        let mut state = lock(&self.state);
        match &*state {
            State::Open(link) if link.is_usable() => return Ok(Arc::clone(link)),
            State::Opening(opening) => return Err(opening.clone()),
            State::Open(_) | State::Closed => {}
        }
        let (sender, outcome) = watch::channel(None);
        let shared = Arc::clone(self);
        // A task of its own: a caller that goes away does not take the others' connection with it.
        let task = tokio::spawn(async move {
            let outcome = Link::open(&shared.client, shared.timeout).await.map(Arc::new);
            shared.opened(tokio::task::id(), &outcome);
            sender.send_replace(Some(outcome));
        })
        .id();
        let opening = Opening { task, outcome };
        *state = State::Opening(opening.clone());
        Err(opening)
    }

    /// Takes what the opening `task` came to. One that was found stalled meanwhile is welcome too if it came through
    /// before its successor.
    fn opened(&self, task: tokio::task::Id, outcome: &Outcome) {
        let mut state = lock(&self.state);
        match (outcome, &*state) {
            (Ok(_), State::Open(link)) if link.is_usable() => {}
            (Ok(link), _) => *state = State::Open(Arc::clone(link)),
            (Err(_), State::Opening(opening)) if opening.task == task => *state = State::Closed,
            (Err(_), _) => {}
        }
    }
}

/// A caller that waits for a connection. When one gives up after a while, the next caller begins a new opening beside
/// the old one.
struct Waiting<'a> {
    shared: &'a Shared,
    task: tokio::task::Id,
    since: Instant,
    over: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.over || self.since.elapsed() < STALL {
            return;
        }
        let mut state = lock(&self.shared.state);
        if matches!(&*state, State::Opening(opening) if opening.task == self.task) {
            *state = State::Closed;
        }
    }
}
