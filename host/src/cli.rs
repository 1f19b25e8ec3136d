//! The command line. Flags that Spin has are named as in `spin up`.

use std::{
    net::{SocketAddr, ToSocketAddrs as _},
    num::NonZeroUsize,
    path::PathBuf,
    time::Duration,
};

use clap::{
    Parser, Subcommand,
    builder::{OsStringValueParser, TypedValueParser},
};

use crate::{
    settings::{self, Settings, TlsFiles},
    spin_test::TestFlags,
};

/// Runs a Spin application of HTTP components and Redis where there is no Spin.
#[derive(Parser)]
#[command(name = "redstart-host", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    task: Option<Task>,

    /// The application's manifest.
    #[arg(short, long, value_name = "FILE", default_value = settings::DEFAULT_MANIFEST)]
    from: PathBuf,
    /// Spin's runtime configuration, which says where variables come from.
    #[arg(long, value_name = "FILE", env = "RUNTIME_CONFIG_FILE")]
    runtime_config_file: Option<PathBuf>,
    /// A variable's value: KEY=VALUE, KEY=@FILE, @FILE.json or @FILE.toml. May be repeated.
    #[arg(long = "variable", value_name = "KEY=VALUE")]
    variables: Vec<String>,

    /// The address to listen on; port 0 asks the system for one.
    #[arg(long, value_name = "ADDRESS", env = "SPIN_HTTP_LISTEN_ADDR", value_parser = parse_address, default_value_t = settings::DEFAULT_LISTEN)]
    listen: SocketAddr,
    /// The certificate to speak TLS with, and its chain, in PEM.
    #[arg(long, value_name = "FILE", env = "SPIN_TLS_CERT", requires = "tls_key", value_parser = maybe_empty())]
    tls_cert: Option<PathBuf>,
    /// The private key of that certificate, in PEM.
    #[arg(long, value_name = "FILE", env = "SPIN_TLS_KEY", requires = "tls_cert", value_parser = maybe_empty())]
    tls_key: Option<PathBuf>,
    /// The loopback address at which `/metrics` is; without it, there are none.
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address)]
    metrics_listen: Option<SocketAddr>,
    /// Connections of clients held at once; further ones wait.
    #[arg(long, value_name = "N", default_value_t = settings::DEFAULT_MAX_CONNECTIONS)]
    max_connections: usize,
    /// Requests handed to the component at once; further ones wait.
    #[arg(long, value_name = "N", default_value_t = settings::DEFAULT_MAX_REQUESTS)]
    max_requests: usize,
    /// The largest body of a request.
    #[arg(long, value_name = "BYTES", default_value_t = settings::DEFAULT_MAX_BODY_BYTES)]
    max_body_bytes: u64,
    /// The largest head of a request, at least 8192.
    #[arg(long, value_name = "BYTES", env = "SPIN_HTTP1_MAX_BUF_SIZE", default_value_t = settings::DEFAULT_HTTP1_MAX_BUF_SIZE)]
    http1_max_buf_size: usize,
    /// The longest target of a request, path and query.
    #[arg(long, value_name = "BYTES", default_value_t = settings::DEFAULT_MAX_URL_BYTES)]
    max_url_bytes: usize,
    /// The most header fields of a request.
    #[arg(long, value_name = "N", default_value_t = settings::DEFAULT_MAX_HEADERS)]
    max_headers: usize,
    /// How long a client may take to send a request's head, and how long an idle connection is kept.
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "30s")]
    header_read_timeout: Duration,
    /// How long a client may take to send a request's body.
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "30s")]
    body_read_timeout: Duration,
    /// How long a client may take nothing of an answer.
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "30s")]
    write_timeout: Duration,
    /// How long a request may take in the component.
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "60s")]
    request_timeout: Duration,
    /// How long the component may compute without waiting for anything.
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "5s")]
    compute_timeout: Duration,
    /// How long requests in flight may take after SIGTERM or SIGINT.
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "10s")]
    drain_timeout: Duration,

    /// Requests that one instance serves before it is dropped.
    #[arg(long, value_name = "N", default_value_t = settings::DEFAULT_MAX_INSTANCE_REUSE_COUNT)]
    max_instance_reuse_count: usize,
    /// Requests that run at once in one instance.
    #[arg(long, value_name = "N", default_value_t = settings::DEFAULT_MAX_INSTANCE_CONCURRENT_REUSE_COUNT)]
    max_instance_concurrent_reuse_count: usize,
    /// How long an instance without work is kept.
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "1s")]
    idle_instance_timeout: Duration,
    /// Instances that exist at once; each reserves some 4 GiB of address space, not of memory.
    #[arg(long, value_name = "N", default_value_t = settings::DEFAULT_MAX_INSTANCES)]
    max_instances: u32,
    /// The memory that one instance may use.
    #[arg(long, value_name = "BYTES", default_value_t = settings::DEFAULT_MAX_INSTANCE_MEMORY)]
    max_instance_memory: usize,
    /// The memory that all instances together may use.
    #[arg(long, value_name = "BYTES", default_value_t = settings::DEFAULT_MAX_MEMORY)]
    max_memory: usize,

    /// The bound on one Redis call and on one connect, unless Redis's URL asks for less by `socket_timeout`, in seconds.
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "30s")]
    redis_timeout: Duration,
    /// The largest reply of Redis that is handed to the component.
    #[arg(long, value_name = "BYTES", default_value_t = settings::DEFAULT_MAX_REPLY_BYTES)]
    max_reply_bytes: usize,

    /// The folder of compiled components; without it, the platform's cache folder.
    #[arg(long, value_name = "FOLDER")]
    cache_dir: Option<PathBuf>,
    /// Threads that serve requests; without it, one a core.
    #[arg(long, value_name = "N")]
    workers: Option<NonZeroUsize>,
}

