//! An application over a Redis that remembers what it was asked, and gives each command the same kind of answer.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use redstart::app::App;
use redstart::body::Body;
use redstart::config::Config;
use redstart::config::settings::Sources;
use redstart::redis::commands::{self, Way};
use redstart::redis::{Command, ErrorReply, Redis, RedisError, Reply, packed};
use serde_json::{Value, json};

/// What every key of Redstart's own begins with here.
pub const OWN: &[u8] = b"own:";
/// The token that reads and writes.
pub const TOKEN: &str = "full-token";
/// The token that reads.
pub const READ_ONLY_TOKEN: &str = "read-token";

/// A token that reads and writes what begins with [`PREFIX`].
pub const CONFINED_TOKEN: &str = "confined-token";
/// What every key begins with that the holder of [`CONFINED_TOKEN`] reaches.
pub const PREFIX: &[u8] = b"mine:";

/// The largest error, in bytes: it repeats little of what was sent.
const MAX_ERROR: usize = 4096;

type Answer = fn(&Command) -> Reply;

struct Recorder {
    answer: Answer,
    asked: Mutex<Vec<Command>>,
}

struct Shared(Arc<Recorder>);

impl Redis for Shared {
    fn execute(&self, command: Command) -> BoxFuture<'_, Result<Reply, RedisError>> {
        let reply = (self.0.answer)(&command).into_result().map_err(RedisError::Server);
        self.0.asked.lock().unwrap_or_else(PoisonError::into_inner).push(command);
        future::ready(reply).boxed()
    }
}

/// The application.
pub struct Recorded {
    app: App,
    redis: Arc<Recorder>,
}

/// An answer, and what Redis was asked for it.
pub struct Exchange {
    /// The answer.
    pub response: Response<Bytes>,
    /// What Redis was asked, in order.
    pub asked: Vec<Command>,
}

/// An error of the caller's own making, which both APIs hand on as one.
pub fn wrong_type(_: &Command) -> Reply {
    let message = "Operation against a key holding the wrong kind of value".to_owned();
    Reply::Error(ErrorReply { code: "WRONGTYPE".to_owned(), message })
}

impl Recorded {
    /// One whose Redis gives this answer to each command.
    ///
    /// # Panics
    /// When the configuration that it is given here is wrong.
    pub fn new(answer: Answer) -> Self {
        let confined = json!([
            {"name": "confined", "token": CONFINED_TOKEN, "access": "write", "prefixes": [String::from_utf8_lossy(PREFIX)]}
        ]);
        let file = format!(
            "[server]\nkey_prefix = {}\n[auth]\ntoken = {TOKEN}\nread_only_token = {READ_ONLY_TOKEN}\ntokens = {confined}\n\
             query_token = true",
            String::from_utf8_lossy(OWN)
        );
        let config = Config::resolve(&Sources { file, ..Sources::default() });
        assert!(config.is_ok(), "{config:?}");
        let redis = Arc::new(Recorder { answer, asked: Mutex::default() });
        Self { app: App::new(config, |_| Shared(redis.clone())), redis }
    }

    /// Sends a request that carries the token that reads and writes.
    ///
    /// # Panics
    /// Where the answer is one that no request may get.
    pub fn send(&self, method: Method, uri: Uri, headers: HeaderMap, body: &[u8]) -> Exchange {
        self.send_with(TOKEN, method, uri, headers, body)
    }

    /// Sends a request that carries the token of somebody who reaches some keys alone.
    ///
    /// # Panics
    /// Where the answer is one that no request may get, or Redis was asked for other keys.
    pub fn send_confined(&self, method: Method, uri: Uri, headers: HeaderMap, body: &[u8]) -> Exchange {
        let exchange = self.send_with(CONFINED_TOKEN, method, uri.clone(), headers, body);
        for command in exchange.asked.iter().filter(|command| !command.is_own) {
            let keys = command.keys.of(&command.arguments).unwrap_or_default();
            assert!(keys.iter().all(|key| key.starts_with(PREFIX)), "{uri}: {command:?}");
        }
        exchange
    }

