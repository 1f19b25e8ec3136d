//! What a handler answers with: a head and a body that is whole, and beside them what the log says of it.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::auth::Grant;
use crate::problem::Problem;

/// An answer.
pub type Response = http::Response<Answer>;

/// The body of an answer, and what is to be known of it beside.
#[derive(Default)]
pub struct Answer {
    /// The body.
    pub body: Bytes,
    /// What went wrong: `app` renders it, since it alone knows the request's id.
    pub problem: Option<Box<Problem>>,
    /// The command that was asked for, where it is one alone, and one of Redis.
    pub command: Option<&'static str>,
    /// The route.
    pub route: Option<Arc<str>>,
    /// Who asked.
    pub grant: Option<Grant>,
}

/// The space that is kept for an answer's headers: most need no more.
const HEADERS: usize = 12;

/// An answer with this body.
pub fn new(status: StatusCode, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Answer { body: body.into(), ..Answer::default() });
    *response.status_mut() = status;
    *response.headers_mut() = HeaderMap::with_capacity(HEADERS);
    response
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Response {
    new(status, Bytes::new())
}

/// An answer that has headers added.
pub trait With: Sized {
    /// The same with these headers, each in place of those of its name.
    #[must_use]
    fn with(self, headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>) -> Self;
}

impl With for Response {
    fn with(mut self, headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>) -> Self {
        for (name, value) in headers {
            self.headers_mut().insert(name, value);
        }
        self
    }
}

/// What can be made an answer.
pub trait IntoResponse {
    /// The answer.
    fn into_response(self) -> Response;
}

impl IntoResponse for Response {
    fn into_response(self) -> Response {
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = empty(self.status());
        response.body_mut().problem = Some(Box::new(self));
        response
    }
}

impl<T: IntoResponse> IntoResponse for Result<T, Problem> {
    fn into_response(self) -> Response {
        self.map_or_else(Problem::into_response, T::into_response)
    }
}
