//! The built component on the host, over HTTP. Each module holds what one part promises; see `support/` for the harness.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod access;
mod browsers;
mod channels;
mod clients;
mod command_limits;
mod command_policy;
mod command_scripts;
mod commands;
mod configuration;
mod differential;
mod docs;
mod entity_tags;
mod escape;
mod faults;
mod faults_under_load;
mod hashes;
mod idempotency;
mod instances;
mod keys;
mod limits;
mod list_items;
mod lists;
mod load;
mod load_limits;
mod log;
mod openapi;
mod rate_limit;
mod readme;
mod round_trip;
mod secrets;
mod server;
mod set_algebra;
mod sets;
mod shared_connection;
mod slow_clients;
mod soak;
mod sorted_sets;
mod sorted_sets_paged;
mod streams;
mod strings;
mod strings_changed;
mod tokens;
mod whole_or_nothing;
mod wire;
