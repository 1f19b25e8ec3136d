//! The body of a request, as it comes from the host.

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use send_wrapper::SendWrapper;
use wasip3::http::types::Request;
use wasip3::wit_future;
use wit_bindgen::StreamResult;

use crate::body::{Coming, Unread};

/// A body that nobody has asked the host for yet.
pub(super) struct Incoming {
    pub(super) request: Request,
    /// Its length, where the client says it.
    pub(super) length: Option<usize>,
}

/// The space for what a body of unknown length brings next, in bytes.
const PIECE: usize = 16 * 1024;

impl Incoming {
    async fn all(self, most: usize) -> Result<Bytes, Unread> {
        let Self { request, length } = self;
        // Dropped unwritten, it says that all is well.
        let (_, result) = wit_future::new(|| Ok(()));
        let (mut stream, trailers) = Request::consume_body(request, result);
        let mut body = Vec::with_capacity(length.unwrap_or(PIECE).min(most.saturating_add(1)));
        // What has come to its length is whole: the end need not be waited for.
        while Some(body.len()) != length {
            if body.len() > most {
                return Err(Unread::TooLarge);
            }
            if body.len() == body.capacity() {
                body.reserve(PIECE);
            }
            let result;
            (result, body) = stream.read(body).await;
            if !matches!(result, StreamResult::Complete(_)) {
                trailers.await.map_err(|error| Unread::BrokeOff(error.to_string()))?;
                break;
            }
        }
        if body.len() > most { Err(Unread::TooLarge) } else { Ok(body.into()) }
    }
}

impl Coming for Incoming {
    fn read(self: Box<Self>, most: usize) -> BoxFuture<'static, Result<Bytes, Unread>> {
        SendWrapper::new(self.all(most)).boxed()
    }
}
