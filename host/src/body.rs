//! The bodies of requests: none, one of known size, or one that is measured while it is read.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use wasmtime_wasi_http::{Error, WasiBody};

/// How long a body that was refused is read on, so that its sender gets to read the answer.
const LINGER: Duration = Duration::from_secs(2);

/// A request's body as the component gets it.
pub(crate) struct RequestBody {
    pub body: WasiBody,
    pub overrun: Overrun,
}

/// Tells whether a body turned out to be larger than allowed.
pub(crate) struct Overrun(Option<Arc<AtomicBool>>);

impl Overrun {
    pub fn happened(&self) -> bool {
        self.0.as_ref().is_some_and(|flag| flag.load(Ordering::Acquire))
    }
}

/// Bounds `body` to `limit` bytes; `Err` gives back one that is known to be larger.
pub(crate) fn bounded(body: Incoming, limit: u64) -> Result<RequestBody, Incoming> {
    if body.is_end_stream() {
        return Ok(RequestBody { body: empty(), overrun: Overrun(None) });
    }
    let size = body.size_hint();
    if size.lower() > limit {
        return Err(body);
    }
    if size.exact().is_some() {
        // hyper reads no more than was announced.
        return Ok(RequestBody { body: body.map_err(Error::from).boxed_unsync(), overrun: Overrun(None) });
    }
    let overrun = Arc::new(AtomicBool::new(false));
    let body = Measured { body, left: limit, overrun: Arc::clone(&overrun) };
    Ok(RequestBody { body: body.boxed_unsync(), overrun: Overrun(Some(overrun)) })
}

/// A body without content. It costs no allocation.
pub(crate) fn empty() -> WasiBody {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// Reads and forgets what a client still sends of a body that was refused: closing the connection at once would
/// make its system throw away the answer.
pub(crate) fn linger(mut body: Incoming) {
    tokio::spawn(tokio::time::timeout(LINGER, async move { while let Some(Ok(_)) = body.frame().await {} }));
}

/// A body of unknown size.
struct Measured {
    body: Incoming,
    left: u64,
    overrun: Arc<AtomicBool>,
}

impl Body for Measured {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            other => return Poll::Ready(other.map(|result| result.map_err(Error::from))),
        };
        let size = frame.data_ref().map_or(0, |data| data.len() as u64);
        let Some(left) = self.left.checked_sub(size) else {
            self.overrun.store(true, Ordering::Release);
            return Poll::Ready(Some(Err(Error::HttpRequestBodySize(None))));
        };
        self.left = left;
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
