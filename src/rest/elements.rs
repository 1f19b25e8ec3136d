//! Values made of elements, whatever their type: read, created and replaced as a whole, changed, and read in pages.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::entity_tag::{Condition, EntityTag};
use super::expiry::{Expiry, Given, seconds};
use super::page::Page;
use super::target::Target;
use super::text::Text;
use super::unexpected;
use super::write::{self, condition_failed, conditions, no_such_key, outcome};
use crate::answer::{self, Response, With};
use crate::auth::Grant;
use crate::handler::Headers;
use crate::problem::{Kind, Problem};
use crate::redis::script::{Script, script};
use crate::redis::{Access, Reply};
use crate::uri::Query;

static CHANGE: Script = script!(Write: "condition.lua", "change_elements.lua");
static PUT: Script = script!(Write: "deny_oom.lua", "condition.lua", "put_elements.lua");
static READ: Script = script!(Read: "read_elements.lua");
static SCAN: Script = script!(Read: "scan.lua");

/// A type of value that is made of elements.
#[derive(Debug)]
pub struct Type {
    /// Redis's name of it, as `TYPE` says it.
    pub name: &'static str,
    /// The path of all values of this type.
    pub collection: &'static str,
    /// How many strings make an element.
    pub strings: usize,
    /// Whether the order of the elements is a part of the value.
    pub is_ordered: bool,
    /// The command that counts the elements.
    pub count: &'static str,
    /// The command that reads all, and what follows the key there.
    pub read: &'static [&'static str],
    /// The command that adds elements.
    pub add: &'static str,
}

/// The most elements of a value that is read or compared whole; `condition.lua` says the same.
pub const MAX_SHOWN: usize = 10_000;

/// A value, read whole, or a part of one.
pub struct Whole {
    /// Its key.
    pub key: Bytes,
    /// The strings of its elements.
    pub strings: Vec<Bytes>,
    /// Seconds until it ends.
    pub ttl: Option<f64>,
}

/// Answers with a value as a whole, as `document` shows it, with its entity tag and under the conditions given.
///
/// # Errors
/// A problem where there is none, it is too large, or a condition does not hold.
pub async fn read<D: Serialize>(
    grant: Grant,
    of: &'static Type,
    target: Target,
    method: Method,
    headers: Headers,
    document: impl FnOnce(Whole) -> D,
) -> Result<Response, Problem> {
    let key = target.only_key()?;
    let (if_match, if_none_match) = (Condition::if_match(&headers)?, Condition::if_none_match(&headers)?);
    let limit = grant.limits().json_value_bytes;

    let mut arguments: Vec<_> = [of.name, of.count].map(Bytes::from).into();
    arguments.extend([MAX_SHOWN, limit].map(|number| Bytes::from(number.to_string())));
    arguments.extend(of.read.iter().copied().map(Bytes::from));
    let whole = show(&grant, &READ, key, &arguments).await?;

    let tag = EntityTag::of_elements(of, &whole.strings);
    if if_match != Condition::None && !if_match.matches(&tag) {
        return Err(condition_failed());
    }
    let common = [(header::ETAG, tag.header_value()?)];
    if if_none_match.matches(&tag) {
        return Ok(answer::empty(StatusCode::NOT_MODIFIED).with(common));
    }
    if method == Method::HEAD {
        return Ok(answer::empty(StatusCode::OK).with(common).with(super::JSON));
    }
    Ok(super::json(StatusCode::OK, &document(whole)).with(common))
}

/// What a script shows of the value at `key`: its time to live, then the strings of its elements. Instead, -2 says that
/// there is none, -3 and -4 that they are too many or too large.
///
/// # Errors
/// A problem that says so.
pub async fn show(grant: &Grant, script: &Script, key: Bytes, arguments: &[Bytes]) -> Result<Whole, Problem> {
    let limit = grant.limits().json_value_bytes;
    match first_and_rest(grant.run(script, std::slice::from_ref(&key), arguments).await?)? {
        (Reply::Integer(-2), _) => Err(no_such_key()),
        (Reply::Integer(-3 | -4), _) => Err(too_large(limit)),
        (_, strings) if strings.iter().map(Bytes::len).sum::<usize>() > limit => Err(too_large(limit)),
        (ttl, strings) => Ok(Whole { key, strings, ttl: seconds(ttl) }),
    }
}

/// A value, or a page of one, has more elements or bytes than are shown.
pub fn too_large(limit: usize) -> Problem {
    let detail = format!(
        "up to {MAX_SHOWN} elements with {limit} bytes together are shown at once: read a part of the value, or pages \
         (with a smaller `limit`)"
    );
    Problem::new(Kind::NotAcceptable, detail)
}

/// What a script of ours that reads says first, and the strings behind it.
///
/// # Errors
/// A problem where it says something else.
pub fn first_and_rest(reply: Reply) -> Result<(Reply, Vec<Bytes>), Problem> {
    let Reply::Array(replies) = reply else { return Err(unexpected(&reply, Access::Read)) };
    let mut replies = replies.into_iter();
    let first = replies.next().ok_or_else(|| unexpected(&Reply::Nil, Access::Read))?;
    let strings = replies.map(|reply| match reply {
        Reply::Bulk(bytes) => Ok(bytes),
        Reply::Integer(number) => Ok(Bytes::from(number.to_string())),
        other => Err(unexpected(&other, Access::Read)),
    });
    Ok((first, strings.collect::<Result<_, _>>()?))
}

