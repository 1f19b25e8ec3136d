//! Errors as problem documents (RFC 9457), and the one mapping from what went wrong to a status.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::redis::{Access, ErrorReply, RedisError};

/// What kind of problem it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request cannot be read.
    Malformed,
    /// No token, or a wrong one.
    Unauthorized,
    /// The token, the origin or the key does not allow it.
    Forbidden,
    /// Nothing there.
    NotFound,
    /// There is something, but not in a form that the caller takes.
    NotAcceptable,
    /// The path has no such method.
    MethodNotAllowed,
    /// Something is there that stands in the way.
    Conflict,
    /// `If-Match` or `If-None-Match` does not hold.
    PreconditionFailed,
    /// The body is larger than allowed.
    TooLarge,
    /// The value has no such part.
    RangeNotSatisfiable,
    /// The body is of a type that is not read here.
    UnsupportedMediaType,
    /// The request can be read, but a value in it is wrong.
    Invalid,
    /// More requests than there is a quota for.
    TooManyRequests,
    /// A mistake of Redstart's.
    Internal,
    /// What the host's interface to Redis cannot do.
    NotImplemented,
    /// Redis refuses Redstart, or answers what cannot be understood.
    BadGateway,
    /// Redstart or Redis cannot serve now.
    Unavailable,
    /// Redis did not answer in time.
    Timeout,
    /// Redis's memory is full.
    OutOfStorage,
}

impl Kind {
    /// Status, name in the `type` URN, title.
    const fn row(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed => (StatusCode::BAD_REQUEST, "malformed", "The request cannot be read"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "A valid token is needed"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "Not allowed"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "Nothing is there"),
            Self::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, "not-acceptable", "Not to be had in this form"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "The path has no such method")
            }
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "What is there stands in the way"),
            Self::PreconditionFailed => {
                (StatusCode::PRECONDITION_FAILED, "precondition-failed", "The condition does not hold")
            }
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body's type is not read here")
            }
            Self::RangeNotSatisfiable => {
                (StatusCode::RANGE_NOT_SATISFIABLE, "range-not-satisfiable", "The value has no such part")
            }
            Self::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "A value in the request is wrong"),
            Self::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Redstart made a mistake"),
            Self::NotImplemented => (StatusCode::NOT_IMPLEMENTED, "not-implemented", "Not to be had here"),
            Self::BadGateway => (StatusCode::BAD_GATEWAY, "bad-gateway", "Redis cannot be used"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not available now"),
            Self::Timeout => (StatusCode::GATEWAY_TIMEOUT, "timeout", "Redis did not answer in time"),
            Self::OutOfStorage => (StatusCode::INSUFFICIENT_STORAGE, "out-of-storage", "Redis's memory is full"),
        }
    }
}

/// An answer that says what went wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind of problem.
    pub kind: Kind,
    /// What was wrong with this request, and what to do.
    pub detail: Cow<'static, str>,
    /// Redis's own error code.
    pub code: Option<String>,
    /// Whether a write may have happened or not.
    pub outcome_unknown: bool,
    /// Headers that belong to the answer.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// For the log alone: what lies beneath.
    pub cause: Option<String>,
}

/// The seconds that a caller should wait where Redis is not available: it is usually back, or not, by then.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

impl Problem {
    /// A problem of a kind.
    pub fn new(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, detail: detail.into(), code: None, outcome_unknown: false, headers: Vec::new(), cause: None }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds what the log says beside it.
    #[must_use]
    pub fn because(mut self, cause: impl ToString) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    fn retry(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(kind, detail).header(header::RETRY_AFTER, RETRY_AFTER)
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.kind.row().0
    }

    /// What the log says of it: nothing that the caller wrote.
    pub fn for_log(&self) -> String {
        let summary = match self.kind {
            Kind::Malformed | Kind::Invalid => self.kind.row().2,
            _ => &self.detail,
        };
        match &self.cause {
            Some(cause) => format!("{summary}: {cause}"),
            None => summary.to_owned(),
        }
    }

