//! The ends of a list: adding, taking and moving there.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Length, NewText, item_too_large, strings, texts};
use crate::answer::Response;
use crate::auth::Grant;
use crate::handler::Headers;
use crate::problem::{Kind, Problem};
use crate::redis::command::command;
use crate::redis::script::{Script, script};
use crate::redis::{Access, Command, Reply};
use crate::rest::describe::Key;
use crate::rest::elements::refuse_nothing;
use crate::rest::entity_tag::Condition;
use crate::rest::many::Many;
use crate::rest::operation::{Operation, Side, operations};
use crate::rest::packed::unpack;
use crate::rest::payload::{self, Payload};
use crate::rest::target::Target;
use crate::rest::text::Text;
use crate::rest::write::outcome;
use crate::rest::{json, unexpected};

static POP: Script = script!(Write: "../item.lua", "../pop_items.lua");
static MOVE: Script = script!(Write: "../item.lua", "../move_item.lua");

/// What is served.
pub(super) fn operations<S: Side>() -> Vec<Operation<S>> {
    operations![push, pop, move_item]
}

/// An end of a list: `left` is before the first item, `right` behind the last.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ListEnd)]
enum End {
    Left,
    Right,
}

/// What Redis calls all that concerns an end.
struct Names {
    end: &'static str,
    index: &'static str,
    pop: &'static str,
    push: Command,
}

impl End {
    fn left() -> Self {
        Self::Left
    }

    fn right() -> Self {
        Self::Right
    }

    fn names(self) -> Names {
        match self {
            Self::Left => Names { end: "LEFT", index: "0", pop: "LPOP", push: command!("LPUSH") },
            Self::Right => Names { end: "RIGHT", index: "-1", pop: "RPOP", push: command!("RPUSH") },
        }
    }
}

/// The body of a push.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ListPush)]
struct Push {
    /// Where the items are added.
    #[serde(default = "End::right")]
    #[schema(default = "right")]
    side: End,
    #[schema(value_type = Vec<NewText>, min_items = 1, max_items = 100_000)]
    items: Many<NewText>,
}

/// Adds items to a list
///
/// One after the other, in one atomic step: of several that are pushed on the left, the last one is the list's first
/// then. Where there is no list, it is created. Redis's commands: [`RPUSH`](https://redis.io/commands/rpush/),
/// [`LPUSH`](https://redis.io/commands/lpush/).
#[utoipa::path(
    post,
    path = "/v1/lists/{key}/push",
    operation_id = "push_items",
    tag = "lists",
    params(Key),
    request_body(content = Push, example = json!({"side": "right", "items": ["third", 4]})),
    responses((status = 200, description = "Added", body = Length)),
)]
async fn push(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let key = only_key(target, &headers)?;
    let Push { side, items } = payload::read(&payload.into_json()?)?;
    let items = strings(items);
    refuse_nothing(&items)?;
    match grant.execute(side.names().push.arg(key.clone()).args(items)).await? {
        Reply::Integer(length) => Ok(json(StatusCode::OK, &Length { key: Text(key), length })),
        other => Err(unexpected(&other, Access::Write)),
    }
}

/// The most items that are taken at once.
const MAX_TAKEN: i64 = 1000;

/// The body of a pop.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ListPop)]
struct Pop {
    /// Where the items are taken.
    #[serde(default = "End::left")]
    #[schema(default = "left")]
    side: End,
    /// The most that are taken.
    #[serde(default = "one")]
    #[schema(default = 1, minimum = 1, maximum = 1000)]
    count: i64,
}

fn one() -> i64 {
    1
}

/// Items that were taken off a list, in that order.
#[derive(Serialize, ToSchema)]
#[schema(as = ListItems)]
struct Taken {
    items: Vec<Text>,
}

