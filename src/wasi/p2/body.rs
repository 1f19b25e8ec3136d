//! Bodies, as they come from the host and go to it.

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use super::bindings::streams::{OutputStream, StreamError};
use super::bindings::types::{IncomingRequest, OutgoingBody};
use crate::body::{Coming, Unread};

/// A body that nobody has asked the host for yet.
pub(super) struct Incoming {
    pub(super) request: IncomingRequest,
    /// Its length, where the client says it.
    pub(super) length: Option<usize>,
}

/// What is asked for at once of a body of unknown length, in bytes.
const PIECE: usize = 64 * 1024;

impl Incoming {
    fn all(self, most: usize) -> Result<Bytes, Unread> {
        let broke_off = |()| Unread::BrokeOff("it was read before".to_owned());
        let incoming = self.request.consume().map_err(broke_off)?;
        let stream = incoming.stream().map_err(broke_off)?;
        let mut body = Vec::new();
        // What has come to its length is whole: the end need not be waited for.
        while Some(body.len()) != self.length {
            if body.len() > most {
                return Err(Unread::TooLarge);
            }
            let wanted = self.length.map_or(PIECE, |length| length - body.len()).min(most.saturating_add(1));
            match stream.blocking_read(wanted as u64) {
                // Mostly it has come whole.
                Ok(piece) if body.is_empty() && Some(piece.len()) == self.length => body = piece,
                Ok(piece) => {
                    if body.is_empty() {
                        body.reserve_exact(self.length.unwrap_or(PIECE).min(most.saturating_add(1)));
                    }
                    body.extend(piece);
                }
                Err(StreamError::Closed) => break,
                Err(StreamError::LastOperationFailed(error)) => {
                    // Hosts may add where in themselves it happened.
                    let text = error.to_debug_string();
                    return Err(Unread::BrokeOff(text.lines().next().unwrap_or_default().to_owned()));
                }
            }
        }
        if body.len() > most { Err(Unread::TooLarge) } else { Ok(body.into()) }
    }
}

impl Coming for Incoming {
    fn read(self: Box<Self>, most: usize) -> BoxFuture<'static, Result<Bytes, Unread>> {
        ready(self.all(most)).boxed()
    }
}

/// Writes the body of an answer. What fails is between the host and its client, who has gone.
pub(super) fn write(outgoing: OutgoingBody, body: &[u8]) {
    let is_written = outgoing.write().is_ok_and(|stream| write_all(&stream, body).is_ok());
    if is_written {
        OutgoingBody::finish(outgoing, None).ok();
    }
}

fn write_all(stream: &OutputStream, mut body: &[u8]) -> Result<(), StreamError> {
    while !body.is_empty() {
        let room = usize::try_from(stream.check_write()?).unwrap_or(usize::MAX);
        if room == 0 {
            stream.subscribe().block();
            continue;
        }
        let (piece, rest) = body.split_at(room.min(body.len()));
        stream.write(piece)?;
        body = rest;
    }
    Ok(())
}
