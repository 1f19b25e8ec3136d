//! Ids of entries, `<milliseconds>-<sequence number>`, and ranges of them.

use std::fmt;

use bytes::Bytes;

use crate::problem::{Kind, Problem};
use crate::uri::Query;

/// An id: the milliseconds in the upper half, the sequence number in the lower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id(u128);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.0 >> 64, self.0 & u128::from(u64::MAX))
    }
}

impl Id {
    /// The smallest, which no entry has.
    pub const MIN: Self = Self(0);
    /// The largest.
    pub const MAX: Self = Self(u128::MAX);

    /// Reads an id, whose sequence number is `sequence` where it gives none.
    pub fn read(text: &str, sequence: u64) -> Option<Self> {
        let (milliseconds, sequence) = match text.split_once('-') {
            Some((milliseconds, sequence)) => (number(milliseconds)?, number(sequence)?),
            None => (number(text)?, sequence),
        };
        Some(Self((u128::from(milliseconds) << 64) | u128::from(sequence)))
    }
}

fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// The id of a new entry as `XADD` takes it: `*`, `<milliseconds>-*`, or an id.
///
/// # Errors
/// A problem where it is none of them, or the smallest id.
pub fn new_id(text: &str) -> Result<Bytes, Problem> {
    let id = match text.strip_suffix('*') {
        Some("") => Some(text.to_owned()),
        Some(start) => start.strip_suffix('-').and_then(number).map(|milliseconds| format!("{milliseconds}-*")),
        None => Id::read(text, 0).filter(|id| *id > Id::MIN).map(|id| id.to_string()),
    };
    id.map(Bytes::from).ok_or_else(|| {
        let detail = "`id` must be `*`, milliseconds with a sequence number such as 1526919030474-0 or 1526919030474-*, or \
                      milliseconds alone; and greater than 0-0";
        Problem::new(Kind::Invalid, detail)
    })
}

/// Where a range begins or ends.
#[derive(Clone, Copy)]
struct Bound {
    id: Id,
    is_exclusive: bool,
}

impl Bound {
    /// Takes a bound out of a query.
    fn of(query: &mut Query, name: &str, sequence: u64) -> Result<Option<Self>, Problem> {
        let Some(text) = query.take_text(name)? else { return Ok(None) };
        let bound = match (text.as_str(), text.strip_prefix('(')) {
            ("-", _) => Some(Self { id: Id::MIN, is_exclusive: false }),
            ("+", _) => Some(Self { id: Id::MAX, is_exclusive: false }),
            (_, Some(id)) => Id::read(id, sequence).map(|id| Self { id, is_exclusive: true }),
            (id, None) => Id::read(id, sequence).map(|id| Self { id, is_exclusive: false }),
        };
        let wrong = || {
            let detail = format!(
                "`{name}` must be an id such as 1526919030474-0, with `(` before it to leave it out, or `-` or `+` (in a \
                 query, `%2B`)"
            );
            Problem::new(Kind::Invalid, detail)
        };
        bound.map(Some).ok_or_else(wrong)
    }

    /// Takes an id out of a query beyond which a range begins or ends.
    fn beyond(query: &mut Query, name: &str) -> Result<Option<Self>, Problem> {
        let Some(text) = query.take_text(name)? else { return Ok(None) };
        let bound = Id::read(&text, 0).map(|id| Self { id, is_exclusive: true });
        let wrong = || Problem::new(Kind::Invalid, format!("`{name}` must be the id of an entry"));
        bound.map(Some).ok_or_else(wrong)
    }

    /// The first id from here on.
    fn first(self) -> Option<Id> {
        self.id.0.checked_add(u128::from(self.is_exclusive)).map(Id)
    }

    /// The last id up to here.
    fn last(self) -> Option<Id> {
        self.id.0.checked_sub(u128::from(self.is_exclusive)).map(Id)
    }
}

/// The ids from the first to the last, both among them; none where the first is greater.
#[derive(Debug, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub first: Id,
    /// The last.
    pub last: Id,
}

