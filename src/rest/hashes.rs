//! `/v1/hashes`: hashes as a whole, and their fields.
//!
//! - `fields`: one field, and pages of them

mod fields;

use bytes::Bytes;
use http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::describe::{Conditions, Ending, Key, Replacing};
use super::elements::{self, Changed, Type, Whole};
use super::expiry::Given;
use super::many::{ChangedFields, Fields, NewFields, ShownFields};
use super::operation::{Operation, Side, operations};
use super::payload::{self, Payload};
use super::target::Target;
use super::text::{NewText, Text};
use super::write::{self, Written};
use crate::answer::Response;
use crate::auth::Grant;
use crate::handler::Headers;
use crate::problem::{Kind, Problem};
use crate::uri::Query;

static HASH: Type = Type {
    name: "hash",
    collection: "/v1/hashes",
    strings: 2,
    is_ordered: false,
    count: "HLEN",
    read: &["HGETALL"],
    add: "HSET",
};

/// What is served.
pub fn operations<S: Side>() -> Vec<Operation<S>> {
    let mut all = operations![create, read, replace, merge, delete];
    all.extend(fields::operations());
    all
}

/// A hash.
#[derive(Serialize, ToSchema)]
struct HashValue {
    key: Text,
    fields: ShownFields,
    /// Seconds until it ends; `null`: never.
    #[schema(required)]
    ttl: Option<f64>,
}

/// The body that replaces a hash.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HashReplacement)]
struct Replacement {
    fields: NewFields,
    /// Seconds until it ends.
    #[schema(minimum = 0.001, maximum = 3_155_760_000_000_i64)]
    ttl: Option<f64>,
    /// When it ends, as RFC 3339 writes it.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// The body that creates a hash.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HashCreation)]
struct Creation {
    /// Its key; a new UUID where it is not given.
    key: Option<Text>,
    fields: NewFields,
    /// Seconds until it ends.
    #[schema(minimum = 0.001, maximum = 3_155_760_000_000_i64)]
    ttl: Option<f64>,
    /// When it ends, as RFC 3339 writes it.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// The names and values one after the other, as `HSET` takes them.
fn flat(fields: NewFields) -> Result<Vec<Bytes>, Problem> {
    refuse_repeated(&fields)?;
    Ok(fields.into_flat().collect())
}

fn refuse_repeated<T>(fields: &Fields<T>) -> Result<(), Problem> {
    if fields.repeat_a_name() {
        return Err(Problem::new(Kind::Invalid, "`fields`: a name is given more than once"));
    }
    Ok(())
}

/// Creates a hash
///
/// Redis's command: [`HSET`](https://redis.io/commands/hset/).
#[utoipa::path(
    post,
    path = "/v1/hashes",
    operation_id = "create_hash",
    tag = "hashes",
    params(("key" = Option<String>, Query, description = "The key, where the body does not give it"), Ending),
    request_body(content = Creation, example = json!({"key": "user:1", "fields": {"name": "Ada", "visits": 1}})),
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
async fn create(grant: Grant, query: Query, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let Creation { key, fields, ttl, expires_at } = payload::read(&payload.into_json()?)?;
    elements::create(grant, &HASH, query, headers, key, Given { ttl, expires_at }, flat(fields)?).await
}

/// Reads a hash
///
/// The whole of it: up to 10,000 fields; `/v1/hashes/{key}/fields` gives pages. Redis's command:
/// [`HGETALL`](https://redis.io/commands/hgetall/).
#[utoipa::path(
    get,
    path = "/v1/hashes/{key}",
    operation_id = "read_hash",
    tag = "hashes",
    params(Key, Conditions),
    responses(
        (
            status = 200,
            description = "The hash",
            body = HashValue,
            headers(("ETag", description = "For `If-Match` and `If-None-Match`")),
        ),
        (status = 304, description = "The value is still the one that `If-None-Match` names"),
        (status = 404, description = "The key does not exist"),
        (status = 406, description = "The hash is too large: read its pages"),
        (status = 412, description = "`If-Match` does not hold"),
    ),
)]
async fn read(grant: Grant, method: Method, target: Target, headers: Headers) -> Result<Response, Problem> {
    let document = |Whole { key, strings, ttl }| HashValue { key: Text(key), fields: Fields::of_flat(strings), ttl };
    elements::read(grant, &HASH, target, method, headers, document).await
}

/// Creates or replaces a hash
///
/// All of it, in one atomic step in Redis, under the conditions given.
#[utoipa::path(
    put,
    path = "/v1/hashes/{key}",
    operation_id = "replace_hash",
    tag = "hashes",
    params(Key, Ending, Replacing, Conditions),
    request_body(content = Replacement, example = json!({"fields": {"name": "Ada", "visits": 1}, "ttl": 60})),
    responses(
        (status = 200, description = "Replaced", body = Written),
        (status = 201, description = "Created", body = Written),
        (status = 412, description = "A condition does not hold, and nothing was changed"),
    ),
)]
async fn replace(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let Replacement { fields, ttl, expires_at } = payload::read(&payload.into_json()?)?;
    elements::replace(grant, &HASH, target, headers, Given { ttl, expires_at }, flat(fields)?).await
}

/// The body of a PATCH.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HashPatch)]
struct Patch {
    /// The fields to set, and, with `null`, to delete.
    fields: ChangedFields,
}

/// Merges fields into a hash
///
/// As a JSON merge patch (RFC 7396) does: `null` deletes a field. Where there is no hash, it is created; `If-Match: *`
/// prevents that. Redis's commands: [`HSET`](https://redis.io/commands/hset/), [`HDEL`](https://redis.io/commands/hdel/).
#[utoipa::path(
    patch,
    path = "/v1/hashes/{key}",
    operation_id = "merge_hash",
    tag = "hashes",
    params(Key, Conditions),
    request_body(content = Patch, example = json!({"fields": {"visits": 2, "name": null}})),
    responses(
        (status = 200, description = "Merged", body = Changed),
        (status = 404, description = "The key does not exist, and no field is set"),
        (status = 412, description = "A condition does not hold, and nothing was changed"),
    ),
)]
async fn merge(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let Patch { fields } = payload::read(&payload.into_json()?)?;
    refuse_repeated(&fields)?;
    let (mut set, mut deleted) = (Vec::new(), Vec::new());
    for (Text(name), value) in fields.0 {
        match value {
            Some(NewText(value)) => set.extend([name, value]),
            None => deleted.push(name),
        }
    }
    elements::change(grant, &HASH, "HDEL", target, headers, [set, deleted]).await
}

/// Deletes a hash
///
/// Redis's command: [`UNLINK`](https://redis.io/commands/unlink/).
#[utoipa::path(
    delete,
    path = "/v1/hashes/{key}",
    operation_id = "delete_hash",
    tag = "hashes",
    params(Key, Conditions),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "The key does not exist"),
        (status = 412, description = "A condition does not hold, and nothing was changed"),
    ),
)]
async fn delete(grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
    write::delete(grant, HASH.name, target, headers).await
}