/// What else can be asked for.
#[derive(Subcommand)]
pub enum Task {
    /// Builds the application and its tests, and runs these over a Redis of their own (also `spin test`).
    Test(TestFlags),
}

impl Cli {
    /// What is asked for instead of serving.
    #[must_use]
    pub fn task(&self) -> Option<&Task> {
        self.task.as_ref()
    }

    /// The settings that the flags and the process's environment ask for. Environment variables that are not UTF-8
    /// are left out.
    #[must_use]
    pub fn into_settings(self) -> Settings {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Settings {
            manifest: self.from,
            runtime_config: self.runtime_config_file,
            variables: self.variables,
            environment,
            dotenv: Some(settings::DEFAULT_DOTENV.into()),
            listen: self.listen,
            tls: self
                .tls_cert
                .zip(self.tls_key)
                .map(|(certificate, key)| TlsFiles { certificate, key })
                // As with variables, what is empty was not given.
                .filter(|files| !(files.certificate.as_os_str().is_empty() && files.key.as_os_str().is_empty())),
            metrics_listen: self.metrics_listen,
            max_connections: self.max_connections,
            max_requests: self.max_requests,
            max_body_bytes: self.max_body_bytes,
            http1_max_buf_size: self.http1_max_buf_size,
            max_url_bytes: self.max_url_bytes,
            max_headers: self.max_headers,
            header_read_timeout: self.header_read_timeout,
            body_read_timeout: self.body_read_timeout,
            write_timeout: self.write_timeout,
            request_timeout: self.request_timeout,
            compute_timeout: self.compute_timeout,
            drain_timeout: self.drain_timeout,
            max_instance_reuse_count: self.max_instance_reuse_count,
            max_instance_concurrent_reuse_count: self.max_instance_concurrent_reuse_count,
            idle_instance_timeout: self.idle_instance_timeout,
            max_instances: self.max_instances,
            max_instance_memory: self.max_instance_memory,
            max_memory: self.max_memory,
            redis_timeout: self.redis_timeout,
            max_reply_bytes: self.max_reply_bytes,
            cache_dir: self.cache_dir,
            workers: self.workers,
            ..Settings::default()
        }
    }
}

/// Reads a path, which may be empty, as that in an environment variable that only had to be there.
fn maybe_empty() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// Reads an address, or looks up a host's name; of several, as in Spin, 127.0.0.1 and then the first is meant.
fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let addresses: Vec<_> = text.to_socket_addrs().map_err(|error| format!("expected HOST:PORT; {error}"))?.collect();
    let local = addresses.iter().find(|address| address.ip() == settings::DEFAULT_LISTEN.ip());
    local.or(addresses.first()).copied().ok_or_else(|| "this host has no address".to_owned())
}

