//! What requests and answers have in common in both worlds.

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};

use crate::app::App;
use crate::body::{Body, Coming};
use crate::handler;

/// Why a request cannot be taken, or an answer not given.
pub(super) enum Unfit {
    /// The method is none of HTTP's.
    Method,
    /// The target is no URI.
    Target,
    /// Anything else, in words.
    Other(String),
}

impl Unfit {
    pub(super) fn other(error: impl ToString) -> Self {
        Self::Other(error.to_string())
    }
}

/// The head of a request, as the host gives it.
pub(super) struct Head<H> {
    pub method: Method,
    pub headers: Vec<(String, Vec<u8>)>,
    pub path_with_query: Option<String>,
    /// Asks for the host that the target names: each question is a call out of the component.
    pub authority: H,
}

/// Makes a request of its head, with what is needed of it alone.
pub(super) fn request(head: Head<impl FnOnce() -> Option<String>>, app: &App) -> Result<http::Request<()>, Unfit> {
    let headers = headers(head.headers).map_err(Unfit::other)?;
    let target = head.path_with_query.ok_or(Unfit::Target)?;
    let target = PathAndQuery::from_maybe_shared(Bytes::from(target)).map_err(|_| Unfit::Target)?;
    let host = if app.depends_on_host(&headers) { (head.authority)() } else { None };
    let target = match host {
        None => target.into(),
        // A target that names a host has a scheme, too; nothing here looks which.
        Some(host) => {
            Uri::builder().scheme("http").authority(host).path_and_query(target).build().map_err(|_| Unfit::Target)?
        }
    };
    let mut request = http::Request::new(());
    (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (head.method, target, headers);
    Ok(request)
}

/// Adds the body: `incoming` makes it where there is one, with its length where the client says it.
pub(super) fn with_body(
    request: http::Request<()>,
    incoming: impl FnOnce(Option<usize>) -> Box<dyn Coming + Send>,
) -> http::Request<Body> {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    let has_body = handler::has_body(request.method()) && length != Some(0);
    let body = if has_body { Body::Coming(incoming(length)) } else { Body::default() };
    request.map(|()| body)
}

fn headers(fields: Vec<(String, Vec<u8>)>) -> http::Result<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(fields.len());
    for (name, value) in fields {
        let name = HeaderName::try_from(name)?;
        headers.append(name, HeaderValue::from_maybe_shared(Bytes::from(value))?);
    }
    Ok(headers)
}

/// What the interfaces of both worlds have under the same names and as types of their own.
macro_rules! http_of_world {
    ($types:path) => {
        use $types as types;

        fn method(method: types::Method) -> Result<http::Method, $crate::wasi::http::Unfit> {
            use http::Method;
            Ok(match method {
                types::Method::Get => Method::GET,
                types::Method::Head => Method::HEAD,
                types::Method::Post => Method::POST,
                types::Method::Put => Method::PUT,
                types::Method::Delete => Method::DELETE,
                types::Method::Connect => Method::CONNECT,
                types::Method::Options => Method::OPTIONS,
                types::Method::Trace => Method::TRACE,
                types::Method::Patch => Method::PATCH,
                types::Method::Other(name) => name.parse().map_err(|_| $crate::wasi::http::Unfit::Method)?,
            })
        }

        fn fields(headers: &http::HeaderMap) -> Result<types::Fields, $crate::wasi::http::Unfit> {
            use $crate::shapes::Shapes;
            static SHAPES: Shapes<types::Fields> = Shapes::new();
            SHAPES.hand_over(headers).map_err(|error| $crate::wasi::http::Unfit::Other(format!("{error:?}")))
        }

        impl $crate::shapes::Fields for types::Fields {
            type Error = types::HeaderError;

            fn of_list(list: &[(String, Vec<u8>)]) -> Result<Self, Self::Error> {
                Self::from_list(list)
            }

            fn copy(&self) -> Self {
                self.clone()
            }

            fn put(&self, name: &str, value: &[u8]) -> Result<(), Self::Error> {
                self.set(name, &[value.to_owned()])
            }
        }

        fn error_code(unfit: $crate::wasi::http::Unfit) -> types::ErrorCode {
            use $crate::wasi::http::Unfit;
            match unfit {
                Unfit::Method => types::ErrorCode::HttpRequestMethodInvalid,
                Unfit::Target => types::ErrorCode::HttpRequestUriInvalid,
                Unfit::Other(text) => types::ErrorCode::InternalError(Some(text)),
            }
        }
    };
}
pub(super) use http_of_world;
