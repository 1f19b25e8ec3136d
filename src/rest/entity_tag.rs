//! Entity tags and the conditions on them (RFC 9110, sections 8.8.3 and 13.1): `"<digest of the value>-<form>"`.
//!
//! The digest of a string is its SHA-1. That of a value made of elements is the SHA-1 of its elements' digests, one after
//! the other, sorted unless their order counts. That of an element is the SHA-1 of its strings, each with its length and
//! a colon before it. `condition.lua` computes the same.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::elements::Type;
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

/// The entity tag of a value in a form.
pub struct EntityTag {
    digest: String,
    form: Form,
}

impl EntityTag {
    /// The tag of `value`.
    pub fn of(value: &[u8], form: Form) -> Self {
        Self { digest: sha1_hex(value), form }
    }

    /// The tag of a value of a type that is made of elements, whose strings these are.
    pub fn of_elements(of: &Type, strings: &[Bytes]) -> Self {
        let digest = |element: &[Bytes]| {
            let mut text = Vec::new();
            for string in element {
                text.extend_from_slice(format!("{}:", string.len()).as_bytes());
                text.extend_from_slice(string);
            }
            sha1_hex(&text)
        };
        let mut digests: Vec<_> = strings.chunks(of.strings).map(digest).collect();
        if !of.is_ordered {
            digests.sort_unstable();
        }
        Self::of(digests.concat().as_bytes(), Form::Json)
    }

    /// The value of the header `ETag`.
    ///
    /// # Errors
    /// Never, in truth: digest and suffix are visible ASCII.
    pub fn header_value(&self) -> Result<HeaderValue, Problem> {
        let tag = HeaderValue::try_from(["\"", &self.digest, self.form.suffix(), "\""].concat());
        tag.map_err(|error| Problem::new(Kind::Internal, "an entity tag").because(error))
    }

    /// Whether this stands between the quotes of the same value's tag in a form.
    fn is_in_form(&self, form: Form, opaque: &str) -> bool {
        opaque.strip_suffix(form.suffix()).is_some_and(|digest| digest == self.digest)
    }
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

    /// Refuses conditions where nothing would heed them.
    ///
    /// # Errors
    /// A problem where there is one.
    pub fn refuse(headers: &HeaderMap) -> Result<(), Problem> {
        match [header::IF_MATCH, header::IF_NONE_MATCH].into_iter().find(|name| headers.contains_key(name)) {
            None => Ok(()),
            Some(name) => {
                let detail = format!(
                    "`{name}` is not heeded here: it is for the path of one value, such as /v1/strings/{{key}}"
                );
                Err(Problem::new(Kind::Invalid, detail))
            }
        }
    }

    fn of(headers: &HeaderMap, name: &HeaderName, weak_counts: bool) -> Result<Self, Problem> {
        let wrong = || {
            let detail = format!("the header `{name}` must be `*` or entity tags in quotes, separated by commas");
            Problem::new(Kind::Malformed, detail)
        };
        let mut tags = Vec::new();
        for value in headers.get_all(name) {
            // Tags of ours are ASCII; what others may hold beside it matches nothing either way.
            let text = String::from_utf8_lossy(value.as_bytes());
            let mut rest = text.trim();
            if rest == "*" && headers.get_all(name).iter().count() == 1 {
                return Ok(Self::Any);
            }
            loop {
                // Empty elements of a list count for nothing (RFC 9110, section 5.6.1.2).
                rest = rest.trim_start_matches([',', ' ', '\t']);
                if rest.is_empty() {
                    break;
                }
                let (strong, weak) = rest.strip_prefix("W/").map_or((rest, false), |strong| (strong, true));
                let (tag, behind) = strong.strip_prefix('"').and_then(|open| open.split_once('"')).ok_or_else(wrong)?;
                if weak_counts || !weak {
                    tags.push(tag.to_owned());
                }
                rest = behind.trim_start();
                if !rest.is_empty() && !rest.starts_with(',') {
                    return Err(wrong());
                }
            }
        }
        Ok(if headers.contains_key(name) { Self::Tags(tags) } else { Self::None })
    }

    /// Whether it is given and lists an existing value's tag.
    pub fn matches(&self, tag: &EntityTag) -> bool {
        self.lists(tag, &[tag.form])
    }

    /// The same, whichever form the tags that it lists are of.
    pub fn matches_in_any_form(&self, tag: &EntityTag) -> bool {
        self.lists(tag, &Form::ALL)
    }

    fn lists(&self, tag: &EntityTag, forms: &[Form]) -> bool {
        match self {
            Self::None => false,
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|opaque| forms.iter().any(|form| tag.is_in_form(*form, opaque))),
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
                    let digest = Form::ALL.iter().find_map(|form| tag.strip_suffix(form.suffix()))?;
                    (digest.len() == 40 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(digest)
                });
                // The leading space tells a list of foreign tags, which match nothing, from no condition.
                digests.fold(String::from(" "), |list, digest| list + digest + " ").into()
            }
        }
    }
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
        assert_eq!(read(", \"a\",, \"b\","), tags(&["a", "b"]));
        assert_eq!(read("W/\"a\", \"b\""), tags(&["b"]));
        assert_eq!(Condition::if_none_match(&headers("W/\"a\", \"b\"")).unwrap(), tags(&["a", "b"]));
    }

    #[test]
    fn what_is_no_list_of_tags_is_refused() {
        for value in ["a", "\"a", "\"a\" \"b\"", "*, \"a\"", "\"a\", *", "W/a"] {
            assert!(Condition::if_match(&headers(value)).is_err(), "{value}");
        }
    }

    #[test]
    fn a_tag_names_a_value_in_its_own_form_and_a_script_takes_either() {
        let condition = tags(&[&format!("{ABC}-json"), "foreign", "short-raw"]);
        assert!(condition.matches(&EntityTag::of(b"abc", Form::Json)));
        assert!(!condition.matches(&EntityTag::of(b"abc", Form::Raw)));
        assert!(condition.matches_in_any_form(&EntityTag::of(b"abc", Form::Raw)));
        assert!(!condition.matches_in_any_form(&EntityTag::of(b"abd", Form::Raw)));
        assert_eq!(condition.script_argument(), format!(" {ABC} "));
        assert_eq!(tags(&["foreign"]).script_argument(), " ");
        assert_eq!(Condition::None.script_argument(), "");
    }
}
