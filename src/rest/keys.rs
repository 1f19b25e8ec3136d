//! `/v1/keys`: keys of every type: what there is, when it ends, its name.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::describe::{Key, Matching, Paging};
use super::entity_tag::Condition;
use super::expiry::{self, Expiry, seconds};
use super::operation::{Operation, Side, operations};
use super::page::{Items, Page, PageOrOne};
use super::payload::{self, Payload};
use super::target::Target;
use super::text::Text;
use super::unexpected;
use super::write::{self, IF_EXISTS, Written, no_such_key, outcome};
use crate::answer::{self, Response};
use crate::auth::Grant;
use crate::handler::Headers;
use crate::problem::{Kind, Problem};
use crate::redis::command::command;
use crate::redis::script::{Script, script};
use crate::redis::{Access, Reply};
use crate::uri::Query;

const COLLECTION: &str = "/v1/keys";

static TO_KEY: Script = script!(Write: "to_key.lua");

/// What is served.
pub fn operations<S: Side>() -> Vec<Operation<S>> {
    operations![list_or_show, show, change_expiry, delete, rename, copy]
}

/// Lists the keys
///
/// A full pass sees each key that was there throughout at least once. With `key` alone, what there is to know of that key,
/// as `/v1/keys/{key}` shows it. Redis's command: [`SCAN`](https://redis.io/commands/scan/).
#[utoipa::path(
    get,
    path = "/v1/keys",
    operation_id = "list_keys",
    tag = "keys",
    params(
        Paging,
        Matching,
        ("type" = inline(Option<TypeName>), Query, description = "Only keys that hold this type"),
        ("key" = Option<String>, Query, description = "This key alone"),
    ),
    responses(
        (
            status = 200,
            description = "A page; before the last, one may be empty. Or the one key",
            body = PageOrOne<Text, Facts>,
        ),
        (status = 404, description = "The one key does not exist"),
    ),
)]
async fn list_or_show(grant: Grant, mut query: Query, headers: Headers) -> Result<Response, Problem> {
    match query.take("key")? {
        Some(key) => show(grant, Target { key, part: None, query }, headers).await,
        None => list(grant, query, &headers).await,
    }
}

/// The names of Redis's types.
const TYPES: [&str; 6] = ["string", "list", "set", "zset", "hash", "stream"];

/// A type of value, in Redis's words.
#[derive(ToSchema)]
#[schema(as = Type, rename_all = "lowercase")]
#[expect(dead_code, reason = "it only describes")]
enum TypeName {
    String,
    List,
    Set,
    Zset,
    Hash,
    Stream,
}

/// How many keys Redis looks at in one `SCAN` for a pattern or a type, which few may match.
const COUNT_WITH_FILTER: usize = 1000;
/// How often a page goes on to look for more keys before it comes with fewer than asked for.
const MAX_SCANS: usize = 10;

/// A page of the keys.
async fn list(grant: Grant, mut query: Query, headers: &HeaderMap) -> Result<Response, Problem> {
    Condition::refuse(headers)?;
    let Page { mut cursor, limit } = Page::of(&mut query)?;
    let mut filters = Vec::new();
    if let Some(pattern) = query.take("match")? {
        filters.extend([Bytes::from("MATCH"), pattern]);
    }
    if let Some(kind) = query.take_text("type")? {
        if !TYPES.contains(&kind.as_str()) {
            return Err(Problem::new(Kind::Invalid, format!("`type` must be one of {}", TYPES.join(", "))));
        }
        filters.extend([Bytes::from("TYPE"), Bytes::from(kind)]);
    }
    query.finish()?;

    let mut items = Vec::new();
    for _ in 0..MAX_SCANS {
        let many_match = filters.is_empty() && !grant.is_confined();
        let count = if many_match { limit - items.len() } else { limit.max(COUNT_WITH_FILTER) };
        let scan = command!("SCAN").arg(cursor.to_string()).args(filters.iter().cloned());
        let (next, keys) = scanned(grant.execute(scan.arg("COUNT").arg(count.to_string())).await?)?;
        items.extend(keys.into_iter().filter(|key| !grant.hides(key)).map(Text));
        cursor = next;
        if cursor == 0 || items.len() >= limit {
            break;
        }
    }
    let next_cursor = (cursor != 0).then(|| cursor.to_string());
    Ok(super::json(StatusCode::OK, &Items { items, next_cursor }))
}

