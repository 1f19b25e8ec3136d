//! The built component on the host, over HTTP. Each module holds what one part promises; see `support/` for the harness.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod access;
mod configuration;
mod docs;
mod faults;
mod hashes;
mod keys;
mod limits;
mod load;
mod log;
mod openapi;
mod readme;
mod round_trip;
mod strings;
mod strings_changed;
mod wire;
