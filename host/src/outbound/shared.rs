//! The one connection to an address that all instances on a thread share, replaced when it is known to be dead or stalled.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use prometheus_client::metrics::gauge::Gauge;
use redis::Client;
use tokio::sync::watch;

use super::{link::Link, lock};

/// A shared connection to one address.
pub(super) struct Shared {
    client: Client,
    timeout: Duration,
    state: Mutex<State>,
    connections: Gauge,
}

enum State {
    Closed,
    Opening(Opening),
    Open(Arc<Link>),
}

/// A connection being opened, for which all callers wait together: `None` until it is done.
type Opening = watch::Receiver<Option<Outcome>>;

type Outcome = Result<Arc<Link>, String>;

impl Shared {
    pub fn new(client: Client, timeout: Duration, connections: Gauge) -> Self {
        Self { client, timeout, state: Mutex::new(State::Closed), connections }
    }

    /// The connection to send the next command on. Opens one if there is none or the last is not usable any more; the
    /// error is the crate's text.
    pub async fn link(self: &Arc<Self>) -> Outcome {
        let mut opening = match self.usable_or_opening() {
            Ok(link) => return Ok(link),
            Err(opening) => opening,
        };
        let outcome = opening.wait_for(Option::is_some).await.map(|outcome| outcome.clone());
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
        let (sender, opening) = watch::channel(None);
        let shared = Arc::clone(self);
        // A task of its own: a caller that goes away does not take the others' connection with it.
        tokio::spawn(async move {
            let outcome = Link::open_soon(&shared.client, shared.timeout, &shared.connections).await.map(Arc::new);
            let opened = outcome.as_ref().map_or(State::Closed, |link| State::Open(Arc::clone(link)));
            *lock(&shared.state) = opened;
            sender.send_replace(Some(outcome));
        });
        *state = State::Opening(opening.clone());
        Err(opening)
    }
}