    /// The answer to the request with this id.
    pub fn render(&self, request_id: &str) -> http::Response<Bytes> {
        let (status, name, title) = self.kind.row();
        let document = Document {
            r#type: format!("urn:redstart:problem:{name}"),
            title,
            status: status.as_u16(),
            detail: &self.detail,
            request_id,
            code: self.code.as_deref(),
            outcome: self.outcome_unknown.then_some("unknown"),
        };
        // A struct of strings and a number always serialises.
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = http::Response::new(body.into());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(self.headers.iter().cloned());
        response
    }
}

/// A problem document (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Document<'a> {
    /// What kind of problem it is, as a URN.
    #[schema(example = "urn:redstart:problem:not-found")]
    r#type: String,
    /// The same in words.
    #[schema(example = "Nothing is there")]
    title: &'static str,
    /// The status of the answer.
    #[schema(example = 404)]
    status: u16,
    /// What was wrong with this request, and what to do.
    #[schema(example = "the key does not exist")]
    detail: &'a str,
    /// The id of the request, as the log has it.
    request_id: &'a str,
    /// Redis's own error code, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    /// `unknown`: nobody knows whether the write happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
}

impl Problem {
    /// What an error of Redis means to the caller of a command that reads or writes.
    pub fn from_redis(error: &RedisError, access: Access) -> Self {
        let problem = match error {
            RedisError::Server(reply) => from_reply(reply),
            RedisError::AddressRefused(_) => Self::new(
                Kind::Unavailable,
                "Redis's address is not one that this application may reach: the operator sets the variable \
                 `redis_allowed` to it (the log says which address)",
            ),
            RedisError::TooManyConnections => {
                Self::retry(Kind::Unavailable, "the host has no connection to Redis left")
            }
            RedisError::Unreachable(_) => Self::retry(Kind::Unavailable, "Redis cannot be reached; nothing was done"),
            RedisError::LoginRefused(_) => operators_fault(),
            RedisError::Lost(_) => Self::retry(Kind::Unavailable, "the connection to Redis broke before it answered"),
            RedisError::TimedOut { .. } => {
                Self::retry(Kind::Timeout, "Redis did not answer within the configured time")
            }
            RedisError::NoRoom(_) => {
                Self::retry(Kind::Unavailable, "the host has no memory for Redis's reply just now")
            }
            RedisError::ReplyTooLarge(_) => Self::new(Kind::BadGateway, "Redis's reply is larger than the host takes"),
            RedisError::Unexpected(_) => Self::new(Kind::BadGateway, "Redis's reply could not be understood"),
        };
        let may_have_run = match error {
            RedisError::Lost(_) | RedisError::ReplyTooLarge(_) | RedisError::NoRoom(_) | RedisError::Unexpected(_) => {
                true
            }
            RedisError::TimedOut { sent } => *sent,
            RedisError::Server(_)
            | RedisError::AddressRefused(_)
            | RedisError::TooManyConnections
            | RedisError::Unreachable(_)
            | RedisError::LoginRefused(_) => false,
        };
        Self { outcome_unknown: may_have_run && access == Access::Write, ..problem }.because(error)
    }
}

/// Redis refuses Redstart's name, password or rights: nothing that the caller could mend, or should know more of.
fn operators_fault() -> Problem {
    Problem::new(Kind::BadGateway, "Redis refuses Redstart; its operator finds the reason in the log")
}

