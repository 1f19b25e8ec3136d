//! One request from start to end: id, permission, route, answer, log line.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::handler::Handler;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tower_service::Service;
use uuid::Uuid;

use crate::auth::Grant;
use crate::command::{self, CommandName};
use crate::config::{Config, ConfigError};
use crate::idempotency;
use crate::problem::{Kind, Problem};
use crate::rate_limit::{self, RateLimit};
use crate::redis::Redis;
use crate::rest;

/// The header that carries a request's id, in both directions.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that is taken from a request, in bytes.
const MAX_REQUEST_ID: usize = 128;

/// Redstart, made once an instance.
pub struct App(Result<Router, ConfigError>);

/// What every request has to pass.
struct Guard {
    config: Arc<Config>,
    redis: Arc<dyn Redis>,
}

impl App {
    /// An application that talks to the Redis which `connect` makes from the configuration. Where there is no
    /// configuration, it answers every request with what is wrong with it.
    pub fn new<R: Redis + 'static>(config: Result<Config, ConfigError>, connect: impl FnOnce(&Config) -> R) -> Self {
        if let Err(error) = &config {
            tracing::error!(error = %error, "the configuration is wrong: every request is answered 503");
        }
        Self(config.map(|config| router(Guard { redis: Arc::new(connect(&config)), config: Arc::new(config) })))
    }

    /// Answers one request, and writes one line about it to the log.
    pub async fn respond<B>(&self, request: http::Request<B>) -> http::Response<Bytes>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let start = Instant::now();
        let request = request.map(Body::new);
        let id = request_id(request.headers());
        let method = request.method().clone();
        let (render, no_route): (Render, _) =
            if rest::owns(request.uri().path()) { (Problem::render, "-") } else { (command::render, "/{command}") };

        let response = self.handle(request).await;
        let (response, facts) = finish(response, &method, &id, render).await;

        let entry = Entry {
            method: method.as_str(),
            // Not the path: it may hold what nobody wants in a log.
            route: facts.route.as_ref().map_or(no_route, MatchedPath::as_str),
            command: facts.command.map(|CommandName(name)| name),
            status: response.status().as_u16(),
            bytes: response.body().len(),
            duration_us: u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX),
            request_id: &id,
            token: facts.grant.as_ref().map_or("-", Grant::token_name),
            redis_calls: facts.grant.as_ref().map_or(0, Grant::calls),
        };
        entry.write(facts.problem.as_ref());
        response
    }

    async fn handle(&self, request: Request) -> Response {
        match &self.0 {
            Err(error) => Problem::new(Kind::Unavailable, error.message.clone()).into_response(),
            Ok(router) => {
                let answer: Result<Response, Infallible> = router.clone().call(request).await;
                answer.into_response()
            }
        }
    }
}

fn router(guard: Guard) -> Router {
    let cors = guard.config.cors.layer();
    let router = rest::router()
        .merge(command::router())
        .fallback(command_in_path)
        .layer(middleware::from_fn_with_state(Arc::new(guard), pass));
    // Outermost: a browser that asks first sends no token.
    match cors {
        Some(cors) => router.layer(cors),
        None => router,
    }
}

/// Lets a request pass as far as its token and its quotas reach. Notes what is to be logged beside the answer.
async fn pass(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let Guard { config, redis } = &*guard;
    let route = request.extensions().get::<MatchedPath>().cloned();
    let (grant, outcome) = match Grant::of(config, redis, request.uri(), request.headers()) {
        Ok(grant) => (Some(grant.clone()), admit(grant, &config.rate_limit, request, next).await),
        Err(problem) => {
            // Who tries out tokens has an address, too.
            let taken = rate_limit::take(&Grant::of_nobody(config, redis), &config.rate_limit, request.headers()).await;
            (None, Err(taken.err().unwrap_or(problem)))
        }
    };
    let mut response = outcome.unwrap_or_else(IntoResponse::into_response);
    let extensions = response.extensions_mut();
    if let Some(grant) = grant {
        extensions.insert(grant);
        if let Some(route) = route {
            extensions.insert(route);
        }
    }
    response
}

