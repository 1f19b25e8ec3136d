//! Pages of a sorted set: of all its members, or of those between two ranks, scores or members.
//!
//! A cursor is no offset, so that what others add and remove meanwhile moves no member from a page that is to come to one
//! that has been: it is a place between two members, and stays there when both are gone. `page_sorted_set.lua` makes it,
//! of a score, a space, and the beginning of a member.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::StatusCode;
use utoipa::{IntoParams, ToSchema};

use super::Member;
use super::score::Score;
use crate::answer::Response;
use crate::auth::Grant;
use crate::handler::Headers;
use crate::problem::{Kind, Problem};
use crate::redis::script::{Script, script};
use crate::redis::{Access, Reply};
use crate::rest::elements::{first_and_rest, too_large};
use crate::rest::entity_tag::Condition;
use crate::rest::page::{self, Items};
use crate::rest::target::Target;
use crate::rest::write::no_such_key;
use crate::rest::{json, unexpected};
use crate::uri::Query;

static PAGE: Script = script!(Read: "../page_sorted_set.lua");

/// Which members are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it only describes")]
pub(super) struct Selection {
    /// What `min` and `max` are; `rank` where it is not given.
    #[param(inline)]
    by: Option<By>,
    /// The first one. By rank: an integer, from 0 at the lowest score, and below 0 from the end; as it is at each request,
    /// so that members may move into the range and out of it between two pages. By score: a number, `inf` or `-inf`. By
    /// lex: `[` and the member's bytes, `-` for the lowest of all, `+` (in a query, `%2B`) for the highest; only where all
    /// scores are the same does that mean something. With `(` instead of `[`, or before a score, that one is left out.
    #[param(example = "0")]
    min: Option<String>,
    /// The last one, in the same way.
    #[param(example = "-1")]
    max: Option<String>,
    /// From the highest down; `min` and `max` stay what they are.
    rev: Option<bool>,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "it only describes")]
enum By {
    Rank,
    Score,
    Lex,
}

