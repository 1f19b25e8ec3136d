//! All that knows the host: where requests come from, where settings are, and how Redis is reached.
//!
//! - [`http`]: requests and answers, in the terms of WASI 0.3
//! - [`body`]: the body of a request
//! - [`redis`]: the host's Redis interface and its clock, behind `Transport`
//! - [`settings`]: `config.ini` and Spin's variables
//! - [`log`]: where the log's lines go
//! - `bindings`: Spin's interfaces, as `wit/` has them

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
mod http;
mod log;
mod redis;
mod settings;