impl Range {
    /// Takes `start`, `end`, `after` and `cursor` out of a query: what lies within all of them.
    ///
    /// # Errors
    /// A problem where one of them is wrong.
    pub fn of(query: &mut Query, is_reversed: bool) -> Result<Self, Problem> {
        let start = Bound::of(query, "start", 0)?;
        let end = Bound::of(query, "end", u64::MAX)?;
        let after = Bound::beyond(query, "after")?;
        let cursor = Bound::beyond(query, "cursor")?;
        let (after_cursor, before_cursor) = if is_reversed { (None, cursor) } else { (cursor, None) };

        let firsts: Option<Vec<_>> = [start, after, after_cursor].into_iter().flatten().map(Bound::first).collect();
        let lasts: Option<Vec<_>> = [end, before_cursor].into_iter().flatten().map(Bound::last).collect();
        Ok(match (firsts, lasts) {
            (Some(firsts), Some(lasts)) => Self {
                first: firsts.into_iter().max().unwrap_or(Id::MIN),
                last: lasts.into_iter().min().unwrap_or(Id::MAX),
            },
            // Nothing lies beyond the smallest or the largest id.
            _ => Self { first: Id::MAX, last: Id::MIN },
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAX: u64 = u64::MAX;

    #[test]
    fn an_id_is_one_or_two_whole_numbers() {
        let read = |text: &str| Id::read(text, 7).map(|id| id.to_string());
        assert_eq!(read("5-3").unwrap(), "5-3");
        assert_eq!(read("5").unwrap(), "5-7");
        assert_eq!(read(&Id::MAX.to_string()).unwrap(), format!("{MAX}-{MAX}"));
        for text in ["", "-", "5-", "-5", "+5", "5-+3", "5-3-1", "5 ", "x", "5.0", "18446744073709551616", "5-*"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_new_id_may_be_left_to_redis_in_whole_or_in_part() {
        for (text, id) in [("*", "*"), ("5-*", "5-*"), ("0-*", "0-*"), ("5", "5-0"), ("05-3", "5-3"), ("0-1", "0-1")] {
            assert_eq!(new_id(text).unwrap(), id, "{text}");
        }
        for text in ["", "-*", "5*", "**", "5-3*", "+", "0", "0-0", "x-*", "$"] {
            assert!(new_id(text).is_err(), "{text}");
        }
    }

    fn range(query: &str, is_reversed: bool) -> Option<[String; 2]> {
        let range = Range::of(&mut Query::of(&format!("/?{query}").parse().unwrap()).unwrap(), is_reversed).ok()?;
        Some([range.first.to_string(), range.last.to_string()])
    }

    #[test]
    fn a_range_lies_within_all_that_bounds_it() {
        let (min, max) = ("0-0", &*Id::MAX.to_string());
        for (query, is_reversed, [first, last]) in [
            ("", false, [min, max]),
            ("start=-&end=%2B", true, [min, max]),
            ("start=5&end=5", false, ["5-0", &format!("5-{MAX}")]),
            ("start=(5-3&end=(6-0", false, ["5-4", &format!("5-{MAX}")]),
            ("start=5-3&after=5-3", false, ["5-4", max]),
            ("start=9&after=5", false, ["9-0", max]),
            ("cursor=5-3", false, ["5-4", max]),
            ("cursor=5-3", true, [min, "5-2"]),
            ("after=1-1&end=5-3&cursor=9-0", true, ["1-2", "5-3"]),
            ("after=18446744073709551615-18446744073709551615", false, [max, min]),
            ("end=(0", false, [min, &format!("0-{}", MAX - 1)]),
            ("cursor=0-0", true, [max, min]),
        ] {
            assert_eq!(range(query, is_reversed).unwrap(), [first, last], "{query}");
        }
        for query in
            ["start=", "start=x", "end=+", "start=((5", "start=(-", "after=(5", "after=-", "cursor=", "cursor=x"]
        {
            assert_eq!(range(query, false), None, "{query}");
        }
    }

    proptest! {
        #[test]
        fn every_id_survives_its_text_and_ids_are_ordered_as_in_redis(a: (u64, u64), b: (u64, u64)) {
            let id = |(milliseconds, sequence)| Id::read(&format!("{milliseconds}-{sequence}"), 0).unwrap();
            prop_assert_eq!(id(a).to_string(), format!("{}-{}", a.0, a.1));
            prop_assert_eq!(id(a).cmp(&id(b)), a.cmp(&b));
        }
    }
}
