//! `/v1/streams`: entries in the order of their ids.
//!
//! - `id`: ids of entries, and ranges of them

mod id;

use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::describe::{Key, Paging, Pairs};
use super::elements::first_and_rest;
use super::entity_tag::Condition;
use super::many::{Fields, NewFields};
use super::operation::{Operation, Side, operations};
use super::page::{self, Items};
use super::payload::{self, Payload};
use super::target::Target;
use super::text::Text;
use super::write::{self, IF_EXISTS, no_such_key, outcome};
use super::{json, unexpected};
use crate::answer::Response;
use crate::auth::Grant;
use crate::handler::Headers;
use crate::problem::{Kind, Problem};
use crate::redis::command::command;
use crate::redis::script::{Script, script};
use crate::redis::{Access, Reply};
use id::{Id, Range};

/// Redis's name of the type.
const TYPE: &str = "stream";

static READ: Script = script!(Read: "read_stream.lua");

/// What is served.
pub fn operations<S: Side>() -> Vec<Operation<S>> {
    operations![append, read, delete, trim]
}

/// The body that appends an entry.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewEntry {
    /// At least one. Names may repeat, in a list of pairs.
    fields: NewFields,
    /// Its id, greater than all before it. With `*` for the sequence number, or for all of it, Redis makes that.
    #[serde(default = "made_by_redis")]
    #[schema(default = "*", pattern = r"^(\*|[0-9]+(-([0-9]+|\*))?)$")]
    id: String,
    /// About how many entries the stream keeps: older ones go, when that takes no effort.
    #[schema(minimum = 0)]
    max_length: Option<i64>,
}

fn made_by_redis() -> String {
    "*".to_owned()
}

/// The answer to an entry that was appended.
#[derive(Serialize, ToSchema)]
struct Appended {
    key: Text,
    /// The id of the entry.
    #[schema(example = "1526919030474-0")]
    id: String,
}

/// Appends an entry to a stream
///
/// Where there is none, it is created. Redis's command: [`XADD`](https://redis.io/commands/xadd/).
#[utoipa::path(
    post,
    path = "/v1/streams/{key}",
    operation_id = "append_to_stream",
    tag = "streams",
    params(Key),
    request_body(content = NewEntry, example = json!({"fields": {"event": "login", "user": 1}, "max_length": 1000})),
    responses(
        (status = 201, description = "Appended", body = Appended),
        (
            status = 409,
            description = "The key holds a value of another type, or `id` is not greater than the last one",
        ),
    ),
)]
async fn append(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let key = target.only_key()?;
    Condition::refuse(&headers)?;
    let NewEntry { fields, id, max_length } = payload::read(&payload.into_json()?)?;
    if fields.0.is_empty() {
        return Err(Problem::new(Kind::Invalid, "`fields`: at least one is needed"));
    }
    let mut command = command!("XADD").arg(key.clone());
    if let Some(length) = max_length {
        command = command.arg("MAXLEN").arg("~").arg(whole(length)?);
    }
    match grant.execute(command.arg(id::new_id(&id)?).args(fields.into_flat())).await? {
        Reply::Bulk(id) => {
            let id = String::from_utf8_lossy(&id).into_owned();
            Ok(json(StatusCode::CREATED, &Appended { key: Text(key), id }))
        }
        other => Err(unexpected(&other, Access::Write)),
    }
}

/// A length as Redis takes it.
fn whole(length: i64) -> Result<Bytes, Problem> {
    if length < 0 {
        return Err(Problem::new(Kind::Invalid, "`max_length` must not be below 0"));
    }
    Ok(length.to_string().into())
}

/// Which entries are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it only describes")]
struct Wanted {
    /// From this id on; `(` before it leaves it out, `-` is the smallest.
    #[param(default = "-")]
    start: Option<String>,
    /// Up to this id; `(` before it leaves it out, `+` is the largest.
    #[param(default = "+")]
    end: Option<String>,
    /// Only what is newer than the entry with this id: the last one that the caller has seen.
    after: Option<String>,
    /// The newest first.
    #[param(default = false)]
    rev: Option<bool>,
}

/// An entry.
#[derive(Serialize, ToSchema)]
#[schema(as = StreamEntry)]
struct Entry {
    #[schema(example = "1526919030474-0")]
    id: String,
    /// Names and values in the order in which they were given.
    #[schema(value_type = Pairs, example = json!([["event", "login"], ["user", "1"]]))]
    fields: Vec<(Text, Text)>,
}

