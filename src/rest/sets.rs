//! `/v1/sets`: sets as a whole, their members, and what sets make together.
//!
//! - `members`: one member, and pages of them
//! - `algebra`: union, intersection and difference

mod algebra;
mod members;

use std::collections::HashSet;

use bytes::Bytes;
use http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::describe::{Conditions, Ending, Key, Matching, Paging, Replacing};
use super::elements::{self, Changed, Type, Whole};
use super::expiry::Given;
use super::many::Many;
use super::operation::{Operation, Side, operations};
use super::page::Items;
use super::payload::{self, Payload};
use super::target::Target;
use super::text::{NewText, Text};
use super::write::{self, Written};
use crate::answer::Response;
use crate::auth::Grant;
use crate::handler::Headers;
use crate::problem::{Kind, Problem};
use crate::uri::Query;

static SET: Type = Type {
    name: "set",
    collection: "/v1/sets",
    strings: 1,
    is_ordered: false,
    count: "SCARD",
    read: &["SMEMBERS"],
    add: "SADD",
};

/// What is served.
pub fn operations<S: Side>() -> Vec<Operation<S>> {
    let mut all = operations![read, replace, change, delete];
    all.extend(algebra::operations());
    all.extend(members::operations());
    all
}

/// A set.
#[derive(Serialize, ToSchema)]
struct SetValue {
    key: Text,
    /// In no order.
    members: Vec<Text>,
    /// Seconds until it ends; `null`: never.
    #[schema(required)]
    ttl: Option<f64>,
}

/// The body that replaces a set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetReplacement)]
struct Replacement {
    /// What stands there twice counts once.
    #[schema(value_type = Vec<NewText>, min_items = 1, max_items = 100_000)]
    members: Many<NewText>,
    /// Seconds until it ends.
    #[schema(minimum = 0.001, maximum = 3_155_760_000_000_i64)]
    ttl: Option<f64>,
    /// When it ends, as RFC 3339 writes it.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// The body that creates a set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetCreation)]
struct Creation {
    /// Its key; a new UUID where it is not given.
    key: Option<Text>,
    /// What stands there twice counts once.
    #[schema(value_type = Vec<NewText>, min_items = 1, max_items = 100_000)]
    members: Many<NewText>,
    /// Seconds until it ends.
    #[schema(minimum = 0.001, maximum = 3_155_760_000_000_i64)]
    ttl: Option<f64>,
    /// When it ends, as RFC 3339 writes it.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// The members of a body, as `SADD` takes them.
fn flat(Many(members): Many<NewText>) -> Vec<Bytes> {
    members.into_iter().map(|NewText(member)| member).collect()
}

/// Creates a set (<https://redis.io/commands/sadd/>).
async fn create(grant: Grant, query: Query, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let Creation { key, members, ttl, expires_at } = payload::read(&payload.into_json()?)?;
    elements::create(grant, &SET, query, headers, key, Given { ttl, expires_at }, flat(members)).await
}

/// What a set is read as.
#[derive(ToSchema)]
#[schema(as = SetOrPage)]
#[serde(untagged)]
#[expect(dead_code, reason = "it only describes")]
enum WholeOrPage {
    Whole(SetValue),
    Page(Items<Text>),
}

/// Reads a set
///
/// The whole of it: up to 10,000 members. With `cursor`, `limit` or `match` a page instead, which has no entity tag. Redis's
/// commands: [`SMEMBERS`](https://redis.io/commands/smembers/), [`SSCAN`](https://redis.io/commands/sscan/).
#[utoipa::path(
    get,
    path = "/v1/sets/{key}",
    operation_id = "read_set",
    tag = "sets",
    params(Key, Paging, Matching, Conditions),
    responses(
        (
            status = 200,
            description = "The set, or a page of its members",
            body = WholeOrPage,
            headers(("ETag", description = "For `If-Match` and `If-None-Match`; a page has none")),
        ),
        (status = 304, description = "The value is still the one that `If-None-Match` names"),
        (status = 404, description = "The key does not exist"),
        (status = 406, description = "The set, or the page, is too large: read it in pages, or smaller ones"),
        (status = 412, description = "`If-Match` does not hold"),
    ),
)]
async fn read(grant: Grant, method: Method, target: Target, headers: Headers) -> Result<Response, Problem> {
    if ["cursor", "limit", "match"].iter().any(|name| target.query.has(name)) {
        return members::page(grant, target, headers).await;
    }
    let document = |Whole { key, strings, ttl }| {
        let members = strings.into_iter().map(Text).collect();
        SetValue { key: Text(key), members, ttl }
    };
    elements::read(grant, &SET, target, method, headers, document).await
}

