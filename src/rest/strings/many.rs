//! Reading many strings at once.

use std::collections::HashMap;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{StringValue, read};
use crate::answer::Response;
use crate::auth::Grant;
use crate::handler::Headers;
use crate::problem::{Kind, Problem};
use crate::redis::script::{Script, script};
use crate::redis::{Access, Reply};
use crate::rest::entity_tag::Condition;
use crate::rest::many::Many;
use crate::rest::operation::{Operation, Side, operations};
use crate::rest::payload::{self, Payload};
use crate::rest::target::Target;
use crate::rest::text::Text;
use crate::rest::unexpected;
use crate::uri::Query;

static MANY: Script = script!(Read: "../many.lua");

/// The most keys in a query.
const MAX_IN_QUERY: usize = 100;
/// The most keys in a body.
const MAX_IN_BODY: usize = 1000;

/// What is served.
pub(super) fn operations<S: Side>() -> Vec<Operation<S>> {
    operations![read_one_or_many, read_many]
}

/// A string, or nothing where the key does not exist or holds another type.
#[derive(Serialize, ToSchema)]
#[schema(as = StringItem)]
struct Item {
    key: Text,
    #[schema(required)]
    value: Option<Text>,
}

/// Strings, in the order asked for.
#[derive(Serialize, ToSchema)]
#[schema(as = StringItems)]
struct Items {
    items: Vec<Item>,
}

/// The body that asks for many.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WantedStrings)]
struct Wanted {
    #[schema(value_type = Vec<Text>, min_items = 1, max_items = 1000)]
    keys: Many<Text>,
}

/// Reads one string, or many
///
/// One `?key=` is that string, as `/v1/strings/{key}` gives it; more are a list, `null` where there is no string.
#[utoipa::path(
    get,
    path = "/v1/strings",
    operation_id = "read_strings",
    tag = "strings",
    params(("key" = Vec<String>, Query, description = "The keys, up to 100", example = json!(["greeting", "other"]))),
    responses(
        (
            status = 200,
            description = "The values",
            content(
                (OneOrMany = "application/json"),
                (Vec<u8> = "application/octet-stream"),
            ),
        ),
        (status = 206, description = "A part of the bytes", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 304, description = "The value is still the one that `If-None-Match` names"),
        (status = 404, description = "The one key does not exist"),
        (status = 406, description = "The values are too large for JSON: ask for fewer"),
        (status = 409, description = "The one key holds a value of another type"),
        (status = 412, description = "`If-Match` does not hold"),
        (status = 416, description = "The value has no such part"),
    ),
)]
async fn read_one_or_many(
    grant: Grant,
    method: Method,
    mut query: Query,
    headers: Headers,
) -> Result<Response, Problem> {
    let mut keys = query.take_all("key");
    match keys.len() {
        1 => read(grant, method, Target { key: keys.swap_remove(0), part: None, query }, headers).await,
        0 => {
            Err(Problem::new(Kind::Invalid, "the key is missing: give it as `?key=`, up to 100 times, or in the path"))
        }
        _ => {
            query.finish()?;
            Condition::refuse(&headers)?;
            list(grant, keys, MAX_IN_QUERY).await
        }
    }
}

/// What one `?key=` or more are answered with.
#[derive(ToSchema)]
#[schema(as = StringOrStrings)]
#[serde(untagged)]
#[expect(dead_code, reason = "it only describes")]
enum OneOrMany {
    One(StringValue),
    Many(Items),
}

/// Reads many strings
///
/// Redis's command: [`MGET`](https://redis.io/commands/mget/).
#[utoipa::path(
    post,
    path = "/v1/strings/get",
    operation_id = "read_many_strings",
    tag = "strings",
    request_body(content = Wanted, example = json!({"keys": ["greeting", "other"]})),
    responses(
        (status = 200, description = "The values, `null` where there is no string", body = Items),
        (status = 406, description = "The values are too large for JSON: ask for fewer"),
    ),
)]
async fn read_many(grant: Grant, query: Query, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    query.finish()?;
    Condition::refuse(&headers)?;
    let Wanted { keys: Many(keys) } = payload::read(&payload.into_json()?)?;
    list(grant, keys.into_iter().map(|Text(key)| key).collect(), MAX_IN_BODY).await
}

/// By `MGET` (<https://redis.io/commands/mget/>), each key once, and only where the values are not too large together.
async fn list(grant: Grant, keys: Vec<Bytes>, most: usize) -> Result<Response, Problem> {
    if keys.is_empty() || keys.len() > most {
        let detail = format!("1 to {most} keys may be asked for here; POST /v1/strings/get takes {MAX_IN_BODY}");
        return Err(Problem::new(Kind::Invalid, detail));
    }
    let limit = grant.limits().json_value_bytes;
    let too_large = || {
        let detail =
            format!("the values have more than {limit} bytes together, which are shown in JSON: ask for fewer");
        Problem::new(Kind::NotAcceptable, detail)
    };
    let mut distinct = keys.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let values = match grant.run(&MANY, &distinct, &[Bytes::from(limit.to_string())]).await? {
        Reply::Array(replies) if matches!(replies[..], [Reply::Integer(_)]) => return Err(too_large()),
        Reply::Array(replies) if replies.len() == distinct.len() => replies,
        other => return Err(unexpected(&other, Access::Read)),
    };
    let values: HashMap<Bytes, Reply> = distinct.into_iter().zip(values).collect();

    let (mut items, mut bytes) = (Vec::with_capacity(keys.len()), 0);
    for key in keys {
        let value = match values.get(&key) {
            Some(Reply::Bulk(value)) => Some(Text(value.clone())),
            _ => None,
        };
        bytes += value.as_ref().map_or(0, |Text(value)| value.len());
        items.push(Item { key: Text(key), value });
    }
    if bytes > limit {
        return Err(too_large());
    }
    Ok(crate::rest::json(StatusCode::OK, &Items { items }))
}
