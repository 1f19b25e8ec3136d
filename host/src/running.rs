//! An instance at work: which requests it takes, and when it ends.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use futures_util::{FutureExt as _, Stream as _, stream::FuturesUnordered};
use tokio::time::{Instant, sleep_until};
use wasmtime::{AsContextMut as _, Result, Store, component::Accessor, format_err};
use wasmtime_wasi_http::{
    WasiHttpView as _,
    handler::{Prepared, Proxy},
};

use crate::{
    bell::Bell,
    instance::InstanceState,
    lifetime::{Computing, Expiration, Lifetime, Status},
    memory::{Large, Request, Requests},
    metrics::OneMore,
    output::LineStream,
    pool::{Hungry, Job, Seat},
};

/// An instance.
pub(crate) struct Running {
    pub store: Store<InstanceState>,
    pub proxy: Proxy,
    pub lifetime: Lifetime,
    pub computing: Arc<Computing>,
    pub large: Arc<Large>,
    pub requests: Arc<Requests>,
    pub hungry: Hungry,
    /// Its standard output and error.
    pub output: [LineStream; 2],
    pub server_ended: Arc<AtomicBool>,
    pub fuel: Option<Arc<AtomicU64>>,
    pub _counted: OneMore,
}

/// What an instance does, and since when.
type Since = Mutex<(Status, Instant)>;

impl Running {
    /// Serves what the pool has for this seat, until the instance is used up, idle for too long, or failed.
    pub async fn run(mut self, seat: &Seat) {
        let result = self.serve(seat).await;
        self.output.iter().for_each(LineStream::end_turn);
        if let (Some(fuel), Ok(left)) = (&self.fuel, self.store.get_fuel()) {
            fuel.fetch_add(u64::MAX - left, Ordering::AcqRel);
        }
        if let Err(error) = result
            && !self.server_ended.load(Ordering::Acquire)
        {
            let component = &self.store.data().component;
            component.stderr.log(format_args!("an instance of {} failed: {}", component.id, error.root_cause()));
        }
    }

    async fn serve(&mut self, seat: &Seat) -> Result<()> {
        let since = Since::new((Status::Idle, Instant::now()));
        let bounds =
            Bounds { lifetime: self.lifetime, large: &self.large, requests: &self.requests, hungry: &self.hungry };
        let proxy = &self.proxy;
        let requests =
            async |accessor: &Accessor<InstanceState>| take_requests(accessor, proxy, seat, bounds, &since).await;
        let mut life = pin!(self.store.run_concurrent(requests).map(Result::flatten));
        let mut expiration = pin!(Expiration::new(self.lifetime, Arc::clone(&self.computing)));
        poll_fn(|cx| {
            let result = life.as_mut().poll(cx);
            if result.is_pending() {
                seat.end_turn();
                self.output.iter().for_each(LineStream::end_turn);
                // Looked at from out here: while the instance computes, what runs in the store is not polled.
                let (status, start) = *since.lock().unwrap_or_else(PoisonError::into_inner);
                if expiration.as_mut().poll(cx, status, start).is_ready() {
                    return Poll::Ready(match status {
                        Status::Idle => Ok(()),
                        Status::Requests | Status::AfterAnswers => Err(format_err!("it took too long")),
                    });
                }
            }
            result
        })
        .await
    }
}

/// How much an instance takes on.
#[derive(Clone, Copy)]
struct Bounds<'a> {
    lifetime: Lifetime,
    large: &'a Large,
    requests: &'a Arc<Requests>,
    hungry: &'a Hungry,
}

impl Bounds<'_> {
    /// Whether it is used up after so many requests, or is to make room for others.
    fn is_used_up(self, served: usize) -> bool {
        served >= self.lifetime.requests || self.large.is() || (served > 0 && self.hungry.is_any())
    }
}

/// Runs requests within the store, as many at once as there is room for, until there will be no more.
async fn take_requests(
    accessor: &Accessor<InstanceState>,
    proxy: &Proxy,
    seat: &Seat,
    bounds: Bounds<'_>,
    since: &Since,
) -> Result<()> {
    let handler = match proxy {
        Proxy::P2(proxy) => *proxy.wasi_http_incoming_handler().func_handle().func(),
        Proxy::P3(service) => *service.wasi_http_handler().func_handle().func(),
    };
    let now = |status| *since.lock().unwrap_or_else(PoisonError::into_inner) = (status, Instant::now());
    let mut running = pin!(FuturesUnordered::new());
    let mut served = 0;
    // Until a request takes too long: what it still does in here would stand in others' way.
    let mut is_sound = true;
    let bell = Bell::new();
    let waker = Waker::from(Arc::clone(&bell));
    poll_fn(|turn: &mut Context<'_>| {
        // wasmtime polls this at each of its turns, a dozen a request.
        let (has_rung, must_look) = (bell.has_rung(turn.waker()), seat.look());
        if !has_rung && !must_look {
            return Poll::Pending;
        }
        let cx = &mut Context::from_waker(&waker);
        // One at a time: it begins before the next one is taken, so that who comes after one that never stops goes elsewhere.
        let mut has_taken = false;
        loop {
            while let Poll::Ready(Some(ended)) = running.as_mut().poll_next(cx) {
                match ended {
                    Ok(in_time) => is_sound &= in_time,
                    Err(error) => return Poll::Ready(Err(error)),
                }
                if running.is_empty() {
                    now(Status::AfterAnswers);
                }
            }
            let may_take = is_sound && !bounds.is_used_up(served);
            let is_ready = may_take && accessor.poll_ready_for_concurrent_call(handler, cx).is_ready();
            if !is_ready || running.len() >= bounds.lifetime.concurrent_requests {
                seat.leave();
            } else if !has_taken {
                if let Some(job) = seat.take() {
                    has_taken = true;
                    served += 1;
                    now(Status::Requests);
                    running.push(answer(accessor, proxy, job, bounds.requests.begin()));
                    continue;
                }
                seat.sleep(cx);
            }
            if !running.is_empty() || accessor.poll_no_interesting_tasks(cx).is_pending() {
                return Poll::Pending;
            }
            if !may_take {
                return Poll::Ready(Ok(()));
            }
            let mut since = since.lock().unwrap_or_else(PoisonError::into_inner);
            if since.0 != Status::Idle {
                *since = (Status::Idle, Instant::now());
            }
            return Poll::Pending;
        }
    })
    .await
}

/// Runs one request; whether it was answered in time.
async fn answer(accessor: &Accessor<InstanceState>, proxy: &Proxy, job: Job, _runs: Request) -> Result<bool> {
    let Job { request, answer, late, deadline, place, .. } = job;
    let prepared = accessor
        .with(|mut store| Prepared::new(store.as_context_mut(), proxy, request, InstanceState::http, answer))?;
    let late = async {
        if late.await.is_err() {
            // Its client has gone: it may go on, within the time for a request.
            sleep_until(deadline).await;
        }
    };
    let in_time = prepared.run(accessor, late).await;
    place.leave();
    in_time
}
