//! The settings of a host as one plain struct, their defaults and the limits behind them.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    path::PathBuf,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use crate::{error::Error, output::Sink};

/// The address to listen on, as in Spin: loopback, port 3000.
pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 3000);
/// The manifest's file name, looked up in the working directory.
pub const DEFAULT_MANIFEST: &str = "spin.toml";
/// The file of environment variables that Spin merges in, looked up in the working directory.
pub const DEFAULT_DOTENV: &str = ".env";

/// Requests that one instance serves before it is dropped. Making one takes longer than a hundred small requests, and who
/// comes meanwhile waits: with Spin's 128, that is a good part of the work, and of the late answers.
pub const DEFAULT_MAX_INSTANCE_REUSE_COUNT: usize = 65_536;
/// Requests that run at once in one instance. Spin's are 16: more of them ask Redis together, and find what they need in the
/// caches; but all of them fail where the instance does.
pub const DEFAULT_MAX_INSTANCE_CONCURRENT_REUSE_COUNT: usize = 64;
/// How long an instance without work is kept, as in Spin.
pub const DEFAULT_IDLE_INSTANCE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a request may take in the component. Spin sets no limit.
pub const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a client may take to send a request's head, and how long an idle connection is kept.
pub const DEFAULT_HEADER_READ_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take to send a request's body.
pub const DEFAULT_BODY_READ_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take nothing of an answer.
pub const DEFAULT_WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the component may compute without waiting for anything.
pub const DEFAULT_COMPUTE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long requests in flight may take once the host was told to stop.
pub const DEFAULT_DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections of clients held at once.
pub const DEFAULT_MAX_CONNECTIONS: usize = 1024;
/// Requests handed to the component at once; further ones wait.
pub const DEFAULT_MAX_REQUESTS: usize = 512;
/// The largest body of a request in bytes.
pub const DEFAULT_MAX_BODY_BYTES: u64 = 64 << 20;
/// The largest head of a request in bytes; hyper's own default is some 400 KiB.
pub const DEFAULT_HTTP1_MAX_BUF_SIZE: usize = 64 << 10;
/// The longest target of a request in bytes: room for the longest key, each byte as `%XX`, and more.
pub const DEFAULT_MAX_URL_BYTES: usize = 32 << 10;
/// The most header fields of a request.
pub const DEFAULT_MAX_HEADERS: usize = 100;

/// The bound on one Redis call and on one connect. The component's own limit is meant to be shorter.
pub const DEFAULT_REDIS_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest reply of Redis that is handed to the component, in bytes, as in Spin.
pub const DEFAULT_MAX_REPLY_BYTES: usize = 128 << 20;

/// Instances that exist at once: every request may need one of its own, and retiring ones still hold theirs.
pub const DEFAULT_MAX_INSTANCES: u32 = 1024;
/// The linear memory that one instance may use, in bytes.
pub const DEFAULT_MAX_INSTANCE_MEMORY: usize = 512 << 20;
/// The linear memory that all instances together may use, in bytes.
pub const DEFAULT_MAX_MEMORY: usize = 1 << 30;

/// The largest number that a setting may count to.
pub const MAX_COUNT: usize = 1_000_000_000;
/// The longest time that a setting may name.
pub const MAX_TIME: Duration = Duration::from_hours(30 * 24);
/// The smallest bound on a request's head that hyper takes, in bytes.
pub const MIN_HTTP1_MAX_BUF_SIZE: usize = 8192;

/// Everything that a host can be told. [`Settings::default`] is what `redstart-host` without flags does, except that
/// it reads nothing from the process's environment. There is no `Debug`: values of variables are secrets.
#[derive(Clone)]
pub struct Settings {
    /// The manifest; files and the component in it are relative to its folder.
    pub manifest: PathBuf,
    /// Spin's runtime configuration, if any: where variables come from.
    pub runtime_config: Option<PathBuf>,
    /// `--variable` as given: `KEY=VALUE`, `KEY=@FILE`, `@FILE.json` or `@FILE.toml`. They beat every other provider.
    pub variables: Vec<String>,
    /// Where `SPIN_VARIABLE_NAME` and other environment variables are looked up.
    pub environment: BTreeMap<String, String>,
    /// A file of further environment variables; one that does not exist is skipped.
    pub dotenv: Option<PathBuf>,