/// Reads a stream
///
/// The oldest entry first. `next_cursor` is `null` where nothing more is there now; to look for newer entries, ask again
/// with the id of the last one in `after`. A page with large entries holds fewer than `limit`. Redis's commands:
/// [`XRANGE`](https://redis.io/commands/xrange/), [`XREVRANGE`](https://redis.io/commands/xrevrange/).
#[utoipa::path(
    get,
    path = "/v1/streams/{key}",
    operation_id = "read_stream",
    tag = "streams",
    params(Key, Wanted, Paging),
    responses(
        (status = 200, description = "A page", body = Items<Entry>),
        (status = 404, description = "The key does not exist"),
        (status = 406, description = "The next entry is too large for JSON: `detail` names its id, to go on behind it"),
    ),
)]
async fn read(grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
    Condition::refuse(&headers)?;
    let Target { key, mut query, .. } = target;
    let is_reversed = query.take_flag("rev")?;
    let Range { first, last } = Range::of(&mut query, is_reversed)?;
    let limit = page::limit(&mut query)?;
    query.finish()?;

    let bytes = grant.limits().json_value_bytes;
    let (command, from, to) = if is_reversed { ("XREVRANGE", last, first) } else { ("XRANGE", first, last) };
    let arguments = [bytes.to_string(), command.to_owned(), from.to_string(), to.to_string(), limit.to_string()];
    let (is_more, strings) = match first_and_rest(grant.run(&READ, &[key], &arguments.map(Bytes::from)).await?)? {
        (Reply::Integer(-2), _) => return Err(no_such_key()),
        (Reply::Integer(-4), id) => return Err(too_large(&id.concat(), bytes)),
        (Reply::Integer(is_more), strings) => (is_more == 1, strings),
        (other, _) => return Err(unexpected(&other, Access::Read)),
    };
    let items = entries(strings).ok_or_else(|| unexpected(&Reply::Nil, Access::Read))?;
    let next_cursor = items.last().filter(|_| is_more).map(|entry| entry.id.clone());
    Ok(json(StatusCode::OK, &Items { items, next_cursor }))
}

fn too_large(id: &[u8], limit: usize) -> Problem {
    let detail = format!(
        "the entry {id} has more than {limit} bytes, which are shown in JSON: go on behind it with `cursor={id}`",
        id = String::from_utf8_lossy(id)
    );
    Problem::new(Kind::NotAcceptable, detail)
}

/// The entries of a page as `read_stream.lua` gives them.
fn entries(strings: Vec<Bytes>) -> Option<Vec<Entry>> {
    let text = |bytes: Bytes| String::from_utf8(bytes.into()).ok();
    let mut strings = strings.into_iter();
    let mut entries = Vec::new();
    while let Some(id) = strings.next() {
        let count = text(strings.next()?)?.parse().ok()?;
        let fields = Fields::of_flat(strings.by_ref().take(count).collect()).0;
        entries.push(Entry { id: text(id)?, fields });
    }
    Some(entries)
}

/// Deletes a stream
///
/// Redis's command: [`UNLINK`](https://redis.io/commands/unlink/).
#[utoipa::path(
    delete,
    path = "/v1/streams/{key}",
    operation_id = "delete_stream",
    tag = "streams",
    params(Key),
    responses((status = 204, description = "Deleted"), (status = 404, description = "The key does not exist")),
)]
async fn delete(grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
    Condition::refuse(&headers)?;
    write::delete(grant, TYPE, target, headers).await
}

/// The body that trims a stream: one of the first two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StreamTrim, min_properties = 1)]
struct Trim {
    /// How many entries stay: the newest.
    #[schema(minimum = 0)]
    max_length: Option<i64>,
    /// The smallest id that stays.
    #[schema(pattern = "^[0-9]+(-[0-9]+)?$")]
    min_id: Option<String>,
    /// Whether some more may stay, so that it takes less effort.
    #[serde(default)]
    #[schema(required = false)]
    approximate: bool,
}

/// The answer to a trim.
#[derive(Serialize, ToSchema)]
#[schema(as = StreamTrimmed, min_properties = 1)]
struct Trimmed {
    /// How many entries went.
    removed: i64,
}

/// Removes the oldest entries of a stream
///
/// Redis's command: [`XTRIM`](https://redis.io/commands/xtrim/).
#[utoipa::path(
    post,
    path = "/v1/streams/{key}/trim",
    operation_id = "trim_stream",
    tag = "streams",
    params(Key),
    request_body(content = Trim, example = json!({"max_length": 1000})),
    responses(
        (status = 200, description = "Trimmed", body = Trimmed),
        (status = 404, description = "The key does not exist"),
    ),
)]
async fn trim(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let key = target.only_key()?;
    Condition::refuse(&headers)?;
    let Trim { max_length, min_id, approximate } = payload::read(&payload.into_json()?)?;
    let (by, least) = match (max_length, min_id.as_deref()) {
        (Some(length), None) => ("MAXLEN", whole(length)?),
        (None, Some(id)) => {
            let wrong = || Problem::new(Kind::Invalid, "`min_id` must be an id such as 1526919030474-0");
            ("MINID", Id::read(id, 0).ok_or_else(wrong)?.to_string().into())
        }
        _ => return Err(Problem::new(Kind::Invalid, "either `max_length` or `min_id` is needed")),
    };
    let how = if approximate { "~" } else { "=" };
    let arguments = [Bytes::from("XTRIM"), Bytes::from(by), Bytes::from(how), least];
    let removed = outcome(grant.run(&IF_EXISTS, &[key], &arguments).await?)?;
    Ok(json(StatusCode::OK, &Trimmed { removed }))
}
