//! The body of a request: JSON, or the bytes themselves.

use bytes::Bytes;
use http::{HeaderMap, header};
use mediatype::{MediaType, names};
use serde::Deserialize;

use crate::handler::{Asked, Part};
use crate::problem::{Kind, Problem};
use crate::uri::shortened;

/// A body, told apart by its content type.
pub enum Payload {
    /// `application/json`, or anything `+json`.
    Json(Bytes),
    /// Anything else but what a form sends.
    Raw(Bytes),
}

impl Payload {
    /// The JSON, where nothing else is read.
    ///
    /// # Errors
    /// A problem where it is something else.
    pub fn into_json(self) -> Result<Bytes, Problem> {
        match self {
            Self::Json(json) => Ok(json),
            // No body says nothing, which an object may as well.
            Self::Raw(nothing) if nothing.is_empty() => Ok(Bytes::from_static(b"{}")),
            Self::Raw(_) => {
                let detail = "only JSON is read here: send `Content-Type: application/json`";
                Err(Problem::new(Kind::UnsupportedMediaType, detail))
            }
        }
    }

    /// Checks that there is no body, or an empty JSON object, where the rest of the request says all.
    ///
    /// # Errors
    /// A problem where there is something.
    pub fn into_nothing(self) -> Result<(), Problem> {
        match self {
            Self::Json(body) | Self::Raw(body) if matches!(body.trim_ascii(), b"" | b"{}") => Ok(()),
            _ => Err(Problem::new(Kind::Invalid, "this request takes no body: its path and its query say all")),
        }
    }
}

impl Part for Payload {
    fn of(asked: &mut Asked) -> Result<Self, Problem> {
        let make = kind(asked.headers())?;
        asked.body().map(make)
    }
}

/// The bytes of the body, whatever its content type.
impl Part for Bytes {
    fn of(asked: &mut Asked) -> Result<Self, Problem> {
        asked.body()
    }
}

/// What the content type says the body is.
fn kind(headers: &HeaderMap) -> Result<fn(Bytes) -> Payload, Problem> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Problem::new(Kind::UnsupportedMediaType, "a body with a `Content-Encoding` is not read here"));
    }
    if headers.contains_key(header::CONTENT_RANGE) {
        return Err(Problem::new(Kind::Malformed, "a part of a value, by `Content-Range`, cannot be written"));
    }
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let Some(value) = values.next() else { return Ok(Payload::Raw) };
    if values.next().is_some() {
        return Err(Problem::new(Kind::Malformed, "the header `Content-Type` is given more than once"));
    }
    let unknown = || Problem::new(Kind::UnsupportedMediaType, "the header `Content-Type` is not a media type");
    let media = MediaType::parse(value.to_str().map_err(|_| unknown())?).map_err(|_| unknown())?;

    let (ty, sub) = (media.ty, media.subty);
    if media.suffix == Some(names::JSON) || (ty, sub) == (names::APPLICATION, names::JSON) {
        Ok(Payload::Json)
    } else if ty == names::MULTIPART || (ty, sub) == (names::APPLICATION, names::x_::WWW_FORM_URLENCODED) {
        let detail = "a form is not read here: send `Content-Type: application/json` with a JSON body, or \
                      `application/octet-stream` with the bytes themselves (with curl, -H and --data-binary)";
        Err(Problem::new(Kind::UnsupportedMediaType, detail))
    } else {
        Ok(Payload::Raw)
    }
}

/// Reads a JSON object.
///
/// # Errors
/// A problem that says where it is no JSON, or which field is wrong and what is expected there.
pub fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let document = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| wrong(&error.path().to_string(), error.inner()))?;
    deserializer.end().map_err(|error| wrong(".", &error))?;
    // A derived reader takes an array of the fields' values as well.
    if json.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::new(Kind::Invalid, "the body must be a JSON object"));
    }
    Ok(document)
}

