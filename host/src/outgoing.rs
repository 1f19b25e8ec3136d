//! The body of an answer on its way to the client.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, header};
use http_body::{Body, Frame, SizeHint};
use wasmtime_wasi_http::{Error, WasiBody};

use crate::activity::Open;

/// As much as a connection of HTTP/2 gets at once, in bytes: what it has got, the client counts as having taken.
const PIECE: usize = 64 << 10;

/// A body that is as long as its answer's head says, or an error: where an instance ends within its answer, wasmtime's body ends
/// as if it were whole.
pub(crate) struct Outgoing {
    body: WasiBody,
    /// What is still to come, where the head says it.
    left: Option<u64>,
    /// What has come and was not handed on.
    ahead: Bytes,
    /// The request, on a connection of HTTP/2.
    open: Option<Open>,
}

impl Outgoing {
    /// The body of an answer with these headers.
    pub fn new(body: WasiBody, headers: &HeaderMap, open: Option<Open>) -> Self {
        let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let left = if body.is_end_stream() { None } else { length };
        Self { body, left, ahead: Bytes::new(), open }
    }

    fn next(&mut self, data: Bytes) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.ahead = data;
        let piece = if self.open.is_some() { PIECE.min(self.ahead.len()) } else { self.ahead.len() };
        Poll::Ready(Some(Ok(Frame::data(self.ahead.split_to(piece)))))
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(open) = &mut self.open {
            open.moves();
        }
        if !self.ahead.is_empty() {
            let ahead = std::mem::take(&mut self.ahead);
            return self.next(ahead);
        }
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let (Poll::Pending, Some(open)) = (&polled, &mut self.open) {
            open.waits();
        }
        match ready!(polled) {
            None if self.left.is_some_and(|left| left > 0) => Poll::Ready(Some(Err(Error::HttpResponseIncomplete))),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    self.left = self.left.map(|left| left.saturating_sub(data.len() as u64));
                    self.next(data)
                }
                Err(trailers) => Poll::Ready(Some(Ok(trailers))),
            },
            end => Poll::Ready(end),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ahead.is_empty() && self.body.is_end_stream() && self.left.is_none_or(|left| left == 0)
    }

    fn size_hint(&self) -> SizeHint {
        match self.left {
            Some(left) => SizeHint::with_exact(left + self.ahead.len() as u64),
            None if self.ahead.is_empty() => self.body.size_hint(),
            None => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http_body_util::{BodyExt as _, Full};

    use super::*;
    use crate::activity::Activity;

    fn body(content: &'static [u8], length: Option<usize>, open: Option<Open>) -> Outgoing {
        let headers = length.map(|length| (header::CONTENT_LENGTH, length.into())).into_iter().collect();
        Outgoing::new(Full::from(content).map_err(|never| match never {}).boxed_unsync(), &headers, open)
    }

    #[tokio::test]
    async fn a_body_that_ends_before_its_length_is_an_error() {
        assert_eq!(body(b"four", Some(4), None).collect().await.expect("all").to_bytes(), "four");
        assert_eq!(body(b"four", None, None).collect().await.expect("all").to_bytes(), "four");
        assert_eq!(body(b"", Some(4), None).collect().await.expect("as for HEAD").to_bytes(), "");
        body(b"four", Some(5), None).collect().await.expect_err("a byte is missing");
    }

    #[tokio::test]
    async fn a_connection_of_http2_gets_no_more_than_a_piece_at_once() {
        static LARGE: [u8; 2 * PIECE + 1] = [7; 2 * PIECE + 1];
        let mut body = body(&LARGE, Some(LARGE.len()), Some(Arc::<Activity>::default().begin()));
        let mut sizes = Vec::new();
        while let Some(frame) = body.frame().await {
            sizes.push(frame.expect("a frame").into_data().expect("data").len());
            let left = LARGE.len() - sizes.iter().sum::<usize>();
            assert_eq!(body.size_hint().exact(), Some(left as u64));
        }
        assert_eq!(sizes, [PIECE, PIECE, 1]);
        assert!(body.is_end_stream());
    }
}
