//! Which key a request is about: the third segment of its path, or `?key=` for keys that no path can hold.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};

use crate::handler::{Asked, Part};
use crate::problem::{Kind, Problem};
use crate::uri::{self, Query};

/// The key, and the parameters that are left in the query.
pub struct Target {
    /// The key, of any bytes.
    pub key: Bytes,
    /// The fifth segment of the path: the field or the member of the value at the key.
    pub part: Option<Bytes>,
    /// The rest of the query.
    pub query: Query,
}

impl Target {
    /// The key, where the query has nothing else to say.
    ///
    /// # Errors
    /// A problem where it does.
    pub fn only_key(self) -> Result<Bytes, Problem> {
        self.query.finish()?;
        Ok(self.key)
    }

    /// The key, and the part of its value that the path names, or the parameter `name`.
    ///
    /// # Errors
    /// A problem where there is none, or the query has more to say.
    pub fn key_and_part(mut self, name: &str) -> Result<(Bytes, Bytes), Problem> {
        let part = match self.part {
            Some(part) => Some(part),
            None => self.query.take(name)?,
        };
        let missing = || {
            let detail = format!("the {name} is missing: give it as the last segment of the path, or as `?{name}=`");
            Problem::new(Kind::Invalid, detail)
        };
        let part = part.ok_or_else(missing)?;
        self.query.finish()?;
        Ok((self.key, part))
    }
}

/// The segments of `/v1/{type}/{key}/{parts}/{part}` that are bytes.
const KEY_SEGMENT: usize = 2;
const PART_SEGMENT: usize = 4;

impl Part for Target {
    fn of(asked: &mut Asked) -> Result<Self, Problem> {
        let uri = asked.uri();
        let mut query = Query::of(uri)?;
        let key = match uri::segment(uri, KEY_SEGMENT)? {
            // Most likely a variable that was not set.
            Some(key) if key.is_empty() => {
                return Err(Problem::new(
                    Kind::NotFound,
                    "the path has an empty key: that goes in the query, as `?key=`",
                ));
            }
            Some(key) => key,
            None => query.take("key")?.ok_or_else(|| {
                Problem::new(
                    Kind::Invalid,
                    "the key is missing: give it as the last segment of the path, or as `?key=`",
                )
            })?,
        };
        Ok(Self { key, part: uri::segment(uri, PART_SEGMENT)?, query })
    }
}

impl Part for Query {
    fn of(asked: &mut Asked) -> Result<Self, Problem> {
        Self::of(asked.uri())
    }
}

/// The header that says at which path the key of a type is found.
///
/// # Errors
/// Never, in truth: a percent-encoded key is visible ASCII.
pub fn location(collection: &str, key: &[u8]) -> Result<[(HeaderName, HeaderValue); 1], Problem> {
    let separator = if matches!(key, b"" | b"." | b"..") { "?key=" } else { "/" };
    let place = HeaderValue::try_from(format!("{collection}{separator}{}", uri::encode(key)));
    let place = place.map_err(|error| Problem::new(Kind::Internal, "the key's location").because(error))?;
    Ok([(header::LOCATION, place)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_no_path_can_hold_are_located_by_the_query() {
        for (key, place) in
            [(&b"a/b\xff"[..], "/v1/strings/a%2Fb%FF"), (b"", "/v1/strings?key="), (b"..", "/v1/strings?key=..")]
        {
            let [(name, value)] = location("/v1/strings", key).unwrap();
            assert_eq!((name, value.to_str().unwrap()), (header::LOCATION, place));
        }
    }
}
