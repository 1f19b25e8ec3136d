//! A part of a value: `Range` and `If-Range` (RFC 9110, sections 13.1.5 and 14.2).

use std::ops::RangeInclusive;

use http::{HeaderMap, HeaderValue, header};
use http_range_header::parse_range_header;

use super::entity_tag::EntityTag;
use crate::problem::{Kind, Problem};

/// The first and the last byte that the caller asks for; nothing where it asks for all, for several parts that exist, twice,
/// or for what cannot be read, which a server may answer with all.
///
/// # Errors
/// A problem where there are no such bytes.
pub fn wanted(headers: &HeaderMap, tag: &EntityTag, length: usize) -> Result<Option<RangeInclusive<usize>>, Problem> {
    let mut whole_if_changed = headers.get_all(header::IF_RANGE).iter();
    if whole_if_changed.any(|old| tag.header_value().is_ok_and(|tag| tag != *old)) {
        return Ok(None);
    }
    let mut given = headers.get_all(header::RANGE).iter();
    // Of two headers neither is meant more than the other.
    let (Some(range), None) = (given.next(), given.next()) else { return Ok(None) };
    let Some(ranges) = range.to_str().ok().and_then(|range| parse_range_header(range).ok()) else {
        return Ok(None);
    };
    let Ok(ranges) = ranges.validate(length as u64) else {
        let problem = Problem::new(Kind::RangeNotSatisfiable, format!("the value has {length} bytes"))
            .header(header::VARY, HeaderValue::from_static("Accept"));
        return Err(match HeaderValue::try_from(format!("bytes */{length}")) {
            Ok(value) => problem.header(header::CONTENT_RANGE, value),
            Err(_) => problem,
        });
    };
    match &ranges[..] {
        // Within the length, which is a usize.
        [one] => Ok(usize::try_from(*one.start()).ok().zip(usize::try_from(*one.end()).ok()).map(|(a, b)| a..=b)),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::form::Form;

    fn of_all(ranges: &[&str], if_ranges: &[&str], length: usize) -> Result<Option<RangeInclusive<usize>>, Kind> {
        let ranges = ranges.iter().map(|range| (header::RANGE, range.parse().unwrap()));
        let headers = ranges.chain(if_ranges.iter().map(|tag| (header::IF_RANGE, tag.parse().unwrap()))).collect();
        wanted(&headers, &EntityTag::of(b"abc", Form::Raw), length).map_err(|problem| problem.kind)
    }

    fn of(range: &str, if_range: Option<&str>, length: usize) -> Result<Option<RangeInclusive<usize>>, Kind> {
        of_all(&[range], if_range.as_slice(), length)
    }

    #[test]
    fn one_part_is_given_and_anything_else_is_all() {
        assert_eq!(of("bytes=0-1", None, 10), Ok(Some(0..=1)));
        assert_eq!(of("bytes=5-", None, 10), Ok(Some(5..=9)));
        assert_eq!(of("bytes=-3", None, 10), Ok(Some(7..=9)));
        assert_eq!(of("bytes=2-99", None, 10), Ok(Some(2..=9)));
        for all in ["bytes=0-1,3-4", "items=0-1", "bytes", "bytes=x-y"] {
            assert_eq!(of(all, None, 10), Ok(None), "{all}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_satisfiable() {
        assert_eq!(of("bytes=10-", None, 10), Err(Kind::RangeNotSatisfiable));
        assert_eq!(of("bytes=0-", None, 0), Err(Kind::RangeNotSatisfiable));
    }

    #[test]
    fn a_part_of_a_value_that_changed_is_all_of_it() {
        assert_eq!(of("bytes=0-1", Some("\"a9993e364706816aba3e25717850c26c9cd0d89d-raw\""), 3), Ok(Some(0..=1)));
        assert_eq!(of("bytes=0-1", Some("\"other\""), 3), Ok(None));
        assert_eq!(of("bytes=0-1", Some("Sun, 22 Nov 2026 00:00:00 GMT"), 3), Ok(None));
    }

    #[test]
    fn of_headers_that_are_given_twice_none_counts_more_than_the_other() {
        assert_eq!(of_all(&["bytes=0-1", "bytes=2-3"], &[], 10), Ok(None));
        assert_eq!(of_all(&["bytes=0-1", "bytes=0-1"], &[], 10), Ok(None));
        let tag = "\"a9993e364706816aba3e25717850c26c9cd0d89d-raw\"";
        assert_eq!(of_all(&["bytes=0-1"], &[tag, "\"other\""], 3), Ok(None));
    }
}
