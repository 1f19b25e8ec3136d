//! `/v1/strings`: strings, as JSON or as the bytes themselves.
//!
//! - `many`: reading many at once

mod many;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::describe::{Conditions, Ending, Key, Replacing};
use super::entity_tag::{Condition, EntityTag};
use super::expiry::{Expiry, Given, seconds};
use super::form::Form;
use super::increment::{self, Increment, Incremented};
use super::operation::{Operation, Side, operations};
use super::payload::{self, Payload};
use super::range;
use super::target::Target;
use super::text::{NewText, Text};
use super::unexpected;
use super::write::{self, Written, condition_failed, conditions, no_such_key, outcome};
use crate::answer::{self, Response, With};
use crate::auth::Grant;
use crate::handler::Headers;
use crate::problem::{Kind, Problem};
use crate::redis::command::command;
use crate::redis::script::{Script, script};
use crate::redis::{Access, Reply};
use crate::uri::Query;

const COLLECTION: &str = "/v1/strings";
/// Redis's name of the type.
const TYPE: &str = "string";

static READ: Script = script!(Read: "read_string.lua");
static PUT: Script = script!(Write: "condition.lua", "put_string.lua");
static APPEND: Script = script!(Write: "condition.lua", "append.lua");

/// What is served.
pub fn operations<S: Side>() -> Vec<Operation<S>> {
    let mut all = operations![create, read, replace, append, delete, increment];
    all.extend(many::operations());
    all
}

/// A string in its JSON form.
#[derive(Serialize, ToSchema)]
struct StringValue {
    key: Text,
    value: Text,
    /// Seconds until it ends; `null`: never.
    #[schema(required)]
    ttl: Option<f64>,
}

/// The body that replaces a string.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StringReplacement)]
struct Replacement {
    value: NewText,
    /// Seconds until it ends.
    #[schema(minimum = 0.001, maximum = 3_155_760_000_000_i64)]
    ttl: Option<f64>,
    /// When it ends, as RFC 3339 writes it.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// The body that creates a string.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StringCreation)]
struct Creation {
    /// Its key; a new UUID where it is not given.
    key: Option<Text>,
    value: NewText,
    /// Seconds until it ends.
    #[schema(minimum = 0.001, maximum = 3_155_760_000_000_i64)]
    ttl: Option<f64>,
    /// When it ends, as RFC 3339 writes it.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// Reads a string
///
/// As JSON with its time to live, or as the bytes themselves (`Accept: application/octet-stream`), then also a part of them.
/// Redis's command: [`GET`](https://redis.io/commands/get/).
#[utoipa::path(
    get,
    path = "/v1/strings/{key}",
    operation_id = "read_string",
    tag = "strings",
    params(
        Key,
        Conditions,
        ("Range" = Option<String>, Header, description = "One part of the bytes, such as `bytes=0-99`; anything else is ignored"),
        ("If-Range" = Option<String>, Header, description = "The part only while this is the entity tag, else all"),
    ),
    responses(
        (
            status = 200,
            description = "The value",
            content((StringValue = "application/json"), (Vec<u8> = "application/octet-stream")),
            headers(("ETag", description = "For `If-Match` and `If-None-Match`")),
        ),
        (status = 206, description = "A part of the bytes", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 304, description = "The value is still the one that `If-None-Match` names"),
        (status = 404, description = "The key does not exist"),
        (status = 406, description = "The value is too large for JSON: ask for the bytes"),
        (status = 412, description = "`If-Match` does not hold"),
        (status = 416, description = "The value has no such part"),
    ),
)]
async fn read(grant: Grant, method: Method, target: Target, headers: Headers) -> Result<Response, Problem> {
    let key = target.only_key()?;
    let (if_match, if_none_match) = (Condition::if_match(&headers)?, Condition::if_none_match(&headers)?);
    let form = Form::preferred(&headers);

    let (value, ttl) = match form {
        Form::Raw => (grant.execute(command!("GET").arg(key.clone())).await?, None),
        Form::Json => value_and_ttl(grant.run(&READ, std::slice::from_ref(&key), &[]).await?)?,
    };
    let value = match value {
        Reply::Nil => return Err(no_such_key()),
        Reply::Bulk(value) => value,
        other => return Err(unexpected(&other, Access::Read)),
    };

    let tag = EntityTag::of(&value, form);
    if if_match != Condition::None && !if_match.matches_in_any_form(&tag) {
        return Err(condition_failed());
    }
    let common = [(header::ETAG, tag.header_value()?), (header::VARY, HeaderValue::from_static("Accept"))];
    if if_none_match.matches(&tag) {
        return Ok(answer::empty(StatusCode::NOT_MODIFIED).with(common));
    }
    // The answer to HEAD has no body, and a part is for GET alone.
    let answer = match (form, method == Method::HEAD) {
        (Form::Raw, true) => answer::empty(StatusCode::OK).with(RAW_HEADERS),
        (Form::Json, true) => answer::empty(StatusCode::OK).with(super::JSON),
        (Form::Raw, false) => raw(&headers, &tag, value)?,
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
            let bytes = key.len() + value.len() + 128;
            let value = StringValue { key: Text(key), value: Text(value), ttl: ttl.and_then(seconds) };
            super::json_of(StatusCode::OK, &value, bytes)
        }
    };
    Ok(answer.with(common))
}