/// The next cursor and the keys.
fn scanned(reply: Reply) -> Result<(u64, Vec<Bytes>), Problem> {
    let wrong = |reply: &Reply| unexpected(reply, Access::Read);
    let Reply::Array(parts) = reply else { return Err(wrong(&reply)) };
    let Ok([Reply::Bulk(cursor), Reply::Array(keys)]) = <[Reply; 2]>::try_from(parts) else {
        return Err(wrong(&Reply::Nil));
    };
    let cursor = std::str::from_utf8(&cursor).ok().and_then(|cursor| cursor.parse().ok());
    let keys = keys.into_iter().map(|key| match key {
        Reply::Bulk(key) => Ok(key),
        other => Err(wrong(&other)),
    });
    Ok((cursor.ok_or_else(|| wrong(&Reply::Nil))?, keys.collect::<Result<_, _>>()?))
}

/// What there is to know of a key.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyFacts)]
struct Facts {
    key: Text,
    /// The type of its value, in Redis's words.
    #[schema(example = "string")]
    r#type: String,
    /// Seconds until it ends; `null`: never.
    #[schema(required)]
    ttl: Option<f64>,
    /// How Redis keeps the value.
    #[schema(value_type = String, example = "embstr")]
    encoding: Text,
    /// What it takes of Redis's memory.
    memory_bytes: i64,
}

/// Shows a key of any type
///
/// Its type, when it ends, how Redis keeps it. Redis's commands: [`TYPE`](https://redis.io/commands/type/),
/// [`PTTL`](https://redis.io/commands/pttl/), [`OBJECT ENCODING`](https://redis.io/commands/object-encoding/),
/// [`MEMORY USAGE`](https://redis.io/commands/memory-usage/).
#[utoipa::path(
    get,
    path = "/v1/keys/{key}",
    operation_id = "show_key",
    tag = "keys",
    params(Key),
    responses(
        (status = 200, description = "What there is to know of it", body = Facts),
        (status = 404, description = "The key does not exist"),
    ),
)]
async fn show(grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
    let key = target.only_key()?;
    Condition::refuse(&headers)?;
    let facts = [command!("TYPE"), command!("PTTL"), command!("OBJECT|ENCODING"), command!("MEMORY|USAGE")];
    let [kind, ttl, encoding, memory] = grant.execute_all(facts.map(|command| command.arg(key.clone()))).await?;
    match (kind, &ttl, encoding, memory) {
        // The key may also end between two of the commands.
        (Reply::Status(kind), ..) if kind == "none" => Err(no_such_key()),
        (_, Reply::Integer(-2), ..) | (_, _, Reply::Nil, _) | (.., Reply::Nil) => Err(no_such_key()),
        (Reply::Status(r#type), _, Reply::Bulk(encoding), Reply::Integer(memory_bytes)) => {
            let facts = Facts { key: Text(key), r#type, ttl: seconds(ttl), encoding: Text(encoding), memory_bytes };
            Ok(super::json(StatusCode::OK, &facts))
        }
        (other, ..) => Err(unexpected(&other, Access::Read)),
    }
}

/// The body that changes when a key ends: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeyPatch, min_properties = 1, max_properties = 1)]
struct Patch {
    /// Seconds until it ends; `null`: never.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0.001, maximum = 3_155_760_000_000_i64)]
    ttl: Field<f64>,
    /// When it ends, as RFC 3339 writes it; `null`: never.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Field<String>,
}

/// A field that may be `null`, or not be there.
#[derive(Default)]
enum Field<T> {
    #[default]
    Absent,
    Null,
    Given(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|given| given.map_or(Self::Null, Self::Given))
    }
}

/// Sets or clears when a key ends
///
/// Redis's commands: [`PEXPIRE`](https://redis.io/commands/pexpire/), [`PEXPIREAT`](https://redis.io/commands/pexpireat/),
/// [`PERSIST`](https://redis.io/commands/persist/).
#[utoipa::path(
    patch,
    path = "/v1/keys/{key}",
    operation_id = "change_expiry",
    tag = "keys",
    params(Key),
    request_body(content = Patch, example = json!({"ttl": 60})),
    responses(
        (status = 200, description = "Changed", body = Written),
        (status = 404, description = "The key does not exist"),
    ),
)]
async fn change_expiry(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let key = target.only_key()?;
    Condition::refuse(&headers)?;
    let Patch { ttl, expires_at } = payload::read(&payload.into_json()?)?;
    let expiry = match (ttl, expires_at) {
        (Field::Given(seconds), Field::Absent) => expiry::after(seconds)?,
        (Field::Absent, Field::Given(time)) => expiry::at_time(&time)?,
        (Field::Null, Field::Absent) | (Field::Absent, Field::Null) => Expiry::Never,
        _ => return Err(Problem::new(Kind::Invalid, "either `ttl` or `expires_at` is needed; `null` is for never")),
    };
    let command = |name: &'static str, time: i64| vec![Bytes::from(name), Bytes::from(time.to_string())];
    let arguments = match expiry {
        Expiry::After(milliseconds) => command("PEXPIRE", milliseconds),
        Expiry::At(milliseconds) => command("PEXPIREAT", milliseconds),
        Expiry::Never | Expiry::Keep => vec![Bytes::from("PERSIST")],
    };
    outcome(grant.run(&IF_EXISTS, std::slice::from_ref(&key), &arguments).await?)?;
    Ok(super::json(StatusCode::OK, &Written { key: Text(key) }))
}

