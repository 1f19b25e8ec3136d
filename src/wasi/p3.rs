//! A component of WASI 0.3 (`wasi:http/handler@0.3.0`), over Spin's interfaces of that world. One instance serves many
//! requests, also at once.

mod bindings {
    #![allow(
        unsafe_code,
        missing_docs,
        unused_qualifications,
        clippy::all,
        clippy::pedantic,
        clippy::allow_attributes_without_reason,
        reason = "generated code"
    )]
    wit_bindgen::generate!({ path: "wit", world: "redstart:host/imports", generate_all });
    pub(super) use spin::{redis::redis, variables::variables};
}
mod body;
mod redis;

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join_all};
use send_wrapper::SendWrapper;
use wasip3::exports::http::handler::Guest;
use wasip3::{wit_future, wit_stream};

use self::bindings::variables;
use self::body::Incoming;
use self::redis::Host;
use super::app;
use super::http::{Head, Unfit, http_of_world, request, with_body};
use super::settings::variables_of_world;
use crate::app::App;
use crate::body::Body;
use crate::config::settings::variables as names;

http_of_world!(wasip3::http::types);
variables_of_world!(variables);

struct Redstart;

mod export {
    #![allow(unsafe_code, missing_docs, reason = "the bindings' generated code")]
    use super::Redstart;
    wasip3::http::service::export!(Redstart with_types_in wasip3);
}

impl Guest for Redstart {
    async fn handle(request: types::Request) -> Result<types::Response, types::ErrorCode> {
        let app = match app::made() {
            Some(app) => app,
            None => make_app().boxed_local().await,
        };
        let request = taken(request, app).map_err(error_code)?;
        answer(app.respond(request).await).map_err(error_code)
    }
}

/// Makes the application. Where several requests come first, each asks for the variables: they cannot wait for each other
/// (see `Client`), and it costs little. The first to be done makes it.
async fn make_app() -> &'static App {
    let asked = names().map(async |name| value(name, variables::get(name.to_owned()).await));
    app::make(join_all(asked).await, Host)
}

/// Takes a request from the host, with what is needed of it alone.
fn taken(asked: types::Request, app: &App) -> Result<http::Request<Body>, Unfit> {
    let head = Head {
        method: method(asked.get_method())?,
        headers: asked.get_headers().copy_all(),
        path_with_query: asked.get_path_with_query(),
        authority: || asked.get_authority(),
    };
    let request = request(head, app)?;
    Ok(with_body(request, |length| Box::new(Incoming { request: asked, length })))
}

/// Hands an answer to the host. The body's first write starts before this returns, and every body has its length with
/// it: so head and body can leave in one piece, where otherwise a client's delayed acknowledgement would hold the body.
fn answer(response: http::Response<Bytes>) -> Result<types::Response, Unfit> {
    let (parts, body) = response.into_parts();
    let headers = fields(&parts.headers)?;

    // Dropped unwritten, it says that there are no trailers.
    let (_, trailers) = wit_future::new(|| Ok(None));
    let (response, _) = if body.is_empty() {
        types::Response::new(headers, None, trailers)
    } else {
        let (mut writer, reader) = wit_stream::new();
        let made = types::Response::new(headers, Some(reader), trailers);
        Writing::start(async move {
            writer.write_all(body.into()).await;
        });
        made
    };
    // What it is where nothing is said.
    if parts.status != http::StatusCode::OK {
        response.set_status_code(parts.status.as_u16()).map_err(|()| Unfit::other("the status is none of HTTP's"))?;
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