/// What the script says that reads a value with its time to live, which are of one moment so.
fn value_and_ttl(reply: Reply) -> Result<(Reply, Option<Reply>), Problem> {
    let Reply::Array(mut replies) = reply else { return Err(unexpected(&reply, Access::Read)) };
    let ttl = replies.pop();
    Ok((replies.pop().unwrap_or(Reply::Nil), ttl))
}

/// The value as it is, or the part of it that is asked for.
fn raw(headers: &HeaderMap, tag: &EntityTag, value: Bytes) -> Result<Response, Problem> {
    let length = value.len();
    let Some(part) = range::wanted(headers, tag, length)? else {
        return Ok(answer::new(StatusCode::OK, value).with(RAW_HEADERS));
    };
    let place = HeaderValue::try_from(format!("bytes {}-{}/{length}", part.start(), part.end()))
        .map_err(|error| Problem::new(Kind::Internal, "the part's place").because(error))?;
    let place = [(header::CONTENT_RANGE, place)];
    Ok(answer::new(StatusCode::PARTIAL_CONTENT, value.slice(part)).with(RAW_HEADERS).with(place))
}

/// The headers of the raw form: whatever the bytes are, no browser shows them as a page.
const RAW_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
    (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment")),
];

/// Creates a string
///
/// Redis's command: [`SET … NX`](https://redis.io/commands/set/).
#[utoipa::path(
    post,
    path = "/v1/strings",
    operation_id = "create_string",
    tag = "strings",
    params(
        ("key" = Option<String>, Query, description = "The key, where the body is the bytes themselves"),
        Ending,
    ),
    request_body(content(
        (Creation = "application/json", example = json!({"key": "greeting", "value": "hello", "ttl": 60})),
        (Vec<u8> = "application/octet-stream"),
    )),
    responses(
        (
            status = 201,
            description = "Created",
            body = Written,
            headers(("Location", description = "The path of the new value")),
        ),
        (status = 409, description = "The key exists already, and nothing was changed"),
    ),
)]
async fn create(grant: Grant, mut query: Query, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    Condition::refuse(&headers)?;
    let (in_body, value, given) = match payload {
        Payload::Raw(value) => (None, value, Given::default()),
        Payload::Json(json) => {
            let Creation { key, value, ttl, expires_at } = payload::read(&json)?;
            (key, value.0, Given { ttl, expires_at })
        }
    };
    let key = write::new_key(in_body, &mut query)?;
    let expiry = write::new_expiry(Expiry::of(given, &mut query)?)?;
    query.finish()?;

    let command = command!("SET").arg(key.clone()).arg(value).args(expiry.set_arguments()).arg("NX");
    match grant.execute(command).await? {
        Reply::Status(_) => write::created(COLLECTION, key),
        Reply::Nil => Err(Problem::new(Kind::Conflict, "the key exists already; to replace its value, use PUT")),
        other => Err(unexpected(&other, Access::Write)),
    }
}

