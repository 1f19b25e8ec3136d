//! The one decoder of paths and queries, exact to the byte: what is percent-encoded need not be UTF-8.

use bytes::Bytes;
use http::Uri;

use crate::problem::{Kind, Problem};

/// Undoes percent-encoding (RFC 3986, section 2.1); `+` stands for itself.
///
/// # Errors
/// `None` where a `%` is not followed by two hexadecimal digits.
pub fn decode(encoded: &str) -> Option<Bytes> {
    if !encoded.as_bytes().contains(&b'%') {
        return Some(Bytes::copy_from_slice(encoded.as_bytes()));
    }
    let complete = |escape: &str| escape.as_bytes().get(..2).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
    if !encoded.split('%').skip(1).all(complete) {
        return None;
    }
    Some(percent_encoding::percent_decode_str(encoded).collect::<Vec<u8>>().into())
}

/// Percent-encodes all but the unreserved characters (RFC 3986, section 2.3).
pub fn encode(bytes: &[u8]) -> String {
    const RESERVED: percent_encoding::AsciiSet =
        percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::percent_encode(bytes, &RESERVED).to_string()
}

/// Segment `index` of the path, counted from 0.
///
/// # Errors
/// A problem where it is not encoded properly. `Ok(None)`: the path has no such segment.
pub fn segment(uri: &Uri, index: usize) -> Result<Option<Bytes>, Problem> {
    // An array, since the search for a single character is made for long texts.
    let Some(segment) = uri.path().split(['/']).nth(index + 1) else { return Ok(None) };
    decode(segment).map(Some).ok_or_else(|| badly_encoded("the path"))
}

/// The parameters of a query; the value is missing where there is no `=`. `+` stands for a space.
///
/// # Errors
/// `None` where it is not encoded properly.
pub fn pairs(uri: &Uri) -> Option<Vec<(Bytes, Option<Bytes>)>> {
    let decode = |text: &str| decode(&text.replace('+', " "));
    let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => Some((decode(name)?, Some(decode(value)?))),
            None => Some((decode(pair)?, None)),
        })
        .collect()
}

/// The parameters of a query, to be taken one by one; [`Query::finish`] refuses what nobody took.
#[derive(Debug)]
pub struct Query(Vec<(Bytes, Bytes)>);

impl Query {
    /// The parameters of a query. `+` stands for a space, as forms and `URLSearchParams` write it.
    ///
    /// # Errors
    /// A problem where it is not encoded properly.
    pub fn of(uri: &Uri) -> Result<Self, Problem> {
        let pairs = pairs(uri).ok_or_else(|| badly_encoded("the query"))?;
        Ok(Self(pairs.into_iter().map(|(name, value)| (name, value.unwrap_or_default())).collect()))
    }

    /// Takes out the parameter `name`.
    ///
    /// # Errors
    /// A problem where it stands there more than once.
    pub fn take(&mut self, name: &str) -> Result<Option<Bytes>, Problem> {
        let mut values = self.take_all(name);
        if values.len() > 1 {
            return Err(Problem::new(Kind::Invalid, format!("the query parameter `{name}` is given more than once")));
        }
        Ok(values.pop())
    }

    /// Whether there is a parameter `name`.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(other, _)| other == name.as_bytes())
    }

    /// Takes out every parameter `name`, in order.
    pub fn take_all(&mut self, name: &str) -> Vec<Bytes> {
        self.0.extract_if(.., |(other, _)| other == name.as_bytes()).map(|(_, value)| value).collect()
    }

    /// Takes out the parameter `name`, which is text.
    ///
    /// # Errors
    /// A problem where it stands there more than once or is not UTF-8.
    pub fn take_text(&mut self, name: &str) -> Result<Option<String>, Problem> {
        let not_text = |_| Problem::new(Kind::Invalid, format!("the query parameter `{name}` is not UTF-8"));
        self.take(name)?.map(|value| String::from_utf8(value.into()).map_err(not_text)).transpose()
    }

    /// Takes out the parameter `name`, which is true or false; false where it is not given.
    ///
    /// # Errors
    /// A problem where it stands there more than once or is something else.
    pub fn take_flag(&mut self, name: &str) -> Result<bool, Problem> {
        match self.take_text(name)?.as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Problem::new(Kind::Invalid, format!("`{name}` must be true or false"))),
        }
    }

    /// Checks that every parameter was taken.
    ///
    /// # Errors
    /// A problem that names one that was not.
    pub fn finish(self) -> Result<(), Problem> {
        self.0.first().map_or(Ok(()), |(name, _)| {
            let name = shortened(&String::from_utf8_lossy(name));
            Err(Problem::new(Kind::Invalid, format!("the query parameter `{name}` is not known here")))
        })
    }
}

/// A name that a caller gave, for an error: at most 64 characters of it.
pub fn shortened(name: &str) -> String {
    match name.char_indices().nth(64) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

fn badly_encoded(what: &str) -> Problem {
    let detail = format!("in {what}, each `%` must be followed by two hexadecimal digits; `%` itself is `%25`");
    Problem::new(Kind::Malformed, detail)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn query(text: &str) -> Query {
        Query::of(&format!("/?{text}").parse().unwrap()).unwrap()
    }

    #[test]
    fn a_path_is_split_before_it_is_decoded() {
        let uri = "/v1/strings/a%2Fb+%00%ff".parse().unwrap();
        assert_eq!(segment(&uri, 2).unwrap().unwrap(), &b"a/b+\0\xff"[..]);
        assert_eq!(segment(&uri, 3).unwrap(), None);
    }

    #[test]
    fn a_bad_escape_is_refused() {
        for path in ["/%", "/%4", "/%zz", "/a%2", "/%+1", "/%%41"] {
            assert_eq!(segment(&path.parse().unwrap(), 0).unwrap_err().kind, Kind::Malformed, "{path}");
        }
    }

    #[test]
    fn a_query_may_repeat_names_hold_bytes_and_lack_values() {
        let mut query = query("a=1&b&key=%ff+x&c=%2B");
        assert_eq!(query.take("key").unwrap().unwrap(), &b"\xff x"[..]);
        assert_eq!(query.take("b").unwrap().unwrap(), "");
        assert_eq!(query.take("c").unwrap().unwrap(), "+");
        assert_eq!(query.take("nothing").unwrap(), None);
        assert!(query.finish().unwrap_err().detail.contains("`a`"));
    }

    #[test]
    fn a_parameter_given_twice_is_refused() {
        assert!(query("ttl=1&ttl=2").take("ttl").unwrap_err().detail.contains("more than once"));
    }

    proptest! {
        #[test]
        fn every_byte_string_survives_encoding(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&encode(&bytes)).unwrap(), bytes);
        }

        #[test]
        fn decoding_never_panics_nor_grows(text: String) {
            let decoded = decode(&text);
            prop_assert!(decoded.is_none_or(|bytes| bytes.len() <= text.len()));
        }
    }
}
