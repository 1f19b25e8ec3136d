//! One request from start to end: id, permission, route, answer, log line.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tower_http::cors::CorsLayer;
use tower_layer::Layer;
use tower_service::Service;
use tracing::Level;
use uuid::Uuid;

use crate::answer::{Answer, IntoResponse, Response};
use crate::auth::Grant;
use crate::body::Body;
use crate::command;
use crate::config::{Config, ConfigError};
use crate::handler::{Asked, Request, Serve};
use crate::idempotency;
use crate::problem::{Kind, Problem};
use crate::rate_limit;
use crate::redis::Redis;
use crate::rest;
use crate::router::Place;
use crate::trace::Trace;
use crate::{id, log};

/// The header that carries a request's id, in both directions.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that is taken from a request, in bytes.
const MAX_REQUEST_ID: usize = 128;

/// Redstart, made once an instance.
pub struct App(Result<Served, ConfigError>);

/// What is served, and what every request has to pass.
struct Served {
    config: Arc<Config>,
    redis: Arc<dyn Redis>,
    routes: rest::Routes,
    cors: Option<CorsLayer>,
}

impl App {
    /// An application that talks to the Redis which `connect` makes from the configuration. Where there is no
    /// configuration, it answers every request with what is wrong with it.
    pub fn new<R: Redis + 'static>(config: Result<Config, ConfigError>, connect: impl FnOnce(&Config) -> R) -> Self {
        if let Err(error) = &config {
            tracing::error!(error = %error, "the configuration is wrong: every request is answered 503");
        }
        Self(config.map(|config| Served::new(Arc::new(connect(&config)), config)))
    }

    /// Whether the answer to a request with these headers depends on the host that its target names.
    pub fn depends_on_host(&self, headers: &HeaderMap) -> bool {
        self.0.as_ref().is_ok_and(|served| Grant::depends_on_host(&served.config, headers))
    }

    /// Answers one request, and writes one line about it to the log.
    pub async fn respond(&self, request: http::Request<Body>) -> http::Response<Bytes> {
        let (start, now) = (Instant::now(), SystemTime::now());
        let request = Request::from(request);
        let head = request.head.clone();
        let id = request_id(&head.headers, now);
        let path = head.uri.path();
        let (render, no_route): (Render, _) =
            if rest::owns(path) { (Problem::render, "-") } else { (command::render, command::route(path)) };

        let response = match &self.0 {
            Err(error) => Problem::new(Kind::Unavailable, error.message.clone()).into_response(),
            Ok(served @ Served { cors: Some(cors), .. }) => served.to_pages(cors, request).await,
            Ok(served) => served.to_allowed(request).await,
        };
        let (response, facts) = finish(response, &head.method, &id, render);

        let duration = start.elapsed();
        let entry = Entry {
            method: head.method.as_str(),
            // Not the path: it may hold what nobody wants in a log.
            route: facts.route.as_deref().unwrap_or(no_route),
            command: facts.command,
            status: response.status().as_u16(),
            bytes: response.body().len(),
            duration_us: u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
            request_id: id.to_str().unwrap_or_default(),
            trace: Trace::of(&head.headers),
            token: facts.grant.as_ref().map_or("-", Grant::token_name),
            redis_calls: facts.grant.as_ref().map_or(0, Grant::calls),
        };
        entry.write(now + duration, facts.problem.as_deref());
        response
    }
}

/// What is not on the way of most requests is boxed below: a future has the space of all that it may wait for, and is copied
/// wherever it is handed on.
impl Served {
    fn new(redis: Arc<dyn Redis>, config: Config) -> Self {
        Self { cors: config.cors.layer(), config: Arc::new(config), redis, routes: rest::Routes::default() }
    }

