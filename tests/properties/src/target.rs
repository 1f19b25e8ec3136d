//! Paths and queries: decoded to the byte, by one decoder for both APIs.

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use redstart::auth::TOKEN_IN_QUERY;
use redstart::{rest, uri};

use crate::app::{PREFIX, Recorded, check_words, keys, wrong_type};

/// The target of a request, as it stands in its first line.
///
/// # Panics
/// Where the property does not hold.
pub fn check(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        check_decoder(text);
    }
    if let Ok(uri) = Uri::from_maybe_shared(Bytes::copy_from_slice(input)) {
        check_pairs(&uri);
        check_request(&uri);
    }
}

/// Decoding is what RFC 3986 says, and encoding undoes it.
fn check_decoder(text: &str) {
    let decoded = uri::decode(text);
    assert_eq!(decoded.as_deref(), expected(text.as_bytes()).as_deref(), "{text:?}");
    if let Some(bytes) = decoded {
        let encoded = uri::encode(&bytes);
        assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)), "{encoded:?}");
        assert_eq!(uri::decode(&encoded), Some(bytes), "{encoded:?}");
    }
}

/// RFC 3986, section 2.1, said once more.
fn expected(mut text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::new();
    loop {
        match text {
            [] => return Some(bytes),
            [b'%', rest @ ..] => {
                let [high, low, rest @ ..] = rest else { return None };
                bytes.push(digit(*high)? * 16 + digit(*low)?);
                text = rest;
            }
            [byte, rest @ ..] => {
                bytes.push(*byte);
                text = rest;
            }
        }
    }
}

/// A query that is encoded properly is read as forms are (<https://url.spec.whatwg.org/#urlencoded-parsing>), but to the byte.
fn check_pairs(uri: &Uri) {
    let Some(pairs) = uri::pairs(uri) else { return };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let read: Vec<_> =
        pairs.iter().map(|(name, value)| (text(name), text(value.as_deref().unwrap_or_default()))).collect();
    let expected: Vec<_> = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    assert_eq!(read, expected, "{uri}");
}

/// No target is a mistake of ours, and a command in it reaches Redis word for word.
fn check_request(uri: &Uri) {
    thread_local! {
        static APP: Recorded = Recorded::new(wrong_type);
    }
    for (method, body) in [(Method::GET, &b""[..]), (Method::PUT, b"v"), (Method::DELETE, b"")] {
        let exchange = APP.with(|app| app.send(method.clone(), uri.clone(), HeaderMap::new(), body));
        let confined = APP.with(|app| app.send_confined(method, uri.clone(), HeaderMap::new(), body));
        if rest::owns(uri.path()) || exchange.asked.is_empty() || names_a_token(uri) {
            continue;
        }
        let words = words(uri, body).expect("it is encoded properly: Redis was asked");
        check_words(&exchange.asked, &words);
        if !confined.asked.is_empty() {
            check_words(&confined.asked, &words);
            let keys = keys(&words).expect("where keys cannot be told, who reaches only some is refused");
            assert!(keys.iter().all(|key| key.starts_with(PREFIX)), "{words:?}");
        }
    }
}

/// Whether the query holds a token, which counts more than that of the header.
fn names_a_token(uri: &Uri) -> bool {
    uri::pairs(uri).unwrap_or_default().iter().any(|(name, _)| name == TOKEN_IN_QUERY)
}

/// The words of a command in a path.
fn words(uri: &Uri, body: &[u8]) -> Option<Vec<Bytes>> {
    let segments = uri.path().trim_start_matches('/').split('/');
    let mut words = segments.map(|segment| expected(segment.as_bytes())).collect::<Option<Vec<_>>>()?;
    if !body.is_empty() {
        words.push(body.to_vec());
    }
    for pair in uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let words_of_pair = pair.splitn(2, '=').map(|word| expected(word.replace('+', " ").as_bytes()));
        let words_of_pair = words_of_pair.collect::<Option<Vec<_>>>()?;
        if words_of_pair[0] != TOKEN_IN_QUERY.as_bytes() {
            words.extend(words_of_pair);
        }
    }
    Some(words.into_iter().map(Bytes::from).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bytes, some of them encoded, some wrongly.
    fn part() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<u8>().prop_map(|byte| format!("%{byte:02x}")),
            any::<u8>().prop_map(|byte| format!("%{byte:02X}")),
            "[ -~]",
            "%[0-9a-g+%]{0,2}",
            "[/+&=?]",
            "\\PC",
            Just("own:".to_owned()),
            Just("mine:".to_owned()),
            Just("_token".to_owned()),
        ];
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    fn root() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "/",
            "//",
            "/get/",
            "/set/",
            "/SET/k/",
            "/mget/",
            "/mget/mine:/",
            "/bitop/and/mine:a/",
            "/eval/return 1/",
            "/object/",
            "/type/",
            "/pipeline",
            "/v1/",
            "/v1/strings/",
            "/v1/strings?key=",
            "/v1/keys",
            "/v1/keys?",
            "/v1/hashes/k/fields/",
            "/v1/lists/k/items/",
            "/v1/sorted-sets/k?",
            "/v1/streams/k?",
            "/v1/sets?op=union&",
            "/v1/server",
            "/docs",
            "/healthz",
            "*",
            "http://h/get/",
        ])
    }

    proptest! {
        #[test]
        fn every_target_is_decoded_to_the_byte_and_answered(root in root(), part in part()) {
            check(format!("{root}{part}").as_bytes());
        }

        #[test]
        fn every_text_is_decoded_to_the_byte_or_refused(part in part()) {
            check(part.as_bytes());
        }

        #[test]
        fn a_command_of_any_bytes_comes_through(words: Vec<Vec<u8>>) {
            let path: Vec<_> = words.iter().map(|word| uri::encode(word)).collect();
            let uri: Uri = format!("/ECHO/{}", path.join("/")).parse().unwrap();
            let expected = std::iter::once(&b"ECHO"[..]).chain(words.iter().map(|word| &word[..]));
            // The path of a command without arguments still has an empty one.
            let one = if words.is_empty() { vec![Bytes::new()] } else { vec![] };
            let expected: Vec<_> = expected.map(Bytes::copy_from_slice).chain(one).collect();
            prop_assert_eq!(super::words(&uri, b""), Some(expected.clone()));
            let exchange = Recorded::new(wrong_type).send(Method::GET, uri, HeaderMap::new(), b"");
            prop_assert!(!exchange.asked.is_empty());
            check_words(&exchange.asked, &expected);
        }
    }
}
