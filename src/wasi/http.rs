//! Requests and answers in the terms of WASI 0.3 (`wasi:http/handler@0.3.0`).

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Wake, Waker};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use send_wrapper::SendWrapper;
use wasip3::exports::http::handler::Guest;
use wasip3::http::types::{ErrorCode, Fields, Method as WasiMethod, Request as WasiRequest, Response as WasiResponse};
use wasip3::{wit_future, wit_stream};

use super::body::Incoming;
use super::{log, redis::Host, settings};
use crate::app::App;
use crate::body::Body;
use crate::handler;
use crate::redis::client::Client;

struct Redstart;

mod export {
    #![allow(unsafe_code, missing_docs, reason = "the bindings' generated code")]
    use super::Redstart;
    wasip3::http::service::export!(Redstart with_types_in wasip3);
}

impl Guest for Redstart {
    async fn handle(request: WasiRequest) -> Result<WasiResponse, ErrorCode> {
        let app = app().await;
        answer(app.respond(taken(request, app)?).await)
    }
}

/// The application of this instance, which its first request makes. Where several come first, each resolves the settings:
/// they cannot wait for each other (see `Client`), and it costs little. The first to be done makes it.
async fn app() -> &'static App {
    static APP: OnceLock<App> = OnceLock::new();
    if let Some(app) = APP.get() {
        return app;
    }
    let config = settings::resolve().boxed_local().await;
    APP.get_or_init(|| {
        crate::log::init(config.as_ref().map(|config| config.log).unwrap_or_default(), log::write);
        App::new(config, |config| Client::new(Host, config.redis.clone()))
    })
}

/// Takes a request from the host, with what is needed of it alone: each question is a call out of the component.
fn taken(request: WasiRequest, app: &App) -> Result<http::Request<Body>, ErrorCode> {
    let wrong_target = || ErrorCode::HttpRequestUriInvalid;
    let method = method(request.get_method())?;
    let headers = headers(request.get_headers().copy_all()).map_err(internal)?;
    let target = request.get_path_with_query().ok_or_else(wrong_target)?;
    let target = PathAndQuery::from_maybe_shared(Bytes::from(target)).map_err(|_| wrong_target())?;
    let host = if app.depends_on_host(&headers) { request.get_authority() } else { None };
    let target = match host {
        None => target.into(),
        // A target that names a host has a scheme, too; nothing here looks which.
        Some(host) => {
            Uri::builder().scheme("http").authority(host).path_and_query(target).build().map_err(|_| wrong_target())?
        }
    };

    let body = if handler::has_body(&method) { Incoming::of(request, &headers) } else { Body::default() };
    let mut taken = http::Request::new(body);
    (*taken.method_mut(), *taken.uri_mut(), *taken.headers_mut()) = (method, target, headers);
    Ok(taken)
}

fn method(method: WasiMethod) -> Result<Method, ErrorCode> {
    Ok(match method {
        WasiMethod::Get => Method::GET,
        WasiMethod::Head => Method::HEAD,
        WasiMethod::Post => Method::POST,
        WasiMethod::Put => Method::PUT,
        WasiMethod::Delete => Method::DELETE,
        WasiMethod::Connect => Method::CONNECT,
        WasiMethod::Options => Method::OPTIONS,
        WasiMethod::Trace => Method::TRACE,
        WasiMethod::Patch => Method::PATCH,
        WasiMethod::Other(name) => name.parse().map_err(|_| ErrorCode::HttpRequestMethodInvalid)?,
    })
}

fn headers(fields: Vec<(String, Vec<u8>)>) -> http::Result<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(fields.len());
    for (name, value) in fields {
        let name = HeaderName::try_from(name)?;
        headers.append(name, HeaderValue::from_maybe_shared(Bytes::from(value))?);
    }
    Ok(headers)
}

/// Hands an answer to the host. The body's first write starts before this returns, and every body has its length with
/// it: so head and body can leave in one piece, where otherwise a client's delayed acknowledgement would hold the body.
fn answer(response: http::Response<Bytes>) -> Result<WasiResponse, ErrorCode> {
    let (parts, body) = response.into_parts();
    let headers = fields(&parts.headers)?;

    // Dropped unwritten, it says that there are no trailers.
    let (_, trailers) = wit_future::new(|| Ok(None));
    let (response, _) = if body.is_empty() {
        WasiResponse::new(headers, None, trailers)
    } else {
        let (mut writer, reader) = wit_stream::new();
        let made = WasiResponse::new(headers, Some(reader), trailers);
        Writing::start(async move {
            writer.write_all(body.into()).await;
        });
        made
    };
    // What it is where nothing is said.
    if parts.status != http::StatusCode::OK {
        response.set_status_code(parts.status.as_u16()).map_err(|()| internal("the status is none of HTTP's"))?;
    }
    Ok(response)
}

/// A write that goes on by itself: each event that wakes it drives it on. It is not spawned, as it would begin only after the
/// answer was returned, or ask the host twice for its events.
struct Writing(Mutex<Option<SendWrapper<LocalBoxFuture<'static, ()>>>>);

impl Writing {
    fn start(write: impl Future<Output = ()> + 'static) {
        Arc::new(Self(Mutex::new(Some(SendWrapper::new(write.boxed_local()))))).wake();
    }
}

impl Wake for Writing {
    fn wake(self: Arc<Self>) {
        let waker = Waker::from(self.clone());
        let mut write = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if write.as_mut().is_some_and(|write| write.poll_unpin(&mut Context::from_waker(&waker)).is_ready()) {
            *write = None;
        }
    }
}

/// The headers as the host takes them. Their space is kept for the next ones, as each would be two allocations.
fn fields(headers: &HeaderMap) -> Result<Fields, ErrorCode> {
    static SPACE: Mutex<Vec<(String, Vec<u8>)>> = Mutex::new(Vec::new());
    let mut space = SPACE.lock().unwrap_or_else(PoisonError::into_inner);
    if space.len() < headers.len() {
        space.resize_with(headers.len(), Default::default);
    }
    for ((to_name, to_value), (name, value)) in space.iter_mut().zip(headers) {
        to_name.clear();
        to_name.push_str(name.as_str());
        to_value.clear();
        to_value.extend_from_slice(value.as_bytes());
    }
    Fields::from_list(&space[..headers.len()]).map_err(|error| internal(format!("{error:?}")))
}

fn internal(error: impl ToString) -> ErrorCode {
    ErrorCode::InternalError(Some(error.to_string()))
}
