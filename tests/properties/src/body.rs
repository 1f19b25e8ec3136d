//! JSON bodies of both APIs: what is no JSON, or says one thing twice, reaches Redis never, and is refused in a few words.

use std::collections::HashSet;
use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use redstart::rest;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::app::{Exchange, Recorded, check_words, wrong_type};

/// Where a body may go, each under a letter from `a` on.
const PLACES: [(&str, &str); 23] = [
    ("POST", "/"),
    ("POST", "/pipeline"),
    ("POST", "/multi-exec"),
    ("PUT", "/v1/strings/k"),
    ("POST", "/v1/strings"),
    ("PATCH", "/v1/strings/k"),
    ("POST", "/v1/strings/k/increment"),
    ("POST", "/v1/strings/get"),
    ("PUT", "/v1/hashes/k"),
    ("PATCH", "/v1/hashes/k"),
    ("PUT", "/v1/hashes/k/fields/f"),
    ("PUT", "/v1/lists/k"),
    ("POST", "/v1/lists/k/push"),
    ("POST", "/v1/lists/k/pop"),
    ("POST", "/v1/lists/k/move"),
    ("PUT", "/v1/sets/k"),
    ("PATCH", "/v1/sets/k"),
    ("PUT", "/v1/sorted-sets/k"),
    ("PATCH", "/v1/sorted-sets/k"),
    ("POST", "/v1/streams/k"),
    ("POST", "/v1/streams/k/trim"),
    ("PATCH", "/v1/keys/k"),
    ("POST", "/v1/keys/k/rename"),
];

/// A letter that says where it goes, and a body.
///
/// # Panics
/// Where the property does not hold.
pub fn check(input: &[u8]) {
    let Some((letter, body)) = input.split_first() else { return };
    let place = letter.checked_sub(b'a').and_then(|index| PLACES.get(usize::from(index)));
    if let Some((method, path)) = place {
        check_at(method, path, body);
    }
}

/// Gives back the status of the answer.
fn check_at(method: &str, path: &'static str, body: &[u8]) -> u16 {
    thread_local! {
        static APP: Recorded = Recorded::new(wrong_type);
    }
    let headers: HeaderMap =
        [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))].into_iter().collect();
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let exchange = APP.with(|app| app.send(method, Uri::from_static(path), headers, body));
    let shown = || format!("{path} {:?}: {:?}", String::from_utf8_lossy(body), exchange.response.body());

    let syntax = serde_json::from_slice::<Unambiguous>(body);
    if rest::owns(path) {
        match syntax {
            // Nothing is left out that the path needs, so nothing may be said by no body at all.
            Err(_) if !body.is_empty() => {
                assert!(exchange.asked.is_empty(), "{}", shown());
                assert!(matches!(exchange.status(), 400 | 422), "{}", shown());
            }
            _ => assert!(matches!(exchange.status(), 200..=299 | 400 | 403 | 409 | 422), "{}", shown()),
        }
    } else {
        check_commands(path, body, &exchange);
    }
    exchange.status()
}

/// What is an array of words, or several, reaches Redis word for word; anything else does not.
fn check_commands(path: &str, body: &[u8], exchange: &Exchange) {
    let commands: Option<Vec<Vec<&RawValue>>> = match path {
        "/" => serde_json::from_slice(body).ok().map(|words| vec![words]),
        _ => serde_json::from_slice(body).ok(),
    };
    let words = |command: &Vec<&RawValue>| command.iter().map(|word| words_of(word.get())).collect::<Option<Vec<_>>>();
    let Some(commands) = commands.and_then(|commands| commands.iter().map(words).collect::<Option<Vec<_>>>()) else {
        assert!(exchange.asked.is_empty() && exchange.status() == 400, "{:?}", exchange.response);
        return;
    };
    match &commands[..] {
        [words] if path == "/" => check_words(&exchange.asked, words),
        _ => assert!(matches!(exchange.status(), 200 | 400), "{:?}", exchange.response),
    }
}

