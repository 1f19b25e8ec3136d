//! `/v1/sorted-sets`: sorted sets as a whole, parts of them, and their members.
//!
//! - [`score`]: what members are sorted by
//! - `ranges`: pages, of all members or of some
//! - `members`: one member

mod members;
mod ranges;
pub mod score;

use std::collections::HashSet;

use bytes::Bytes;
use http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::describe::{Conditions, Ending, Key, Paging, Replacing};
use super::elements::{self, Changed, Type, Whole};
use super::expiry::Given;
use super::many::{Many, Object};
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
use ranges::Selection;
use score::Score;

static SORTED_SET: Type = Type {
    name: "zset",
    collection: "/v1/sorted-sets",
    strings: 2,
    // Their scores say it.
    is_ordered: false,
    count: "ZCARD",
    read: &["ZRANGE", "0", "-1", "WITHSCORES"],
    add: "ZADD",
};

/// What is served.
pub fn operations<S: Side>() -> Vec<Operation<S>> {
    let mut all = operations![create, read, replace, change, delete];
    all.extend(members::operations());
    all
}

/// A member with its score.
#[derive(Serialize, ToSchema)]
#[schema(as = SortedMember)]
struct Member {
    member: Text,
    score: Score,
}

impl Member {
    /// The members of a flat list of members and scores, as Redis gives it.
    fn of_flat(strings: Vec<Bytes>) -> Vec<Self> {
        let mut strings = strings.into_iter();
        let mut members = Vec::with_capacity(strings.len() / 2);
        while let (Some(member), Some(score)) = (strings.next(), strings.next()) {
            members.push(Self { member: Text(member), score: Score::given(&score) });
        }
        members
    }
}

/// A sorted set.
#[derive(Serialize, ToSchema)]
struct SortedSet {
    key: Text,
    /// From the lowest score on; where scores are the same, in the order of the members' bytes.
    members: Vec<Member>,
    /// Seconds until it ends; `null`: never.
    #[schema(required)]
    ttl: Option<f64>,
}

/// A member to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSortedMember)]
struct NewMember {
    member: NewText,
    score: Score,
}

/// The body that replaces a sorted set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SortedSetReplacement)]
struct Replacement {
    #[schema(value_type = Vec<NewMember>, min_items = 1, max_items = 100_000)]
    members: Many<Object<NewMember>>,
    /// Seconds until it ends.
    #[schema(minimum = 0.001, maximum = 3_155_760_000_000_i64)]
    ttl: Option<f64>,
    /// When it ends, as RFC 3339 writes it.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// The body that creates a sorted set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SortedSetCreation)]
struct Creation {
    /// Its key; a new UUID where it is not given.
    key: Option<Text>,
    #[schema(value_type = Vec<NewMember>, min_items = 1, max_items = 100_000)]
    members: Many<Object<NewMember>>,
    /// Seconds until it ends.
    #[schema(minimum = 0.001, maximum = 3_155_760_000_000_i64)]
    ttl: Option<f64>,
    /// When it ends, as RFC 3339 writes it.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// The scores and members that are added, one after the other, as `ZADD` takes them, and the members that are removed.
fn flat(added: Vec<Object<NewMember>>, removed: Vec<NewText>) -> Result<[Vec<Bytes>; 2], Problem> {
    let added: Vec<_> = added
        .into_iter()
        .flat_map(|Object(NewMember { member: NewText(member), score })| [Bytes::from(score.to_string()), member])
        .collect();
    let removed: Vec<_> = removed.into_iter().map(|NewText(member)| member).collect();
    let mut seen = HashSet::with_capacity(added.len() / 2 + removed.len());
    if !added.iter().skip(1).step_by(2).chain(&removed).all(|member| seen.insert(member)) {
        return Err(Problem::new(Kind::Invalid, "a member is given more than once"));
    }
    Ok([added, removed])
}

/// Creates a sorted set
///
/// Redis's command: [`ZADD`](https://redis.io/commands/zadd/).
#[utoipa::path(
    post,
    path = "/v1/sorted-sets",
    operation_id = "create_sorted_set",
    tag = "sorted-sets",
    params(("key" = Option<String>, Query, description = "The key, where the body does not give it"), Ending),
    request_body(
        content = Creation,
        example = json!({"key": "ranking", "members": [{"member": "ada", "score": 36}, {"member": "max", "score": 7.5}]}),
    ),
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
    let Creation { key, members: Many(members), ttl, expires_at } = payload::read(&payload.into_json()?)?;
    let [strings, _] = flat(members, Vec::new())?;
    elements::create(grant, &SORTED_SET, query, headers, key, Given { ttl, expires_at }, strings).await
}

/// What a sorted set is read as.
#[derive(ToSchema)]
#[schema(as = SortedSetOrPage)]
#[serde(untagged)]
#[expect(dead_code, reason = "it only describes")]
enum WholeOrPage {
    Whole(SortedSet),
    Page(Items<Member>),
}

/// Reads a sorted set
///
/// The whole of it: up to 10,000 members. With any of `by`, `min`, `max`, `rev`, `limit` and `cursor` it is a page instead,
/// as `/v1/sorted-sets/{key}/members` gives it, without conditions. Redis's command:
/// [`ZRANGE`](https://redis.io/commands/zrange/).
#[utoipa::path(
    get,
    path = "/v1/sorted-sets/{key}",
    operation_id = "read_sorted_set",
    tag = "sorted-sets",
    params(Key, Selection, Paging, Conditions),
    responses(
        (
            status = 200,
            description = "The sorted set, or a page of it",
            body = WholeOrPage,
            headers(("ETag", description = "For `If-Match` and `If-None-Match`; a page has none")),
        ),
        (status = 304, description = "The value is still the one that `If-None-Match` names"),
        (status = 404, description = "The key does not exist"),
        (status = 406, description = "The sorted set is too large: read its pages; or the page is: ask for fewer"),
        (status = 412, description = "`If-Match` does not hold"),
    ),
)]
async fn read(grant: Grant, method: Method, target: Target, headers: Headers) -> Result<Response, Problem> {
    if ranges::are_asked_for(&target.query) {
        return ranges::page(grant, target, headers).await;
    }
    let document = |Whole { key, strings, ttl }| SortedSet { key: Text(key), members: Member::of_flat(strings), ttl };
    elements::read(grant, &SORTED_SET, target, method, headers, document).await
}

