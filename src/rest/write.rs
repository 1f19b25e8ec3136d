//! What writes have in common: a new key, what may be replaced, the conditions, what came of it.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::entity_tag::Condition;
use super::expiry::Expiry;
use super::target::{Target, location};
use super::text::Text;
use super::unexpected;
use crate::answer::{self, Response, With};
use crate::auth::Grant;
use crate::handler::Headers;
use crate::problem::{Kind, Problem};
use crate::redis::script::{Script, script};
use crate::redis::{Access, Reply};
use crate::uri::Query;

static DELETE: Script = script!(Write: "condition.lua", "delete.lua");

/// A command that answers a number from 0, only where its key exists.
pub static IF_EXISTS: Script = script!(Write: "if_exists.lua");

/// The answer to a write: the key that it was about.
#[derive(Serialize, ToSchema)]
pub struct Written {
    /// The key.
    pub key: Text,
}

/// The key of a value that is created: from the body, from the query, or a new one (UUIDv7).
///
/// # Errors
/// A problem where it is given twice.
pub fn new_key(in_body: Option<Text>, query: &mut Query) -> Result<Bytes, Problem> {
    match (in_body, query.take("key")?) {
        (Some(_), Some(_)) => Err(Problem::new(Kind::Invalid, "`key` is given in the body and in the query")),
        (None, None) => Ok(Uuid::now_v7().to_string().into()),
        (Some(Text(key)), None) | (None, Some(key)) => Ok(key),
    }
}

/// When a value that is created ends.
///
/// # Errors
/// A problem where that should be as before.
pub fn new_expiry(expiry: Expiry) -> Result<Expiry, Problem> {
    match expiry {
        Expiry::Keep => {
            Err(Problem::new(Kind::Invalid, "`keep_ttl` is for PUT: a new key has no time to live to keep"))
        }
        expiry => Ok(expiry),
    }
}

/// What may be replaced, as the scripts take it: a value of the `same` type, or of `any` by `?replace=any`.
///
/// # Errors
/// A problem where the query says something else.
pub fn replaces(query: &mut Query) -> Result<Bytes, Problem> {
    match query.take_text("replace")?.as_deref() {
        None => Ok(Bytes::from("same")),
        Some("any") => Ok(Bytes::from("any")),
        Some(_) => Err(Problem::new(Kind::Invalid, "`replace` must be `any`: a value of any type")),
    }
}

/// The conditions of a write on a value of the type that Redis calls `name`, as `condition.lua` takes them.
///
/// # Errors
/// A problem where one cannot be read.
pub fn conditions(headers: &HeaderMap, name: &'static str) -> Result<Vec<Bytes>, Problem> {
    let arguments = [Condition::if_match(headers)?, Condition::if_none_match(headers)?];
    Ok(arguments.iter().map(Condition::script_argument).chain([Bytes::from(name)]).collect())
}

/// What a script that writes says came of it: a number from 0, or why it did nothing.
///
/// # Errors
/// A problem that says why. What lies below -4 is a script's own.
pub fn outcome(reply: Reply) -> Result<i64, Problem> {
    match reply {
        Reply::Integer(-1) => Err(condition_failed()),
        Reply::Integer(-2) => Err(no_such_key()),
        Reply::Integer(-3) => Err(Problem::new(Kind::Conflict, "the key exists already, and nothing was changed")),
        Reply::Integer(-4) => Err(Problem::new(
            Kind::Invalid,
            "the value has more than 10000 elements, or more than 256 MiB: too many for a condition on its entity tag",
        )),
        Reply::Integer(number) => Ok(number),
        other => Err(unexpected(&other, Access::Write)),
    }
}

/// The same of a script that says two numbers, as JSON.
///
/// # Errors
/// As [`outcome`].
pub fn two_outcomes(reply: Reply) -> Result<[u64; 2], Problem> {
    let Reply::Bulk(json) = &reply else {
        return outcome(reply).and_then(|number| Err(unexpected(&Reply::Integer(number), Access::Write)));
    };
    serde_json::from_slice(json).map_err(|_| unexpected(&reply, Access::Write))
}

/// Nothing is there.
pub fn no_such_key() -> Problem {
    Problem::new(Kind::NotFound, "the key does not exist")
}

/// `If-Match` or `If-None-Match` does not hold.
pub fn condition_failed() -> Problem {
    Problem::new(Kind::PreconditionFailed, "the value is not what the condition says; nothing was changed")
}

/// The answer to a creation.
///
/// # Errors
/// Never, in truth.
pub fn created(collection: &str, key: Bytes) -> Result<Response, Problem> {
    let place = location(collection, &key)?;
    Ok(super::json(StatusCode::CREATED, &Written { key: Text(key) }).with(place))
}

/// The answer to a write whose script says 1 where the key is new, 0 where it was there.
///
/// # Errors
/// A problem where nothing was written.
pub fn stored(key: Bytes, reply: Reply) -> Result<Response, Problem> {
    let status = if outcome(reply)? == 1 { StatusCode::CREATED } else { StatusCode::OK };
    Ok(super::json(status, &Written { key: Text(key) }))
}

/// Deletes a value of the type that Redis calls `name`, under the conditions given
/// (<https://redis.io/commands/unlink/>).
///
/// # Errors
/// A problem where nothing was deleted.
pub async fn delete(grant: Grant, name: &'static str, target: Target, headers: Headers) -> Result<Response, Problem> {
    let key = target.only_key()?;
    let arguments = conditions(&headers, name)?;
    outcome(grant.run(&DELETE, &[key], &arguments).await?)?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}
