//! Replies that a script packed (<https://msgpack.org>), so that nothing of them is lost on the way.
//!
//! What Lua gives is turned into a reply as Redis turns it
//! (<https://redis.io/docs/latest/develop/programmability/lua-api/#data-type-conversion>).

use std::collections::HashMap;

use bytes::Bytes;
use rmpv::ValueRef;

use super::error::{ErrorReply, RedisError};
use super::reply::Reply;

/// The Lua that runs a command, its name first in `ARGV`, and packs what it answers, an error as well.
pub const RUN: &str = "return cmsgpack.pack(redis.pcall(unpack(ARGV)))";

/// The most arguments that [`RUN`] takes, the name included: what fits on Lua's stack, with some to spare.
pub const MAX_ARGUMENTS: usize = 7_000;

/// How deep a packed value may be nested, where each level counts twice: twice what `cmsgpack` packs. Each takes some of the
/// component's stack.
const MAX_DEPTH: usize = 64;

/// The reply that a packed value stands for, which may be an error.
///
/// # Errors
/// [`RedisError::Unexpected`] where the bytes are no packed value.
pub fn unpack(packed: &Bytes) -> Result<Reply, RedisError> {
    reply(&next(&mut &packed[..])?, packed)
}

/// The replies that packed values, one behind the other, stand for, each of which may be an error; one that is too large an
/// integer for Lua stands there as `{integer = digits}`.
///
/// # Errors
/// [`RedisError::Unexpected`] where the bytes are no packed values.
pub fn unpack_all(packed: &Bytes) -> Result<Vec<Reply>, RedisError> {
    let (mut rest, mut replies) = (&packed[..], Vec::new());
    while !rest.is_empty() {
        let value = next(&mut rest)?;
        replies.push(large_integer(&value).map_or_else(|| reply(&value, packed), Ok)?);
    }
    Ok(replies)
}

fn large_integer(value: &ValueRef<'_>) -> Option<Reply> {
    let ValueRef::Map(pairs) = value else { return None };
    match &pairs[..] {
        [(ValueRef::String(name), ValueRef::String(digits))] if name.as_str() == Some("integer") => {
            digits.as_str()?.parse().ok().map(Reply::Integer)
        }
        _ => None,
    }
}

fn next<'a>(packed: &mut &'a [u8]) -> Result<ValueRef<'a>, RedisError> {
    rmpv::decode::read_value_ref_with_max_depth(packed, MAX_DEPTH).map_err(unreadable)
}

fn unreadable(cause: impl ToString) -> RedisError {
    RedisError::Unexpected(format!("a packed reply: {}", cause.to_string()))
}

fn reply(value: &ValueRef<'_>, packed: &Bytes) -> Result<Reply, RedisError> {
    let of = |value| reply(value, packed);
    Ok(match value {
        ValueRef::Nil | ValueRef::Boolean(false) => Reply::Nil,
        ValueRef::Boolean(true) => Reply::Integer(1),
        ValueRef::Integer(number) => Reply::Integer(number.as_i64().ok_or_else(|| unreadable("an integer"))?),
        ValueRef::F32(number) => Reply::Integer(truncated((*number).into())),
        ValueRef::F64(number) => Reply::Integer(truncated(*number)),
        ValueRef::String(text) => Reply::Bulk(packed.slice_ref(text.as_bytes())),
        ValueRef::Binary(bytes) => Reply::Bulk(packed.slice_ref(bytes)),
        ValueRef::Array(values) => Reply::Array(values.iter().map(of).collect::<Result<_, _>>()?),
        ValueRef::Map(pairs) => table(pairs, packed)?,
        ValueRef::Ext(..) => return Err(unreadable("an extension")),
    })
}

/// As C casts a number on the machines that Redis runs on: without its fraction, and to the least integer where it does not
/// fit or is none.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "the range is checked, up to 2^63")]
fn truncated(number: f64) -> i64 {
    let limit = -(i64::MIN as f64);
    if (-limit..limit).contains(&number) { number as i64 } else { i64::MIN }
}