/// Creates or replaces a set
///
/// All of it, in one atomic step in Redis, under the conditions given.
#[utoipa::path(
    put,
    path = "/v1/sets/{key}",
    operation_id = "replace_set",
    tag = "sets",
    params(Key, Ending, Replacing, Conditions),
    request_body(content = Replacement, example = json!({"members": ["red", "green"], "ttl": 60})),
    responses(
        (status = 200, description = "Replaced", body = Written),
        (status = 201, description = "Created", body = Written),
        (status = 412, description = "A condition does not hold, and nothing was changed"),
    ),
)]
async fn replace(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let Replacement { members, ttl, expires_at } = payload::read(&payload.into_json()?)?;
    elements::replace(grant, &SET, target, headers, Given { ttl, expires_at }, flat(members)).await
}

/// The body of a PATCH: at least one member in one of the two, and none in both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetPatch, min_properties = 1)]
struct Patch {
    /// The members to add.
    #[schema(value_type = Option<Vec<NewText>>, max_items = 100_000)]
    add: Option<Many<NewText>>,
    /// The members to remove.
    #[schema(value_type = Option<Vec<NewText>>, max_items = 100_000)]
    remove: Option<Many<NewText>>,
}

/// Adds members to a set and removes others
///
/// In one atomic step in Redis. Where there is no set, it is created; `If-Match: *` prevents that. With the last member, the
/// set is gone. Redis's commands: [`SADD`](https://redis.io/commands/sadd/), [`SREM`](https://redis.io/commands/srem/).
#[utoipa::path(
    patch,
    path = "/v1/sets/{key}",
    operation_id = "change_set",
    tag = "sets",
    params(Key, Conditions),
    request_body(content = Patch, example = json!({"add": ["blue"], "remove": ["red"]})),
    responses(
        (status = 200, description = "Changed", body = Changed),
        (status = 404, description = "The key does not exist, and no member is added"),
        (status = 412, description = "A condition does not hold, and nothing was changed"),
    ),
)]
async fn change(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let Patch { add, remove } = payload::read(&payload.into_json()?)?;
    let [add, remove] = [add, remove].map(|members| members.map(flat).unwrap_or_default());
    if add.is_empty() && remove.is_empty() {
        return Err(Problem::new(Kind::Invalid, "at least one member is needed, in `add` or in `remove`"));
    }
    let to_add: HashSet<_> = add.iter().collect();
    if remove.iter().any(|member| to_add.contains(member)) {
        return Err(Problem::new(Kind::Invalid, "a member is given in `add` and in `remove`"));
    }
    elements::change(grant, &SET, "SREM", target, headers, [add, remove]).await
}

/// Deletes a set
///
/// Redis's command: [`UNLINK`](https://redis.io/commands/unlink/).
#[utoipa::path(
    delete,
    path = "/v1/sets/{key}",
    operation_id = "delete_set",
    tag = "sets",
    params(Key, Conditions),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "The key does not exist"),
        (status = 412, description = "A condition does not hold, and nothing was changed"),
    ),
)]
async fn delete(grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
    write::delete(grant, SET.name, target, headers).await
}
