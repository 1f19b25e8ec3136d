//! Why a command has no reply: as a problem, and in Redis's words.

use std::borrow::Cow;
use std::fmt;

use http::{HeaderValue, header};

use crate::problem::{Kind, Problem};
use crate::redis::{Access, ErrorReply, RedisError};

/// Why a command has no reply.
#[derive(Debug)]
pub enum Refusal {
    /// It was not sent.
    Denied(Denial),
    /// Redis has none.
    Redis(RedisError),
}

/// Why a command is not sent.
#[derive(Debug)]
pub enum Denial {
    /// What needs no token may only ask whether Redis is there.
    NoToken,
    /// The token only reads.
    ReadOnly,
    /// A key is longer than this.
    KeyTooLong(usize),
    /// A key begins with this, and is Redstart's own.
    OwnKey(String),
    /// It is about what begins otherwise than the token's keys and channels do.
    OutOfReach(Vec<String>),
}

impl Refusal {
    pub(super) fn into_problem(self, access: Access) -> Problem {
        match self {
            Self::Denied(denial) => denial.into_problem(),
            Self::Redis(error) => Problem::from_redis(&error, access),
        }
    }

    /// The same for a script of ours: what is wrong with it is not the caller's doing.
    pub(super) fn of_own_script(self, access: Access) -> Problem {
        match self {
            Self::Redis(RedisError::Server(reply)) if reply.code == "ERR" => {
                let text = reply.to_string();
                let lacks_rights = text.contains("The user executing the script can't");
                let error = if lacks_rights { RedisError::LoginRefused(text) } else { RedisError::Unexpected(text) };
                Problem::from_redis(&error, access)
            }
            refusal => refusal.into_problem(access),
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoToken => f.write_str("what needs no token may only send PING"),
            Self::ReadOnly => f.write_str("this token only reads; to write, use the one that may"),
            Self::KeyTooLong(limit) => write!(f, "the key is longer than {limit} bytes"),
            Self::OwnKey(prefix) => write!(f, "keys that begin with `{prefix}` are Redstart's own"),
            Self::OutOfReach(prefixes) => {
                write!(f, "this token only reaches keys and channels that begin with `{}`", prefixes.join("` or `"))
            }
        }
    }
}

impl Denial {
    fn into_problem(self) -> Problem {
        let text = self.to_string();
        match self {
            Self::NoToken => Problem::new(Kind::Internal, text),
            Self::ReadOnly | Self::OutOfReach(_) => forbidden(text),
            Self::KeyTooLong(_) => Problem::new(Kind::Invalid, text),
            Self::OwnKey(_) => Problem::new(Kind::Forbidden, text),
        }
    }
}

/// A problem of who has a token, and not the right one (RFC 6750, section 3.1).
pub(super) fn forbidden(detail: impl Into<Cow<'static, str>>) -> Problem {
    let challenge = HeaderValue::from_static("Bearer realm=\"redstart\", error=\"insufficient_scope\"");
    Problem::new(Kind::Forbidden, detail).header(header::WWW_AUTHENTICATE, challenge)
}

impl From<Refusal> for RedisError {
    /// What is denied is told as Redis tells it.
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Denied(denial) => {
                Self::Server(ErrorReply { code: "NOPERM".to_owned(), message: denial.to_string() })
            }
            Refusal::Redis(error) => error,
        }
    }
}
