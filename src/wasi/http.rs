//! Requests and answers in the terms of WASI 0.3 (`wasi:http/handler@0.3.0`).

use std::sync::OnceLock;

use bytes::Bytes;
use futures_util::FutureExt;
use spin_sdk::http::{FromRequest, Request};
use spin_sdk::wasip3::exports::http::handler::Guest;
use spin_sdk::wasip3::http::types::{ErrorCode, Fields, Request as WasiRequest, Response as WasiResponse};
use spin_sdk::wasip3::{wit_future, wit_stream};
use spin_sdk::wit_bindgen;

use super::{redis::Host, settings};
use crate::app::App;
use crate::log;
use crate::redis::client::Client;

struct Redstart;

mod export {
    #![allow(unsafe_code, missing_docs, reason = "the bindings' generated code")]
    use super::Redstart;
    spin_sdk::wasip3::http::service::export!(Redstart with_types_in spin_sdk::wasip3);
}

impl Guest for Redstart {
    async fn handle(request: WasiRequest) -> Result<WasiResponse, ErrorCode> {
        let request = Request::from_request(request)?;
        answer(app().await.respond(request).await)
    }
}

/// The application of this instance, which its first request makes. Where several come first, each resolves the settings:
/// they cannot wait for each other (see `Client`), and it costs little. The first to be done makes it.
async fn app() -> &'static App {
    static APP: OnceLock<App> = OnceLock::new();
    if let Some(app) = APP.get() {
        return app;
    }
    let config = settings::resolve().await;
    APP.get_or_init(|| {
        log::init(config.as_ref().map(|config| config.log).unwrap_or_default());
        App::new(config, |config| Client::new(Host, config.redis.clone()))
    })
}

/// Hands an answer to the host. The body's first write starts before this returns, and every body has its length with
/// it: so head and body can leave in one piece, where otherwise a client's delayed acknowledgement would hold the body.
fn answer(response: http::Response<Bytes>) -> Result<WasiResponse, ErrorCode> {
    let (parts, body) = response.into_parts();
    let headers: Vec<(String, Vec<u8>)> =
        parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect();
    let headers = Fields::from_list(&headers).map_err(|error| ErrorCode::InternalError(Some(format!("{error:?}"))))?;

    // Dropped unwritten, it says that there are no trailers.
    let (_, trailers) = wit_future::new(|| Ok(None));
    let (response, _) = if body.is_empty() {
        WasiResponse::new(headers, None, trailers)
    } else {
        let (mut writer, reader) = wit_stream::new();
        let mut writing = async move {
            writer.write_all(body.into()).await;
        }
        .boxed_local();
        let made = WasiResponse::new(headers, Some(reader), trailers);
        if (&mut writing).now_or_never().is_none() {
            wit_bindgen::spawn(writing);
        }
        made
    };
    response
        .set_status_code(parts.status.as_u16())
        .map_err(|()| ErrorCode::InternalError(Some("the status is none of HTTP's".to_owned())))?;
    Ok(response)
}