/// Creates or replaces a sorted set
///
/// All of it, in one atomic step in Redis, under the conditions given.
#[utoipa::path(
    put,
    path = "/v1/sorted-sets/{key}",
    operation_id = "replace_sorted_set",
    tag = "sorted-sets",
    params(Key, Ending, Replacing, Conditions),
    request_body(
        content = Replacement,
        example = json!({"members": [{"member": "ada", "score": 36}, {"member": "max", "score": 7.5}], "ttl": 60}),
    ),
    responses(
        (status = 200, description = "Replaced", body = Written),
        (status = 201, description = "Created", body = Written),
        (status = 412, description = "A condition does not hold, and nothing was changed"),
    ),
)]
async fn replace(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let Replacement { members: Many(members), ttl, expires_at } = payload::read(&payload.into_json()?)?;
    let [strings, _] = flat(members, Vec::new())?;
    elements::replace(grant, &SORTED_SET, target, headers, Given { ttl, expires_at }, strings).await
}

/// The body of a PATCH: at least one of the two, and no member twice.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SortedSetPatch, min_properties = 1)]
struct Patch {
    /// The members to add, or to give another score.
    #[schema(value_type = Option<Vec<NewMember>>, max_items = 100_000)]
    add: Option<Many<Object<NewMember>>>,
    /// The members to remove.
    #[schema(value_type = Option<Vec<NewText>>, max_items = 100_000)]
    remove: Option<Many<NewText>>,
}

/// Adds members to a sorted set, and removes others
///
/// Where there is no sorted set, it is created; `If-Match: *` prevents that. Redis's commands:
/// [`ZADD`](https://redis.io/commands/zadd/), [`ZREM`](https://redis.io/commands/zrem/).
#[utoipa::path(
    patch,
    path = "/v1/sorted-sets/{key}",
    operation_id = "change_sorted_set",
    tag = "sorted-sets",
    params(Key, Conditions),
    request_body(content = Patch, example = json!({"add": [{"member": "ada", "score": 37}], "remove": ["max"]})),
    responses(
        (status = 200, description = "Changed", body = Changed),
        (status = 404, description = "The key does not exist, and no member is added"),
        (status = 412, description = "A condition does not hold, and nothing was changed"),
    ),
)]
async fn change(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let Patch { add, remove } = payload::read(&payload.into_json()?)?;
    let added = add.map(|Many(members)| members).unwrap_or_default();
    let removed = remove.map(|Many(members)| members).unwrap_or_default();
    if added.is_empty() && removed.is_empty() {
        return Err(Problem::new(Kind::Invalid, "`add` or `remove` must name at least one member"));
    }
    elements::change(grant, &SORTED_SET, "ZREM", target, headers, flat(added, removed)?).await
}

/// Deletes a sorted set
///
/// Redis's command: [`UNLINK`](https://redis.io/commands/unlink/).
#[utoipa::path(
    delete,
    path = "/v1/sorted-sets/{key}",
    operation_id = "delete_sorted_set",
    tag = "sorted-sets",
    params(Key, Conditions),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "The key does not exist"),
        (status = 412, description = "A condition does not hold, and nothing was changed"),
    ),
)]
async fn delete(grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
    write::delete(grant, SORTED_SET.name, target, headers).await
}
