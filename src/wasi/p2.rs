//! A component of WASI 0.2 (`wasi:http/incoming-handler@0.2.0`), over Spin's interfaces of that world. All calls of the host
//! return when they are done, so nothing in here waits: an instance has one request at a time, whose calls to Redis follow
//! one another. The host alone bounds how long they take: `redstart-host` by `[redis] timeout_ms`, Spin not at all.

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
    wit_bindgen::generate!({ path: "wit", world: "redstart:host/component-p2", generate_all });
    pub(super) use exports::wasi::http::incoming_handler::Guest;
    pub(super) use fermyon::spin::{redis, variables};
    pub(super) use wasi::{http::types, io::streams};

    use super::Redstart;
    export!(Redstart with_types_in self);
}
mod body;
mod redis;

use bytes::Bytes;
use futures_util::FutureExt;

use self::bindings::types::{IncomingRequest, OutgoingResponse, ResponseOutparam};
use self::bindings::{Guest, variables};
use self::body::Incoming;
use self::redis::Host;
use super::app;
use super::http::{Head, Unfit, http_of_world, request, with_body};
use super::settings::variables_of_world;
use crate::app::App;
use crate::body::Body;
use crate::config::settings::variables as names;

http_of_world!(bindings::types);
variables_of_world!(variables);

struct Redstart;

impl Guest for Redstart {
    fn handle(request: IncomingRequest, answer: ResponseOutparam) {
        match respond(request) {
            Ok((response, body)) => {
                // A body may be taken before the answer is given, and written only after.
                let writable = if body.is_empty() { None } else { response.body().ok() };
                ResponseOutparam::set(answer, Ok(response));
                if let Some(writable) = writable {
                    body::write(writable, &body);
                }
            }
            Err(unfit) => ResponseOutparam::set(answer, Err(error_code(unfit))),
        }
    }
}

fn respond(request: IncomingRequest) -> Result<(OutgoingResponse, Bytes), Unfit> {
    let app =
        app::made().unwrap_or_else(|| app::make(names().map(|name| value(name, variables::get(name))).collect(), Host));
    let response = app.respond(taken(request, app)?).now_or_never().ok_or_else(|| Unfit::other("something waits"))?;
    let (parts, body) = response.into_parts();
    let response = OutgoingResponse::new(fields(&parts.headers)?);
    response.set_status_code(parts.status.as_u16()).map_err(|()| Unfit::other("the status is none of HTTP's"))?;
    Ok((response, body))
}

/// Takes a request from the host, with what is needed of it alone.
fn taken(asked: IncomingRequest, app: &App) -> Result<http::Request<Body>, Unfit> {
    let head = Head {
        method: method(asked.method())?,
        headers: asked.headers().entries(),
        path_with_query: asked.path_with_query(),
        authority: || asked.authority(),
    };
    let request = request(head, app)?;
    Ok(with_body(request, |length| Box::new(Incoming { request: asked, length })))
}
