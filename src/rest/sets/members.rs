//! One member of a set, and pages of them.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Serialize;
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
use crate::rest::operation::{Operation, Side, operations};
use crate::rest::page::{Items, PageOrOne};
use crate::rest::payload::Payload;
use crate::rest::target::Target;
use crate::rest::text::Text;
use crate::rest::{json, unexpected};

/// What is served.
pub(super) fn operations<S: Side>() -> Vec<Operation<S>> {
    operations![list_or_read, read, add, remove]
}

/// The member in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it only describes")]
struct Member {
    /// The member, percent-encoded: any bytes.
    #[param(example = "red")]
    member: String,
}

/// A member.
#[derive(Serialize, ToSchema)]
struct SetMember {
    member: Text,
}

/// Lists the members of a set
///
/// A full pass sees each member that was there throughout at least once. With `member` alone, that member, as
/// `/v1/sets/{key}/members/{member}` gives it. Redis's command: [`SSCAN`](https://redis.io/commands/sscan/).
#[utoipa::path(
    get,
    path = "/v1/sets/{key}/members",
    operation_id = "list_members",
    tag = "sets",
    params(Key, Paging, Matching, ("member" = Option<String>, Query, description = "This member alone")),
    responses(
        (status = 200, description = "A page, or the one member", body = PageOrOne<Text, SetMember>),
        (status = 404, description = "The key, or the one member, does not exist"),
        (status = 406, description = "The page is too large: ask for fewer"),
    ),
)]
async fn list_or_read(grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
    if target.query.has("member") {
        return read(grant, target, headers).await;
    }
    page(grant, target, headers).await
}

/// A page of the members.
pub(super) async fn page(grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
    let (members, next_cursor) = elements::scan(&grant, "SSCAN", target, &headers).await?;
    let items = members.into_iter().map(Text).collect();
    Ok(json(StatusCode::OK, &Items { items, next_cursor }))
}

/// Says whether a set has a member
///
/// Redis's command: [`SISMEMBER`](https://redis.io/commands/sismember/).
#[utoipa::path(
    get,
    path = "/v1/sets/{key}/members/{member}",
    operation_id = "read_member",
    tag = "sets",
    params(Key, Member),
    responses(
        (status = 200, description = "The set has it", body = SetMember),
        (status = 404, description = "The key or the member does not exist"),
    ),
)]
async fn read(grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
    let (key, member) = place(target, &headers)?;
    match grant.execute(command!("SISMEMBER").arg(key).arg(member.clone())).await? {
        Reply::Integer(1) => Ok(json(StatusCode::OK, &SetMember { member: Text(member) })),
        Reply::Integer(0) => Err(no_such_member()),
        other => Err(unexpected(&other, Access::Read)),
    }
}

/// Adds a member
///
/// Needs no body. Where there is no set, it is created. Redis's command: [`SADD`](https://redis.io/commands/sadd/).
#[utoipa::path(
    put,
    path = "/v1/sets/{key}/members/{member}",
    operation_id = "add_member",
    tag = "sets",
    params(Key, Member),
    responses(
        (status = 200, description = "It was there already", body = SetMember),
        (status = 201, description = "Added", body = SetMember),
    ),
)]
async fn add(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let (key, member) = place(target, &headers)?;
    payload.into_nothing()?;
    let status = match grant.execute(command!("SADD").arg(key).arg(member.clone())).await? {
        Reply::Integer(1) => StatusCode::CREATED,
        Reply::Integer(0) => StatusCode::OK,
        other => return Err(unexpected(&other, Access::Write)),
    };
    Ok(json(status, &SetMember { member: Text(member) }))
}

/// Removes a member
///
/// With the last one, the set is gone. Redis's command: [`SREM`](https://redis.io/commands/srem/).
#[utoipa::path(
    delete,
    path = "/v1/sets/{key}/members/{member}",
    operation_id = "remove_member",
    tag = "sets",
    params(Key, Member),
    responses(
        (status = 204, description = "Removed"),
        (status = 404, description = "The key or the member does not exist"),
    ),
)]
async fn remove(grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
    let (key, member) = place(target, &headers)?;
    match grant.execute(command!("SREM").arg(key).arg(member)).await? {
        Reply::Integer(1) => Ok(answer::empty(StatusCode::NO_CONTENT)),
        Reply::Integer(0) => Err(no_such_member()),
        other => Err(unexpected(&other, Access::Write)),
    }
}

/// The key and the member, of which no condition can speak.
fn place(target: Target, headers: &HeaderMap) -> Result<(Bytes, Bytes), Problem> {
    Condition::refuse(headers)?;
    target.key_and_part("member")
}

fn no_such_member() -> Problem {
    Problem::new(Kind::NotFound, "the set, or the member in it, does not exist")
}
