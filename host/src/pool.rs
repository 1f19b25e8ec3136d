//! The instances of one component on one thread, and the requests that wait for one of them.
//!
//! An instance takes all that waits, as far as it has room; another one is made only where none has. So requests that come
//! together meet in one instance: what they ask of Redis leaves together, and what they need is in the processor's caches.
//! (wasmtime's own `ProxyHandler` makes an instance for each of them.)

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Waker},
    time::Duration,
};

use futures_channel::oneshot;
use http::{Request, Response};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep, timeout_at},
};
use wasmtime::PoolConcurrencyLimitError;
use wasmtime_wasi_http::WasiBody;

use crate::{engine::one_line, instance::Instances, memory::Full, problem::Problem, running::Running};

/// How long to wait before asking again for an instance, when as many exist as may.
const SCARCE_PAUSE: Duration = Duration::from_millis(2);

/// What an instance answers.
pub(crate) type Answer = wasmtime::Result<Response<WasiBody>>;

/// A request for an instance.
pub(crate) struct Job {
    number: u64,
    pub request: Request<WasiBody>,
    pub answer: oneshot::Sender<Answer>,
    /// Told when nobody waits for the answer any more, since it took too long.
    pub late: oneshot::Receiver<()>,
    /// When it has taken too long, also where nobody waits for it any more.
    pub deadline: Instant,
    /// Its place among those that run.
    pub place: Place,
}

/// A place among the requests that run, until there is an answer, or the request has taken too long.
#[derive(Clone)]
pub(crate) struct Place(Arc<Mutex<Option<OwnedSemaphorePermit>>>);

impl Place {
    /// Gives it to others.
    pub fn leave(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// Instances of one component, which share a thread.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Inner>);

struct Inner {
    instances: Instances,
    /// How many requests have come: an instance that looked since then need not look again.
    pushed: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    /// Instances that were made, and those of them that have not ended.
    seats: u64,
    alive: usize,
    /// The instances that have room and sleep; the one that fell asleep last is the last.
    asleep: Vec<(u64, Waker)>,
    /// Instances that were woken or made to take what waits, and did not look yet.
    woken: usize,
    /// Whether an instance is being made to take what waits.
    making: bool,
}

impl Pool {
    pub fn new(instances: Instances) -> Self {
        Self(Arc::new(Inner { instances, pushed: AtomicU64::new(0), state: Mutex::default() }))
    }

    /// Hands a request to an instance.
    pub fn push(&self, request: Request<WasiBody>, place: OwnedSemaphorePermit, deadline: Instant) -> Waiting<'_> {
        let (answer, answered) = oneshot::channel();
        let (too_late, late) = oneshot::channel();
        let place = Place(Arc::new(Mutex::new(Some(place))));
        let mut state = self.lock();
        let number = self.0.pushed.fetch_add(1, Ordering::Relaxed) + 1;
        let of_job = place.clone();
        state.waiting.push_back(Job { number, request, answer, late, deadline, place: of_job });
        self.call_for_help(&mut state);
        Waiting { pool: self, number, place, answered, too_late: Some(too_late), deadline, is_over: false }
    }

    /// Sees to it that somebody comes for what waits.
    fn call_for_help(&self, state: &mut State) {
        if state.waiting.is_empty() || state.woken > 0 {
            return;
        }
        if let Some((_, waker)) = state.asleep.pop() {
            state.woken += 1;
            waker.wake();
        } else if !state.making {
            state.making = true;
            tokio::spawn(self.clone().add_instance());
        }
    }

    /// Makes an instance, and runs it until it ends.
    async fn add_instance(self) {
        let making = Making(&self);
        let made = self.make().await;
        let seat = made.map(|made| (made, self.seat()));
        drop(making);
        if let Some((made, seat)) = seat {
            made.run(&seat).await;
        }
    }

    /// Makes an instance, unless what waited for it has been taken by others, or there can be none.
    async fn make(&self) -> Option<Running> {
        let instances = &self.0.instances;
        let is_without = self.lock().alive == 0;
        // Who is without an instance comes before who has just given one up for that.
        let mut hungry = None;
        if is_without && instances.hungry.is_any() {
            hungry = Some(instances.hungry.one_more());
            sleep(SCARCE_PAUSE).await;
        }
        loop {
            let error = match instances.make().await {
                Ok(made) => return Some(made),
                Err(error) => error,
            };
            if !error.is::<PoolConcurrencyLimitError>() && !error.is::<Full>() {
                instances.log(format_args!("an instance could not be made: {}", one_line(&error)));
                self.lock().waiting.clear();
                return None;
            }
            if is_without && hungry.is_none() {
                hungry = Some(instances.hungry.one_more());
            }
            sleep(SCARCE_PAUSE).await;
            if self.lock().waiting.is_empty() {
                return None;
            }
        }
    }

    /// A place for a new instance, which counts as woken for what waits.
    fn seat(&self) -> Seat {
        let mut state = self.lock();
        state.seats += 1;
        state.alive += 1;
        state.woken += 1;
        let (has_looked, seen) = (AtomicBool::new(false), AtomicU64::new(0));
        Seat { pool: self.clone(), number: state.seats, is_asleep: AtomicBool::new(true), has_looked, seen }
    }

    /// Takes back a request that still waits; whether it did.
    fn withdraw(&self, number: u64) -> bool {
        let mut state = self.lock();
        let place = state.waiting.iter().position(|job| job.number == number);
        place.and_then(|place| state.waiting.remove(place)).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No panic leaves it half changed.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An instance is being made, until this is dropped.
struct Making<'a>(&'a Pool);

impl Drop for Making<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.making = false;
        // Where none came of it, what has come since found nobody.
        self.0.call_for_help(&mut state);
    }
}