/// A way to say which members are asked for.
struct Way {
    name: &'static str,
    /// The limits where none are given.
    ends: [&'static str; 2],
    /// Reads another limit, as Redis takes it.
    read: fn(&Bytes) -> Option<Bytes>,
    /// What that must be.
    form: &'static str,
}

static WAYS: [Way; 3] = [
    Way { name: "rank", ends: ["0", "-1"], read: rank, form: "a 64-bit integer; below 0, it counts from the end" },
    Way {
        name: "score",
        ends: ["-inf", "+inf"],
        read: score,
        form: "a number, `inf` or `-inf`; with `(` before it, it is left out",
    },
    Way {
        name: "lex",
        ends: ["-", "+"],
        read: lex,
        form: "`[` or `(` and bytes, `-`, or `+` (in a query, `+` is written `%2B`)",
    },
];

fn rank(text: &Bytes) -> Option<Bytes> {
    let number: i64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(number.to_string().into())
}

fn score(text: &Bytes) -> Option<Bytes> {
    let text = std::str::from_utf8(text).ok()?;
    let (exclusive, number) = text.strip_prefix('(').map_or(("", text), |number| ("(", number));
    Some(format!("{exclusive}{}", Score::read(number)?).into())
}

fn lex(text: &Bytes) -> Option<Bytes> {
    let is_limit = matches!(text[..], [b'[' | b'(', ..] | [b'-' | b'+']);
    is_limit.then(|| text.clone())
}

/// Whether a query asks for a page rather than for the whole.
pub(super) fn are_asked_for(query: &Query) -> bool {
    ["by", "min", "max", "rev", "limit", "cursor"].into_iter().any(|name| query.has(name))
}

/// Answers with the page that the query asks for.
pub(super) async fn page(grant: Grant, target: Target, headers: Headers) -> Result<Response, Problem> {
    Condition::refuse(&headers)?;
    let Target { key, mut query, .. } = target;
    let bytes = grant.limits().json_value_bytes;
    let limit = page::limit(&mut query)?;
    let by = query.take_text("by")?;
    let way = WAYS.iter().find(|way| way.name == by.as_deref().unwrap_or(WAYS[0].name));
    let way = way.ok_or_else(|| Problem::new(Kind::Invalid, "`by` must be `rank`, `score` or `lex`"))?;

    let mut arguments = vec![Bytes::from(bytes.to_string()), Bytes::from(limit.to_string()), Bytes::from(way.name)];
    for (name, end) in ["min", "max"].into_iter().zip(way.ends) {
        let wrong = || Problem::new(Kind::Invalid, format!("`{name}` by {} must be {}", way.name, way.form));
        let given = query.take(name)?;
        arguments.push(given.map_or(Some(Bytes::from(end)), |text| (way.read)(&text)).ok_or_else(wrong)?);
    }
    let rev = query.take_flag("rev")?;
    arguments.push(Bytes::from(if rev { "rev" } else { "" }));
    arguments.extend(match query.take("cursor")? {
        None => [Bytes::new(), Bytes::new()],
        Some(cursor) => place(&cursor).ok_or_else(page::wrong_cursor)?,
    });
    query.finish()?;

    match first_and_rest(grant.run(&PAGE, &[key], &arguments).await?)? {
        (Reply::Integer(-2), _) => Err(no_such_key()),
        (Reply::Integer(-4), _) => Err(too_large(bytes)),
        (Reply::Integer(-5), _) => Err(Problem::new(
            Kind::NotAcceptable,
            "no cursor tells the last member of the page from the next one: they begin with the same 8192 bytes; ask with \
             another `limit`",
        )),
        (Reply::Bulk(next), strings) => {
            let mut items = Member::of_flat(strings);
            if rev {
                items.reverse();
            }
            let next_cursor = (!next.is_empty()).then(|| URL_SAFE_NO_PAD.encode(next));
            Ok(json(StatusCode::OK, &Items { items, next_cursor }))
        }
        (other, _) => Err(unexpected(&other, Access::Read)),
    }
}

/// The score and the beginning of a member that a cursor holds.
fn place(cursor: &Bytes) -> Option<[Bytes; 2]> {
    let place = Bytes::from(URL_SAFE_NO_PAD.decode(cursor).ok()?);
    let space = place.iter().position(|byte| *byte == b' ')?;
    let score = Score::read(std::str::from_utf8(&place[..space]).ok()?)?;
    Some([score.to_string().into(), place.slice(space + 1..)])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(by: usize, text: &'static [u8]) -> Option<Bytes> {
        (WAYS[by].read)(&Bytes::from_static(text))
    }

    #[test]
    fn limits_are_what_redis_takes() {
        for (by, text, expected) in [
            (0, &b"0"[..], &b"0"[..]),
            (0, b"-9223372036854775808", b"-9223372036854775808"),
            (1, b"1e3", b"1000"),
            (1, b"(0.10000000000000001", b"(0.1"),
            (1, b"inf", b"inf"),
            (1, b"+inf", b"inf"),
            (1, b"(-inf", b"(-inf"),
            (2, b"[a\xff", b"[a\xff"),
            (2, b"(", b"("),
            (2, b"-", b"-"),
            (2, b"+", b"+"),
        ] {
            assert_eq!(read(by, text).unwrap(), expected);
        }
        for way in &WAYS {
            assert!(way.ends.into_iter().all(|end| (way.read)(&Bytes::from(end)).is_some()), "{}", way.name);
        }
    }

    #[test]
    fn other_limits_are_refused() {
        let ranks = [&b""[..], b"x", b"1.5", b"9223372036854775808", b"(1", b"\xff"];
        let scores = [&b""[..], b"(", b"x", b"nan", b"((1", b"[1", b" 1", b"1e400", b"\xff"];
        let members = [&b""[..], b"a", b"-a", b"++", b" ", b"\xff"];
        for (by, texts) in [&ranks[..], &scores, &members].into_iter().enumerate() {
            assert!(texts.iter().all(|text| read(by, text).is_none()), "{}", WAYS[by].name);
        }
    }

    #[test]
    fn a_cursor_is_a_score_and_the_beginning_of_a_member() {
        let read = |text: &[u8]| place(&URL_SAFE_NO_PAD.encode(text).into());
        assert_eq!(read(b"0.10000000000000001 a b\xff"), Some(["0.1".into(), Bytes::from_static(b"a b\xff")]));
        assert_eq!(read(b"-inf "), Some(["-inf".into(), Bytes::new()]));
        for text in [&b""[..], b"1", b" a", b"nan a", b"1e400 a", b"(1 a", b"\xff a"] {
            assert_eq!(read(text), None);
        }
    }

    proptest! {
        #[test]
        fn any_cursor_is_read_or_refused(cursor: Vec<u8>) {
            place(&cursor.into());
        }
    }
}
