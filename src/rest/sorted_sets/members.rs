//! One member of a sorted set, and pages of them.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Member;
use super::ranges::{self, Selection};
use super::score::Score;
use crate::answer::{self, Response};
use crate::auth::Grant;
use crate::handler::Headers;
use crate::problem::{Kind, Problem};
use crate::redis::command::command;
use crate::redis::script::{Script, script};
use crate::redis::{Access, Reply};
use crate::rest::describe::{Key, Paging};
use crate::rest::entity_tag::Condition;
use crate::rest::operation::{Operation, Side, operations};
use crate::rest::page::PageOrOne;
use crate::rest::payload::{self, Payload};
use crate::rest::target::Target;
use crate::rest::text::Text;
use crate::rest::{json, unexpected};

static RANK: Script = script!(Read: "../rank_member.lua");

/// What is served.
pub(super) fn operations<S: Side>() -> Vec<Operation<S>> {
    operations![list_or_read, read, set, delete, increment]
}

/// The member in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it only describes")]
struct InPath {
    /// The member, percent-encoded: any bytes.
    #[param(example = "ada")]
    member: String,
}

/// A member with its score and its rank.
#[derive(Serialize, ToSchema)]
struct RankedMember {
    member: Text,
    score: Score,
    /// 0 for the lowest score.
    #[schema(minimum = 0)]
    rank: i64,
}

/// Lists the members of a sorted set
///
/// A full pass sees each member that was there throughout with the same score, unless `by=rank` has a `min` or a `max`.
/// With `member` alone, that member, as `/v1/sorted-sets/{key}/members/{member}` gives it. Redis's command:
/// [`ZRANGE`](https://redis.io/commands/zrange/).
#[utoipa::path(
    get,
    path = "/v1/sorted-sets/{key}/members",
    operation_id = "list_sorted_members",
    tag = "sorted-sets",
    params(Key, Selection, Paging, ("member" = Option<String>, Query, description = "This member alone")),
    responses(
        (status = 200, description = "A page, or the one member", body = PageOrOne<Member, RankedMember>),
        (status = 404, description = "The key, or the one member, does not exist"),
        (status = 406, description = "The page is too large: ask for fewer"),
    ),
)]
async fn list_or_read(grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
    if target.query.has("member") {
        return read(grant, target, headers).await;
    }
    ranges::page(grant, target, headers).await
}

/// Reads a member's score and rank
///
/// Redis's commands: [`ZSCORE`](https://redis.io/commands/zscore/), [`ZRANK`](https://redis.io/commands/zrank/).
#[utoipa::path(
    get,
    path = "/v1/sorted-sets/{key}/members/{member}",
    operation_id = "read_sorted_member",
    tag = "sorted-sets",
    params(Key, InPath),
    responses(
        (status = 200, description = "The member", body = RankedMember),
        (status = 404, description = "The key or the member does not exist"),
    ),
)]
async fn read(grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
    let (key, member) = place(target, &headers)?;
    let reply = grant.run(&RANK, &[key], std::slice::from_ref(&member)).await?;
    match &reply {
        Reply::Array(replies) => match &replies[..] {
            [Reply::Bulk(score), Reply::Integer(rank)] => {
                let ranked = RankedMember { member: Text(member), score: Score::given(score), rank: *rank };
                Ok(json(StatusCode::OK, &ranked))
            }
            [] => Err(no_such_member()),
            _ => Err(unexpected(&reply, Access::Read)),
        },
        other => Err(unexpected(other, Access::Read)),
    }
}

/// The body that gives a member its score.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewScore {
    score: Score,
}

/// Adds a member, or gives it another score
///
/// Where there is no sorted set, it is created. Redis's command: [`ZADD`](https://redis.io/commands/zadd/).
#[utoipa::path(
    put,
    path = "/v1/sorted-sets/{key}/members/{member}",
    operation_id = "set_sorted_member",
    tag = "sorted-sets",
    params(Key, InPath),
    request_body(content = NewScore, example = json!({"score": 36})),
    responses(
        (status = 200, description = "It was there, and has this score now", body = Member),
        (status = 201, description = "Added", body = Member),
    ),
)]
async fn set(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let (key, member) = place(target, &headers)?;
    let NewScore { score } = payload::read(&payload.into_json()?)?;
    let add = command!("ZADD").arg(key).arg(score.to_string()).arg(member.clone());
    let status = match grant.execute(add).await? {
        Reply::Integer(1) => StatusCode::CREATED,
        Reply::Integer(0) => StatusCode::OK,
        other => return Err(unexpected(&other, Access::Write)),
    };
    Ok(json(status, &Member { member: Text(member), score }))
}

/// Removes a member
///
/// With the last one, the sorted set is gone. Redis's command: [`ZREM`](https://redis.io/commands/zrem/).
#[utoipa::path(
    delete,
    path = "/v1/sorted-sets/{key}/members/{member}",
    operation_id = "remove_sorted_member",
    tag = "sorted-sets",
    params(Key, InPath),
    responses(
        (status = 204, description = "Removed"),
        (status = 404, description = "The key or the member does not exist"),
    ),
)]
async fn delete(grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
    let (key, member) = place(target, &headers)?;
    match grant.execute(command!("ZREM").arg(key).arg(member)).await? {
        Reply::Integer(1) => Ok(answer::empty(StatusCode::NO_CONTENT)),
        Reply::Integer(0) => Err(no_such_member()),
        other => Err(unexpected(&other, Access::Write)),
    }
}

/// The body of an increment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ScoreIncrement)]
struct Increment {
    /// What is added, below 0 to take away; 1 where it is not given.
    #[serde(default = "Score::one")]
    #[schema(required = false)]
    by: Score,
}

/// The answer to an increment.
#[derive(Serialize, ToSchema)]
#[schema(as = IncrementedScore)]
struct Incremented {
    score: Score,
}

/// Adds to a member's score
///
/// What does not exist counts as 0. Redis's command: [`ZINCRBY`](https://redis.io/commands/zincrby/).
#[utoipa::path(
    post,
    path = "/v1/sorted-sets/{key}/members/{member}/increment",
    operation_id = "increment_score",
    tag = "sorted-sets",
    params(Key, InPath),
    request_body(content = Increment, example = json!({"by": 1})),
    responses((status = 200, description = "Added", body = Incremented)),
)]
async fn increment(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let (key, member) = place(target, &headers)?;
    let Increment { by } = payload::read(&payload.into_json()?)?;
    match grant.execute(command!("ZINCRBY").arg(key).arg(by.to_string()).arg(member)).await? {
        Reply::Bulk(score) => Ok(json(StatusCode::OK, &Incremented { score: Score::given(&score) })),
        other => Err(unexpected(&other, Access::Write)),
    }
}

/// The key and the member, of which no condition can speak.
fn place(target: Target, headers: &HeaderMap) -> Result<(Bytes, Bytes), Problem> {
    Condition::refuse(headers)?;
    target.key_and_part("member")
}

fn no_such_member() -> Problem {
    Problem::new(Kind::NotFound, "the sorted set, or the member in it, does not exist")
}