/// What is wrong, in the library's words, but for what it repeats of the caller's: that may be long.
fn wrong(field: &str, error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    if !error.is_data() && !text.starts_with("number out of range") {
        return Problem::new(Kind::Malformed, format!("the body is not JSON: {text}"));
    }
    let place = if field == "." { String::new() } else { format!("`{}`: ", shortened(field)) };
    // Not in Rust's words.
    let text = match text.split_once("expected struct ") {
        Some((start, _)) => format!("{start}expected a JSON object"),
        None => text.replace("f64", "a number").replace("i64", "a 64-bit integer"),
    };
    let reason = match text.split_once(", expected ") {
        Some((start, expected)) => match start.strip_prefix("unknown field `") {
            Some(name) => format!("unknown field `{}`, expected {expected}", shortened(name.trim_end_matches('`'))),
            None => format!("expected {expected}"),
        },
        None => text,
    };
    Problem::new(Kind::Invalid, format!("{place}{reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Document {
        #[serde(rename = "ttl")]
        _ttl: u32,
    }

    fn error(json: &str) -> Problem {
        read::<Document>(json.as_bytes()).unwrap_err()
    }

    #[test]
    fn what_is_no_json_is_malformed_and_what_does_not_fit_is_invalid() {
        for json in ["", "{", "{\"ttl\":1}x", "nope", "{\"ttl\":01}"] {
            assert_eq!(error(json).kind, Kind::Malformed, "{json}");
        }
        for json in [
            "[]",
            "[1]",
            "{}",
            "{\"ttl\":1e400}",
            "{\"ttl\":\"x\"}",
            "{\"ttl\":1,\"tll\":2}",
            "{\"ttl\":1,\"ttl\":2}",
            "null",
        ] {
            assert_eq!(error(json).kind, Kind::Invalid, "{json}");
        }
    }

    #[test]
    fn an_error_names_the_field() {
        assert!(error("{\"ttl\":\"x\"}").detail.starts_with("`ttl`: "));
        assert!(error("{\"tll\":1}").detail.contains("unknown field `tll`"));
    }

    #[test]
    fn an_error_does_not_repeat_what_the_caller_sent() {
        for json in ["\"hush\"", "{\"ttl\":\"hush\"}", "[\"hush\"]"] {
            assert!(!error(json).detail.contains("hush"), "{json}");
        }
        assert!(error(&format!("{{\"{}\":1}}", "x".repeat(100_000))).detail.len() < 300);
    }

    #[test]
    fn no_body_may_also_be_an_empty_object() {
        let refused = |body: &'static [u8]| Payload::Raw(body.into()).into_nothing().err().map(|problem| problem.kind);
        for body in [&b""[..], b"{}", b"{}\n"] {
            assert_eq!(refused(body), None);
        }
        for body in [&b"{\"a\":1}"[..], b"x", b"null"] {
            assert_eq!(refused(body), Some(Kind::Invalid));
        }
        assert!(Payload::Json(Bytes::from("{}")).into_nothing().is_ok());
    }

    fn kind_of(content_type: &str) -> &'static str {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        match kind(&headers).map(|make| make(Bytes::new())) {
            Ok(Payload::Json(_)) => "json",
            Ok(Payload::Raw(_)) => "raw",
            Err(problem) if problem.kind == Kind::UnsupportedMediaType => "refused",
            Err(problem) => panic!("{problem:?}"),
        }
    }

    #[test]
    fn the_content_type_decides_the_form() {
        for (content_type, expected) in [
            ("application/json", "json"),
            ("Application/JSON; charset=utf-8", "json"),
            ("application/vnd.api+json", "json"),
            ("application/octet-stream", "raw"),
            ("text/plain", "raw"),
            ("image/png", "raw"),
            ("application/x-www-form-urlencoded", "refused"),
            ("multipart/form-data; boundary=x", "refused"),
            ("nonsense", "refused"),
        ] {
            assert_eq!(kind_of(content_type), expected, "{content_type}");
        }
    }

    #[test]
    fn of_two_content_types_neither_is_taken() {
        let headers = ["application/json", "text/plain"].map(|value| (header::CONTENT_TYPE, value.parse().unwrap()));
        assert_eq!(kind(&headers.into_iter().collect()).err().map(|problem| problem.kind), Some(Kind::Malformed));
    }
}