/// Deletes a key of any type
///
/// Redis's command: [`UNLINK`](https://redis.io/commands/unlink/).
#[utoipa::path(
    delete,
    path = "/v1/keys/{key}",
    operation_id = "delete_key",
    tag = "keys",
    params(Key),
    responses((status = 204, description = "Deleted"), (status = 404, description = "The key does not exist")),
)]
async fn delete(grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
    let key = target.only_key()?;
    Condition::refuse(&headers)?;
    match grant.execute(command!("UNLINK").arg(key)).await? {
        Reply::Integer(1) => Ok(answer::empty(StatusCode::NO_CONTENT)),
        Reply::Integer(0) => Err(no_such_key()),
        other => Err(unexpected(&other, Access::Write)),
    }
}

/// The body of a rename or a copy.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Destination {
    /// The other key.
    to: Text,
    /// Whether what stands there may be replaced.
    #[serde(default)]
    #[schema(required = false)]
    replace: bool,
}

/// Renames a key
///
/// Redis's command: [`RENAME`](https://redis.io/commands/rename/).
#[utoipa::path(
    post,
    path = "/v1/keys/{key}/rename",
    operation_id = "rename_key",
    tag = "keys",
    params(Key),
    request_body(content = Destination, example = json!({"to": "other", "replace": true})),
    responses(
        (status = 200, description = "Renamed", body = Written),
        (status = 404, description = "The key does not exist"),
        (status = 409, description = "`to` exists already, and nothing was changed"),
    ),
)]
async fn rename(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let to = to_key(grant, "RENAME", target, &headers, payload).await?;
    Ok(super::json(StatusCode::OK, &Written { key: Text(to) }))
}

/// Copies a key
///
/// Redis's command: [`COPY`](https://redis.io/commands/copy/).
#[utoipa::path(
    post,
    path = "/v1/keys/{key}/copy",
    operation_id = "copy_key",
    tag = "keys",
    params(Key),
    request_body(content = Destination, example = json!({"to": "other", "replace": true})),
    responses(
        (
            status = 201,
            description = "Copied",
            body = Written,
            headers(("Location", description = "The path of the copy")),
        ),
        (status = 404, description = "The key does not exist"),
        (status = 409, description = "`to` exists already, and nothing was changed"),
    ),
)]
async fn copy(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let to = to_key(grant, "COPY", target, &headers, payload).await?;
    write::created(COLLECTION, to)
}

async fn to_key(
    grant: Grant,
    command: &'static str,
    target: Target,
    headers: &HeaderMap,
    payload: Payload,
) -> Result<Bytes, Problem> {
    let key = target.only_key()?;
    Condition::refuse(headers)?;
    let Destination { to: Text(to), replace } = payload::read(&payload.into_json()?)?;
    if to == key {
        return Err(Problem::new(Kind::Invalid, "`to` must be another key"));
    }
    let arguments = [Bytes::from(command), Bytes::from(if replace { "replace" } else { "keep" })];
    match grant.run(&TO_KEY, &[key, to.clone()], &arguments).await? {
        Reply::Integer(-3) => {
            Err(Problem::new(Kind::Conflict, "the key `to` exists already; `\"replace\": true` replaces it"))
        }
        reply => outcome(reply).map(|_| to),
    }
}
