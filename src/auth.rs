//! Who may do what. A [`Grant`] is the only way to Redis, and only this file makes one.

mod origin;
pub mod policy;
mod refusal;

use std::sync::{
    Arc, Once,
    atomic::{AtomicU32, Ordering},
};

use axum::extract::FromRequestParts;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Uri, header, request::Parts};

pub use refusal::{Denial, Refusal};

use crate::config::{Auth, Config, Idempotency, Limits};
use crate::digest::sha1_hex;
use crate::problem::{Kind, Problem};
use crate::redis::{
    Access, Command, Redis, RedisError, Reply,
    script::{self, Script},
};
use crate::rest::{self, docs, health};
use crate::uri;
use origin::{check_host_and_origin, hosts_are_known};

/// The permission to send commands to Redis, as far as the request's token reaches.
#[derive(Clone)]
pub struct Grant {
    redis: Arc<dyn Redis>,
    config: Arc<Config>,
    token: Token,
    calls: Arc<AtomicU32>,
}

/// The parameter of a query that may hold the token; no command gets it as an argument.
pub const TOKEN_IN_QUERY: &str = "_token";

/// Which token a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// The one that reads and writes.
    Full,
    /// The one that reads.
    ReadOnly,
    /// None, in `mode = none`.
    Anyone,
    /// None, where none is needed: it may only ask whether Redis is there.
    Unneeded,
}

impl Token {
    /// Its name in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ReadOnly => "read-only",
            Self::Anyone => "anyone",
            Self::Unneeded => "unneeded",
        }
    }
}

impl Grant {
    /// What a request with these headers may do.
    ///
    /// # Errors
    /// A problem that says why it may do nothing.
    pub fn of(config: &Arc<Config>, redis: &Arc<dyn Redis>, uri: &Uri, headers: &HeaderMap) -> Result<Self, Problem> {
        let token = match &config.auth {
            _ if health::is_at(uri.path()) => Token::Unneeded,
            Auth::None => {
                check_host_and_origin(config, uri, headers)?;
                Token::Anyone
            }
            Auth::Token { .. } if docs::is_at(uri.path()) => Token::Unneeded,
            Auth::Token { full: None, read_only: None, .. } => return Err(no_token_configured()),
            Auth::Token { full, read_only, in_query } => {
                let in_query = if *in_query { token_in_query(uri) } else { None };
                let given = in_query.as_deref().map_or_else(|| bearer(headers), Ok)?;
                // Both are compared, whatever the first says, so that the time tells nothing.
                let matches = [full, read_only].map(|token| token.as_ref().is_some_and(|token| token.matches(given)));
                let token = match matches {
                    [true, _] => Token::Full,
                    [false, true] => Token::ReadOnly,
                    [false, false] => return Err(unauthorized("the token is not a valid one", WRONG_TOKEN)),
                };
                if given.starts_with(LOCAL_ONLY) && !hosts_are_known(&config.server.hosts, uri, headers) {
                    static ONCE: Once = Once::new();
                    ONCE.call_once(|| {
                        tracing::warn!("a token for a developer's machine is in use beyond it: set another one");
                    });
                }
                token
            }
        };
        Ok(Self { redis: redis.clone(), config: config.clone(), token, calls: Arc::default() })
    }

    /// Sends a command.
    ///
    /// # Errors
    /// A problem where the token does not reach so far, a key is Redstart's own, or Redis gives no reply.
    pub async fn execute(&self, command: Command) -> Result<Reply, Problem> {
        self.execute_all([command]).await.map(|[reply]| reply)
    }

    /// Sends commands together, which takes as long as one.
    ///
    /// # Errors
    /// As [`Self::execute`], for the first of them that has no reply.
    pub async fn execute_all<const N: usize>(&self, commands: [Command; N]) -> Result<[Reply; N], Problem> {
        let accesses = commands.each_ref().map(|command| command.access);
        let replies = self.send(commands.into()).await.into_iter().zip(accesses);
        let replies = replies.map(|(reply, access)| reply.map_err(|refusal| refusal.into_problem(access)));
        let replies: Vec<_> = replies.collect::<Result<_, _>>()?;
        replies.try_into().map_err(|_| Problem::new(Kind::Internal, "replies and commands are not as many"))
    }

