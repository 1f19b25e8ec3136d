//! Redis over HTTP, as one WebAssembly component.
//!
//! A request comes in through [`wasi`](self) (the only part that knows its host, and the only one built for
//! WebAssembly alone), and is answered by [`app`]:
//!
//! - [`app`]: one request from start to end
//! - [`router`]: which handler serves a path and a method
//! - [`handler`]: how a handler is called
//! - [`body`]: a request's body
//! - [`answer`]: what a handler answers with
//! - [`auth`]: who may do what; a `Grant` is the only way to Redis
//! - [`config`]: `config.ini` and variables, resolved once
//! - [`log`]: the log's lines
//! - [`problem`]: errors as problem documents, one mapping to a status
//! - [`redis`]: Redis as a trait, commands, replies, the kept connection
//! - [`rest`]: the REST API, one file a resource
//! - [`openapi`]: its description
//! - [`command`]: the command API, the protocol of the Upstash clients
//! - [`cors`]: web pages of other origins
//! - [`rate_limit`]: how many requests a token and an address may make
//! - [`idempotency`]: a request that is sent again does not happen again
//! - [`uri`]: the decoder of paths and queries
//! - [`id`]: ids of requests, and [`trace`]: the trace that one belongs to
//! - [`digest`]: SHA-1 and SHA-256
//! - [`allocator`](self): memory, and [`shapes`](self): headers that the host holds

#[cfg(any(target_family = "wasm", all(test, target_os = "linux")))]
#[expect(unsafe_code, reason = "an allocator is a promise that the compiler cannot check")]
mod allocator;
pub mod answer;
pub mod app;
pub mod auth;
pub mod body;
pub mod command;
pub mod config;
pub mod cors;
pub mod digest;
pub mod handler;
pub mod id;
pub mod idempotency;
pub mod log;
pub mod openapi;
pub mod problem;
pub mod rate_limit;
pub mod redis;
pub mod rest;
pub mod router;
#[cfg(any(target_family = "wasm", test))]
mod shapes;
pub mod trace;
pub mod uri;
#[cfg(target_family = "wasm")]
mod wasi;
