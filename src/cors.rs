//! Web pages of other origins, and what they may see of answers (<https://fetch.spec.whatwg.org/#http-cors-protocol>).

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

use crate::{idempotency, rate_limit};

/// Which origins may call from a browser: `[cors] origins`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origins {
    /// None but our own.
    #[default]
    Own,
    /// These.
    These(Vec<HeaderValue>),
    /// Every one.
    Any,
}

/// How long a browser may remember what it was allowed.
const MAX_AGE: Duration = Duration::from_hours(1);
/// What a page may read of an answer beside what every page may.
const EXPOSED: [HeaderName; 11] = [
    header::ETAG,
    header::LOCATION,
    header::RETRY_AFTER,
    header::CONTENT_RANGE,
    header::ACCEPT_RANGES,
    header::ALLOW,
    idempotency::REPLAYED,
    rate_limit::RATE_LIMIT,
    rate_limit::POLICY,
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("upstash-sync-token"),
];

impl Origins {
    /// Reads a list such as `https://app.example, http://localhost:5173`, or `*`.
    ///
    /// # Errors
    /// `None` where one is not an origin: a scheme and a host, maybe a port, no path.
    pub fn of(text: &str) -> Option<Self> {
        let given: Vec<_> = text.split(',').map(str::trim).filter(|origin| !origin.is_empty()).collect();
        match given[..] {
            [] => Some(Self::Own),
            ["*"] => Some(Self::Any),
            _ => given.into_iter().map(origin).collect::<Option<_>>().map(Self::These),
        }
    }

    /// Whether a page of this origin may call.
    pub fn allow(&self, origin: &HeaderValue) -> bool {
        match self {
            Self::Own => false,
            Self::These(origins) => origins.contains(origin),
            Self::Any => true,
        }
    }

    /// What answers browsers that ask first, and tells them who may read an answer; nothing where nobody may.
    pub fn layer(&self) -> Option<CorsLayer> {
        let layer = CorsLayer::new()
            .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(EXPOSED)
            .max_age(MAX_AGE);
        match self {
            Self::Own => None,
            Self::These(origins) => Some(layer.allow_origin(origins.clone())),
            Self::Any => Some(layer.allow_origin(Any)),
        }
    }
}

fn origin(text: &str) -> Option<HeaderValue> {
    let (scheme, authority) = text.split_once("://")?;
    let authority: http::uri::Authority = authority.parse().ok()?;
    let is_origin = matches!(scheme, "http" | "https") && !authority.as_str().contains('@');
    // Browsers send it in lower case.
    if is_origin { HeaderValue::try_from(text.to_ascii_lowercase()).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_a_scheme_and_a_host() {
        assert_eq!(Origins::of(" "), Some(Origins::Own));
        assert_eq!(Origins::of("*"), Some(Origins::Any));
        let two = Origins::of("https://App.example, http://localhost:5173").unwrap();
        for (given, allowed) in [
            ("https://app.example", true),
            ("http://localhost:5173", true),
            ("http://app.example", false),
            ("https://app.example.evil.example", false),
            ("null", false),
        ] {
            assert_eq!(two.allow(&HeaderValue::from_static(given)), allowed, "{given}");
        }
        for wrong in ["app.example", "https://app.example/", "https://a@app.example", "*, https://app.example", "null"]
        {
            assert_eq!(Origins::of(wrong), None, "{wrong}");
        }
    }
}