    /// The address to listen on; port 0 asks the system for a free one.
    pub listen: SocketAddr,
    /// The certificate and the key with which the host speaks TLS; `None`: it does not.
    pub tls: Option<TlsFiles>,
    /// The loopback address at which the metrics are; `None`: nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// Connections of clients held at once; further ones wait in the system's queue.
    pub max_connections: usize,
    /// Requests handed to the component at once; further ones wait, and are refused with 503 after `request_timeout`.
    pub max_requests: usize,
    /// The largest body of a request in bytes; more is answered 413.
    pub max_body_bytes: u64,
    /// The largest head of a request in bytes, at least 8192; more is answered 431.
    pub http1_max_buf_size: usize,
    /// The longest target of a request in bytes; more is answered 414.
    pub max_url_bytes: usize,
    /// The most header fields of a request; more is answered 431.
    pub max_headers: usize,
    /// How long a client may take to send a request's head, and how long an idle connection is kept.
    pub header_read_timeout: Duration,
    /// How long a client may take to send a request's body; then it is answered 408.
    pub body_read_timeout: Duration,
    /// How long a client may take nothing of an answer; then its connection is closed.
    pub write_timeout: Duration,
    /// How long a request may take in the component; then it is answered 504.
    pub request_timeout: Duration,
    /// How long the component may compute without waiting for anything, at most `request_timeout`; then its instance
    /// ends, and every request in it is answered 500.
    pub compute_timeout: Duration,
    /// How long requests in flight may take once the host was told to stop.
    pub drain_timeout: Duration,

    /// Requests that one instance serves before it is dropped.
    pub max_instance_reuse_count: usize,
    /// Requests that run at once in one instance.
    pub max_instance_concurrent_reuse_count: usize,
    /// How long an instance without work is kept.
    pub idle_instance_timeout: Duration,
    /// Instances that exist at once; a request that needs one more waits, and is refused with 503 after
    /// `request_timeout`.
    pub max_instances: u32,
    /// The linear memory that one instance may use, in bytes; growing beyond it fails inside the component.
    pub max_instance_memory: usize,
    /// The linear memory that all instances together may use, in bytes.
    pub max_memory: usize,

    /// The bound on one Redis call and on one connect.
    pub redis_timeout: Duration,
    /// The largest reply of Redis that is handed to the component, in bytes.
    pub max_reply_bytes: usize,

    /// Threads that serve requests, at most `max_instances`; `None`: one a core. Each has its own instances, and its own
    /// connection to Redis.
    pub workers: Option<NonZeroUsize>,

    /// If given, counts what all instances have computed until they ended, in wasmtime's fuel: about one for each
    /// instruction of WebAssembly. It costs time, and is for measurements.
    pub fuel: Option<Arc<AtomicU64>>,

    /// The folder of compiled components; `None` is the platform's cache folder.
    pub cache_dir: Option<PathBuf>,
    /// Where the component's standard output goes.
    pub stdout: Sink,
    /// Where the component's standard error and the host's own lines go.
    pub stderr: Sink,
}