fn from_reply(reply: &ErrorReply) -> Problem {
    let caused_by_caller = [
        "syntax error",
        "not an integer",
        "not a valid float",
        "is not a float",
        "out of range",
        "invalid expire",
        "would overflow",
        "would produce NaN or Infinity",
        "score is not a number",
    ];
    let stands_in_the_way =
        ["equal or smaller than the target stream top item", "exhausted the last possible ID", "already in progress"];
    let problem = match reply.code.as_str() {
        "WRONGTYPE" => Problem::new(Kind::Conflict, "the key holds a value of another type"),
        "ERR" if caused_by_caller.iter().any(|text| reply.message.contains(text)) => {
            Problem::new(Kind::Invalid, reply.message.clone())
        }
        "ERR" if stands_in_the_way.iter().any(|text| reply.message.contains(text)) => {
            Problem::new(Kind::Conflict, reply.message.clone())
        }
        "NOAUTH" | "WRONGPASS" | "NOPERM" => return operators_fault(),
        "LOADING" => Problem::retry(Kind::Unavailable, "Redis is loading its data"),
        "BUSY" => Problem::retry(Kind::Unavailable, "Redis is busy with a script"),
        "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN" => Problem::retry(Kind::Unavailable, "a part of Redis is down"),
        "NOREPLICAS" => Problem::retry(Kind::Unavailable, "too few replicas are there for Redis to take writes"),
        "READONLY" => Problem::retry(Kind::Unavailable, "this Redis is a replica and takes no writes"),
        "MISCONF" => Problem::retry(Kind::Unavailable, "Redis cannot save to disk and takes no writes"),
        "OOM" => Problem::new(Kind::OutOfStorage, "Redis's memory is full; nothing was written"),
        _ => Problem::new(Kind::BadGateway, "Redis answered with an error"),
    };
    Problem { code: Some(reply.code.clone()), ..problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str, message: &str) -> Problem {
        let reply = ErrorReply { code: code.to_owned(), message: message.to_owned() };
        Problem::from_redis(&RedisError::Server(reply), Access::Write)
    }

    #[test]
    fn each_error_of_redis_has_the_status_that_the_contract_says() {
        let contract = [
            ("WRONGTYPE", "Operation against a key holding the wrong kind of value", 409),
            ("ERR", "value is not an integer or out of range", 422),
            ("ERR", "syntax error", 422),
            ("ERR", "increment or decrement would overflow", 422),
            ("ERR", "increment would produce NaN or Infinity", 422),
            ("ERR", "resulting score is not a number (NaN)", 422),
            ("ERR", "The ID specified in XADD is equal or smaller than the target stream top item", 409),
            ("ERR", "The stream has exhausted the last possible ID, unable to add more items", 409),
            ("ERR", "Background save already in progress", 409),
            ("NOAUTH", "Authentication required.", 502),
            ("WRONGPASS", "invalid username-password pair", 502),
            ("NOPERM", "this user has no permissions", 502),
            ("LOADING", "Redis is loading the dataset in memory", 503),
            ("BUSY", "Redis is busy running a script.", 503),
            ("MASTERDOWN", "Link with MASTER is down", 503),
            ("CLUSTERDOWN", "The cluster is down", 503),
            ("TRYAGAIN", "Multiple keys request during rehashing", 503),
            ("READONLY", "You can't write against a read only replica.", 503),
            ("NOREPLICAS", "Not enough good replicas to write.", 503),
            ("MISCONF", "Redis is configured to save RDB snapshots", 503),
            ("OOM", "command not allowed when used memory > 'maxmemory'.", 507),
            ("SOMETHING", "new", 502),
        ];
        for (code, message, status) in contract {
            let problem = of(code, message);
            assert_eq!(problem.status().as_u16(), status, "{code} {message}");
            assert_eq!(problem.headers.iter().any(|(name, _)| name == header::RETRY_AFTER), status == 503, "{code}");
        }
    }

    #[test]
    fn what_the_operator_did_wrong_is_told_to_the_log_alone() {
        let problem = of("NOPERM", "user default may not");
        assert_eq!(problem.code, None);
        assert!(!problem.detail.contains("default"));
        assert!(problem.cause.is_some_and(|cause| cause.contains("user default may not")));
    }

    #[test]
    fn only_a_write_that_may_have_run_has_an_unknown_outcome() {
        let unknown = |error, access| Problem::from_redis(&error, access).outcome_unknown;
        let lost = || RedisError::Lost("broken pipe".to_owned());
        assert!(unknown(lost(), Access::Write));
        assert!(!unknown(lost(), Access::Read));
        assert!(unknown(RedisError::TimedOut { sent: true }, Access::Write));
        assert!(unknown(RedisError::Unexpected(String::new()), Access::Write));
        assert!(!unknown(RedisError::TimedOut { sent: false }, Access::Write));
        assert!(!unknown(RedisError::Unreachable(String::new()), Access::Write));
    }

    #[test]
    fn a_problem_is_a_document_of_rfc_9457() {
        let response = of("WRONGTYPE", "no").render("id-1");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let document: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(
            document,
            serde_json::json!({
                "type": "urn:redstart:problem:conflict",
                "title": "What is there stands in the way",
                "status": 409,
                "detail": "the key holds a value of another type",
                "request_id": "id-1",
                "code": "WRONGTYPE",
            })
        );
    }
}
