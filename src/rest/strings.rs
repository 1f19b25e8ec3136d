//! `/v1/strings`: strings, as JSON or as the bytes themselves.
//!
//! - `change`: append and increment
//! - `many`: reading many at once

mod change;
mod many;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post, put};
use bytes::Bytes;
use futures_util::future::try_join;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::entity_tag::{Condition, EntityTag};
use super::expiry::{Expiry, Given, seconds};
use super::form::Form;
use super::payload::{self, Payload};
use super::range;
use super::target::{Target, location};
use super::text::{Text, Value};
use super::{Written, no_such_key, unexpected};
use crate::auth::Grant;
use crate::problem::{Kind, Problem};
use crate::redis::command::{GET, PTTL, SET};
use crate::redis::script::{Script, script};
use crate::redis::{Access, Command, Reply};
use crate::uri::Query;

const COLLECTION: &str = "/v1/strings";

static PUT_STRING: Script = script!(Write: "condition.lua", "put_string.lua");
static DELETE: Script = script!(Write: "condition.lua", "delete.lua");

/// The routes.
pub fn router() -> Router {
    Router::new()
        .route(COLLECTION, one().get(many::read_one_or_many).post(create))
        .route("/v1/strings/{key}", one().get(read))
        .route("/v1/strings/{key}/increment", post(change::increment))
        // The key `get` has the same path.
        .route("/v1/strings/get", one().get(read).post(many::read_many))
}

/// What there is for one key, but for GET.
fn one() -> MethodRouter {
    put(replace).patch(change::append).delete(delete)
}

/// A value in the JSON form.
#[derive(Serialize)]
struct StringValue {
    key: Text,
    value: Text,
    /// Seconds until it ends.
    ttl: Option<f64>,
}

/// The body that replaces a value.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Replacement {
    value: Value,
    ttl: Option<f64>,
    expires_at: Option<String>,
}

/// The body that creates a value.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Creation {
    key: Option<Text>,
    value: Value,
    ttl: Option<f64>,
    expires_at: Option<String>,
}

