//! The bodies of requests: none, or one that is measured while it is read.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::Version;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use tokio::{
    runtime::Handle,
    time::{Sleep, sleep, timeout},
};
use wasmtime_wasi_http::{Error, WasiBody};

use crate::problem::Problem;

/// How long a body that was refused is read on, so that its sender gets to read the answer.
const LINGER: Duration = Duration::from_secs(2);

/// How large a body may be, and how long it may take.
#[derive(Clone, Copy)]
pub(crate) struct BodyLimits {
    pub bytes: u64,
    pub timeout: Duration,
}

/// A request's body as the component gets it.
pub(crate) struct RequestBody {
    pub body: WasiBody,
    pub fault: Fault,
}

/// What turned out to be wrong with a body while it was read.
#[derive(Clone, Default)]
pub(crate) struct Fault(Option<Arc<OnceLock<Problem>>>);

impl Fault {
    pub fn problem(&self) -> Option<Problem> {
        self.0.as_ref()?.get().copied()
    }
}

/// Bounds `body`; `Err` gives back one that is known to be too large. In HTTP/2 it is read to its end when nobody wants it, as
/// [`linger`] does: hyper would end its stream before the client has read the answer.
pub(crate) fn bounded(body: Incoming, limits: BodyLimits, version: Version) -> Result<RequestBody, Incoming> {
    if body.is_end_stream() {
        return Ok(RequestBody { body: empty(), fault: Fault::default() });
    }
    if body.size_hint().lower() > limits.bytes {
        return Err(body);
    }
    let fault = Arc::<OnceLock<Problem>>::default();
    let lingers = version == Version::HTTP_2;
    let body =
        Measured { body: Some(body), lingers, left: limits.bytes, limits, sleep: None, fault: Arc::clone(&fault) };
    Ok(RequestBody { body: body.boxed_unsync(), fault: Fault(Some(fault)) })
}

/// A body without content. It costs no allocation.
pub(crate) fn empty() -> WasiBody {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// Reads and forgets what a client still sends of a body that was refused: closing the connection at once would
/// make its system throw away the answer.
pub(crate) fn linger(mut body: Incoming) {
    // Without a runtime the server has ended.
    if let Ok(runtime) = Handle::try_current() {
        let reading = async move { while let Some(Ok(_)) = body.frame().await {} };
        runtime.spawn(async { timeout(LINGER, reading).await });
    }
}

/// A body that is counted and timed.
struct Measured {
    /// None once it is dropped.
    body: Option<Incoming>,
    lingers: bool,
    left: u64,
    limits: BodyLimits,
    /// Begins where the body first has to be waited for: most have come with their head.
    sleep: Option<Pin<Box<Sleep>>>,
    fault: Arc<OnceLock<Problem>>,
}

impl Measured {
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let timeout = self.limits.timeout;
        self.sleep.get_or_insert_with(|| Box::pin(sleep(timeout))).as_mut().poll(cx)
    }

    fn wrong(&self, problem: Problem, error: Error) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let _ = self.fault.set(problem);
        Poll::Ready(Some(Err(error)))
    }
}

impl Body for Measured {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = match Pin::new(body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => frame,
            Poll::Ready(end) => return Poll::Ready(end.map(|result| result.map_err(Error::from))),
            Poll::Pending if self.poll_late(cx).is_ready() => {
                return self.wrong(Problem::BodyTooSlow, Error::ConnectionReadTimeout);
            }
            Poll::Pending => return Poll::Pending,
        };
        let size = frame.data_ref().map_or(0, |data| data.len() as u64);
        let Some(left) = self.left.checked_sub(size) else {
            return self.wrong(Problem::BodyTooLarge(self.limits.bytes), Error::HttpRequestBodySize(None));
        };
        self.left = left;
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        // The time of a slow client was over before.
        let is_slow = matches!(self.fault.get(), Some(Problem::BodyTooSlow));
        if let Some(body) = self.body.take()
            && self.lingers
            && !is_slow
            && !body.is_end_stream()
        {
            linger(body);
        }
    }
}
