//! All that knows the host: where requests come from, where settings are, and how Redis is reached.
//!
//! - `p3`: a component of WASI 0.3, for Spin 4.1 and newer and `redstart-host` (the feature `p3`, which is on by default)
//! - `p2`: one of WASI 0.2, for Spin 2 and 3 (the feature `p2`, without `p3`)
//! - [`http`], [`redis`]: what requests, answers and Redis's interfaces have in common in both
//! - [`app`]: the application of this instance
//! - [`settings`]: `config.ini` and Spin's variables
//! - [`log`]: where the log's lines go

#[cfg(all(feature = "p2", feature = "p3"))]
compile_error!("a component is of one world: for `p2`, switch `p3` off with --no-default-features");
#[cfg(not(any(feature = "p2", feature = "p3")))]
compile_error!("a component needs a world: the feature `p3` or `p2`");

mod app;
mod http;
mod log;
#[cfg(feature = "p2")]
mod p2;
#[cfg(feature = "p3")]
mod p3;
mod redis;
mod settings;
