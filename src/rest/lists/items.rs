//! One item of a list, by its index.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{NewText, item_too_large};
use crate::answer::{self, Response};
use crate::auth::Grant;
use crate::handler::Headers;
use crate::problem::{Kind, Problem};
use crate::redis::command::command;
use crate::redis::script::{Script, script};
use crate::redis::{Access, Reply};
use crate::rest::describe::Key;
use crate::rest::entity_tag::Condition;
use crate::rest::operation::{Operation, Side, operations};
use crate::rest::payload::{self, Payload};
use crate::rest::target::Target;
use crate::rest::text::Text;
use crate::rest::write::outcome;
use crate::rest::{json, unexpected};

static SET: Script = script!(Write: "../item.lua", "../set_item.lua");
static DELETE: Script = script!(Write: "../allow_oom.lua", "../item.lua", "../delete_item.lua");

/// What is served.
pub(super) fn operations<S: Side>() -> Vec<Operation<S>> {
    operations![read, set, delete]
}

/// The index in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it only describes")]
struct Index {
    /// Which item: 0 is the first, and below 0 counts from the end: -1 is the last.
    #[param(example = 0)]
    index: i64,
}

/// An item of a list.
#[derive(Serialize, ToSchema)]
#[schema(as = ListItem)]
struct Item {
    /// As it was asked for.
    index: i64,
    value: Text,
}

/// Reads an item
///
/// Redis's command: [`LINDEX`](https://redis.io/commands/lindex/).
#[utoipa::path(
    get,
    path = "/v1/lists/{key}/items/{index}",
    operation_id = "read_item",
    tag = "lists",
    params(Key, Index),
    responses(
        (status = 200, description = "The item", body = Item),
        (status = 404, description = "The key or the item does not exist"),
        (status = 406, description = "The item is too large for JSON"),
    ),
)]
async fn read(grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
    let (key, index) = place(target, &headers)?;
    match grant.execute(command!("LINDEX").arg(key).arg(index.to_string())).await? {
        Reply::Bulk(value) if value.len() > grant.limits().json_value_bytes => Err(item_too_large()),
        Reply::Bulk(value) => Ok(json(StatusCode::OK, &Item { index, value: Text(value) })),
        Reply::Nil => Err(no_such_item()),
        other => Err(unexpected(&other, Access::Read)),
    }
}

/// The body that sets an item.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewListItem)]
struct NewItem {
    value: NewText,
}

/// Sets an item
///
/// One that is there already: lists grow at their ends alone. Redis's command: [`LSET`](https://redis.io/commands/lset/).
#[utoipa::path(
    put,
    path = "/v1/lists/{key}/items/{index}",
    operation_id = "set_item",
    tag = "lists",
    params(Key, Index),
    request_body(content = NewItem, example = json!({"value": "second"})),
    responses(
        (status = 200, description = "Replaced", body = Item),
        (status = 404, description = "The key or the item does not exist"),
    ),
)]
async fn set(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let (key, index) = place(target, &headers)?;
    let NewItem { value: NewText(value) } = payload::read(&payload.into_json()?)?;
    change(grant, &SET, key, index, value.clone()).await?;
    Ok(json(StatusCode::OK, &Item { index, value: Text(value) }))
}

/// Deletes an item
///
/// This one alone, whatever else is equal to it; those behind it move up. With the last one, the list is gone. Redis's
/// commands: [`LSET`](https://redis.io/commands/lset/), [`LREM`](https://redis.io/commands/lrem/).
#[utoipa::path(
    delete,
    path = "/v1/lists/{key}/items/{index}",
    operation_id = "delete_item",
    tag = "lists",
    params(Key, Index),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "The key or the item does not exist"),
    ),
)]
async fn delete(grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
    let (key, index) = place(target, &headers)?;
    change(grant, &DELETE, key, index, Uuid::now_v7().to_string().into()).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

async fn change(grant: Grant, script: &Script, key: Bytes, index: i64, argument: Bytes) -> Result<(), Problem> {
    match grant.run(script, &[key], &[Bytes::from(index.to_string()), argument]).await? {
        Reply::Integer(-2) => Err(no_such_item()),
        reply => outcome(reply).map(drop),
    }
}

/// The key and the index, of which no condition can speak.
fn place(target: Target, headers: &HeaderMap) -> Result<(Bytes, i64), Problem> {
    Condition::refuse(headers)?;
    let (key, index) = target.key_and_part("index")?;
    let index = std::str::from_utf8(&index).ok().and_then(|text| text.parse().ok());
    index.map(|index| (key, index)).ok_or_else(|| Problem::new(Kind::Invalid, "the index must be a 64-bit integer"))
}

fn no_such_item() -> Problem {
    Problem::new(Kind::NotFound, "the list, or the item in it, does not exist")
}
