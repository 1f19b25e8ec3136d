//! Reading many strings at once.

use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::read;
use crate::auth::Grant;
use crate::problem::{Kind, Problem};
use crate::redis::command::MGET;
use crate::redis::{Access, Command, Reply};
use crate::rest::payload::{self, Payload};
use crate::rest::target::Target;
use crate::rest::text::Text;
use crate::rest::unexpected;
use crate::uri::Query;

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
            list(grant, keys, MAX_IN_QUERY).await
        }
    }
}

/// As many as a body holds.
pub(super) async fn read_many(grant: Grant, query: Query, payload: Payload) -> Result<Response, Problem> {
    query.finish()?;
    let Wanted { keys } = payload::read(&payload.into_json()?)?;
    list(grant, keys.into_iter().map(|Text(key)| key).collect(), MAX_IN_BODY).await
}

/// By `MGET` (<https://redis.io/commands/mget/>).
async fn list(grant: Grant, keys: Vec<Bytes>, most: usize) -> Result<Response, Problem> {
    if keys.is_empty() || keys.len() > most {
        let detail = format!("1 to {most} keys may be asked for here; POST /v1/strings/get takes {MAX_IN_BODY}");
        return Err(Problem::new(Kind::Invalid, detail));
    }
    let values = match grant.execute(Command::new(&MGET).args(keys.iter().cloned())).await? {
        Reply::Array(values) if values.len() == keys.len() => values,
        other => return Err(unexpected(&other, Access::Read)),
    };
    let (mut items, mut bytes) = (Vec::with_capacity(keys.len()), 0);
    for (key, value) in keys.into_iter().zip(values) {
        let value = match value {
            Reply::Bulk(value) => Some(value),
            Reply::Nil => None,
            other => return Err(unexpected(&other, Access::Read)),
        };
        bytes += value.as_ref().map_or(0, Bytes::len);
        items.push(Item { key: Text(key), value: value.map(Text) });
    }
    let limit = grant.limits().json_value_bytes;
    if bytes > limit {
        let detail =
            format!("the values have {bytes} bytes together, and up to {limit} are shown in JSON: ask for fewer");
        return Err(Problem::new(Kind::NotAcceptable, detail));
    }
    Ok(crate::rest::json(StatusCode::OK, &Items { items }))
}