/// A word, as the contract says it: a string's bytes, or a number or a boolean as it is written.
fn words_of(json: &str) -> Option<Bytes> {
    match json.as_bytes().first()? {
        // Half of a surrogate pair alone is no UTF-8, but is let through.
        b'"' => serde_json::from_str::<AnyString>(json).ok().map(|AnyString(bytes)| bytes.into()),
        b'n' | b'[' | b'{' => None,
        _ => Some(Bytes::copy_from_slice(json.as_bytes())),
    }
}

struct AnyString(Vec<u8>);

impl<'de> Deserialize<'de> for AnyString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BytesVisitor;

        impl Visitor<'_> for BytesVisitor {
            type Value = AnyString;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<AnyString, E> {
                Ok(AnyString(bytes.to_vec()))
            }
        }

        deserializer.deserialize_bytes(BytesVisitor)
    }
}

/// JSON in which no object has a name twice. Numbers may be of any size.
struct Unambiguous;

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let nested = match raw.as_bytes().first() {
            Some(b'{') => serde_json::from_str::<Names>(raw).map(|_| ()),
            Some(b'[') => serde_json::from_str::<Vec<Self>>(raw).map(|_| ()),
            _ => Ok(()),
        };
        nested.map(|()| Self).map_err(de::Error::custom)
    }
}

