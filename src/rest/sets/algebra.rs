//! What sets make together: their union, their intersection, or what the first has beyond the others.

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{Creation, SET, SetValue, create, read};
use crate::answer::{Response, With};
use crate::auth::Grant;
use crate::handler::Headers;
use crate::problem::{Kind, Problem};
use crate::redis::script::{Script, script};
use crate::redis::{Access, Reply};
use crate::rest::describe::{Conditions, Ending, Matching, Paging};
use crate::rest::elements::{MAX_SHOWN, first_and_rest};
use crate::rest::entity_tag::Condition;
use crate::rest::expiry::{Expiry, Given};
use crate::rest::operation::{Operation, Side, operations};
use crate::rest::page::Items;
use crate::rest::payload::Payload;
use crate::rest::target::{Target, location};
use crate::rest::text::Text;
use crate::rest::write::{self, conditions, two_outcomes};
use crate::rest::{json, unexpected};
use crate::uri::Query;

static COMBINE: Script = script!(Read: "../combine_sets.lua");
static STORE: Script = script!(Write: "../condition.lua", "../store_sets.lua");

/// The names of what sets can make together, each with the command that stores it.
const WAYS: [(&str, &str); 3] = [("union", "SUNIONSTORE"), ("inter", "SINTERSTORE"), ("diff", "SDIFFSTORE")];

/// What sets can make together.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "it only describes")]
enum Way {
    Union,
    Inter,
    Diff,
}

/// What is made of several sets.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it only describes")]
struct Combination {
    /// `union`: all members; `inter`: those that every set has; `diff`: those that only the first has.
    #[param(inline)]
    op: Option<Way>,
}

/// The most sets that are combined at once.
const MAX_KEYS: usize = 100;

/// What is served.
pub(super) fn operations<S: Side>() -> Vec<Operation<S>> {
    operations![read_or_combine, create_or_store]
}

/// What sets make together.
#[derive(Serialize, ToSchema)]
// So that a set is not described as one of these, too.
#[serde(deny_unknown_fields)]
#[schema(as = CombinedSets)]
struct Combined {
    /// In no order.
    members: Vec<Text>,
}

/// What one key or more are answered with.
#[derive(ToSchema)]
#[schema(as = SetOrCombinedSets)]
#[serde(untagged)]
#[expect(dead_code, reason = "it only describes")]
enum OneOrCombined {
    Whole(SetValue),
    Page(Items<Text>),
    Combined(Combined),
}

/// Reads one set, or what several make together
///
/// With `op`, the members that the sets make together; keys that do not exist are empty sets. Without, the one set, as
/// `/v1/sets/{key}` gives it. What Redis's commands [`SUNION`](https://redis.io/commands/sunion/),
/// [`SINTER`](https://redis.io/commands/sinter/) and [`SDIFF`](https://redis.io/commands/sdiff/) would give, up to 10,000
/// members.
#[utoipa::path(
    get,
    path = "/v1/sets",
    operation_id = "combine_sets",
    tag = "sets",
    params(
        Combination,
        ("key" = Vec<String>, Query, description = "The keys, up to 100; one without `op`", example = json!(["a", "b"])),
        Paging,
        Matching,
        Conditions,
    ),
    responses(
        (
            status = 200,
            description = "The members, or the one set, or a page of it",
            body = OneOrCombined,
            headers(("ETag", description = "Of the one set, for `If-Match` and `If-None-Match`")),
        ),
        (status = 304, description = "The value is still the one that `If-None-Match` names"),
        (status = 404, description = "The one key does not exist"),
        (status = 406, description = "The members are too many or too large: store them, or read the one set in pages"),
        (status = 409, description = "A key holds a value of another type"),
        (status = 412, description = "`If-Match` does not hold"),
    ),
)]
async fn read_or_combine(
    grant: Grant,
    method: Method,
    mut query: Query,
    headers: Headers,
) -> Result<Response, Problem> {
    let mut keys = query.take_all("key");
    match (query.take_text("op")?, keys.len()) {
        (Some(op), _) => combine(grant, &op, keys, query, headers).await,
        (None, 1) => read(grant, method, Target { key: keys.swap_remove(0), part: None, query }, headers).await,
        (None, _) => {
            let detail =
                "one set is read by one `?key=`, or by its path; what several make together is for `op` to say";
            Err(Problem::new(Kind::Invalid, detail))
        }
    }
}