/// A table that is no list without gaps: an error, a status, a type of the protocol's third version as it is in the
/// second, or a list up to its first gap.
fn table(pairs: &[(ValueRef<'_>, ValueRef<'_>)], packed: &Bytes) -> Result<Reply, RedisError> {
    let of = |value| reply(value, packed);
    let field = |name: &str| {
        let is_name = |key: &ValueRef<'_>| matches!(key, ValueRef::String(text) if text.as_bytes() == name.as_bytes());
        pairs.iter().find(|(key, _)| is_name(key)).map(|(_, value)| value)
    };
    let line = |name: &str| match field(name) {
        // A line is all that a status and an error can be.
        Some(ValueRef::String(text)) => Some(String::from_utf8_lossy(text.as_bytes()).replace(['\r', '\n'], " ")),
        _ => None,
    };
    if let Some(text) = line("err") {
        return Ok(Reply::Error(ErrorReply::of_line(&text)));
    }
    if let Some(text) = line("ok") {
        return Ok(Reply::Status(text));
    }
    if let Some(number) = field("double").and_then(number) {
        return Ok(Reply::Bulk(double(number).into()));
    }
    if let Some(pairs) = field("map").and_then(pairs_of) {
        return pairs.iter().flat_map(|(key, value)| [key, value]).map(of).collect::<Result<_, _>>().map(Reply::Array);
    }
    if let Some(pairs) = field("set").and_then(pairs_of) {
        return pairs.iter().map(|(key, _)| of(key)).collect::<Result<_, _>>().map(Reply::Array);
    }
    if let Some(digits) = line("big_number") {
        return Ok(Reply::Bulk(digits.into()));
    }
    if let Some(ValueRef::Map(parts)) = field("verbatim_string")
        && let Some((_, text @ ValueRef::String(_))) = parts.iter().find(|(key, _)| *key == ValueRef::from("string"))
    {
        return of(text);
    }
    let by_index: HashMap<_, _> = pairs.iter().filter_map(|(key, value)| Some((key.as_u64()?, value))).collect();
    (1..).map_while(|index: u64| by_index.get(&index).copied()).map(of).collect::<Result<_, _>>().map(Reply::Array)
}

fn number(value: &ValueRef<'_>) -> Option<f64> {
    match value {
        ValueRef::F32(number) => Some((*number).into()),
        #[expect(clippy::cast_precision_loss, reason = "it was a double before it was packed")]
        ValueRef::Integer(number) => number.as_i64().map(|number| number as f64),
        ValueRef::F64(number) => Some(*number),
        _ => None,
    }
}

/// The pairs of a table, of which one without gaps is packed as a list.
fn pairs_of<'a>(value: &ValueRef<'a>) -> Option<Vec<(ValueRef<'a>, ValueRef<'a>)>> {
    match value {
        ValueRef::Map(pairs) => Some(pairs.clone()),
        ValueRef::Array(values) => Some((1_u64..).map(ValueRef::from).zip(values.iter().cloned()).collect()),
        _ => None,
    }
}

