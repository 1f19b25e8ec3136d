//! `Range`, `If-Range`, `If-Match`, `If-None-Match`: whatever they say, the caller gets the part that the answer names, the
//! whole, or a refusal.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use redstart::redis::Reply;
use redstart::redis::command::Command;
use redstart::rest::entity_tag::Condition;

use crate::app::Recorded;
use crate::lines;

/// What the key holds.
const VALUE: &[u8] = b"0123456789";

/// The headers, each under the letter with which its line begins.
const HEADERS: [(u8, HeaderName); 4] =
    [(b'r', header::RANGE), (b'i', header::IF_RANGE), (b'm', header::IF_MATCH), (b'n', header::IF_NONE_MATCH)];

/// Lines, each of them a letter that names a header, and its value.
///
/// # Panics
/// Where the property does not hold.
pub fn check(input: &[u8]) {
    let header = |line| {
        let (letter, value) = <[u8]>::split_first(line)?;
        let (_, name) = HEADERS.iter().find(|(other, _)| other == letter)?;
        Some((name.clone(), HeaderValue::from_bytes(value).ok()?))
    };
    let mut headers = HeaderMap::new();
    for (name, value) in lines(input).filter_map(header) {
        headers.append(name, value);
    }
    check_conditions(&headers);
    check_read(headers);
}

fn value(command: &Command) -> Reply {
    match &*command.name {
        "GET" => Reply::Bulk(VALUE.into()),
        _ => Reply::Integer(-1),
    }
}

fn check_read(mut headers: HeaderMap) {
    thread_local! {
        static APP: Recorded = Recorded::new(value);
    }
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/octet-stream"));
    let uri = Uri::from_static("/v1/strings/k");
    let exchange = APP.with(|app| app.send(Method::GET, uri, headers.clone(), b""));
    let (answer, body) = (exchange.response.headers(), &exchange.response.body()[..]);
    match exchange.status() {
        200 => assert!(body == VALUE && !answer.contains_key(header::CONTENT_RANGE), "{headers:?}"),
        206 => {
            assert_eq!(headers.get_all(header::RANGE).iter().count(), 1, "{headers:?}");
            let (first, last) = part(&answer[header::CONTENT_RANGE]).expect("the part is named");
            assert_eq!(Some(body), VALUE.get(first..=last), "{headers:?}");
        }
        304 => assert!(body.is_empty() && headers.contains_key(header::IF_NONE_MATCH), "{headers:?}"),
        400 => assert!(
            Condition::if_match(&headers).is_err() || Condition::if_none_match(&headers).is_err(),
            "{headers:?}"
        ),
        412 => assert!(matches!(Condition::if_match(&headers), Ok(Condition::Tags(_))), "{headers:?}"),
        416 => {
            assert!(headers.contains_key(header::RANGE));
            assert_eq!(answer[header::CONTENT_RANGE], format!("bytes */{}", VALUE.len()));
        }
        status => panic!("{status}: {headers:?}"),
    }
}

/// The first and the last byte of a part.
fn part(content_range: &HeaderValue) -> Option<(usize, usize)> {
    let rest = content_range.to_str().ok()?.strip_prefix("bytes ")?;
    let (part, length) = rest.split_once('/')?;
    let (first, last) = part.split_once('-')?;
    assert_eq!(length.parse(), Ok(VALUE.len()));
    Some((first.parse().ok()?, last.parse().ok()?))
}

/// Scripts get of a condition what they can compare, and nothing that means another.
fn check_conditions(headers: &HeaderMap) {
    for (name, condition) in
        [(header::IF_MATCH, Condition::if_match(headers)), (header::IF_NONE_MATCH, Condition::if_none_match(headers))]
    {
        let Ok(condition) = condition else { continue };
        let argument = condition.script_argument();
        let given: Vec<_> = headers.get_all(&name).iter().collect();
        match condition {
            Condition::None => assert!(given.is_empty() && argument.is_empty(), "{headers:?}"),
            Condition::Any => {
                assert_eq!(argument, "*");
                assert!(matches!(given[..], [one] if one.as_bytes().trim_ascii() == b"*"), "{headers:?}");
            }
            Condition::Tags(tags) => {
                assert!(!given.is_empty() && tags.iter().all(|tag| !tag.contains('"')), "{tags:?}");
                let text = std::str::from_utf8(&argument).expect("it is ASCII");
                assert!(text.starts_with(' ') && text.ends_with(' '), "{text:?}");
                let is_digest = |text: &str| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
                assert!(text.split_whitespace().all(is_digest), "{text:?}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TAG: &str = "\"87acec17cd9dcd20a716cc2cf67417b71c8a7016-raw\"";

    fn tag() -> impl Strategy<Value = String> {
        prop_oneof![
            Just(TAG.to_owned()),
            Just(format!("W/{TAG}")),
            Just(TAG.replace("raw", "json")),
            "\"[!#-~]{0,3}\"",
            "[W/\"*, a]{0,4}",
        ]
    }

    fn line() -> impl Strategy<Value = String> {
        let spec = prop_oneof!["[0-9]{1,2}-[0-9]{0,2}", "-[0-9]{1,2}", "[0-9]{20}-", "[-0-9a-z ]{0,4}"];
        let ranges = prop::collection::vec(spec, 0..3).prop_map(|specs| format!("rbytes={}", specs.join(",")));
        let tags = prop::collection::vec(tag(), 0..4).prop_map(|tags| tags.join(", "));
        prop_oneof![
            ranges,
            tag().prop_map(|tag| format!("i{tag}")),
            (prop::sample::select(vec!['m', 'n']), tags).prop_map(|(letter, tags)| format!("{letter}{tags}")),
            "[rimn][ -~]{0,8}",
        ]
    }

    proptest! {
        #[test]
        fn the_caller_gets_what_the_answer_says(lines in prop::collection::vec(line(), 0..4)) {
            check(lines.join("\n").as_bytes());
        }

        #[test]
        fn a_part_within_the_value_is_given(first in 0..VALUE.len(), more in 0..VALUE.len()) {
            let range = HeaderValue::try_from(format!("bytes={first}-{}", first + more)).unwrap();
            let headers = [(header::RANGE, range), (header::ACCEPT, HeaderValue::from_static("application/octet-stream"))];
            let exchange = Recorded::new(value).send(Method::GET, Uri::from_static("/v1/strings/k"), headers.into_iter().collect(), b"");
            prop_assert_eq!(exchange.status(), 206);
            prop_assert_eq!(&exchange.response.body()[..], &VALUE[first..VALUE.len().min(first + more + 1)]);
        }
    }

    #[test]
    fn the_tag_of_these_tests_is_that_of_their_value() {
        let headers = [
            (header::IF_NONE_MATCH, HeaderValue::from_static(TAG)),
            (header::ACCEPT, HeaderValue::from_static("application/octet-stream")),
        ];
        let exchange = Recorded::new(value).send(
            Method::GET,
            Uri::from_static("/v1/strings/k"),
            headers.into_iter().collect(),
            b"",
        );
        assert_eq!(exchange.status(), 304);
    }
}