/// Takes a request from its quotas, and answers it.
async fn admit(grant: Grant, limit: &RateLimit, mut request: Request, next: Next) -> Result<Response, Problem> {
    let mut left = HeaderMap::new();
    if !grant.needs_no_token() {
        match rate_limit::take(&grant, limit, request.headers()).await {
            Err(problem) if rate_limit::is_uncounted(&problem) => {
                tracing::warn!(error = problem.for_log(), "requests are not counted");
            }
            taken => left = taken?,
        }
    }
    request.extensions_mut().insert(grant.clone());
    let mut response = idempotency::once(&grant, request, next).await;
    response.headers_mut().extend(left);
    Ok(response)
}

/// Nothing that is answered is to be run, framed, guessed at or kept by a cache, unless it says so itself.
fn protect(headers: &mut HeaderMap) {
    const PROTECTION: [(HeaderName, HeaderValue); 4] = [
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox"),
        ),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    for (name, value) in PROTECTION {
        headers.entry(name).or_insert(value);
    }
}

/// A path that no route has is a command, unless it looks like one of the REST API.
async fn command_in_path(request: Request) -> Response {
    if rest::owns(request.uri().path()) {
        return rest::no_such_path().into_response();
    }
    command::HANDLER.call(request, ()).await
}

/// What the log says of an answer beside its status.
struct Facts {
    grant: Option<Grant>,
    route: Option<MatchedPath>,
    command: Option<CommandName>,
    problem: Option<Problem>,
}

/// What makes the answer of a problem and the request's id.
type Render = fn(&Problem, &str) -> http::Response<Bytes>;

/// Makes the answer whole: renders a problem, sends the request's id back, and says how long the body is, where there
/// may be one: an answer to HEAD has none, and promises none, since hosts check what is promised.
async fn finish(mut response: Response, method: &Method, id: &str, render: Render) -> (http::Response<Bytes>, Facts) {
    let extensions = response.extensions_mut();
    let mut facts = Facts {
        grant: extensions.remove(),
        route: extensions.remove(),
        command: extensions.remove(),
        problem: extensions.remove(),
    };
    let (parts, body) = response.into_parts();
    let whole = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_else(|error| {
        // Every handler answers with a body that is already whole.
        facts.problem = Some(Problem::new(Kind::Internal, "the answer broke off").because(error));
        Bytes::new()
    });
    let mut response = match &facts.problem {
        None => http::Response::from_parts(parts, whole),
        Some(problem) => {
            let mut rendered = render(problem, id);
            // Those that others have added stay.
            for (name, value) in &parts.headers {
                rendered.headers_mut().entry(name).or_insert_with(|| value.clone());
            }
            rendered
        }
    };
    let bodiless =
        method == Method::HEAD || matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if bodiless {
        *response.body_mut() = Bytes::new();
    }
    let length = response.body().len();
    let headers = response.headers_mut();
    protect(headers);
    headers.remove(header::CONTENT_LENGTH);
    if !bodiless {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    (response, facts)
}

/// The request's own id where it is a sane one, else a new one (UUIDv7: RFC 9562, section 5.7).
fn request_id(headers: &HeaderMap) -> String {
    let sane = |id: &&str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        (1..=MAX_REQUEST_ID).contains(&id.len()) && id.bytes().all(allowed)
    };
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(sane);
    given.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

/// The line of a request in the log. The query is never in it.
struct Entry<'a> {
    method: &'a str,
    route: &'a str,
    command: Option<&'static str>,
    status: u16,
    bytes: usize,
    duration_us: u64,
    request_id: &'a str,
    token: &'a str,
    redis_calls: u32,
}

impl Entry<'_> {
    fn write(&self, problem: Option<&Problem>) {
        let error = problem.map(Problem::for_log);
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    method = self.method,
                    route = self.route,
                    command = self.command,
                    status = self.status,
                    bytes = self.bytes,
                    duration_us = self.duration_us,
                    request_id = self.request_id,
                    token = self.token,
                    redis_calls = self.redis_calls,
                    error,
                    "request"
                )
            };
        }
        match self.status {
            500.. => line!(error),
            401 | 403 | 429 => line!(warn),
            _ => line!(info),
        }
    }
}

#[cfg(test)]
mod tests;
