//! Adding to a number, wherever it stands.

use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::payload::{self, Payload};
use super::{json, unexpected};
use crate::answer::Response;
use crate::auth::Grant;
use crate::problem::{Kind, Problem};
use crate::redis::{Access, Command, Reply};

/// The body of an increment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Increment<'a> {
    /// What is added: a 64-bit integer or a decimal, below 0 to take away; 1 where it is not given.
    #[serde(borrow, default = "one")]
    #[schema(value_type = f64, default = 1, example = 1)]
    by: &'a RawValue,
}

fn one() -> &'static RawValue {
    // `1` is JSON.
    serde_json::from_str("1").unwrap_or(RawValue::NULL)
}

/// The answer to an increment.
#[derive(Serialize, ToSchema)]
pub struct Incremented<'a> {
    /// The sum.
    #[schema(value_type = f64, example = 1)]
    value: &'a RawValue,
}

/// The two commands that add to a number at the same place.
pub struct Commands {
    /// `INCRBY` or one like it.
    pub integer: Command,
    /// `INCRBYFLOAT` or one like it.
    pub decimal: Command,
}

/// Adds what the body says to the number at `place`; nothing there counts as 0. Integers are added exactly; where either
/// is a decimal, Redis adds with about 17 digits.
///
/// # Errors
/// A problem where one of them is no number, or the sum is out of range.
pub async fn increment(
    grant: Grant,
    commands: Commands,
    place: &[Bytes],
    payload: Payload,
) -> Result<Response, Problem> {
    let body = payload.into_json()?;
    let Increment { by } = payload::read(&body)?;
    let by = by.get();
    let add = |command: Command, by: String| grant.execute(command.args(place.iter().cloned()).arg(by));
    let add_decimal = async || {
        add(commands.decimal.clone(), by.to_owned()).await.map_err(|problem| match problem.kind {
            Kind::Invalid if problem.detail.contains("float") => {
                Problem::new(Kind::Invalid, "the value there is not a number")
            }
            _ => problem,
        })
    };

    let is_decimal = by.contains(['.', 'e', 'E']);
    let reply = match by.parse::<i64>() {
        Ok(integer) => match add(commands.integer, integer.to_string()).await {
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
    Ok(json(StatusCode::OK, &Incremented { value: &value }))
}
