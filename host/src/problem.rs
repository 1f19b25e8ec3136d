//! The host's own answers, as `application/problem+json` (RFC 9457). What went wrong inside is logged, not sent.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use wasmtime_wasi_http::WasiBody;

/// The media type of problems.
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
/// When a client that was turned away may try again, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// Why the host answers instead of the component.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Problem {
    /// No route leads anywhere.
    NoRoute,
    /// The request names no host, or two.
    BadAuthority,
    /// The body has a transfer coding that nobody would undo.
    TransferCoding,
    /// The body has more than so many bytes.
    BodyTooLarge(u64),
    /// The target is longer than so many bytes.
    UrlTooLong(usize),
    /// The head is larger than so many bytes.
    HeadTooLarge(usize),
    /// The head has more than so many header fields.
    TooManyHeaders(usize),
    /// The body did not come in time.
    BodyTooSlow,
    /// As many requests as allowed run already, or as many instances exist.
    Busy,
    /// The component took too long.
    TimedOut,
    /// The component failed.
    Failed,
}

impl Problem {
    fn status(self) -> StatusCode {
        match self {
            Self::NoRoute => StatusCode::NOT_FOUND,
            Self::BadAuthority => StatusCode::BAD_REQUEST,
            Self::TransferCoding => StatusCode::NOT_IMPLEMENTED,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UrlTooLong(_) => StatusCode::URI_TOO_LONG,
            Self::HeadTooLarge(_) | Self::TooManyHeaders(_) => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn detail(self) -> String {
        match self {
            Self::NoRoute => "No route of the application matches this path.".to_owned(),
            Self::BadAuthority => "The request must name one host, in its Host header or in its target.".to_owned(),
            Self::TransferCoding => "The only transfer coding of a body is chunked, once.".to_owned(),
            Self::BodyTooLarge(limit) => format!("The body of a request may have {limit} bytes."),
            Self::UrlTooLong(limit) => format!("The path and the query of a request may have {limit} bytes."),
            Self::HeadTooLarge(limit) => format!("The path and the headers of a request may have {limit} bytes."),
            Self::TooManyHeaders(limit) => format!("A request may have {limit} header fields."),
            Self::BodyTooSlow => "The body of the request did not come in time.".to_owned(),
            Self::Busy => "The host runs as many requests as it may; try again.".to_owned(),
            Self::TimedOut => {
                "The application did not answer in time; whether it did what was asked is not known.".to_owned()
            }
            Self::Failed => {
                "The application failed; whether it did what was asked is not known. The cause is in the host's log."
                    .to_owned()
            }
        }
    }

    /// The response to send.
    pub fn response(self) -> Response<WasiBody> {
        let status = self.status();
        let detail = self.detail();
        // As the component tells it, and where clients of its command API look for what went wrong.
        let outcome = if matches!(self, Self::TimedOut | Self::Failed) { r#","outcome":"unknown""# } else { "" };
        // In this order, and no text here needs escaping.
        let body = format!(
            r#"{{"type":"about:blank","title":"{}","status":{},"detail":"{detail}"{outcome},"error":"ERR {detail}"}}"#,
            status.canonical_reason().unwrap_or_default(),
            status.as_u16(),
        );
        let body = Full::new(Bytes::from(body)).map_err(|never| match never {});
        let mut response = Response::new(body.boxed_unsync());
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM_JSON);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_problem_says_what_it_is() {
        for (problem, status) in [
            (Problem::NoRoute, 404),
            (Problem::BadAuthority, 400),
            (Problem::TransferCoding, 501),
            (Problem::BodyTooLarge(5), 413),
            (Problem::UrlTooLong(5), 414),
            (Problem::HeadTooLarge(5), 431),
            (Problem::BodyTooSlow, 408),
            (Problem::Busy, 503),
            (Problem::TimedOut, 504),
            (Problem::Failed, 500),
        ] {
            let (head, body) = problem.response().into_parts();
            let body = body.collect().await.unwrap_or_else(|error| panic!("{error}")).to_bytes();
            let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            assert_eq!(head.status, status);
            assert_eq!(head.headers[header::CONTENT_TYPE], "application/problem+json");
            assert_eq!(head.headers.contains_key(header::RETRY_AFTER), status == 503);
            assert_eq!(body["status"], status);
            for name in ["type", "title", "detail"] {
                assert!(body[name].as_str().is_some_and(|text| !text.is_empty()), "{name} in {body}");
            }
        }
    }
}