async fn combine(
    grant: Grant,
    op: &str,
    keys: Vec<Bytes>,
    query: Query,
    headers: Headers,
) -> Result<Response, Problem> {
    query.finish()?;
    Condition::refuse(&headers)?;
    let (op, _) = way(op, &keys)?;
    let limit = grant.limits().json_value_bytes;
    let arguments = [op.to_owned(), MAX_SHOWN.to_string(), limit.to_string()].map(Bytes::from);
    match first_and_rest(grant.run(&COMBINE, &keys, &arguments).await?)? {
        (Reply::Integer(0), members) => {
            Ok(json(StatusCode::OK, &Combined { members: members.into_iter().map(Text).collect() }))
        }
        (Reply::Integer(-3 | -4), _) => {
            let detail = format!(
                "up to {MAX_SHOWN} members with {limit} bytes together are shown at once: store them by POST with \
                 `store=`, and read that set in pages"
            );
            Err(Problem::new(Kind::NotAcceptable, detail))
        }
        (other, _) => Err(unexpected(&other, Access::Read)),
    }
}

/// The row of [`WAYS`] that is asked for, where there are keys for it.
fn way(op: &str, keys: &[Bytes]) -> Result<(&'static str, &'static str), Problem> {
    if !(1..=MAX_KEYS).contains(&keys.len()) {
        return Err(Problem::new(Kind::Invalid, format!("1 to {MAX_KEYS} sets are combined: give each as `key=`")));
    }
    let way = WAYS.into_iter().find(|(name, _)| *name == op);
    way.ok_or_else(|| {
        let names = WAYS.map(|(name, _)| name).join(", ");
        Problem::new(Kind::Invalid, format!("`op` must be one of {names}"))
    })
}

/// The answer where sets were stored.
#[derive(Serialize, ToSchema)]
#[schema(as = StoredSet)]
struct Stored {
    key: Text,
    /// With `op`, how many members it has; 0: it does not exist.
    #[schema(required = false)]
    count: u64,
}

/// Creates a set, or stores what several make together
///
/// With `op`, which needs no body, the members that the sets make together become the set `store`, in one atomic step in
/// Redis; keys that do not exist are empty sets, and where nothing comes of them, `store` is deleted. Without, the body is
/// the new set. Redis's commands: [`SADD`](https://redis.io/commands/sadd/);
/// [`SUNIONSTORE`](https://redis.io/commands/sunionstore/), [`SINTERSTORE`](https://redis.io/commands/sinterstore/),
/// [`SDIFFSTORE`](https://redis.io/commands/sdiffstore/).
#[utoipa::path(
    post,
    path = "/v1/sets",
    operation_id = "create_set",
    tag = "sets",
    params(
        Combination,
        (
            "key" = Option<Vec<String>>,
            Query,
            description = "The keys, up to 100; without `op` that of the new set, where the body does not give it",
        ),
        ("store" = Option<String>, Query, description = "With `op`, the key of the set that is made"),
        ("replace" = Option<String>, Query, description = "With `op`, `any`: also over another type", pattern = "^any$"),
        Ending,
    ),
    request_body(content = Option<Creation>, example = json!({"key": "colours", "members": ["red", "green"]})),
    responses(
        (status = 200, description = "Stored where a value was, or there were no members", body = Stored),
        (
            status = 201,
            description = "Created",
            body = Stored,
            headers(("Location", description = "The path of the new value")),
        ),
        (status = 409, description = "The key exists already, or holds a value of another type; nothing was changed"),
    ),
)]
async fn create_or_store(
    grant: Grant,
    mut query: Query,
    headers: Headers,
    payload: Payload,
) -> Result<Response, Problem> {
    match query.take_text("op")? {
        Some(op) => store(grant, &op, query, headers, payload).await,
        None => create(grant, query, headers, payload).await,
    }
}

async fn store(
    grant: Grant,
    op: &str,
    mut query: Query,
    headers: Headers,
    payload: Payload,
) -> Result<Response, Problem> {
    Condition::refuse(&headers)?;
    payload.into_nothing()?;
    let mut keys = query.take_all("key");
    let (_, command) = way(op, &keys)?;
    let missing = || Problem::new(Kind::Invalid, "`store` is missing: the key of the set that is made");
    let key = query.take("store")?.ok_or_else(missing)?;
    keys.insert(0, key.clone());
    let mut arguments = conditions(&headers, SET.name)?;
    arguments.push(write::replaces(&mut query)?);
    arguments.extend(write::new_expiry(Expiry::of(Given::default(), &mut query)?)?.command());
    arguments.push(Bytes::from(command));
    query.finish()?;

    let [is_new, count] = two_outcomes(grant.run(&STORE, &keys, &arguments).await?)?;
    let place = location(SET.collection, &key)?;
    let stored = Stored { key: Text(key), count };
    Ok(match is_new {
        1 => json(StatusCode::CREATED, &stored).with(place),
        _ => json(StatusCode::OK, &stored),
    })
}
