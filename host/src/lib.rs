//! A native host on wasmtime that runs Redstart where there is no Spin.
//!
//! It reads the same `spin.toml`, runtime configuration and environment as Spin, serves the application's HTTP
//! component, and gives it `spin:redis` and `spin:variables`. The binary is a thin layer over this library, which
//! tests use in process:
//!
//! ```no_run
//! # async fn example() -> Result<(), redstart_host::Error> {
//! use redstart_host::{Application, Captured, Server, Settings};
//!
//! let log = Captured::default();
//! let settings = Settings {
//!     listen: ([127, 0, 0, 1], 0).into(),
//!     variables: vec!["redis_port=6400".to_owned()],
//!     stderr: log.sink(),
//!     ..Settings::default()
//! };
//! let server = Server::bind(Application::load(&settings)?, &settings).await?;
//! println!("http://{}", server.local_addr());
//! server.serve(std::future::pending()).await;
//! # Ok(())
//! # }
//! ```
//!
//! In the order in which a start and then a request pass through it:
//!
//! | module | what it owns |
//! | --- | --- |
//! | `cli`, `settings` | flags, defaults, limits |
//! | `application` | putting together the following |
//! | `manifest`, `runtime_config` | the two files as they are written |
//! | `variables`, `variable_source`, `template` | the values of variables |
//! | `allowed_hosts`, `files`, `routes` | what the manifest allows, mounts and routes |
//! | `engine` | wasmtime's engine, and components compiled once |
//! | `server`, `worker`, `connection` | the socket, the threads, connections, draining |
//! | `tls`, `preface`, `stream`, `activity` | what a client speaks, and whether it still does |
//! | `service`, `head`, `body`, `outgoing`, `problem` | one request |
//! | `pool`, `running` | which instance takes a request, and what it does with it |
//! | `instance`, `lifetime`, `memory` | instances, their state, their life and what they may use |
//! | `outbound`, `bindings` | Redis as components reach it, and its connections |
//! | `metrics` | what is counted, and where it is asked for |
//! | `output` | where lines go |
//! | `spin_test` | `redstart-host test`, the plugin `spin test` |

mod activity;
mod allowed_hosts;
mod application;
mod bell;
mod bindings;
mod body;
mod cli;
mod connection;
mod engine;
mod error;
mod files;
mod head;
mod instance;
mod lifetime;
mod manifest;
mod memory;
mod metrics;
mod outbound;
mod outgoing;
mod output;
mod pool;
mod preface;
mod problem;
mod routes;
mod running;
mod runtime_config;
mod server;
mod service;
pub mod settings;
mod spin_test;
mod stream;
mod template;
mod tls;
mod variable_source;
mod variables;
mod worker;

pub use application::Application;
pub use cli::{Cli, Task};
pub use error::Error;
pub use output::{Captured, Sink};
pub use server::{Drained, Server};
pub use settings::{Settings, TlsFiles};
pub use spin_test::TestFlags;
