//! One field of a hash, and pages of them.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::answer::{self, Response};
use crate::auth::Grant;
use crate::handler::Headers;
use crate::problem::{Kind, Problem};
use crate::redis::command::command;
use crate::redis::{Access, Reply};
use crate::rest::describe::{Key, Matching, Paging};
use crate::rest::elements;
use crate::rest::entity_tag::Condition;
use crate::rest::increment::{self, Increment, Incremented};
use crate::rest::operation::{Operation, Side, operations};
use crate::rest::page::{Items, PageOrOne};
use crate::rest::payload::{self, Payload};
use crate::rest::target::Target;
use crate::rest::text::{NewText, Text};
use crate::rest::{json, many::Fields, unexpected};

/// What is served.
pub(super) fn operations<S: Side>() -> Vec<Operation<S>> {
    operations![list_or_read, read, set, delete, increment]
}

/// The field in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it only describes")]
struct Field {
    /// The field, percent-encoded: any bytes.
    #[param(example = "name")]
    field: String,
}

/// A field with its value.
#[derive(Serialize, ToSchema)]
struct FieldValue {
    field: Text,
    value: Text,
}

/// Lists the fields of a hash
///
/// A full pass sees each field that was there throughout at least once. With `field` alone, that field, as
/// `/v1/hashes/{key}/fields/{field}` gives it. Redis's command: [`HSCAN`](https://redis.io/commands/hscan/).
#[utoipa::path(
    get,
    path = "/v1/hashes/{key}/fields",
    operation_id = "list_fields",
    tag = "hashes",
    params(Key, Paging, Matching, ("field" = Option<String>, Query, description = "This field alone")),
    responses(
        (status = 200, description = "A page, or the one field", body = PageOrOne<FieldValue, FieldValue>),
        (status = 404, description = "The key, or the one field, does not exist"),
        (status = 406, description = "The page is too large: ask for fewer"),
    ),
)]
async fn list_or_read(grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
    if target.query.has("field") {
        return read(grant, target, headers).await;
    }
    let (strings, next_cursor) = elements::scan(&grant, "HSCAN", target, &headers).await?;
    let fields = Fields::of_flat(strings).0.into_iter();
    let items = fields.map(|(field, value)| FieldValue { field, value }).collect();
    Ok(json(StatusCode::OK, &Items { items, next_cursor }))
}

/// Reads a field
///
/// Redis's command: [`HGET`](https://redis.io/commands/hget/).
#[utoipa::path(
    get,
    path = "/v1/hashes/{key}/fields/{field}",
    operation_id = "read_field",
    tag = "hashes",
    params(Key, Field),
    responses(
        (status = 200, description = "The field", body = FieldValue),
        (status = 404, description = "The key or the field does not exist"),
        (status = 406, description = "The value is too large for JSON"),
    ),
)]
async fn read(grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
    let (key, field) = place(target, &headers)?;
    match grant.execute(command!("HGET").arg(key).arg(field.clone())).await? {
        Reply::Bulk(value) if value.len() > grant.limits().json_value_bytes => {
            Err(Problem::new(Kind::NotAcceptable, "the value is larger than `[limits] json_value_bytes` allows"))
        }
        Reply::Bulk(value) => Ok(json(StatusCode::OK, &FieldValue { field: Text(field), value: Text(value) })),
        Reply::Nil => Err(no_such_field()),
        other => Err(unexpected(&other, Access::Read)),
    }
}

/// The body that sets a field.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewField {
    value: NewText,
}

/// Sets a field
///
/// Where there is no hash, it is created. Redis's command: [`HSET`](https://redis.io/commands/hset/).
#[utoipa::path(
    put,
    path = "/v1/hashes/{key}/fields/{field}",
    operation_id = "set_field",
    tag = "hashes",
    params(Key, Field),
    request_body(content = NewField, example = json!({"value": "Ada"})),
    responses(
        (status = 200, description = "Replaced", body = FieldValue),
        (status = 201, description = "Created", body = FieldValue),
    ),
)]
async fn set(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let (key, field) = place(target, &headers)?;
    let NewField { value: NewText(value) } = payload::read(&payload.into_json()?)?;
    let status = match grant.execute(command!("HSET").arg(key).arg(field.clone()).arg(value.clone())).await? {
        Reply::Integer(1) => StatusCode::CREATED,
        Reply::Integer(0) => StatusCode::OK,
        other => return Err(unexpected(&other, Access::Write)),
    };
    Ok(json(status, &FieldValue { field: Text(field), value: Text(value) }))
}

/// Deletes a field
///
/// With the last one, the hash is gone. Redis's command: [`HDEL`](https://redis.io/commands/hdel/).
#[utoipa::path(
    delete,
    path = "/v1/hashes/{key}/fields/{field}",
    operation_id = "delete_field",
    tag = "hashes",
    params(Key, Field),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "The key or the field does not exist"),
    ),
)]
async fn delete(grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
    let (key, field) = place(target, &headers)?;
    match grant.execute(command!("HDEL").arg(key).arg(field)).await? {
        Reply::Integer(1) => Ok(answer::empty(StatusCode::NO_CONTENT)),
        Reply::Integer(0) => Err(no_such_field()),
        other => Err(unexpected(&other, Access::Write)),
    }
}

/// Adds to the number that a field is
///
/// What does not exist counts as 0. Integers are added exactly; where either is a decimal, Redis adds with about 17
/// digits. Redis's commands: [`HINCRBY`](https://redis.io/commands/hincrby/),
/// [`HINCRBYFLOAT`](https://redis.io/commands/hincrbyfloat/).
#[utoipa::path(
    post,
    path = "/v1/hashes/{key}/fields/{field}/increment",
    operation_id = "increment_field",
    tag = "hashes",
    params(Key, Field),
    request_body(content = Increment, example = json!({"by": 1})),
    responses((status = 200, description = "Added", body = Incremented)),
)]
async fn increment(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let (key, field) = place(target, &headers)?;
    let commands = increment::Commands { integer: command!("HINCRBY"), decimal: command!("HINCRBYFLOAT") };
    increment::increment(grant, commands, &[key, field], payload).await
}

/// The key and the field, of which no condition can speak.
fn place(target: Target, headers: &HeaderMap) -> Result<(Bytes, Bytes), Problem> {
    Condition::refuse(headers)?;
    target.key_and_part("field")
}

fn no_such_field() -> Problem {
    Problem::new(Kind::NotFound, "the hash, or the field in it, does not exist")
}
