//! Who may do what. A [`Grant`] is the only way to Redis, and only this file makes one.

use std::sync::{
    Arc, Once,
    atomic::{AtomicU32, Ordering},
};

use axum::extract::FromRequestParts;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Uri, header, request::Parts, uri::Authority};

use crate::config::{Auth, Config, Limits};
use crate::problem::{Kind, Problem};
use crate::redis::{
    Access, Command, Redis, RedisError, Reply,
    script::{self, Script},
};
use crate::rest::{docs, health};

/// The permission to send commands to Redis, as far as the request's token reaches.
#[derive(Clone)]
pub struct Grant {
    redis: Arc<dyn Redis>,
    config: Arc<Config>,
    token: Token,
    calls: Arc<AtomicU32>,
}

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
                check_host_and_origin(&config.server.hosts, uri, headers)?;
                Token::Anyone
            }
            Auth::Token { .. } if docs::is_at(uri.path()) => Token::Unneeded,
            Auth::Token { full: None, read_only: None } => return Err(no_token_configured()),
            Auth::Token { full, read_only } => {
                let given = bearer(headers)?;
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
        let access = command.row.access;
        self.send(command, access).await.map_err(|refusal| refusal.into_problem(access))
    }

    /// Runs a script, which Redis need not know yet.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub async fn run(&self, script: &Script, keys: &[Bytes], arguments: &[Bytes]) -> Result<Reply, Problem> {
        let access = script.access();
        let result = match self.send(script.by_sha1(keys, arguments), access).await {
            Err(Refusal::Redis(error)) if script::is_unknown(&error) => {
                self.send(script.by_source(keys, arguments), access).await
            }
            result => result,
        };
        result.map_err(|refusal| match refusal {
            // What is wrong with a script of ours is not the caller's doing.
            Refusal::Redis(RedisError::Server(reply)) if reply.code == "ERR" => {
                let text = reply.to_string();
                let lacks_rights = text.contains("The user executing the script can't");
                let error = if lacks_rights { RedisError::LoginRefused(text) } else { RedisError::Unexpected(text) };
                Problem::from_redis(&error, access)
            }
            refusal => refusal.into_problem(access),
        })
    }

    async fn send(&self, command: Command, access: Access) -> Result<Reply, Refusal> {
        self.check(&command, access).map_err(Refusal::Policy)?;
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.redis.execute(command).await.map_err(Refusal::Redis)
    }

    /// Whether a key is Redstart's own.
    pub fn hides(&self, key: &[u8]) -> bool {
        key.starts_with(self.config.server.key_prefix.as_bytes())
    }

    fn check(&self, command: &Command, access: Access) -> Result<(), Problem> {
        if self.token == Token::Unneeded && command.row.name != "PING" {
            return Err(Problem::new(Kind::Internal, "what needs no token may only send PING"));
        }
        if self.token == Token::ReadOnly && access == Access::Write {
            let challenge = HeaderValue::from_static("Bearer realm=\"redstart\", error=\"insufficient_scope\"");
            return Err(Problem::new(Kind::Forbidden, "this token only reads; to write, use the one that may")
                .header(header::WWW_AUTHENTICATE, challenge));
        }
        let limit = self.config.limits.key_bytes;
        if command.keys().iter().any(|key| key.len() > limit) {
            return Err(Problem::new(Kind::Invalid, format!("the key is longer than {limit} bytes")));
        }
        if command.keys().iter().any(|key| self.hides(key)) {
            let detail = format!("keys that begin with `{}` are Redstart's own", self.config.server.key_prefix);
            return Err(Problem::new(Kind::Forbidden, detail));
        }
        Ok(())
    }

    /// How large things may be.
    pub fn limits(&self) -> &Limits {
        &self.config.limits
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

/// Why a command has no reply.
enum Refusal {
    Policy(Problem),
    Redis(RedisError),
}

impl Refusal {
    fn into_problem(self, access: Access) -> Problem {
        match self {
            Self::Policy(problem) => problem,
            Self::Redis(error) => Problem::from_redis(&error, access),
        }
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

/// While nobody needs a token, a web page must not reach Redis through the browser of somebody who can: its origin
/// gives it away, and, where its name was made to point here, its host does.
fn check_host_and_origin(hosts: &[String], uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let refused = |what: &str| {
        let detail = format!("without a token, only the {what} in `[server] hosts` may be used");
        Err(Problem::new(Kind::Forbidden, detail))
    };
    if !hosts_are_known(hosts, uri, headers) {
        return refused("hosts");
    }
    let mut origins = headers.get_all(header::ORIGIN).iter().map(|origin| origin.to_str().unwrap_or_default());
    if !origins.all(|origin| origin.split_once("://").is_some_and(|(_, authority)| is_known(hosts, authority))) {
        return refused("origins");
    }
    Ok(())
}

/// Whether every name under which the request says it reached us is a known one.
fn hosts_are_known(hosts: &[String], uri: &Uri, headers: &HeaderMap) -> bool {
    let in_headers = headers.get_all(header::HOST).iter().map(|host| host.to_str().unwrap_or_default());
    uri.authority().map(Authority::as_str).into_iter().chain(in_headers).all(|authority| is_known(hosts, authority))
}

fn is_known(hosts: &[String], authority: &str) -> bool {
    let authority = authority.parse::<Authority>();
    authority.is_ok_and(|authority| hosts.iter().any(|known| known.eq_ignore_ascii_case(authority.host())))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::config::settings::Sources;
    use crate::redis::command::{GET, PING, SET};
    use crate::redis::fake::Fake;

    fn grant(file: &str, path: &str, headers: &[(&str, &str)]) -> Result<Grant, Problem> {
        let sources = Sources { file: file.to_owned(), ..Sources::default() };
        let config = Arc::new(Config::resolve(&sources).unwrap());
        let redis: Arc<dyn Redis> = Arc::new(Fake::answering([Ok(Reply::Nil)]));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        Grant::of(&config, &redis, &path.parse().unwrap(), &map)
    }

    const TOKENS: &str = "[auth]\ntoken = w\nread_only_token = r";

    fn refusal(file: &str, path: &str, headers: &[(&str, &str)]) -> Kind {
        grant(file, path, headers).map(|grant| grant.token).unwrap_err().kind
    }

    fn sent(grant: &Grant, command: Command) -> Result<Reply, Kind> {
        grant.execute(command).now_or_never().unwrap().map_err(|problem| problem.kind)
    }

    #[test]
    fn a_token_gives_what_it_is_for() {
        let token = |header| grant(TOKENS, "/v1/keys", &[("authorization", header)]).unwrap().token;
        assert_eq!(token("Bearer w"), Token::Full);
        assert_eq!(token("bearer r"), Token::ReadOnly);
    }

    #[test]
    fn no_token_a_wrong_one_and_two_are_unauthorized() {
        for headers in [
            &[][..],
            &[("authorization", "Bearer x")],
            &[("authorization", "Bearer ")],
            &[("authorization", "Bearer")],
            &[("authorization", "Basic dzp3")],
            &[("authorization", "Bearer w"), ("authorization", "Bearer w")],
        ] {
            assert_eq!(refusal(TOKENS, "/v1/keys", headers), Kind::Unauthorized, "{headers:?}");
        }
    }

    #[test]
    fn without_a_configured_token_only_what_needs_none_passes() {
        assert_eq!(refusal("", "/v1/keys", &[("authorization", "Bearer ")]), Kind::Unavailable);
        for path in ["/healthz", "/readyz", "/docs", "/docs/page.js", "/openapi.json"] {
            assert_eq!(grant("", path, &[]).unwrap().token, Token::Unneeded, "{path}");
        }
        assert_eq!(refusal("", "/docsx", &[]), Kind::Unavailable);
    }

    #[test]
    fn a_read_only_token_reads_and_does_not_write() {
        let grant = grant(TOKENS, "/v1/keys", &[("authorization", "Bearer r")]).unwrap();
        assert_eq!(sent(&grant, Command::new(&SET).arg("k").arg("v")), Err(Kind::Forbidden));
        assert_eq!(sent(&grant, Command::new(&GET).arg("k")), Ok(Reply::Nil));
        assert_eq!(grant.calls(), 1);
    }

    #[test]
    fn what_needs_no_token_only_pings() {
        let grant = grant("", "/readyz", &[]).unwrap();
        assert_eq!(sent(&grant, Command::new(&GET).arg("k")), Err(Kind::Internal));
        assert_eq!(sent(&grant, Command::new(&PING)), Ok(Reply::Nil));
    }

    #[test]
    fn redstarts_own_keys_are_out_of_reach() {
        let grant = grant(TOKENS, "/v1/keys", &[("authorization", "Bearer w")]).unwrap();
        assert_eq!(sent(&grant, Command::new(&GET).arg("redstart:x")), Err(Kind::Forbidden));
        assert_eq!(sent(&grant, Command::new(&GET).arg("redstart")), Ok(Reply::Nil));
    }

    #[test]
    fn without_tokens_foreign_hosts_and_origins_are_refused() {
        let open = "[auth]\nmode = none";
        for headers in [
            &[("host", "evil.example")][..],
            &[("host", "localhost.evil.example:3000")],
            &[("host", "localhost"), ("origin", "https://evil.example")],
            &[("host", "localhost"), ("origin", "null")],
            &[("host", "")],
        ] {
            assert_eq!(refusal(open, "/v1/keys", headers), Kind::Forbidden, "{headers:?}");
        }
        assert_eq!(refusal(open, "http://evil.example/v1/keys", &[]), Kind::Forbidden);
        for headers in
            [&[][..], &[("host", "LOCALHOST:3000")], &[("host", "[::1]:3000"), ("origin", "http://127.0.0.1:3000")]]
        {
            assert_eq!(grant(open, "/v1/keys", headers).unwrap().token, Token::Anyone, "{headers:?}");
        }
    }
}
