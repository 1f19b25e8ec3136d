//! `Idempotency-Key`: a request that is sent again does not happen again
//! (<https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>).
//!
//! A hash under Redstart's own prefix marks the request before it runs, and keeps its answer after.

mod kept;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header, request::Parts};
use uuid::Uuid;

use crate::answer::{IntoResponse, Response};
use crate::auth::Grant;
use crate::body::Body;
use crate::config::Idempotency;
use crate::digest::sha1_hex;
use crate::handler::{Asked, Request, Serve};
use crate::problem::{Kind, Problem};
use crate::redis::Reply;
use crate::redis::script::{Script, script};
use crate::rest;
use kept::Kept;

/// The header that names a request.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of an answer that was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The longest key, in bytes.
const MAX_KEY: usize = 255;

static BEGIN: Script = script!(Write: "idempotency/begin.lua");
static END: Script = script!(Write: "idempotency/end.lua");

/// Whether a request names itself where that counts: with POST and PATCH, and with all methods of the command API. A token
/// that only reads changes nothing, and neither do other methods twice.
pub fn applies(grant: &Grant, head: &Parts) -> bool {
    let is_new_each_time = [Method::POST, Method::PATCH].contains(&head.method) || !rest::owns(head.uri.path());
    let changes_nothing = grant.only_reads() || grant.needs_no_token();
    is_new_each_time && !changes_nothing && head.headers.contains_key(&IDEMPOTENCY_KEY)
}

/// Lets a request that names itself happen once: the answer to the first is the answer to all.
pub fn once(grant: &Grant, request: Request, serve: Serve) -> BoxFuture<'_, Response> {
    first_or_again(grant, request, serve).map(IntoResponse::into_response).boxed()
}

async fn first_or_again(grant: &Grant, Request { head, body }: Request, serve: Serve) -> Result<Response, Problem> {
    let key = key(&head.headers)?;
    let body = body.read(grant.limits()).await?;
    let attempt = Attempt::of(grant, key, &head, &body);
    match attempt.begin().await {
        Ok(None) => {
            let request = Request { head: head.clone(), body: Body::Whole(body) };
            let response = serve(Asked::of(grant.clone(), request).await).await;
            attempt.end(&response).await;
            Ok(response)
        }
        Ok(Some(answer)) => Ok(answer),
        Err(problem) => {
            // The mark may be there all the same, though nothing was done.
            if problem.outcome_unknown {
                attempt.record(None).await;
            }
            Err(Problem { outcome_unknown: false, ..problem })
        }
    }
}

/// The key, bare or as a string in quotes.
fn key(headers: &HeaderMap) -> Result<&[u8], Problem> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY).iter().map(|value| value.as_bytes().trim_ascii());
    match (given.next().map(unquoted), given.next()) {
        (Some(key), None) if (1..=MAX_KEY).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic) => Ok(key),
        _ => {
            let detail = format!("`Idempotency-Key` must be 1 to {MAX_KEY} visible ASCII characters, once");
            Err(Problem::new(Kind::Invalid, detail))
        }
    }
}

fn unquoted(key: &[u8]) -> &[u8] {
    key.strip_prefix(b"\"").and_then(|key| key.strip_suffix(b"\"")).unwrap_or(key)
}

/// One attempt at a request that names itself.
struct Attempt<'a> {
    grant: &'a Grant,
    /// Redstart's own key that is about the request.
    place: Bytes,
    /// What must be the same in each attempt.
    request: Bytes,
    /// What tells it from the others.
    id: Bytes,
}

impl<'a> Attempt<'a> {
    fn of(grant: &'a Grant, key: &[u8], parts: &Parts, body: &Bytes) -> Self {
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let identity = grant.identity();
        let name = [&identity, parts.method.as_str(), target].map(str::as_bytes);
        let name = sha1_hex(&[&name[..], &[key]].concat().join(&b' '));
        let values = |name: HeaderName| parts.headers.get_all(&name).iter().map(move |value| (name.clone(), value));
        let heeded = HEEDED.into_iter().flat_map(values);
        let lines: Vec<_> =
            heeded.map(|(name, value)| [name.as_str().as_bytes(), value.as_bytes()].join(&b':')).collect();
        let request = sha1_hex(&lines.iter().map(Vec::as_slice).chain([&body[..]]).collect::<Vec<_>>().join(&b'\n'));
        let place = grant.own_key(&format!("idempotency:{name}"));
        Self { grant, place, request: request.into(), id: Uuid::now_v7().to_string().into() }
    }