    fn send_with(&self, token: &str, method: Method, uri: Uri, mut headers: HeaderMap, body: &[u8]) -> Exchange {
        let bearer = HeaderValue::try_from(format!("Bearer {token}")).expect("it is ASCII");
        headers.insert(header::AUTHORIZATION, bearer);
        self.send_as_it_is(method, uri, headers, body)
    }

    /// Sends a request.
    ///
    /// # Panics
    /// Where the answer is one that no request may get.
    pub fn send_as_it_is(&self, method: Method, uri: Uri, headers: HeaderMap, body: &[u8]) -> Exchange {
        let mut request = Request::new(Body::Whole(Bytes::copy_from_slice(body)));
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method, uri.clone(), headers);
        let response = self.app.respond(request).now_or_never().expect("Redis answers at once");
        let asked = std::mem::take(&mut *self.redis.asked.lock().unwrap_or_else(PoisonError::into_inner));
        check_answer(&uri, &response);
        check_keys(&asked);
        Exchange { response, asked }
    }
}

impl Exchange {
    /// The status.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }
}

/// No request is answered as a mistake of ours or of Redis, and each error is short and of its API's form.
fn check_answer(uri: &Uri, response: &Response<Bytes>) {
    let (status, body) = (response.status(), response.body());
    let first = uri.path().split('/').find(|segment| !segment.is_empty());
    match status {
        // What cannot be waited for over HTTP.
        StatusCode::NOT_IMPLEMENTED => {
            assert!(matches!(first, Some("subscribe" | "psubscribe" | "monitor")), "{uri}: {body:?}");
        }
        // Says how Redis is.
        _ if uri.path() == "/readyz" => {}
        _ => assert!(!status.is_server_error(), "{uri}: {status}: {body:?}"),
    }
    if !status.is_client_error() || body.is_empty() {
        return;
    }
    assert!(body.len() <= MAX_ERROR, "{uri}: {} bytes: {body:?}", body.len());
    let document: Value = serde_json::from_slice(body).expect("an error is JSON");
    if redstart::rest::owns(uri.path()) {
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{uri}");
        assert_eq!(document["status"], status.as_u16(), "{uri}");
        assert!(document["detail"].is_string(), "{uri}: {document}");
    } else {
        assert!(document["error"].is_string() || document.is_array(), "{uri}: {document}");
    }
}

/// No request reaches a key of Redstart's own. Commands of the command API do not carry where their keys are: see
/// [`check_words`].
fn check_keys(asked: &[Command]) {
    for command in asked.iter().filter(|command| !command.is_own) {
        let keys = command.keys.of(&command.arguments).unwrap_or_default();
        assert!(!keys.iter().any(|key| key.starts_with(OWN)), "{command:?}");
    }
}

/// The keys in the words of a command, where the table of commands tells them.
pub fn keys(words: &[Bytes]) -> Option<Vec<&Bytes>> {
    let (name, arguments) = words.split_first()?;
    commands::find(name, arguments.first().map(|word| &word[..]))?.keys.of(arguments)
}

/// What Redis was asked for a command of the command API is that command, word for word, alone or within a script, unless it
/// is one whose words are changed on purpose; and it is about no key of Redstart's own.
///
/// # Panics
/// Where it is something else.
pub fn check_words(asked: &[Command], words: &[Bytes]) {
    let row = words.first().and_then(|name| commands::find(name, words.get(1).map(|word| &word[..])));
    if !asked.is_empty() {
        let own = keys(words).unwrap_or_default().iter().any(|key| key.starts_with(OWN));
        assert!(!own, "{words:?} reached a key of Redstart's own");
    }
    if row.is_some_and(|row| matches!(row.way, Way::Wrapped)) {
        return;
    }
    for command in asked {
        let sent: Vec<_> =
            std::iter::once(command.name.as_bytes()).chain(command.arguments.iter().map(|a| &a[..])).collect();
        let in_script = match &sent[..] {
            [b"EVAL" | b"EVAL_RO", script, b"0", rest @ ..] if *script == packed::RUN.as_bytes() => Some(rest),
            _ => None,
        };
        assert!(sent == words || in_script.is_some_and(|rest| rest == words), "{words:?} became {sent:?}");
    }
}
