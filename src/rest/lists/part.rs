//! A part of a list, to read it or to keep it alone.

use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{LIST, Length, ListValue};
use crate::answer::Response;
use crate::auth::Grant;
use crate::handler::Headers;
use crate::problem::{Kind, Problem};
use crate::redis::script::{Script, script};
use crate::rest::describe::{Conditions, Key};
use crate::rest::elements::{self, MAX_SHOWN};
use crate::rest::entity_tag::Condition;
use crate::rest::json;
use crate::rest::many::Object;
use crate::rest::operation::{Operation, Side, operations};
use crate::rest::payload::{self, Payload};
use crate::rest::target::Target;
use crate::rest::text::Text;
use crate::rest::write::{conditions, outcome};
use crate::uri::Query;

static READ: Script = script!(Read: "../read_part.lua");
static TRIM: Script = script!(Write: "../condition.lua", "../trim_list.lua");

/// What is served.
pub(super) fn operations<S: Side>() -> Vec<Operation<S>> {
    operations![trim]
}

/// From one index to another; 0 is the first item, and below 0 counts from the end: -1 is the last.
#[derive(Debug, Deserialize, PartialEq, Eq, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ListPart)]
#[into_params(parameter_in = Query)]
pub(super) struct Part {
    /// Where it begins: 0 is the first item, and below 0 counts from the end.
    #[serde(default)]
    #[param(default = 0)]
    #[schema(default = 0)]
    start: i64,
    /// Where it ends, with this item: -1 is the last one.
    #[serde(default = "last")]
    #[param(default = -1)]
    #[schema(default = -1)]
    stop: i64,
}

fn last() -> i64 {
    -1
}

impl Part {
    /// Takes `start` and `stop` out of a query; nothing where it has neither.
    pub(super) fn of(query: &mut Query) -> Result<Option<Self>, Problem> {
        let mut index = |name| {
            let wrong = |_| Problem::new(Kind::Invalid, format!("`{name}` must be a 64-bit integer"));
            query.take_text(name)?.map(|text| text.parse().map_err(wrong)).transpose()
        };
        let (start, stop): (_, Option<i64>) = (index("start")?, index("stop")?);
        let is_given = start.is_some() || stop.is_some();
        Ok(is_given.then(|| Self { start: start.unwrap_or_default(), stop: stop.unwrap_or_else(last) }))
    }

    /// Answers with this part of a list.
    pub(super) async fn read(self, grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
        Condition::refuse(&headers)?;
        let key = target.only_key()?;
        let bounds = [MAX_SHOWN, grant.limits().json_value_bytes].map(|number| Bytes::from(number.to_string()));
        let arguments = [bounds, self.arguments()].concat();
        let part = elements::show(&grant, &READ, key, &arguments).await?;
        Ok(json(StatusCode::OK, &ListValue::from(part)))
    }

    fn arguments(&self) -> [Bytes; 2] {
        [self.start, self.stop].map(|index| Bytes::from(index.to_string()))
    }
}

/// The body of a PATCH.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ListPatch)]
struct Patch {
    /// The part that is kept.
    #[schema(value_type = Part)]
    trim: Object<Part>,
}

/// Trims a list
///
/// Keeps the items from `start` to `stop` alone; where there are none, the list is gone. Redis's command:
/// [`LTRIM`](https://redis.io/commands/ltrim/).
#[utoipa::path(
    patch,
    path = "/v1/lists/{key}",
    operation_id = "trim_list",
    tag = "lists",
    params(Key, Conditions),
    request_body(content = Patch, example = json!({"trim": {"start": 0, "stop": 99}})),
    responses(
        (status = 200, description = "Trimmed", body = Length),
        (status = 404, description = "The key does not exist"),
        (status = 412, description = "A condition does not hold, and nothing was changed"),
    ),
)]
async fn trim(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let key = target.only_key()?;
    let Patch { trim: Object(trim) } = payload::read(&payload.into_json()?)?;
    let mut arguments = conditions(&headers, LIST.name)?;
    arguments.extend(trim.arguments());
    let length = outcome(grant.run(&TRIM, std::slice::from_ref(&key), &arguments).await?)?;
    Ok(json(StatusCode::OK, &Length { key: Text(key), length }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(query: &str) -> Result<Option<Part>, Kind> {
        let mut query = Query::of(&format!("/?{query}").parse().unwrap()).unwrap();
        Part::of(&mut query).map_err(|problem| problem.kind)
    }

    #[test]
    fn a_part_goes_from_the_first_to_the_last_unless_it_says_otherwise() {
        let part = |start, stop| Ok(Some(Part { start, stop }));
        assert_eq!(of(""), Ok(None));
        assert_eq!(of("start=-3"), part(-3, -1));
        assert_eq!(of("stop=9"), part(0, 9));
        assert_eq!(of(&format!("start={}&stop={}", i64::MIN, i64::MAX)), part(i64::MIN, i64::MAX));
        assert_eq!(serde_json::from_str::<Part>("{}").unwrap(), Part { start: 0, stop: -1 });
    }

    #[test]
    fn what_is_no_index_is_refused() {
        for query in ["start=", "stop=x", "start=1.0", "stop=9223372036854775808", "start=1&start=1"] {
            assert_eq!(of(query), Err(Kind::Invalid), "{query}");
        }
    }
}
