//! `/v1/lists`: lists as a whole, a part of them, their ends, their items.
//!
//! - `part`: a part of a list, to read it or to keep it alone
//! - `ends`: adding, taking and moving at the ends
//! - `items`: one item by its index

mod ends;
mod items;
mod part;

use bytes::Bytes;
use http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::describe::{Conditions, Ending, Key, Replacing};
use super::elements::{self, Type, Whole};
use super::expiry::Given;
use super::many::Many;
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
use part::Part;

static LIST: Type = Type {
    name: "list",
    collection: "/v1/lists",
    strings: 1,
    is_ordered: true,
    count: "LLEN",
    read: &["LRANGE", "0", "-1"],
    add: "RPUSH",
};

/// What is served.
pub fn operations<S: Side>() -> Vec<Operation<S>> {
    let mut all = operations![create, read, replace, delete];
    all.extend(part::operations());
    all.extend(ends::operations());
    all.extend(items::operations());
    all
}

/// A list, or a part of one.
#[derive(Serialize, ToSchema)]
struct ListValue {
    key: Text,
    items: Vec<Text>,
    /// Seconds until the list ends; `null`: never.
    #[schema(required)]
    ttl: Option<f64>,
}

impl From<Whole> for ListValue {
    fn from(Whole { key, strings, ttl }: Whole) -> Self {
        Self { key: Text(key), items: texts(strings), ttl }
    }
}

/// How many items a list has then.
#[derive(Serialize, ToSchema)]
#[schema(as = ListLength)]
struct Length {
    key: Text,
    length: i64,
}

/// The body that replaces a list.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ListReplacement)]
struct Replacement {
    #[schema(value_type = Vec<NewText>, min_items = 1, max_items = 100_000)]
    items: Many<NewText>,
    /// Seconds until it ends.
    #[schema(minimum = 0.001, maximum = 3_155_760_000_000_i64)]
    ttl: Option<f64>,
    /// When it ends, as RFC 3339 writes it.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// The body that creates a list.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ListCreation)]
struct Creation {
    /// Its key; a new UUID where it is not given.
    key: Option<Text>,
    #[schema(value_type = Vec<NewText>, min_items = 1, max_items = 100_000)]
    items: Many<NewText>,
    /// Seconds until it ends.
    #[schema(minimum = 0.001, maximum = 3_155_760_000_000_i64)]
    ttl: Option<f64>,
    /// When it ends, as RFC 3339 writes it.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

fn texts(strings: Vec<Bytes>) -> Vec<Text> {
    strings.into_iter().map(Text).collect()
}

fn strings(items: Many<NewText>) -> Vec<Bytes> {
    items.0.into_iter().map(|NewText(bytes)| bytes).collect()
}

fn item_too_large() -> Problem {
    let detail = "the item is larger than `[limits] json_value_bytes` allows: it stays where it is";
    Problem::new(Kind::NotAcceptable, detail)
}

/// Creates a list
///
/// Redis's command: [`RPUSH`](https://redis.io/commands/rpush/).
#[utoipa::path(
    post,
    path = "/v1/lists",
    operation_id = "create_list",
    tag = "lists",
    params(("key" = Option<String>, Query, description = "The key, where the body does not give it"), Ending),
    request_body(content = Creation, example = json!({"key": "jobs", "items": ["first", "second", 3]})),
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
    let Creation { key, items, ttl, expires_at } = payload::read(&payload.into_json()?)?;
    elements::create(grant, &LIST, query, headers, key, Given { ttl, expires_at }, strings(items)).await
}

/// Reads a list, or a part of it
///
/// Up to 10,000 items. With `start` or `stop`, those from the one to the other, as far as there are any; such a part has
/// no `ETag`, and takes no condition. Redis's command: [`LRANGE`](https://redis.io/commands/lrange/).
#[utoipa::path(
    get,
    path = "/v1/lists/{key}",
    operation_id = "read_list",
    tag = "lists",
    params(Key, Part, Conditions),
    responses(
        (
            status = 200,
            description = "The list, or the part",
            body = ListValue,
            headers(("ETag", description = "For `If-Match` and `If-None-Match`; of the whole alone")),
        ),
        (status = 304, description = "The value is still the one that `If-None-Match` names"),
        (status = 404, description = "The key does not exist"),
        (status = 406, description = "The list, or the part, is too large: read a smaller part"),
        (status = 412, description = "`If-Match` does not hold"),
    ),
)]
async fn read(grant: Grant, method: Method, mut target: Target, headers: Headers) -> Result<Response, Problem> {
    match Part::of(&mut target.query)? {
        None => elements::read(grant, &LIST, target, method, headers, ListValue::from).await,
        Some(part) => part.read(grant, target, headers).await,
    }
}

/// Creates or replaces a list
///
/// All of it, in one atomic step in Redis, under the conditions given.
#[utoipa::path(
    put,
    path = "/v1/lists/{key}",
    operation_id = "replace_list",
    tag = "lists",
    params(Key, Ending, Replacing, Conditions),
    request_body(content = Replacement, example = json!({"items": ["first", "second", 3], "ttl": 60})),
    responses(
        (status = 200, description = "Replaced", body = Written),
        (status = 201, description = "Created", body = Written),
        (status = 412, description = "A condition does not hold, and nothing was changed"),
    ),
)]
async fn replace(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let Replacement { items, ttl, expires_at } = payload::read(&payload.into_json()?)?;
    elements::replace(grant, &LIST, target, headers, Given { ttl, expires_at }, strings(items)).await
}

/// Deletes a list
///
/// Redis's command: [`UNLINK`](https://redis.io/commands/unlink/).
#[utoipa::path(
    delete,
    path = "/v1/lists/{key}",
    operation_id = "delete_list",
    tag = "lists",
    params(Key, Conditions),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "The key does not exist"),
        (status = 412, description = "A condition does not hold, and nothing was changed"),
    ),
)]
async fn delete(grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
    write::delete(grant, LIST.name, target, headers).await
}
