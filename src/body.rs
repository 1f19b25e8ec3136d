//! The body of a request, which is read only where somebody wants it, and only up to a limit.

use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::config::Limits;
use crate::problem::{Kind, Problem};

/// The body of a request.
pub enum Body {
    /// It is here.
    Whole(Bytes),
    /// It is still coming.
    Coming(Box<dyn Coming + Send>),
}

/// A body that is still coming.
pub trait Coming {
    /// Reads it, or up to more than `most` bytes of it.
    fn read(self: Box<Self>, most: usize) -> BoxFuture<'static, Result<Bytes, Unread>>;
}

/// Why a body cannot be read.
#[derive(Debug)]
pub enum Unread {
    /// It has more bytes than it may have.
    TooLarge,
    /// It broke off; why, in the host's words.
    BrokeOff(String),
}

impl Body {
    /// Reads it.
    ///
    /// # Errors
    /// A problem where it broke off, or is larger than allowed.
    pub async fn read(self, limits: &Limits) -> Result<Bytes, Problem> {
        let most = limits.body_bytes;
        let read = match self {
            Self::Whole(body) if body.len() > most => Err(Unread::TooLarge),
            Self::Whole(body) => Ok(body),
            Self::Coming(coming) => coming.read(most).await,
        };
        read.map_err(|unread| match unread {
            Unread::TooLarge => Problem::new(Kind::TooLarge, "the body is larger than `[limits] body_bytes` allows"),
            Unread::BrokeOff(cause) => {
                Problem::new(Kind::Malformed, "the body broke off or could not be read").because(cause)
            }
        })
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::Whole(Bytes::new())
    }
}