struct Names;

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NamesVisitor;

        impl<'de> Visitor<'de> for NamesVisitor {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut names = HashSet::new();
                while let Some((name, _)) = map.next_entry::<String, Unambiguous>()? {
                    if !names.insert(name) {
                        return Err(de::Error::custom("a name twice"));
                    }
                }
                Ok(Names)
            }
        }

        deserializer.deserialize_map(NamesVisitor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// Names that bodies have, and others.
    fn name() -> impl Strategy<Value = String> {
        let known = [
            "key",
            "value",
            "fields",
            "items",
            "members",
            "member",
            "score",
            "add",
            "remove",
            "ttl",
            "expires_at",
            "by",
            "append",
            "keys",
            "side",
            "count",
            "to",
            "from_side",
            "to_side",
            "replace",
            "id",
            "max_length",
            "min_id",
            "approximate",
            "base64",
        ];
        prop_oneof![8 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,3}"]
    }

    /// JSON as text, so that it may say what no value can: a name twice, numbers of any size.
    fn json() -> impl Strategy<Value = String> {
        let text = |text: String| serde_json::to_string(&text).unwrap();
        let leaf = prop_oneof![
            "\\PC{0,4}".prop_map(text),
            "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,5})?",
            prop::sample::select(vec![
                "true",
                "false",
                "null",
                "\"GET\"",
                "\"EVAL\"",
                "\"own:k\"",
                "\"left\"",
                "\"/w==\"",
                "\"*\"",
                "\"\\ud800\"",
                "\"\\u0000\"",
                "-0",
                "1e999",
                "9223372036854775808",
                "18446744073709551616",
                "01",
                "{\"base64\":\"/w==\"}",
            ])
            .prop_map(str::to_owned),
        ];
        leaf.prop_recursive(4, 32, 6, move |inner| {
            let list = prop::collection::vec(inner.clone(), 0..6).prop_map(|items| format!("[{}]", items.join(",")));
            let pair = (name(), inner).prop_map(move |(name, value)| format!("{}:{value}", text(name)));
            let object = prop::collection::vec(pair, 0..6).prop_map(|pairs| format!("{{{}}}", pairs.join(",")));
            prop_oneof![list, object]
        })
    }

    fn place() -> impl Strategy<Value = (&'static str, &'static str)> {
        prop::sample::select(PLACES.to_vec())
    }

    proptest! {
        #[test]
        fn every_document_is_taken_whole_or_refused((method, path) in place(), json in json()) {
            check_at(method, path, json.as_bytes());
        }

        #[test]
        fn every_beginning_of_a_document_is_refused((method, path) in place(), json in json(), part in 0.0..1.0_f64) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "within it")]
            let end = (json.len() as f64 * part) as usize;
            check_at(method, path, &json.as_bytes()[..end]);
        }

        #[test]
        fn all_bytes_are_answered((method, path) in place(), body: Vec<u8>) {
            check_at(method, path, &body);
        }
    }

    /// One document for each place of the REST API, which it takes.
    const DOCUMENTS: [(usize, &str); 20] = [
        (3, r#"{"value":{"base64":"/w=="},"ttl":1}"#),
        (4, r#"{"key":"k","value":1}"#),
        (5, r#"{"append":"x"}"#),
        (6, r#"{"by":1}"#),
        (7, r#"{"keys":["a",{"base64":"/w=="}]}"#),
        (8, r#"{"fields":{"a":1},"ttl":1}"#),
        (9, r#"{"fields":{"a":null,"b":1}}"#),
        (10, r#"{"value":1}"#),
        (11, r#"{"items":[1],"expires_at":"2100-01-01T00:00:00Z"}"#),
        (12, r#"{"side":"left","items":["a"]}"#),
        (13, r#"{"side":"left","count":1}"#),
        (14, r#"{"to":"l","from_side":"left","to_side":"right"}"#),
        (15, r#"{"members":["a"]}"#),
        (16, r#"{"add":["a"],"remove":["b"]}"#),
        (17, r#"{"members":[{"member":"a","score":1}]}"#),
        (18, r#"{"add":[{"member":"a","score":1}],"remove":["b"]}"#),
        (19, r#"{"fields":{"a":1},"id":"*","max_length":1}"#),
        (20, r#"{"max_length":1,"approximate":true}"#),
        (21, r#"{"ttl":1}"#),
        (22, r#"{"to":"x","replace":true}"#),
    ];

    /// The document once for each pair of a name and what it stands for, with that pair twice.
    fn doubled(document: &Value) -> Vec<String> {
        match document {
            Value::Object(pairs) => {
                let pairs: Vec<_> = pairs.iter().map(|(name, value)| (Value::from(name.as_str()), value)).collect();
                let whole = |at: usize, texts: &[String]| {
                    let text = |(index, (name, value)): (usize, &(Value, &Value))| match (index == at, texts) {
                        (true, []) => format!("{name}:{value},{name}:{value}"),
                        (true, [text, ..]) => format!("{name}:{text}"),
                        (false, _) => format!("{name}:{value}"),
                    };
                    format!("{{{}}}", pairs.iter().enumerate().map(text).collect::<Vec<_>>().join(","))
                };
                let of_pair = |(at, (_, value)): (usize, &(Value, &Value))| {
                    let within = doubled(value).into_iter().map(move |text| (at, vec![text]));
                    std::iter::once((at, vec![])).chain(within).collect::<Vec<_>>()
                };
                pairs.iter().enumerate().flat_map(of_pair).map(|(at, texts)| whole(at, &texts)).collect()
            }
            // In each of these documents, items are alike.
            Value::Array(items) => items.iter().flat_map(doubled).map(|item| format!("[{item}]")).collect(),
            _ => vec![],
        }
    }

    #[test]
    fn no_document_may_have_a_name_twice() {
        for (place, document) in DOCUMENTS {
            let send = |document: &str| check_at(PLACES[place].0, PLACES[place].1, document.as_bytes());
            assert_eq!(send(document), 409, "{document}: it gets as far as Redis");
            let doubled = doubled(&serde_json::from_str(document).unwrap());
            assert!(!doubled.is_empty());
            for document in doubled {
                assert_eq!(send(&document), 422, "{document}");
            }
        }
    }

    #[test]
    fn a_name_twice_is_found_at_any_depth() {
        for json in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"\u0061":2}}]"#] {
            assert!(serde_json::from_str::<Unambiguous>(json).is_err(), "{json}");
        }
        assert!(serde_json::from_str::<Unambiguous>(r#"[{"a":{"a":1e999}},{"a":2}]"#).is_ok());
    }
}