/// Reads a time as Spin does: a whole number of seconds, or one with the unit `s`, `ms`, `us` or `ns`.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit: fn(u64) -> Duration = match &text[digits..] {
        "" | "s" => Duration::from_secs,
        "ms" => Duration::from_millis,
        "us" | "μs" => Duration::from_micros,
        "ns" => Duration::from_nanos,
        _ => return Err("expected a whole number with the unit s, ms, us or ns".to_owned()),
    };
    text[..digits].parse().map(unit).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(flags: &[&str]) -> Result<Cli, String> {
        Cli::try_parse_from(["redstart-host"].iter().chain(flags)).map_err(|error| error.to_string())
    }

    #[test]
    fn verify_cli() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_flags_are_the_defaults() {
        let flags = parse(&[]).expect("no flags").into_settings();
        let defaults = Settings::default();
        assert_eq!(flags.manifest, defaults.manifest);
        assert_eq!(flags.listen, defaults.listen);
        assert_eq!(flags.header_read_timeout, defaults.header_read_timeout);
        assert_eq!(flags.body_read_timeout, defaults.body_read_timeout);
        assert_eq!(flags.write_timeout, defaults.write_timeout);
        assert_eq!(flags.request_timeout, defaults.request_timeout);
        assert_eq!(flags.compute_timeout, defaults.compute_timeout);
        assert_eq!(flags.drain_timeout, defaults.drain_timeout);
        assert_eq!(flags.idle_instance_timeout, defaults.idle_instance_timeout);
        assert_eq!(flags.redis_timeout, defaults.redis_timeout);
    }

    #[test]
    fn flags_of_spin_are_known() {
        let flags = "-f app/spin.toml --runtime-config-file rc.toml --variable a=b --variable c=d --listen 127.0.0.1:0 \
                     --max-instance-reuse-count 1 --max-instance-concurrent-reuse-count 2 --request-timeout 5s \
                     --idle-instance-timeout 20ms --http1-max-buf-size 8192";
        let settings = parse(&flags.split_whitespace().collect::<Vec<_>>()).expect("flags").into_settings();
        assert_eq!(settings.manifest, PathBuf::from("app/spin.toml"));
        assert_eq!(settings.variables, ["a=b", "c=d"]);
        assert_eq!(settings.request_timeout, Duration::from_secs(5));
        assert_eq!(settings.idle_instance_timeout, Duration::from_millis(20));
    }

    #[test]
    fn tls_is_what_both_files_are_given_for() {
        let tls = |certificate, key| {
            let flags = parse(&["--tls-cert", certificate, "--tls-key", key]).expect("flags").into_settings();
            flags.tls.map(|files| (files.certificate, files.key))
        };
        assert_eq!(tls("c", "k"), Some((PathBuf::from("c"), PathBuf::from("k"))));
        assert_eq!(tls("", ""), None);
        assert_eq!(tls("c", ""), Some((PathBuf::from("c"), PathBuf::new())), "which cannot be read then");
    }

    #[test]
    fn an_address_may_have_a_name() {
        assert_eq!(parse_address("localhost:1"), Ok(([127, 0, 0, 1], 1).into()));
        assert_eq!(parse_address("[::1]:1").map(|address| address.to_string()), Ok("[::1]:1".to_owned()));
        parse_address("127.0.0.1").expect_err("there is no port");
    }

    #[test]
    fn times_have_spins_units() {
        for (text, nanos) in
            [("2", 2_000_000_000), ("2s", 2_000_000_000), ("3ms", 3_000_000), ("4us", 4_000), ("5ns", 5)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
        for text in ["", "s", "1.5s", "-1s", "1h", "1..8s", "99999999999999999999s"] {
            parse_duration(text).expect_err(text);
        }
    }

    #[test]
    fn wrong_flags_are_named() {
        for (flags, part) in [
            (&["--listen", "nowhere"][..], "--listen"),
            (&["--request-timeout", "1h"], "--request-timeout"),
            (&["--unknown"], "--unknown"),
            (&["--workers", "0"], "--workers"),
            (&["--tls-cert", "cert.pem"], "--tls-key"),
        ] {
            let error = parse(flags).map(|_| ()).expect_err("wrong flags");
            assert!(error.contains(part), "{error}");
        }
    }
}
