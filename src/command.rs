//! The command API: the protocol of the Upstash clients (<https://upstash.com/docs/redis/features/restapi>).
//!
//! - `parse`: the forms in which commands come
//! - `plan`: what is sent for each, and how its answer is made
//! - `scripts`, `functions`: commands that are scripts themselves
//! - `pipeline`: one after the other
//! - `transaction`: `/multi-exec`
//! - `together`: several in one script
//! - `encode`: the forms in which replies go

mod encode;
mod functions;
mod parse;
mod pipeline;
mod plan;
mod scripts;
mod together;
mod transaction;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use serde::ser::{Serialize, SerializeSeq, Serializer};
use uuid::Uuid;

use crate::answer::{self, IntoResponse, Response, With};
use crate::auth::{Grant, TOKEN_IN_QUERY};
use crate::handler::{Handle, Headers, Serve};
use crate::id;
use crate::problem::{Kind, Problem};
use crate::redis::{Access, ErrorReply, RedisError};
use crate::uri;
use encode::{Answer, Encoding, InJson};
use parse::Request;

const ENCODING: HeaderName = HeaderName::from_static("upstash-encoding");
const FORMAT: HeaderName = HeaderName::from_static("upstash-response-format");
const SYNC_TOKEN: HeaderName = HeaderName::from_static("upstash-sync-token");

/// The route of a path, for the log: every path that is not the REST API's is this one's, most as a command.
pub fn route(path: &str) -> &'static str {
    ["/", "/pipeline", "/multi-exec"].into_iter().find(|route| *route == path).unwrap_or("/{command}")
}

/// What is asked for.
enum Asked {
    One(Request),
    Pipeline(Vec<Request>),
    Transaction(Vec<Request>),
}

/// Answers every request of this API.
pub const SERVE: Serve = |asked| handle.handle(asked);

async fn handle(grant: Grant, method: Method, uri: Uri, headers: Headers, body: Bytes) -> Result<Response, Problem> {
    const METHODS: [Method; 4] = [Method::GET, Method::HEAD, Method::POST, Method::PUT];
    if !METHODS.contains(&method) {
        let problem = Problem::new(Kind::MethodNotAllowed, "ERR a command is sent with GET, HEAD, POST or PUT");
        return Err(problem.header(header::ALLOW, HeaderValue::from_static("GET,HEAD,POST,PUT")));
    }
    let encoding = encoding(&headers).map_err(bad_request)?;
    let most = grant.limits().reply_bytes;
    let asked = asked(&method, &uri, &body)?;
    if let Asked::Pipeline(requests) | Asked::Transaction(requests) = &asked
        && requests.len() > grant.limits().pipeline_commands
    {
        let detail = "ERR there are more commands than `[limits] pipeline_commands` allows: send them in parts";
        return Err(Problem::new(Kind::TooLarge, detail));
    }
    match asked {
        Asked::One(request) => {
            let name = request.row.map(|row| row.name);
            let answer = pipeline::answers(&[request], &grant).await?.swap_remove(0);
            let mut response = encoded(vec![answer], encoding, false, most);
            response.body_mut().command = name;
            Ok(response)
        }
        Asked::Pipeline(requests) => Ok(encoded(pipeline::answers(&requests, &grant).await?, encoding, true, most)),
        Asked::Transaction(requests) => match transaction::run(&requests, &grant).await {
            Ok(answers) => {
                // The protocol of Redis itself is not for transactions.
                let encoding = if encoding == Encoding::Resp2 { Encoding::Json } else { encoding };
                Ok(encoded(answers, encoding, true, most))
            }
            Err(RedisError::Server(error)) => Err(bad_request(error)),
            Err(error) => Err(Problem::from_redis(&error, Access::Write)),
        },
    }
}

/// A problem as this API tells it: `{"error": …}`.
pub fn render(problem: &Problem, _request_id: &str) -> http::Response<Bytes> {
    let error = ErrorReply::of_line(&told(problem));
    // A map of two strings always serialises.
    let body = serde_json::to_vec(&InJson(&Err(error), Encoding::Json)).unwrap_or_default();
    let mut response = http::Response::new(body.into());
    *response.status_mut() = problem.status();
    response.headers_mut().extend(JSON);
    response.headers_mut().extend(problem.headers.iter().cloned());
    if problem.outcome_unknown {
        response.headers_mut().remove(header::RETRY_AFTER);
    }
    response
}

/// A problem in words.
fn told(problem: &Problem) -> String {
    match problem.kind {
        Kind::Unauthorized => format!("WRONGPASS invalid or missing auth token: {}", problem.detail),
        _ if problem.outcome_unknown => format!("{}; what was sent may have run all the same", problem.detail),
        _ => problem.detail.to_string(),
    }
}