/// Redis keeps no value without elements.
///
/// # Errors
/// A problem where there are none.
pub fn refuse_nothing(strings: &[Bytes]) -> Result<(), Problem> {
    if strings.is_empty() {
        return Err(Problem::new(Kind::Invalid, "at least one element is needed: Redis keeps no empty value"));
    }
    Ok(())
}

/// Creates a value of `strings`, under the key given or a new one.
///
/// # Errors
/// A problem where the key exists, or nothing may be written.
pub async fn create(
    grant: Grant,
    of: &'static Type,
    mut query: Query,
    headers: Headers,
    key: Option<Text>,
    given: Given,
    strings: Vec<Bytes>,
) -> Result<Response, Problem> {
    Condition::refuse(&headers)?;
    refuse_nothing(&strings)?;
    let key = write::new_key(key, &mut query)?;
    let expiry = write::new_expiry(Expiry::of(given, &mut query)?)?;
    query.finish()?;
    let reply = put(&grant, of, &key, &headers, Bytes::from("new"), expiry, strings).await?;
    outcome(reply)?;
    write::created(of.collection, key)
}

/// Creates or replaces a value, atomically.
///
/// # Errors
/// A problem where something else stands there, or a condition does not hold.
pub async fn replace(
    grant: Grant,
    of: &'static Type,
    target: Target,
    headers: Headers,
    given: Given,
    strings: Vec<Bytes>,
) -> Result<Response, Problem> {
    let Target { key, mut query, .. } = target;
    refuse_nothing(&strings)?;
    let expiry = Expiry::of(given, &mut query)?;
    let replaces = write::replaces(&mut query)?;
    query.finish()?;
    let reply = put(&grant, of, &key, &headers, replaces, expiry, strings).await?;
    write::stored(key, reply)
}

async fn put(
    grant: &Grant,
    of: &'static Type,
    key: &Bytes,
    headers: &HeaderMap,
    replaces: Bytes,
    expiry: Expiry,
    strings: Vec<Bytes>,
) -> Result<Reply, Problem> {
    let mut arguments = conditions(headers, of.name)?;
    arguments.push(replaces);
    arguments.extend(expiry.command());
    arguments.push(Bytes::from(of.add));
    arguments.extend(strings);
    grant.run(&PUT, std::slice::from_ref(key), &arguments).await
}

/// The answer to a change of some elements.
#[derive(Serialize, ToSchema)]
pub struct Changed {
    key: Text,
    /// How many elements are new.
    added: u64,
    /// How many are gone.
    removed: u64,
}

/// Adds elements of these strings to a value, which is created where there is none, and removes others by the command
/// `remove`, atomically, under the conditions given.
///
/// # Errors
/// A problem where nothing was changed.
pub async fn change(
    grant: Grant,
    of: &'static Type,
    remove: &'static str,
    target: Target,
    headers: Headers,
    [to_add, to_remove]: [Vec<Bytes>; 2],
) -> Result<Response, Problem> {
    let key = target.only_key()?;
    let mut arguments = conditions(&headers, of.name)?;
    arguments.extend([of.add, remove].map(Bytes::from));
    arguments.push(Bytes::from(to_add.len().to_string()));
    arguments.extend(to_add.into_iter().chain(to_remove));
    let reply = grant.run(&CHANGE, std::slice::from_ref(&key), &arguments).await?;
    let [added, removed] = write::two_outcomes(reply)?;
    Ok(super::json(StatusCode::OK, &Changed { key: Text(key), added, removed }))
}

/// A page of a value, by the command `SSCAN` or one like it: the strings on it, and where the next one begins.
///
/// # Errors
/// A problem where there is no value, or the page is too large.
pub async fn scan(
    grant: &Grant,
    command: &'static str,
    target: Target,
    headers: &HeaderMap,
) -> Result<(Vec<Bytes>, Option<String>), Problem> {
    Condition::refuse(headers)?;
    let Target { key, mut query, .. } = target;
    let Page { cursor, limit } = Page::of(&mut query)?;
    let pattern = query.take("match")?;
    query.finish()?;

    let bytes = grant.limits().json_value_bytes;
    let mut arguments: Vec<_> = vec![Bytes::from(bytes.to_string()), Bytes::from(command)];
    arguments.extend([Bytes::from(cursor.to_string()), Bytes::from("COUNT"), Bytes::from(limit.to_string())]);
    arguments.extend(pattern.into_iter().flat_map(|pattern| [Bytes::from("MATCH"), pattern]));
    match first_and_rest(grant.run(&SCAN, &[key], &arguments).await?)? {
        (Reply::Integer(-2), _) => Err(no_such_key()),
        (Reply::Integer(-4), _) => Err(too_large(bytes)),
        (Reply::Bulk(next), strings) => {
            let next = String::from_utf8_lossy(&next).into_owned();
            Ok((strings, (next != "0").then_some(next)))
        }
        (other, _) => Err(unexpected(&other, Access::Read)),
    }
}
