//! `Idempotency-Key`: a request that is sent again does not happen again
//! (<https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>).
//!
//! A hash under Redstart's own prefix marks the request before it runs, and keeps its answer after.

mod kept;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header, request::Parts};

use crate::auth::Grant;
use crate::digest::sha1_hex;
use crate::problem::{Kind, Problem};
use crate::redis::Reply;
use crate::redis::script::{Script, script};
use crate::rest::payload;
use kept::Kept;

/// The header that names a request.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of an answer that was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The longest key, in bytes.
const MAX_KEY: usize = 255;

static BEGIN: Script = script!(Write: "idempotency/begin.lua");
static END: Script = script!(Write: "idempotency/end.lua");

/// Lets a POST or PATCH that names itself happen once: the answer to the first is the answer to all. What cannot change
/// anything passes.
pub async fn once(grant: &Grant, request: Request, next: Next) -> Response {
    let changes = [Method::POST, Method::PATCH].contains(request.method()) && !grant.only_reads();
    if !changes || !request.headers().contains_key(&IDEMPOTENCY_KEY) {
        return next.run(request).await;
    }
    first_or_again(grant, request, next).await.unwrap_or_else(IntoResponse::into_response)
}

async fn first_or_again(grant: &Grant, request: Request, next: Next) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let key = key(&parts.headers)?;
    let payload::Body(body) = payload::Body::from_request(Request::from_parts(parts.clone(), body), &()).await?;
    let attempt = Attempt::of(grant, key, &parts, &body);
    if let Some(answer) = attempt.begin().await? {
        return Ok(answer);
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    attempt.end(response).await
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

/// A request that names itself.
struct Attempt<'a> {
    grant: &'a Grant,
    /// Redstart's own key that is about it.
    place: Bytes,
    /// What must be the same in each attempt.
    request: Bytes,
}

impl<'a> Attempt<'a> {
    fn of(grant: &'a Grant, key: &[u8], parts: &Parts, body: &Bytes) -> Self {
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let name = [grant.token_name(), parts.method.as_str(), target].map(str::as_bytes);
        let name = sha1_hex(&[&name[..], &[key]].concat().join(&b' '));
        let heeded = [header::CONTENT_TYPE, header::IF_MATCH, header::IF_NONE_MATCH];
        let heeded = heeded.iter().map(|name| parts.headers.get(name).map_or(&b""[..], HeaderValue::as_bytes));
        let request = sha1_hex(&heeded.chain([&body[..]]).collect::<Vec<_>>().join(&b'\n'));
        Self { grant, place: grant.own_key(&format!("idempotency:{name}")), request: request.into() }
    }

    /// Marks the request as running, unless there is an answer already.
    async fn begin(&self) -> Result<Option<Response>, Problem> {
        let running = (self.grant.idempotency().running_seconds * 1000).to_string();
        let arguments = [self.request.clone(), running.into()];
        let reply = self.grant.run_on_own_key(&BEGIN, self.place.clone(), &arguments).await?;
        let Reply::Bulk(state) = reply else { return Err(crate::rest::unexpected(&reply, BEGIN.access())) };
        match &state[..] {
            b"first" => Ok(None),
            b"other" => {
                let detail = "this `Idempotency-Key` came with another body before: take a new key for a new request";
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
    async fn end(&self, response: Response) -> Result<Response, Problem> {
        let (kept, response) = match response.extensions().get::<Problem>() {
            Some(problem) if problem.outcome_unknown => (Some(Kept::Unknown), response),
            Some(_) => (None, response),
            None => {
                let (parts, body) = response.into_parts();
                let body = axum::body::to_bytes(body, usize::MAX).await;
                let body = body.map_err(|error| Problem::new(Kind::Internal, "the answer broke off").because(error))?;
                let kept = Kept::answer(&parts, &body, self.grant.limits().json_value_bytes);
                (Some(kept), Response::from_parts(parts, Body::from(body)))
            }
        };
        let mut arguments = vec![self.request.clone()];
        if let Some(kept) = kept {
            let seconds = self.grant.idempotency().keep_seconds.to_string();
            arguments.extend([kept.into_bytes(), seconds.into()]);
        }
        if let Err(problem) = self.grant.run_on_own_key(&END, self.place.clone(), &arguments).await {
            // It happened all the same; until the mark ends, another attempt is told that this one is being answered.
            tracing::warn!(error = problem.for_log(), "the answer to an idempotent request could not be kept");
        }
        Ok(response)
    }
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