/// Creates or replaces a string
///
/// In one atomic step in Redis, under the conditions given. Redis's command: [`SET`](https://redis.io/commands/set/).
#[utoipa::path(
    put,
    path = "/v1/strings/{key}",
    operation_id = "replace_string",
    tag = "strings",
    params(Key, Ending, Replacing, Conditions),
    request_body(content(
        (Replacement = "application/json", example = json!({"value": "hello"})),
        (Vec<u8> = "application/octet-stream"),
    )),
    responses(
        (status = 200, description = "Replaced", body = Written),
        (status = 201, description = "Created", body = Written),
        (status = 412, description = "A condition does not hold, and nothing was changed"),
    ),
)]
async fn replace(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let Target { key, mut query, .. } = target;
    let (value, given) = match payload {
        Payload::Raw(value) => (value, Given::default()),
        Payload::Json(json) => {
            let Replacement { value, ttl, expires_at } = payload::read(&json)?;
            (value.0, Given { ttl, expires_at })
        }
    };
    let expiry = Expiry::of(given, &mut query)?;
    let mut arguments = conditions(&headers, TYPE)?;
    arguments.extend([write::replaces(&mut query)?, value]);
    arguments.extend(expiry.set_arguments());
    query.finish()?;
    let reply = grant.run(&PUT, std::slice::from_ref(&key), &arguments).await?;
    write::stored(key, reply)
}

/// Deletes a string
///
/// Redis's command: [`UNLINK`](https://redis.io/commands/unlink/).
#[utoipa::path(
    delete,
    path = "/v1/strings/{key}",
    operation_id = "delete_string",
    tag = "strings",
    params(Key, Conditions),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "The key does not exist"),
        (status = 412, description = "A condition does not hold, and nothing was changed"),
    ),
)]
async fn delete(grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
    write::delete(grant, TYPE, target, headers).await
}

/// The body of a PATCH.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StringPatch)]
struct Patch {
    append: NewText,
}

/// The answer to a PATCH.
#[derive(Serialize, ToSchema)]
#[schema(as = StringPatched)]
struct Patched {
    key: Text,
    /// In bytes.
    length: i64,
}

/// Appends to a string
///
/// Where there is none, it is created; `If-Match: *` prevents that. Redis's command:
/// [`APPEND`](https://redis.io/commands/append/).
#[utoipa::path(
    patch,
    path = "/v1/strings/{key}",
    operation_id = "append_to_string",
    tag = "strings",
    params(Key, Conditions),
    request_body(content = Patch, example = json!({"append": " world"})),
    responses(
        (status = 200, description = "Appended", body = Patched),
        (status = 412, description = "A condition does not hold, and nothing was changed"),
    ),
)]
async fn append(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let key = target.only_key()?;
    let Patch { append: NewText(tail) } = payload::read(&payload.into_json()?)?;
    let mut arguments = conditions(&headers, TYPE)?;
    arguments.push(tail);
    match outcome(grant.run(&APPEND, std::slice::from_ref(&key), &arguments).await?)? {
        -5 => Err(Problem::new(Kind::Invalid, "the value would be longer than Redis allows")),
        length => Ok(super::json(StatusCode::OK, &Patched { key: Text(key), length })),
    }
}

/// Adds to the number that a string is
///
/// A key that does not exist counts as 0. Integers are added exactly; where either is a decimal, Redis adds with about 17
/// digits. Redis's commands: [`INCRBY`](https://redis.io/commands/incrby/),
/// [`INCRBYFLOAT`](https://redis.io/commands/incrbyfloat/).
#[utoipa::path(
    post,
    path = "/v1/strings/{key}/increment",
    operation_id = "increment_string",
    tag = "strings",
    params(Key),
    request_body(content = Increment, example = json!({"by": 1})),
    responses((status = 200, description = "Added", body = Incremented)),
)]
async fn increment(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let key = target.only_key()?;
    Condition::refuse(&headers)?;
    let commands = increment::Commands { integer: command!("INCRBY"), decimal: command!("INCRBYFLOAT") };
    increment::increment(grant, commands, &[key], payload).await
}