/// The value, by `GET` (<https://redis.io/commands/get/>); in JSON with its time to live.
async fn read(grant: Grant, method: Method, target: Target, headers: HeaderMap) -> Result<Response, Problem> {
    let key = target.only_key()?;
    let (if_match, if_none_match) = (Condition::if_match(&headers)?, Condition::if_none_match(&headers)?);
    let form = Form::preferred(&headers);

    let value = grant.execute(Command::new(&GET).arg(key.clone()));
    let (value, ttl) = match form {
        Form::Raw => (value.await?, None),
        // Both leave together, so that this costs one round trip.
        Form::Json => {
            let ttl = grant.execute(Command::new(&PTTL).arg(key.clone()));
            try_join(value, ttl).await.map(|(value, ttl)| (value, Some(ttl)))?
        }
    };
    let value = match (value, &ttl) {
        // The key may end between the two commands.
        (Reply::Nil, _) | (_, Some(Reply::Integer(-2))) => return Err(no_such_key()),
        (Reply::Bulk(value), _) => value,
        (other, _) => return Err(unexpected(&other, Access::Read)),
    };

    let tag = EntityTag::of(&value, form);
    if if_match != Condition::None && !if_match.matches_in_any_form(&tag) {
        return Err(condition_failed());
    }
    let common = [(header::ETAG, tag.header_value()?), (header::VARY, HeaderValue::from_static("Accept"))];
    if if_none_match.matches(&tag) {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    // The answer to HEAD has no body, and a part is for GET alone.
    Ok(match (form, method == Method::HEAD) {
        (Form::Raw, true) => (common, RAW_HEADERS).into_response(),
        (Form::Json, true) => (common, super::JSON).into_response(),
        (Form::Raw, false) => (common, raw(&headers, &tag, value)?).into_response(),
        (Form::Json, false) => {
            let limit = grant.limits().json_value_bytes;
            if value.len() > limit {
                let detail = format!(
                    "the value has {} bytes, and up to {limit} are shown in JSON: ask for it as it is, with the header \
                     `Accept: application/octet-stream`",
                    value.len()
                );
                return Err(Problem::new(Kind::NotAcceptable, detail));
            }
            let value = StringValue { key: Text(key), value: Text(value), ttl: ttl.and_then(seconds) };
            (common, super::json(StatusCode::OK, &value)).into_response()
        }
    })
}

/// The value as it is, or the part of it that is asked for.
fn raw(headers: &HeaderMap, tag: &EntityTag, value: Bytes) -> Result<Response, Problem> {
    let length = value.len();
    let Some(part) = range::wanted(headers, tag, length)? else {
        return Ok((RAW_HEADERS, value).into_response());
    };
    let place = HeaderValue::try_from(format!("bytes {}-{}/{length}", part.start(), part.end()))
        .map_err(|error| Problem::new(Kind::Internal, "the part's place").because(error))?;
    let place = [(header::CONTENT_RANGE, place)];
    Ok((StatusCode::PARTIAL_CONTENT, RAW_HEADERS, place, value.slice(part)).into_response())
}

/// The headers of the raw form: whatever the bytes are, no browser shows them as a page.
const RAW_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
    (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment")),
];

/// Creates a value, by `SET … NX` (<https://redis.io/commands/set/>), under the key given or a new one.
async fn create(grant: Grant, mut query: Query, headers: HeaderMap, payload: Payload) -> Result<Response, Problem> {
    Condition::refuse(&headers)?;
    let in_query = query.take("key")?;
    let (in_body, value, given) = match payload {
        Payload::Raw(value) => (None, value, Given::default()),
        Payload::Json(json) => {
            let Creation { key, value, ttl, expires_at } = payload::read(&json)?;
            (key.map(|Text(key)| key), value.0, Given { ttl, expires_at })
        }
    };
    let expiry = Expiry::of(given, &mut query)?;
    query.finish()?;
    if expiry == Expiry::Keep {
        return Err(Problem::new(Kind::Invalid, "`keep_ttl` is for PUT: a new key has no time to live to keep"));
    }
    let key = match (in_body, in_query) {
        (Some(_), Some(_)) => return Err(Problem::new(Kind::Invalid, "`key` is given in the body and in the query")),
        (None, None) => Uuid::now_v7().to_string().into(),
        (Some(key), None) | (None, Some(key)) => key,
    };

    let command = Command::new(&SET).arg(key.clone()).arg(value).args(expiry.set_arguments()).arg("NX");
    match grant.execute(command).await? {
        Reply::Status(_) => {
            let place = location(COLLECTION, &key)?;
            Ok((place, super::json(StatusCode::CREATED, &Written { key: Text(key) })).into_response())
        }
        Reply::Nil => Err(Problem::new(Kind::Conflict, "the key exists already; to replace its value, use PUT")),
        other => Err(unexpected(&other, Access::Write)),
    }
}

/// Creates or replaces a value, atomically.
async fn replace(grant: Grant, target: Target, headers: HeaderMap, payload: Payload) -> Result<Response, Problem> {
    let Target { key, mut query } = target;
    let (value, given) = match payload {
        Payload::Raw(value) => (value, Given::default()),
        Payload::Json(json) => {
            let Replacement { value, ttl, expires_at } = payload::read(&json)?;
            (value.0, Given { ttl, expires_at })
        }
    };
    let expiry = Expiry::of(given, &mut query)?;
    let replaces = match query.take_text("replace")?.as_deref() {
        None => "same",
        Some("any") => "any",
        Some(_) => return Err(Problem::new(Kind::Invalid, "`replace` must be `any`: a value of any type")),
    };
    query.finish()?;

    let mut arguments = conditions(&headers)?;
    arguments.extend([Bytes::from(replaces), value]);
    arguments.extend(expiry.set_arguments());
    let status = match grant.run(&PUT_STRING, std::slice::from_ref(&key), &arguments).await? {
        Reply::Integer(1) => StatusCode::CREATED,
        Reply::Integer(0) => StatusCode::OK,
        Reply::Integer(-1) => return Err(condition_failed()),
        other => return Err(unexpected(&other, Access::Write)),
    };
    Ok(super::json(status, &Written { key: Text(key) }))
}

/// Deletes a string.
async fn delete(grant: Grant, target: Target, headers: HeaderMap) -> Result<Response, Problem> {
    let key = target.only_key()?;
    let mut arguments = conditions(&headers)?;
    arguments.push(Bytes::from("string"));
    match grant.run(&DELETE, &[key], &arguments).await? {
        Reply::Integer(1) => Ok(StatusCode::NO_CONTENT.into_response()),
        Reply::Integer(0) => Err(no_such_key()),
        Reply::Integer(-1) => Err(condition_failed()),
        other => Err(unexpected(&other, Access::Write)),
    }
}

/// The conditions of a write, as `condition.lua` takes them.
fn conditions(headers: &HeaderMap) -> Result<Vec<Bytes>, Problem> {
    Ok(vec![Condition::if_match(headers)?.script_argument(), Condition::if_none_match(headers)?.script_argument()])
}

fn condition_failed() -> Problem {
    Problem::new(Kind::PreconditionFailed, "the value is not what the condition says; nothing was changed")
}
