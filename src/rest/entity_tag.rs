//! Entity tags and the conditions on them (RFC 9110, sections 8.8.3 and 13.1): `"<SHA-1 of the value>-<form>"`.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::form::Form;
use crate::digest::sha1_hex;
use crate::problem::{Kind, Problem};

impl Form {
    /// What stands behind the digest in this form's entity tags.
    fn suffix(self) -> &'static str {
        match self {
            Self::Json => "-json",
            Self::Raw => "-raw",
        }
    }
}

/// The entity tag of a value in a form, with its quotes.
pub fn entity_tag(value: &[u8], form: Form) -> String {
    format!("\"{}{}\"", sha1_hex(value), form.suffix())
}

/// `If-Match` or `If-None-Match`.
#[derive(Debug, PartialEq, Eq)]
pub enum Condition {
    /// Not given.
    None,
    /// `*`: any value.
    Any,
    /// The opaque parts of the tags that a comparison may match.
    Tags(Vec<String>),
}

impl Condition {
    /// `If-Match`, compared strongly: weak tags match nothing.
    ///
    /// # Errors
    /// A problem where it is no list of entity tags.
    pub fn if_match(headers: &HeaderMap) -> Result<Self, Problem> {
        Self::of(headers, &header::IF_MATCH, false)
    }

    /// `If-None-Match`, compared weakly.
    ///
    /// # Errors
    /// A problem where it is no list of entity tags.
    pub fn if_none_match(headers: &HeaderMap) -> Result<Self, Problem> {
        Self::of(headers, &header::IF_NONE_MATCH, true)
    }

    fn of(headers: &HeaderMap, name: &HeaderName, weak_counts: bool) -> Result<Self, Problem> {
        let wrong = || {
            let detail = format!("the header `{name}` must be `*` or entity tags in quotes, separated by commas");
            Problem::new(Kind::Malformed, detail)
        };
        let mut tags = Vec::new();
        for value in headers.get_all(name) {
            let mut rest = value.to_str().map_err(|_| wrong())?.trim();
            if rest == "*" && headers.get_all(name).iter().count() == 1 {
                return Ok(Self::Any);
            }
            while !rest.is_empty() {
                let (strong, weak) = rest.strip_prefix("W/").map_or((rest, false), |strong| (strong, true));
                let (tag, behind) = strong.strip_prefix('"').and_then(|open| open.split_once('"')).ok_or_else(wrong)?;
                if weak_counts || !weak {
                    tags.push(tag.to_owned());
                }
                rest = behind.trim_start();
                if !rest.is_empty() {
                    rest = rest.strip_prefix(',').ok_or_else(wrong)?.trim_start();
                }
            }
        }
        Ok(if headers.contains_key(name) { Self::Tags(tags) } else { Self::None })
    }

    /// Whether it is given and an existing value with this entity tag is one of those it names.
    pub fn names(&self, entity_tag: &str) -> bool {
        match self {
            Self::None => false,
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|tag| *tag == entity_tag.trim_matches('"')),
        }
    }

    /// The condition as the scripts take it, whichever form the tags are of: empty where there is none, `*`, or the
    /// digests with a space behind each.
    pub fn script_argument(&self) -> Bytes {
        match self {
            Self::None => Bytes::new(),
            Self::Any => Bytes::from_static(b"*"),
            Self::Tags(tags) => {
                let digests = tags.iter().filter_map(|tag| {
                    let digest = [Form::Json, Form::Raw].iter().find_map(|form| tag.strip_suffix(form.suffix()))?;
                    (digest.len() == 40 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(digest)
                });
                // The leading space tells a list of foreign tags, which match nothing, from no condition.
                digests.fold(String::from(" "), |list, digest| list + digest + " ").into()
            }
        }
    }
}

/// The header value of an entity tag.
///
/// # Errors
/// Never, in truth: digest and suffix are visible ASCII.
pub fn header_value(entity_tag: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(entity_tag).map_err(|error| Problem::new(Kind::Internal, "an entity tag").because(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "a9993e364706816aba3e25717850c26c9cd0d89d";

    fn headers(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, value.parse().unwrap());
        headers.insert(header::IF_NONE_MATCH, value.parse().unwrap());
        headers
    }

    fn tags(tags: &[&str]) -> Condition {
        Condition::Tags(tags.iter().map(|tag| (*tag).to_owned()).collect())
    }

    #[test]
    fn lists_of_tags_are_read() {
        let read = |value| Condition::if_match(&headers(value)).unwrap();
        assert_eq!(Condition::if_match(&HeaderMap::new()).unwrap(), Condition::None);
        assert_eq!(read("*"), Condition::Any);
        assert_eq!(read("\"a\""), tags(&["a"]));
        assert_eq!(read("\"a,b\" , \"\",\"c\""), tags(&["a,b", "", "c"]));
        assert_eq!(read("W/\"a\", \"b\""), tags(&["b"]));
        assert_eq!(Condition::if_none_match(&headers("W/\"a\", \"b\"")).unwrap(), tags(&["a", "b"]));
    }

    #[test]
    fn what_is_no_list_of_tags_is_refused() {
        for value in ["a", "\"a", "\"a\" \"b\"", "*, \"a\"", "\"a\", *", "W/a", ", \"a\""] {
            assert!(Condition::if_match(&headers(value)).is_err(), "{value}");
        }
    }

    #[test]
    fn a_tag_names_a_value_in_its_own_form_and_a_script_takes_either() {
        let condition = tags(&[&format!("{ABC}-json"), "foreign", "short-raw"]);
        assert!(condition.names(&entity_tag(b"abc", Form::Json)));
        assert!(!condition.names(&entity_tag(b"abc", Form::Raw)));
        assert_eq!(condition.script_argument(), format!(" {ABC} "));
        assert_eq!(tags(&["foreign"]).script_argument(), " ");
        assert_eq!(Condition::None.script_argument(), "");
    }
}