/// A number as C's `%.17g` writes it.
fn double(number: f64) -> String {
    const DIGITS: i32 = 17;
    let sign = if number.is_sign_negative() { "-" } else { "" };
    let scientific = format!("{:.16e}", number.abs());
    let Some((digits, exponent)) = scientific.split_once('e').and_then(|(digits, e)| Some((digits, e.parse().ok()?)))
    else {
        return format!("{sign}{}", scientific.to_lowercase());
    };
    let trimmed = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_owned();
    if (-4..DIGITS).contains(&exponent) {
        let decimals = usize::try_from(DIGITS - 1 - exponent).unwrap_or_default();
        let text = format!("{:.decimals$}", number.abs());
        return format!("{sign}{}", if decimals > 0 { trimmed(&text) } else { text });
    }
    format!("{sign}{}e{}{:02}", trimmed(digits), if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: rmpv::Value) -> Result<Reply, RedisError> {
        let mut packed = Vec::new();
        rmpv::encode::write_value(&mut packed, &value).unwrap();
        unpack(&packed.into())
    }

    fn map(pairs: &[(&str, &str)]) -> rmpv::Value {
        rmpv::Value::Map(pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect())
    }

    #[test]
    fn a_value_becomes_the_reply_that_redis_would_make_of_it() {
        assert_eq!(of(rmpv::Value::Boolean(false)), Ok(Reply::Nil));
        assert_eq!(of(rmpv::Value::Boolean(true)), Ok(Reply::Integer(1)));
        assert_eq!(of((-3).into()), Ok(Reply::Integer(-3)));
        for (number, integer) in
            [(3.99, 3), (-3.99, -3), (1e300, i64::MIN), (f64::NAN, i64::MIN), (1e18, 10_i64.pow(18))]
        {
            assert_eq!(of(number.into()), Ok(Reply::Integer(integer)), "{number}");
        }
        assert_eq!(of(rmpv::Value::Binary(b"\xff".to_vec())), Ok(Reply::Bulk(Bytes::from_static(b"\xff"))));
        assert_eq!(of(map(&[("ok", "PONG")])), Ok(Reply::Status("PONG".to_owned())));
        assert_eq!(of(rmpv::Value::Array(vec![])), Ok(Reply::Array(vec![])));
        assert_eq!(of(rmpv::Value::Map(vec![])), Ok(Reply::Array(vec![])));
        let with_a_gap = vec![(1.into(), "a".into()), (2.into(), "b".into()), (4.into(), "d".into())];
        let expected = ["a", "b"].map(|text| Reply::Bulk(text.into()));
        assert_eq!(of(rmpv::Value::Map(with_a_gap)), Ok(Reply::Array(expected.into())));
    }

    #[test]
    fn types_of_the_third_version_are_as_they_are_in_the_second() {
        let table = |name: &str, value: rmpv::Value| of(rmpv::Value::Map(vec![(name.into(), value)]));
        let bulk = |text: &str| Reply::Bulk(Bytes::from(text.to_owned()));
        let pairs = || rmpv::Value::Map(vec![("a".into(), 1.into())]);
        assert_eq!(table("map", pairs()), Ok(Reply::Array(vec![bulk("a"), Reply::Integer(1)])));
        assert_eq!(table("set", pairs()), Ok(Reply::Array(vec![bulk("a")])));
        assert_eq!(table("big_number", "12".into()), Ok(bulk("12")));
        assert_eq!(table("verbatim_string", map(&[("format", "txt"), ("string", "s")])), Ok(bulk("s")));
        for (number, text) in [
            (3.5, "3.5"),
            (0.1, "0.10000000000000001"),
            (-100.0, "-100"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (1e-5, "1.0000000000000001e-05"),
            (0.000_1, "0.0001"),
            (0.0, "0"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(table("double", number.into()), Ok(bulk(text)));
        }
    }

    #[test]
    fn an_error_stays_one_wherever_it_stands() {
        let wrong_type = || map(&[("err", "WRONGTYPE no\r\nnever"), ("ignore_error_stats_update", "1")]);
        let error = ErrorReply { code: "WRONGTYPE".to_owned(), message: "no  never".to_owned() };
        assert_eq!(of(wrong_type()), Ok(Reply::Error(error.clone())));
        assert_eq!(of(rmpv::Value::Array(vec![wrong_type()])), Ok(Reply::Array(vec![Reply::Error(error)])));
    }

    #[test]
    fn what_is_nested_deeper_than_a_script_packs_is_refused() {
        let nested = |levels| unpack(&[&b"\x91".repeat(levels)[..], b"\x90"].concat().into());
        assert!(nested(16).is_ok());
        assert!(nested(MAX_DEPTH).is_err() && nested(1_000_000).is_err());
    }

    #[test]
    fn what_is_not_packed_is_refused() {
        for bytes in [&b""[..], b"\xc7\x01\x01x", b"\x92\x01"] {
            assert!(unpack(&Bytes::copy_from_slice(bytes)).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_long_list_with_a_gap_takes_no_longer_than_one_without() {
        // Were each item looked for among all the others, this would take hours.
        const ITEMS: u64 = 1_000_000;
        let pairs = (1..=ITEMS).rev().chain([ITEMS + 2]).map(|index| (index.into(), index.into())).collect();
        let Ok(Reply::Array(items)) = of(rmpv::Value::Map(pairs)) else { panic!("a list") };
        assert_eq!((items.len() as u64, items.last()), (ITEMS, Some(&Reply::Integer(1_000_000))));
    }
}