    /// Marks the request as running, unless there is an answer already.
    async fn begin(&self) -> Result<Option<Response>, Problem> {
        let Idempotency { running_seconds, keep_seconds } = self.grant.idempotency();
        let times = [running_seconds, keep_seconds].map(|seconds| Bytes::from(seconds.to_string()));
        let arguments = [&[self.request.clone(), self.id.clone()], &times[..]].concat();
        let reply = self.grant.run_on_own_keys(&BEGIN, std::slice::from_ref(&self.place), &arguments).await?;
        let Reply::Bulk(state) = reply else { return Err(rest::unexpected(&reply, BEGIN.access())) };
        match &state[..] {
            b"first" => Ok(None),
            b"other" => {
                let detail = "this `Idempotency-Key` came with another body or other headers before: take a new key";
                Err(Problem::new(Kind::Invalid, detail))
            }
            b"running" => {
                let detail = "a request with this `Idempotency-Key` is being answered: ask again for its answer";
                Err(Problem::new(Kind::Conflict, detail).header(header::RETRY_AFTER, HeaderValue::from_static("1")))
            }
            _ => Kept::of(&state)?.into_response().map(|mut response| {
                response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
                Some(response)
            }),
        }
    }

    /// Keeps the answer. Where the request came to nothing, it is forgotten, and may come again.
    async fn end(&self, response: &Response) {
        match &response.body().problem {
            // That is what the mark says by itself.
            Some(problem) if problem.outcome_unknown => {}
            _ if came_to_nothing(response) => self.record(None).await,
            _ => self.record(Some(Kept::answer(response, self.grant.limits().json_value_bytes))).await,
        }
    }

    async fn record(&self, kept: Option<Kept>) {
        let keep = self.grant.idempotency().keep_seconds.to_string();
        let arguments = [self.request.clone(), self.id.clone(), keep.into()].into_iter();
        let arguments: Vec<_> = arguments.chain(kept.map(Kept::into_bytes)).collect();
        // Whatever comes of it, the request was answered. The mark stays, so that it does not happen again.
        match self.grant.run_on_own_keys(&END, std::slice::from_ref(&self.place), &arguments).await {
            Ok(Reply::Integer(1)) => {}
            Ok(_) => tracing::warn!("another attempt at an idempotent request ran before this one had ended"),
            Err(problem) => {
                tracing::warn!(error = problem.for_log(), "what became of an idempotent request could not be kept");
            }
        }
    }
}

/// The headers that make another request of it.
const HEEDED: [HeaderName; 5] = [
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    HeaderName::from_static("upstash-encoding"),
    HeaderName::from_static("upstash-response-format"),
];

/// Whether an answer says that nothing was changed. A script may have, before its error.
fn came_to_nothing(response: &Response) -> bool {
    let is_script = || {
        let name = response.body().command;
        name.is_some_and(|name| name.starts_with("EVAL") || name.starts_with("FCALL"))
    };
    response.status().is_client_error() && !is_script() || response.body().problem.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_bare_or_in_quotes_and_comes_once() {
        let read = |values: &[&str]| {
            let headers = values.iter().map(|value| (IDEMPOTENCY_KEY, value.parse().unwrap())).collect();
            key(&headers).map(<[u8]>::to_vec).ok()
        };
        assert_eq!(read(&["a-1"]), Some(b"a-1".to_vec()));
        assert_eq!(read(&["\"a-1\""]), Some(b"a-1".to_vec()));
        for wrong in [&[""][..], &["\"\""], &["a b"], &["a", "a"], &[&"x".repeat(256)]] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }
}