/// Where a certificate and its key are.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The chain of certificates, in PEM, the server's own first.
    pub certificate: PathBuf,
    /// The private key, in PEM.
    pub key: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            manifest: DEFAULT_MANIFEST.into(),
            runtime_config: None,
            variables: Vec::new(),
            environment: BTreeMap::new(),
            dotenv: None,
            listen: DEFAULT_LISTEN,
            tls: None,
            metrics_listen: None,
            max_connections: DEFAULT_MAX_CONNECTIONS,
            max_requests: DEFAULT_MAX_REQUESTS,
            max_body_bytes: DEFAULT_MAX_BODY_BYTES,
            http1_max_buf_size: DEFAULT_HTTP1_MAX_BUF_SIZE,
            max_url_bytes: DEFAULT_MAX_URL_BYTES,
            max_headers: DEFAULT_MAX_HEADERS,
            header_read_timeout: DEFAULT_HEADER_READ_TIMEOUT,
            body_read_timeout: DEFAULT_BODY_READ_TIMEOUT,
            write_timeout: DEFAULT_WRITE_TIMEOUT,
            request_timeout: DEFAULT_REQUEST_TIMEOUT,
            compute_timeout: DEFAULT_COMPUTE_TIMEOUT,
            drain_timeout: DEFAULT_DRAIN_TIMEOUT,
            max_instance_reuse_count: DEFAULT_MAX_INSTANCE_REUSE_COUNT,
            max_instance_concurrent_reuse_count: DEFAULT_MAX_INSTANCE_CONCURRENT_REUSE_COUNT,
            idle_instance_timeout: DEFAULT_IDLE_INSTANCE_TIMEOUT,
            max_instances: DEFAULT_MAX_INSTANCES,
            max_instance_memory: DEFAULT_MAX_INSTANCE_MEMORY,
            max_memory: DEFAULT_MAX_MEMORY,
            redis_timeout: DEFAULT_REDIS_TIMEOUT,
            max_reply_bytes: DEFAULT_MAX_REPLY_BYTES,
            workers: None,
            fuel: None,
            cache_dir: None,
            stdout: Sink::stdout(),
            stderr: Sink::stderr(),
        }
    }
}

impl Settings {
    /// Refuses values with which nothing could be served, naming the flag.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let wrong = |flag: &str, rule: String| Err(Error::Setting(format!("--{flag} must be {rule}")));
        for (flag, count) in [
            ("max-connections", self.max_connections),
            ("max-requests", self.max_requests),
            ("max-instances", self.max_instances as usize),
            ("max-instance-reuse-count", self.max_instance_reuse_count),
            ("max-instance-concurrent-reuse-count", self.max_instance_concurrent_reuse_count),
        ] {
            if !(1..=MAX_COUNT).contains(&count) {
                return wrong(flag, format!("from 1 to {MAX_COUNT}"));
            }
        }
        for (flag, time) in [
            ("header-read-timeout", self.header_read_timeout),
            ("body-read-timeout", self.body_read_timeout),
            ("write-timeout", self.write_timeout),
            ("request-timeout", self.request_timeout),
            ("compute-timeout", self.compute_timeout),
            ("drain-timeout", self.drain_timeout),
            ("idle-instance-timeout", self.idle_instance_timeout),
            ("redis-timeout", self.redis_timeout),
        ] {
            if time > MAX_TIME {
                return wrong(flag, format!("at most {}s", MAX_TIME.as_secs()));
            }
        }
        if let Some(address) = self.metrics_listen
            && !address.ip().to_canonical().is_loopback()
        {
            return wrong("metrics-listen", format!("a loopback address, such as 127.0.0.1:9090, and not {address}"));
        }
        if !(MIN_HTTP1_MAX_BUF_SIZE..=MAX_COUNT).contains(&self.http1_max_buf_size) {
            return wrong("http1-max-buf-size", format!("from {MIN_HTTP1_MAX_BUF_SIZE} to {MAX_COUNT}"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_make_sense() {
        Settings::default().check().expect("defaults");
    }

    #[test]
    fn senseless_values_name_their_flag() {
        for (settings, flag) in [
            (Settings { max_requests: 0, ..Settings::default() }, "--max-requests"),
            (Settings { max_connections: usize::MAX, ..Settings::default() }, "--max-connections"),
            (Settings { redis_timeout: Duration::MAX, ..Settings::default() }, "--redis-timeout"),
            (Settings { metrics_listen: Some(([0, 0, 0, 0], 9090).into()), ..Settings::default() }, "--metrics-listen"),
            (Settings { http1_max_buf_size: 1, ..Settings::default() }, "--http1-max-buf-size"),
        ] {
            let message = settings.check().expect_err(flag).to_string();
            assert!(message.starts_with(flag), "{message}");
        }
    }
}