/// A command that failed, or a request that is none.
fn bad_request(error: ErrorReply) -> Problem {
    Problem::new(Kind::Malformed, error.to_string())
}

/// The form of the answer that the headers ask for.
fn encoding(headers: &HeaderMap) -> Result<Encoding, ErrorReply> {
    let is = |name: &HeaderName, value: &str| {
        headers.get(name).is_some_and(|given| given.as_bytes().eq_ignore_ascii_case(value.as_bytes()))
    };
    let base64 = is(&ENCODING, "base64");
    match headers.contains_key(&FORMAT) && !is(&FORMAT, "json") {
        false if base64 => Ok(Encoding::Base64),
        false => Ok(Encoding::Json),
        true if !is(&FORMAT, "resp2") => {
            Err(ErrorReply::err("the header `Upstash-Response-Format` is `json` or `resp2`"))
        }
        true if base64 => {
            Err(ErrorReply::err("`Upstash-Response-Format: resp2` and `Upstash-Encoding` exclude each other"))
        }
        true => Ok(Encoding::Resp2),
    }
}

fn asked(method: &Method, uri: &Uri, body: &Bytes) -> Result<Asked, Problem> {
    let has_body = [Method::POST, Method::PUT].contains(method);
    let segments: Vec<_> = uri.path().split(['/']).filter(|segment| !segment.is_empty()).collect();
    let asked = match segments[..] {
        [] if has_body => Request::of_json(body).map(Asked::One),
        [] => Err(ErrorReply::err("empty command: it goes in the path, or, with POST, as a JSON array in the body")),
        ["pipeline"] if has_body => Request::many_of_json(body).map(Asked::Pipeline),
        ["multi-exec"] if has_body => Request::many_of_json(body).map(Asked::Transaction),
        ["subscribe" | "psubscribe" | "monitor", ..] => {
            let detail = "ERR messages cannot be waited for here: use a stream (XADD, XREAD) instead";
            return Err(Problem::new(Kind::NotImplemented, detail));
        }
        _ => in_path(uri, body, has_body).map(Asked::One),
    };
    asked.map_err(bad_request)
}

/// A command in the path: its arguments are the segments, then the body, then the parameters of the query.
fn in_path(uri: &Uri, body: &Bytes, has_body: bool) -> Result<Request, ErrorReply> {
    let badly_encoded = || ErrorReply::err("each `%` must be followed by two hexadecimal digits; `%` itself is `%25`");
    let path = uri.path().trim_start_matches('/').split(['/']);
    let mut words =
        path.map(|segment| uri::decode(segment).ok_or_else(badly_encoded)).collect::<Result<Vec<_>, _>>()?;
    if has_body && !body.is_empty() {
        words.push(body.clone());
    }
    for (name, value) in uri::pairs(uri).ok_or_else(badly_encoded)? {
        if name != TOKEN_IN_QUERY {
            words.push(name);
            words.extend(value);
        }
    }
    Request::of(words)
}

/// The answer to a request, of at most so many bytes: what does not fit is an error in its place.
fn encoded(mut answers: Vec<Answer>, encoding: Encoding, is_list: bool, most: usize) -> Response {
    let bytes = encode::limit(&mut answers, encoding, most);
    let is_right = is_list || answers.iter().all(Result::is_ok);
    let status = if is_right { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    // Another one each time: it is all that clients look at.
    let token = id::timeless()
        .simple()
        .encode_lower(&mut Uuid::encode_buffer())
        .parse()
        .map(|token: HeaderValue| (SYNC_TOKEN, token));
    if encoding == Encoding::Resp2 {
        let mut body = Vec::with_capacity(bytes);
        for answer in &answers {
            encode::resp2(answer, &mut body);
        }
        let form = [(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))];
        return answer::new(status, body).with(form).with(token);
    }
    let mut body = Vec::with_capacity(bytes);
    let written = match &answers[..] {
        [answer] if !is_list => serde_json::to_writer(&mut body, &InJson(answer, encoding)),
        answers => serde_json::to_writer(&mut body, &List(answers, encoding)),
    };
    match written {
        Ok(()) => answer::new(status, body).with(JSON).with(token),
        Err(error) => {
            Problem::new(Kind::Internal, "the answer cannot be written as JSON").because(error).into_response()
        }
    }
}

const JSON: [(HeaderName, HeaderValue); 1] =
    [(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"))];

struct List<'a>(&'a [Answer], Encoding);

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for answer in self.0 {
            list.serialize_element(&InJson(answer, self.1))?;
        }
        list.end()
    }
}
