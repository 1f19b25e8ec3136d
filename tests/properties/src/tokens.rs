//! Tokens: a request gets as far as the one token that it carries, and without one nowhere.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use redstart::auth::TOKEN_IN_QUERY;

use crate::app::{CONFINED_TOKEN, READ_ONLY_TOKEN, Recorded, TOKEN, check_words, wrong_type};
use crate::lines;

/// The parameters of a query, and on each further line the value of an `Authorization` header.
///
/// # Panics
/// Where the property does not hold.
pub fn check(input: &[u8]) {
    let mut lines = lines(input);
    let query = lines.next().unwrap_or_default();
    let mut headers = HeaderMap::new();
    for value in lines.filter_map(|value| HeaderValue::from_bytes(value).ok()) {
        headers.append(header::AUTHORIZATION, value);
    }
    check_at("/v1/strings/k", query, &headers);
    check_at("/SET/k/v", query, &headers);
    check_at("/GET/k", query, &headers);
}

fn check_at(path: &'static str, query: &[u8], headers: &HeaderMap) {
    thread_local! {
        static APP: Recorded = Recorded::new(wrong_type);
    }
    let Ok(uri) = Uri::from_maybe_shared(Bytes::from([path.as_bytes(), b"?", query].concat())) else { return };
    let exchange = APP.with(|app| app.send_as_it_is(Method::GET, uri.clone(), headers.clone(), b""));
    let shown = || format!("{uri} {headers:?}: {:?}", exchange.response);

    let given = in_query(&uri).or_else(|| in_header(headers));
    let is = |token: &str| given.as_deref() == Some(token.as_bytes());
    if ![TOKEN, READ_ONLY_TOKEN, CONFINED_TOKEN].into_iter().any(is) {
        assert_eq!(exchange.status(), 401, "{}", shown());
        assert!(exchange.response.headers().contains_key(header::WWW_AUTHENTICATE), "{}", shown());
        assert!(exchange.asked.is_empty(), "{}", shown());
        return;
    }
    assert_ne!(exchange.status(), 401, "{}", shown());
    let writes = path.starts_with("/SET");
    // No key here is within its reach.
    if (writes && is(READ_ONLY_TOKEN)) || is(CONFINED_TOKEN) {
        assert!(exchange.asked.is_empty() && matches!(exchange.status(), 400 | 403 | 422), "{}", shown());
    }
    if !path.starts_with("/v1") && !exchange.asked.is_empty() {
        // The token is no argument.
        let mut words: Vec<Bytes> = path.split('/').skip(1).map(Bytes::from).collect();
        for (name, value) in redstart::uri::pairs(&uri).unwrap_or_default() {
            if name != TOKEN_IN_QUERY {
                words.push(name);
                words.extend(value);
            }
        }
        check_words(&exchange.asked, &words);
    }
}

/// That of the first parameter of its name, for the command API.
fn in_query(uri: &Uri) -> Option<Vec<u8>> {
    if uri.path().starts_with("/v1") {
        return None;
    }
    let (_, value) = redstart::uri::pairs(uri)?.into_iter().find(|(name, _)| name == TOKEN_IN_QUERY)?;
    value.map(Vec::from)
}

/// That of the only header, behind its scheme (RFC 6750, section 2.1; RFC 9110, section 11.1).
fn in_header(headers: &HeaderMap) -> Option<Vec<u8>> {
    let values: Vec<_> = headers.get_all(header::AUTHORIZATION).iter().map(HeaderValue::as_bytes).collect();
    let [value] = values[..] else { return None };
    let (scheme, token) = value.split_at(value.iter().position(|byte| *byte == b' ')?);
    scheme.eq_ignore_ascii_case(b"bearer").then(|| token.trim_ascii().to_vec())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token() -> impl Strategy<Value = String> {
        prop_oneof![
            Just(TOKEN.to_owned()),
            Just(READ_ONLY_TOKEN.to_owned()),
            Just(CONFINED_TOKEN.to_owned()),
            Just(String::new()),
            Just(TOKEN.to_uppercase()),
            Just(TOKEN[1..].to_owned()),
            Just(format!("{TOKEN}{TOKEN}")),
            "[ -~]{0,12}",
        ]
    }

    fn header() -> impl Strategy<Value = String> {
        let scheme = prop::sample::select(vec!["Bearer ", "bearer ", "BEARER  ", "Basic ", "Bearer\t", "Bearer", ""]);
        (scheme, token(), "[ \t]{0,2}").prop_map(|(scheme, token, space)| format!("{scheme}{token}{space}"))
    }

    fn query() -> impl Strategy<Value = String> {
        let name = prop::sample::select(vec!["_token=", "_token", "%5ftoken=", "_TOKEN=", "token=", "_token+=", "x="]);
        let pair =
            (name, token()).prop_map(|(name, token)| format!("{name}{}", redstart::uri::encode(token.as_bytes())));
        prop_oneof![2 => Just(String::new()), 3 => prop::collection::vec(pair, 0..3).prop_map(|pairs| pairs.join("&"))]
    }

    proptest! {
        #[test]
        fn a_request_gets_as_far_as_its_token(query in query(), headers in prop::collection::vec(header(), 0..3)) {
            check([vec![query], headers].concat().join("\n").as_bytes());
        }

        #[test]
        fn all_bytes_are_answered(query: Vec<u8>, header: Vec<u8>) {
            check(&[query, header].join(&b'\n'));
        }
    }
}