    /// Answers a request that a page of another origin may have sent: a browser that asks first sends no token.
    fn to_pages<'a>(&'a self, cors: &CorsLayer, Request { head, body }: Request) -> BoxFuture<'a, Response> {
        let request = http::Request::from_parts(Arc::unwrap_or_clone(head), body);
        let answer = cors.layer(Within(self)).call(request);
        answer.map(|answer| answer.unwrap_or_else(|never| match never {})).boxed()
    }

    /// Answers a request as far as its token and its quotas reach. Notes what is to be logged beside the answer.
    async fn to_allowed(&self, request: Request) -> Response {
        let Self { config, redis, routes, .. } = self;
        let place = routes.at(request.head.uri.path());
        let grant = match Grant::of(config, redis, &request.head.uri, &request.head.headers) {
            Ok(grant) => grant,
            Err(problem) => return self.to_unknown(problem, request.head).await,
        };
        let left = match self.take(&grant, &request.head.headers).await {
            Ok(left) => left,
            Err(problem) => return with_facts(problem.into_response(), grant, place),
        };
        let mut response = match serving(&request.head, place) {
            Err(answer) => *answer,
            Ok(serve) if idempotency::applies(&grant, &request.head) => idempotency::once(&grant, request, serve).await,
            Ok(serve) => serve(Asked::of(grant.clone(), request).await).await,
        };
        response.headers_mut().extend(left);
        with_facts(response, grant, place)
    }

    /// Refuses a request. Who tries out tokens has an address, too.
    fn to_unknown(&self, problem: Problem, head: Arc<Parts>) -> BoxFuture<'_, Response> {
        async move {
            let nobody = Grant::of_nobody(&self.config, &self.redis);
            let taken = rate_limit::take(&nobody, &self.config.rate_limit, &head.headers).await;
            taken.err().unwrap_or(problem).into_response()
        }
        .boxed()
    }

    /// Takes a request from its quotas. Gives the headers that say what is left.
    async fn take(&self, grant: &Grant, headers: &HeaderMap) -> Result<HeaderMap, Problem> {
        let limit = &self.config.rate_limit;
        if grant.needs_no_token() || !limit.is_set() {
            return Ok(HeaderMap::new());
        }
        match rate_limit::take(grant, limit, headers).boxed().await {
            Err(problem) if rate_limit::is_uncounted(&problem) => {
                tracing::warn!(error = problem.for_log(), "requests are not counted");
                Ok(HeaderMap::new())
            }
            taken => taken,
        }
    }
}

/// What serves a request. A path that no route has is a command, unless it looks like one of the REST API.
fn serving(head: &Parts, place: Option<&Place>) -> Result<Serve, Box<Response>> {
    match place {
        Some(place) => place.serve(&head.method),
        None if rest::owns(head.uri.path()) => Err(Box::new(rest::no_such_path().into_response())),
        None => Ok(command::SERVE),
    }
}

/// An answer with what is logged of its request.
fn with_facts(mut response: Response, grant: Grant, place: Option<&Place>) -> Response {
    let answer = response.body_mut();
    (answer.grant, answer.route) = (Some(grant), place.map(|place| place.path.clone()));
    response
}

/// What lies within the headers for pages of other origins, as their library takes it.
struct Within<'a>(&'a Served);

impl<'a> Service<http::Request<Body>> for Within<'a> {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'a, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        self.0.to_allowed(request.into()).map(Ok).boxed()
    }
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

/// What makes the answer of a problem and the request's id.
type Render = fn(&Problem, &str) -> http::Response<Bytes>;

/// Makes the answer whole: renders a problem, sends the request's id back, and says how long the body is, where there
/// may be one: an answer to HEAD has none, and promises none, since hosts check what is promised.
fn finish(response: Response, method: &Method, id: &HeaderValue, render: Render) -> (http::Response<Bytes>, Answer) {
    let (parts, mut answer) = response.into_parts();
    let mut response = match &answer.problem {
        None => http::Response::from_parts(parts, std::mem::take(&mut answer.body)),
        Some(problem) => {
            let mut rendered = render(problem, id.to_str().unwrap_or_default());
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
    if bodiless {
        headers.remove(header::CONTENT_LENGTH);
    } else {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
    headers.insert(REQUEST_ID, id.clone());
    (response, answer)
}

/// The request's own id where it is a sane one, else a new one.
fn request_id(headers: &HeaderMap, now: SystemTime) -> HeaderValue {
    let sane = |id: &&HeaderValue| {
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
        (1..=MAX_REQUEST_ID).contains(&id.len()) && id.as_bytes().iter().all(allowed)
    };
    let new = || {
        let (mut text, id) = (Uuid::encode_buffer(), id::at(now));
        // Hexadecimal digits and hyphens are what a header may hold.
        HeaderValue::from_str(id.hyphenated().encode_lower(&mut text)).unwrap_or(HeaderValue::from_static("none"))
    };
    headers.get(REQUEST_ID).filter(sane).cloned().unwrap_or_else(new)
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
    trace: Option<Trace<'a>>,
    token: &'a str,
    redis_calls: u32,
}

impl Entry<'_> {
    fn write(&self, now: SystemTime, problem: Option<&Problem>) {
        let level = match self.status {
            500.. => Level::ERROR,
            401 | 403 | 429 => Level::WARN,
            _ => Level::INFO,
        };
        log::request(level, now, |pairs| {
            pairs.text("method", self.method);
            pairs.text("route", self.route);
            if let Some(command) = self.command {
                pairs.text("command", command);
            }
            pairs.number("status", self.status);
            pairs.number("bytes", self.bytes);
            pairs.number("duration_us", self.duration_us);
            pairs.text("request_id", self.request_id);
            if let Some(trace) = self.trace {
                pairs.text("trace_id", trace.id);
                pairs.text("span_id", trace.span);
            }
            pairs.text("token", self.token);
            pairs.number("redis_calls", self.redis_calls);
            if let Some(problem) = problem {
                pairs.text("error", &problem.for_log());
            }
        });
    }
}

#[cfg(test)]
mod tests;