/// Takes items off a list
///
/// Fewer than `count` where the list has no more, or where more would be too large to be shown at once. With the last one,
/// the list is gone. An answer that is lost on its way takes the items with it: `/move` keeps them in another list. Redis's
/// commands: [`LPOP`](https://redis.io/commands/lpop/), [`RPOP`](https://redis.io/commands/rpop/).
#[utoipa::path(
    post,
    path = "/v1/lists/{key}/pop",
    operation_id = "pop_items",
    tag = "lists",
    params(Key),
    request_body(content = Pop, example = json!({"side": "left", "count": 10})),
    responses(
        (status = 200, description = "Taken", body = Taken),
        (status = 404, description = "The key does not exist"),
        (status = 406, description = "The first item is too large for JSON, and none was taken"),
    ),
)]
async fn pop(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let key = only_key(target, &headers)?;
    let Pop { side, count } = payload::read(&payload.into_json()?)?;
    if !(1..=MAX_TAKEN).contains(&count) {
        return Err(Problem::new(Kind::Invalid, format!("`count` must be a whole number from 1 to {MAX_TAKEN}")));
    }
    let Names { index, pop, .. } = side.names();
    let packed = take(grant, &POP, &[key], index, [Bytes::from(pop), Bytes::from(count.to_string())]).await?;
    let items = unpack(packed.clone()).ok_or_else(|| unexpected(&Reply::Bulk(packed), Access::Write))?;
    Ok(json(StatusCode::OK, &Taken { items: texts(items) }))
}

/// The body of a move.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ListMove)]
struct Move {
    /// The list that the item goes to; the same one turns round.
    to: Text,
    /// Where the item is taken.
    #[serde(default = "End::left")]
    #[schema(default = "left")]
    from_side: End,
    /// Where it is added.
    #[serde(default = "End::right")]
    #[schema(default = "right")]
    to_side: End,
}

/// An item that was moved.
#[derive(Serialize, ToSchema)]
#[schema(as = MovedListItem)]
struct Moved {
    item: Text,
}

/// Moves an item to another list
///
/// Unless the sides say otherwise, from the left of the one to the right of the other, as queues are pushed and popped by
/// default. Where there is no list `to`, it is created. Redis's command: [`LMOVE`](https://redis.io/commands/lmove/).
#[utoipa::path(
    post,
    path = "/v1/lists/{key}/move",
    operation_id = "move_item",
    tag = "lists",
    params(Key),
    request_body(content = Move, example = json!({"to": "jobs:running"})),
    responses(
        (status = 200, description = "Moved", body = Moved),
        (status = 404, description = "The key does not exist"),
        (status = 406, description = "The item is too large for JSON, and was not moved"),
        (status = 409, description = "The key, or `to`, holds a value of another type"),
    ),
)]
async fn move_item(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let key = only_key(target, &headers)?;
    let Move { to: Text(to), from_side, to_side } = payload::read(&payload.into_json()?)?;
    let (from, to_end) = (from_side.names(), to_side.names().end);
    let item = take(grant, &MOVE, &[key, to], from.index, [from.end, to_end].map(Bytes::from)).await?;
    Ok(json(StatusCode::OK, &Moved { item: Text(item) }))
}

/// The key, of whose value no condition can speak here.
fn only_key(target: Target, headers: &HeaderMap) -> Result<Bytes, Problem> {
    Condition::refuse(headers)?;
    target.only_key()
}

/// What a script takes from the end of a list where the item `index` is.
async fn take(
    grant: Grant,
    script: &Script,
    keys: &[Bytes],
    index: &'static str,
    how: [Bytes; 2],
) -> Result<Bytes, Problem> {
    let limit = grant.limits().json_value_bytes.to_string();
    let arguments = [[Bytes::from(index), Bytes::from(limit)], how].concat();
    match grant.run(script, keys, &arguments).await? {
        Reply::Bulk(taken) => Ok(taken),
        Reply::Integer(-5) => Err(item_too_large()),
        reply => outcome(reply).and_then(|number| Err(unexpected(&Reply::Integer(number), Access::Write))),
    }
}
