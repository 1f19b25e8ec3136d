//! Changing a part of a string: append and increment.

use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Number;
use serde_json::value::RawValue;

use super::{condition_failed, conditions};
use crate::auth::Grant;
use crate::problem::{Kind, Problem};
use crate::redis::command::{INCRBY, INCRBYFLOAT};
use crate::redis::script::{Script, script};
use crate::redis::{Access, Command, Reply};
use crate::rest::entity_tag::Condition;
use crate::rest::payload::{self, Payload};
use crate::rest::target::Target;
use crate::rest::text::Text;
use crate::rest::{no_such_key, unexpected};

static APPEND: Script = script!(Write: "../condition.lua", "../append.lua");

/// The body of a PATCH.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Patch {
    append: Text,
}

/// The answer to a PATCH.
#[derive(Serialize)]
struct Patched {
    key: Text,
    /// In bytes.
    length: i64,
}

/// Appends to a string that exists, under the conditions given (<https://redis.io/commands/append/>).
pub(super) async fn append(
    grant: Grant,
    target: Target,
    headers: HeaderMap,
    payload: Payload,
) -> Result<Response, Problem> {
    let key = target.only_key()?;
    let Patch { append: Text(tail) } = payload::read(&payload.into_json()?)?;
    let mut arguments = conditions(&headers)?;
    arguments.push(tail);
    match grant.run(&APPEND, std::slice::from_ref(&key), &arguments).await? {
        Reply::Integer(-1) => Err(condition_failed()),
        Reply::Integer(-2) => Err(no_such_key()),
        Reply::Integer(-3) => Err(Problem::new(Kind::Invalid, "the value would be longer than Redis allows")),
        Reply::Integer(length) => Ok(crate::rest::json(StatusCode::OK, &Patched { key: Text(key), length })),
        other => Err(unexpected(&other, Access::Write)),
    }
}

/// The body of an increment.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Increment<'a> {
    #[serde(borrow, default = "one")]
    by: &'a RawValue,
}

fn one() -> &'static RawValue {
    // `1` is JSON.
    serde_json::from_str("1").unwrap_or(RawValue::NULL)
}

/// The answer to an increment.
#[derive(Serialize)]
struct Incremented<'a> {
    value: &'a RawValue,
}

/// Adds to a number, 1 where the body does not say; a key that does not exist counts as 0. Integers are added exactly, by
/// `INCRBY` (<https://redis.io/commands/incrby/>); where either is a decimal, `INCRBYFLOAT` adds with about 17 digits
/// (<https://redis.io/commands/incrbyfloat/>).
pub(super) async fn increment(
    grant: Grant,
    target: Target,
    headers: HeaderMap,
    payload: Payload,
) -> Result<Response, Problem> {
    let key = target.only_key()?;
    Condition::refuse(&headers)?;
    let body = payload.into_json()?;
    let Increment { by } = payload::read(&body)?;
    let by = by.get();
    let add = |row, by: String| grant.execute(Command::new(row).arg(key.clone()).arg(by));
    let add_decimal = async || {
        add(&INCRBYFLOAT, by.to_owned()).await.map_err(|problem| match problem.kind {
            Kind::Invalid if problem.detail.contains("not a valid float") => {
                Problem::new(Kind::Invalid, "the value at the key is not a number")
            }
            _ => problem,
        })
    };

    let is_decimal = by.contains(['.', 'e', 'E']);
    let reply = match by.parse::<i64>() {
        Ok(integer) => match add(&INCRBY, integer.to_string()).await {
            // The value is a decimal, perhaps, and nothing was changed yet.
            Err(problem) if problem.detail.contains("not an integer") => add_decimal().await?,
            result => result?,
        },
        Err(_) if is_decimal && by.parse::<Number>().is_ok() => add_decimal().await?,
        Err(_) => {
            return Err(Problem::new(
                Kind::Invalid,
                "`by` must be a 64-bit integer, or a decimal that is not too large",
            ));
        }
    };
    let value = match &reply {
        Reply::Integer(number) => Some(number.to_string()),
        Reply::Bulk(digits) => std::str::from_utf8(digits).ok().map(str::to_owned),
        _ => None,
    };
    let value = value.and_then(|digits| RawValue::from_string(digits).ok());
    let value = value.ok_or_else(|| unexpected(&reply, Access::Write))?;
    Ok(crate::rest::json(StatusCode::OK, &Incremented { value: &value }))
}
