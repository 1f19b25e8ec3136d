//! All that knows the host: where requests come from, where settings are, and how Redis is reached.
//!
//! - [`http`]: requests and answers, in the terms of WASI 0.3
//! - [`body`]: the body of a request
//! - [`redis`]: the host's Redis interface and its clock, behind `Transport`
//! - [`settings`]: `config.ini` and Spin's variables
//! - [`log`]: where the log's lines go

mod body;
mod http;
mod log;
mod redis;
mod settings;