    /// Runs a script, which Redis need not know yet.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub async fn run(&self, script: &Script, keys: &[Bytes], arguments: &[Bytes]) -> Result<Reply, Problem> {
        let access = script.access();
        self.script(script, keys, arguments).await.map_err(|refusal| refusal.of_own_script(access))
    }

    /// The same, with Redis's words where there is no reply.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn script(&self, script: &Script, keys: &[Bytes], arguments: &[Bytes]) -> Result<Reply, Refusal> {
        self.by_sha1_or_source(script.by_sha1(keys, arguments), || script.by_source(keys, arguments)).await
    }

    /// Runs a script about a key of Redstart's own.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub async fn run_on_own_key(&self, script: &Script, key: Bytes, arguments: &[Bytes]) -> Result<Reply, Problem> {
        let keys = [key];
        let by_source = || script.by_source(&keys, arguments).on_own_key();
        let reply = self.by_sha1_or_source(script.by_sha1(&keys, arguments).on_own_key(), by_source).await;
        reply.map_err(|refusal| refusal.of_own_script(script.access()))
    }

    async fn by_sha1_or_source(&self, by_sha1: Command, by_source: impl FnOnce() -> Command) -> Result<Reply, Refusal> {
        match self.send(vec![by_sha1]).await.swap_remove(0) {
            Err(Refusal::Redis(error)) if script::is_unknown(&error) => {
                self.send(vec![by_source()]).await.swap_remove(0)
            }
            result => result,
        }
    }

    /// Sends commands together, in their order. What is denied is not sent.
    pub async fn send(&self, commands: Vec<Command>) -> Vec<Result<Reply, Refusal>> {
        let denials: Vec<_> = commands.iter().map(|command| self.check(command)).collect();
        let allowed: Vec<_> = commands
            .into_iter()
            .zip(&denials)
            .filter(|(_, denial)| denial.is_ok())
            .map(|(command, _)| command)
            .collect();
        if allowed.is_empty() {
            return denials.into_iter().filter_map(Result::err).map(|denial| Err(Refusal::Denied(denial))).collect();
        }
        let count = u32::try_from(allowed.len()).unwrap_or(u32::MAX);
        self.calls.fetch_add(count, Ordering::Relaxed);
        let mut replies = self.redis.execute(allowed).await.into_iter();
        let reply = |denial: Result<(), Denial>| {
            denial.map_err(Refusal::Denied)?;
            let none = || Err(RedisError::Unexpected("there are fewer replies than commands".to_owned()));
            replies.next().unwrap_or_else(none).map_err(Refusal::Redis)
        };
        denials.into_iter().map(reply).collect()
    }

    /// Whether a key is Redstart's own.
    pub fn hides(&self, key: &[u8]) -> bool {
        key.starts_with(self.config.server.key_prefix.as_bytes())
    }

    /// The key of Redstart's own with this name.
    pub fn own_key(&self, name: &str) -> Bytes {
        format!("{}{name}", self.config.server.key_prefix).into()
    }

    /// Whether the token only reads.
    pub fn only_reads(&self) -> bool {
        self.token == Token::ReadOnly
    }

    fn check(&self, command: &Command) -> Result<(), Denial> {
        if self.token == Token::Unneeded && command.name != "PING" {
            return Err(Denial::NoToken);
        }
        if command.is_own {
            return Ok(());
        }
        self.check_access(command.access)?;
        self.check_keys(&command.keys.of(&command.arguments).unwrap_or_default())
    }

    fn check_access(&self, access: Access) -> Result<(), Denial> {
        if self.only_reads() && access == Access::Write { Err(Denial::ReadOnly) } else { Ok(()) }
    }

    fn check_keys(&self, keys: &[&Bytes]) -> Result<(), Denial> {
        let limit = self.config.limits.key_bytes;
        if keys.iter().any(|key| key.len() > limit) {
            return Err(Denial::KeyTooLong(limit));
        }
        if keys.iter().any(|key| self.hides(key)) {
            return Err(Denial::OwnKey(self.config.server.key_prefix.clone()));
        }
        Ok(())
    }

    /// How long answers are kept.
    pub fn idempotency(&self) -> &Idempotency {
        &self.config.idempotency
    }

    /// How large things may be.
    pub fn limits(&self) -> &Limits {
        &self.config.limits
    }

    /// What tells the token from every other, and does not tell the token.
    pub fn identity(&self) -> String {
        let Auth::Token { full, read_only, .. } = &self.config.auth else { return String::new() };
        let token = if self.only_reads() { read_only } else { full };
        token.as_ref().map_or_else(String::new, |token| sha1_hex(token.expose().as_bytes()))
    }

    /// The token's name in the log.
    pub fn token_name(&self) -> &'static str {
        self.token.name()
    }

    /// How many commands were sent.
    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }
}

impl<S: Sync> FromRequestParts<S> for Grant {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let grant = parts.extensions.get::<Self>().cloned();
        grant.ok_or_else(|| Problem::new(Kind::Internal, "the request came past the check of its token"))
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
    let detail = "no token is configured: the operator sets the variable `api_token` (or `[auth] token` in \
                  config.ini), or `[auth] mode = none` to let everyone in";
    Problem::new(Kind::Unavailable, detail)
}

/// How the secrets begin that the repository holds for a developer's machine.
const LOCAL_ONLY: &[u8] = b"local-only-";

#[cfg(test)]
mod tests;
