//! Lists that come in pages: `limit` and `cursor` in, `items` and `next_cursor` out.

use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{Kind, Problem};
use crate::uri::Query;

/// The page that is asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// Where it begins; 0 at the start, else what the page before said.
    pub cursor: u64,
    /// About how many items it holds.
    pub limit: usize,
}

/// The limit where none is asked for.
const DEFAULT_LIMIT: usize = 100;
/// The largest limit.
const MAX_LIMIT: usize = 1000;

impl Page {
    /// Takes `cursor` and `limit` out of a query.
    ///
    /// # Errors
    /// A problem where one of them is wrong.
    pub fn of(query: &mut Query) -> Result<Self, Problem> {
        let cursor = match query.take_text("cursor")? {
            None => 0,
            Some(text) => text.parse().map_err(|_| wrong_cursor())?,
        };
        Ok(Self { cursor, limit: limit(query)? })
    }
}

/// Takes `limit` out of a query.
///
/// # Errors
/// A problem where it is wrong.
pub fn limit(query: &mut Query) -> Result<usize, Problem> {
    match query.take_text("limit")? {
        None => Ok(DEFAULT_LIMIT),
        Some(text) => text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit)).ok_or_else(|| {
            Problem::new(Kind::Invalid, format!("`limit` must be a whole number from 1 to {MAX_LIMIT}"))
        }),
    }
}

/// A cursor is not one of ours.
pub fn wrong_cursor() -> Problem {
    Problem::new(Kind::Invalid, "`cursor` must be the `next_cursor` of the page before")
}

/// A page.
#[derive(Serialize, ToSchema)]
pub struct Items<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next one begins; `null` on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// What a list is answered with where one thing alone may be asked for, too.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum PageOrOne<I, T> {
    /// A page of the list.
    Page(Items<I>),
    /// That one thing.
    One(T),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(query: &str) -> Option<Page> {
        Page::of(&mut Query::of(&format!("/?{query}").parse().unwrap()).unwrap()).ok()
    }

    #[test]
    fn a_page_has_a_start_and_a_bounded_length() {
        assert_eq!(of(""), Some(Page { cursor: 0, limit: 100 }));
        assert_eq!(of("cursor=18446744073709551615&limit=1000"), Some(Page { cursor: u64::MAX, limit: 1000 }));
        for query in ["limit=0", "limit=1001", "limit=x", "limit=", "cursor=", "cursor=-1", "cursor=x"] {
            assert_eq!(of(query), None, "{query}");
        }
    }
}