/// A request that was handed over. Where nobody waits for it any more, it need not begin.
pub(crate) struct Waiting<'a> {
    pool: &'a Pool,
    number: u64,
    answered: oneshot::Receiver<Answer>,
    too_late: Option<oneshot::Sender<()>>,
    deadline: Instant,
    place: Place,
    is_over: bool,
}

impl Waiting<'_> {
    /// The answer, unless the time is over before.
    ///
    /// # Errors
    /// What to answer instead.
    pub async fn answer(mut self) -> Result<Response<WasiBody>, Problem> {
        let answer = timeout_at(self.deadline, &mut self.answered).await;
        self.is_over = true;
        // In WASI 0.2 the request goes on until its client has taken all of the answer.
        self.place.leave();
        let instances = &self.pool.0.instances;
        match answer {
            Ok(Ok(Ok(response))) => Ok(response),
            Ok(Ok(Err(error))) => {
                instances.log(format_args!("a request failed: {}", one_line(&error)));
                Err(Problem::Failed)
            }
            // The instance says why when it goes.
            Ok(Err(oneshot::Canceled)) => Err(Problem::Failed),
            Err(_) if self.pool.withdraw(self.number) => {
                instances.log("a request was refused for want of an instance");
                Err(Problem::Busy)
            }
            Err(_) => {
                if let Some(too_late) = self.too_late.take() {
                    // The instance may be gone by now.
                    let _ = too_late.send(());
                }
                instances.log("a request took too long: see --request-timeout");
                Err(Problem::TimedOut)
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.pool.withdraw(self.number);
        }
    }
}

/// How many pools of a server have requests and no instance, and cannot make one: then instances of others make room.
#[derive(Clone, Default)]
pub(crate) struct Hungry(Arc<AtomicUsize>);

/// One of them, until it is dropped.
struct OneMore(Hungry);

impl Hungry {
    /// Whether there are any.
    pub fn is_any(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    fn one_more(&self) -> OneMore {
        self.0.fetch_add(1, Ordering::Relaxed);
        OneMore(self.clone())
    }
}

impl Drop for OneMore {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An instance's place in its pool.
pub(crate) struct Seat {
    pool: Pool,
    number: u64,
    /// Whether it fell asleep with room for more, and did not look since.
    is_asleep: AtomicBool,
    has_looked: AtomicBool,
    /// How many requests had come when it last looked.
    seen: AtomicU64,
}

impl Seat {
    /// The instance is not computing: it looks what there is to do. Whether it has to, as nobody would wake it.
    pub fn look(&self) -> bool {
        self.has_looked.store(true, Ordering::Relaxed);
        !self.is_asleep.load(Ordering::Relaxed)
    }

    /// Takes the next request that waits.
    pub fn take(&self) -> Option<Job> {
        let pushed = self.pool.0.pushed.load(Ordering::Relaxed);
        if self.seen.swap(pushed, Ordering::Relaxed) == pushed && self.is_asleep.load(Ordering::Relaxed) {
            return None;
        }
        let mut state = self.pool.lock();
        self.wake_up(&mut state);
        state.waiting.pop_front()
    }

    /// Nothing waits, and there is room: to be woken when something does.
    pub fn sleep(&self, cx: &Context<'_>) {
        if !self.is_asleep.swap(true, Ordering::Relaxed) {
            self.pool.lock().asleep.push((self.number, cx.waker().clone()));
        }
    }

    /// It has no room: others are to be woken.
    pub fn leave(&self) {
        if self.is_asleep.load(Ordering::Relaxed) {
            self.wake_up(&mut self.pool.lock());
        }
    }

    /// After each turn of the instance: where it is full, or computes and so did not look, somebody else has to.
    pub fn end_turn(&self) {
        let has_looked = self.has_looked.swap(false, Ordering::Relaxed);
        if !has_looked || !self.is_asleep.load(Ordering::Relaxed) {
            let mut state = self.pool.lock();
            if !has_looked {
                self.wake_up(&mut state);
            }
            self.pool.call_for_help(&mut state);
        }
    }

    fn wake_up(&self, state: &mut State) {
        if self.is_asleep.swap(false, Ordering::Relaxed) {
            match state.asleep.iter().rposition(|(number, _)| *number == self.number) {
                Some(place) => drop(state.asleep.remove(place)),
                None => state.woken -= 1,
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        state.alive -= 1;
        self.wake_up(&mut state);
        self.pool.call_for_help(&mut state);
    }
}
