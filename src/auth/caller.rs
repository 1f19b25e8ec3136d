//! Who asks: the holder of a token, or somebody who needs none.

use std::sync::{Arc, Once};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Uri, header};

use super::origin::{check_host_and_origin, hosts_are_known};
use super::refusal::forbidden;
use super::token::{ANYONE, Rights, Token, UNNEEDED};
use crate::config::{Auth, Config};
use crate::digest::sha256;
use crate::problem::{Kind, Problem};
use crate::rest::{self, docs, health};
use crate::uri;

/// Who asks.
#[derive(Clone, Debug)]
pub(super) enum Caller {
    /// Whoever has this token.
    Holder(Arc<Token>),
    /// Someone, in `mode = none`.
    Anyone,
    /// Someone who needs no token: they may only ask whether Redis is there.
    Unneeded,
}

impl Caller {
    /// Who sent these headers.
    ///
    /// # Errors
    /// A problem that says why they may do nothing.
    pub(super) fn of(config: &Config, uri: &Uri, headers: &HeaderMap) -> Result<Self, Problem> {
        match &config.auth {
            _ if health::is_at(uri.path()) => Ok(Self::Unneeded),
            Auth::None => {
                check_host_and_origin(config, uri, headers)?;
                Ok(Self::Anyone)
            }
            Auth::Token { .. } if docs::is_at(uri.path()) => Ok(Self::Unneeded),
            Auth::Token { tokens, .. } if tokens.is_empty() => Err(no_token_configured()),
            Auth::Token { tokens, in_query } => {
                let in_query = if *in_query { token_in_query(uri) } else { None };
                let given = in_query.as_deref().map_or_else(|| bearer(headers), Ok)?;
                let token = find(tokens, given)?;
                if token.rights.commands.is_some() && rest::owns(uri.path()) {
                    let detail = "this token is for certain commands: send them by the command API";
                    return Err(forbidden(detail).because(format_args!("its name is {}", token.name)));
                }
                let may_be_warned_of = given.starts_with(LOCAL_ONLY) && !WARNED.is_completed();
                if may_be_warned_of && !hosts_are_known(&config.server.hosts, uri, headers) {
                    WARNED.call_once(|| {
                        tracing::warn!("a token for a developer's machine is in use beyond it: set another one");
                    });
                }
                Ok(Self::Holder(token))
            }
        }
    }

    /// Whether [`Self::of`] looks at the host that a request names.
    pub(super) fn depends_on_host(config: &Config, headers: &HeaderMap) -> bool {
        match &config.auth {
            Auth::None => true,
            Auth::Token { in_query, .. } => {
                let may_be_warned_of = || bearer(headers).is_ok_and(|given| given.starts_with(LOCAL_ONLY));
                !WARNED.is_completed() && (*in_query || may_be_warned_of())
            }
        }
    }

    /// What they may do.
    pub(super) fn rights(&self) -> &Rights {
        match self {
            Self::Holder(token) => &token.rights,
            Self::Anyone | Self::Unneeded => &Rights::ALL,
        }
    }

    /// What tells them from others that have a token, and does not tell it.
    pub(super) fn identity(&self) -> String {
        match self {
            Self::Holder(token) => token.identity(),
            Self::Anyone | Self::Unneeded => String::new(),
        }
    }

    /// What the log calls them.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Holder(token) => &token.name,
            Self::Anyone => ANYONE,
            Self::Unneeded => UNNEEDED,
        }
    }
}

/// The parameter of a query that may hold the token; no command gets it as an argument.
pub const TOKEN_IN_QUERY: &str = "_token";

/// The token with this text. All are compared, whatever the first ones say, so that the time tells nothing.
fn find(tokens: &[Arc<Token>], given: &[u8]) -> Result<Arc<Token>, Problem> {
    let digest = sha256(given);
    let mut found = None;
    for token in tokens {
        if token.matches(&digest).into() {
            found = Some(token);
        }
    }
    match found {
        Some(token) if token.has_expired() => {
            Err(unauthorized("the token has expired", WRONG_TOKEN).because(format_args!("its name is {}", token.name)))
        }
        Some(token) => Ok(token.clone()),
        None => Err(unauthorized("the token is not a valid one", WRONG_TOKEN)),
    }
}

/// The token of an `Authorization: Bearer` header (RFC 6750, section 2.1).
fn bearer(headers: &HeaderMap) -> Result<&[u8], Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(unauthorized("the header `Authorization: Bearer <token>` is needed, once", NO_TOKEN));
    };
    match value.as_bytes().split_at_checked("Bearer ".len()) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"Bearer ") => Ok(token.trim_ascii()),
        _ => Err(unauthorized("the `Authorization` header must read `Bearer <token>`", NO_TOKEN)),
    }
}

/// The token in the query, which only the command API takes from there.
fn token_in_query(uri: &Uri) -> Option<Bytes> {
    let pairs = if rest::owns(uri.path()) { None } else { uri::pairs(uri) };
    pairs?.into_iter().find(|(name, _)| name == TOKEN_IN_QUERY)?.1
}

/// The challenges of RFC 6750, section 3: to who sent no token, and to who sent a wrong one.
const NO_TOKEN: &str = "Bearer realm=\"redstart\"";
const WRONG_TOKEN: &str = "Bearer realm=\"redstart\", error=\"invalid_token\"";

fn unauthorized(detail: &'static str, challenge: &'static str) -> Problem {
    Problem::new(Kind::Unauthorized, detail).header(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
}

fn no_token_configured() -> Problem {
    let detail = "no token is configured: the operator sets the variable `api_token` or `api_tokens` (or `[auth] token` \
                  in config.ini), or `[auth] mode = none` to let everyone in";
    Problem::new(Kind::Unavailable, detail)
}

/// That a token for a developer's machine is in use beyond it is said once.
static WARNED: Once = Once::new();
/// How the secrets begin that the repository holds for a developer's machine.
const LOCAL_ONLY: &[u8] = b"local-only-";
