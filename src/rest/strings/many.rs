//! Reading many strings at once.

use std::collections::HashMap;

use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::read;
use crate::auth::Grant;
use crate::problem::{Kind, Problem};
use crate::redis::script::{Script, script};
use crate::redis::{Access, Reply};
use crate::rest::entity_tag::Condition;
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

/// A string, or nothing where the key does not exist or holds another type.
#[derive(Serialize)]
struct Item {
    key: Text,
    value: Option<Text>,
}

/// The answer, in the order asked for.
#[derive(Serialize)]
struct Items {
    items: Vec<Item>,
}

/// The body that asks for many.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    keys: Vec<Text>,
}

/// One `?key=` is that key; more are a list.
pub(super) async fn read_one_or_many(
    grant: Grant,
    method: Method,
    mut query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut keys = query.take_all("key");
    match keys.len() {
        1 => read(grant, method, Target { key: keys.swap_remove(0), query }, headers).await,
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

/// As many as a body holds.
pub(super) async fn read_many(
    grant: Grant,
    query: Query,
    headers: HeaderMap,
    payload: Payload,
) -> Result<Response, Problem> {
    query.finish()?;
    Condition::refuse(&headers)?;
    let Wanted { keys } = payload::read(&payload.into_json()?)?;
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
