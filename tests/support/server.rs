//! A real Redis of a test's own: on a free port, with a password, in a folder that goes when it goes.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use redis::{Connection, FromRedisValue, ToRedisArgs};
use tempfile::TempDir;

use crate::{PASSWORD, free_port, wait_until};

/// A running redis-server, ended on drop.
pub struct Server {
    /// Its port on loopback.
    pub port: u16,
    folder: TempDir,
    /// Lines of its configuration beside those that all have.
    config: &'static str,
    process: Option<Child>,
}

impl Server {
    /// Starts one that keeps what it acknowledged across a restart.
    ///
    /// # Panics
    /// When there is no redis-server: in `REDIS_SERVER`, or on `PATH`.
    #[expect(clippy::new_without_default, reason = "it starts a process")]
    pub fn new() -> Self {
        Self::with("")
    }

    /// The same with more lines of configuration.
    ///
    /// # Panics
    /// As [`Self::new`].
    pub fn with(config: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut server = Self { port: free_port(), folder, config, process: None };
        server.start();
        server
    }

    /// Starts it again after [`Self::stop`] or [`Self::kill`], with the data it had.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start(&mut self) {
        self.launch("");
        wait_until("Redis serves", || {
            let pinged = self.try_connect().map(|mut connection| redis::cmd("PING").query::<String>(&mut connection));
            pinged.is_some_and(|answer| answer.is_ok())
        });
    }

    /// The same, but it takes a millisecond for each key that it loads, until `CONFIG SET key-load-delay 0`.
    pub fn start_slowly(&mut self) {
        self.launch("key-load-delay 1000\nloading-process-events-interval-bytes 1024\n");
        wait_until("Redis lets clients in", || self.try_connect().is_some());
    }

    fn launch(&mut self, config: &str) {
        let program = std::env::var_os("REDIS_SERVER").unwrap_or_else(|| "redis-server".into());
        let mut child = Command::new(program)
            .arg("-")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server starts; `make test` installs it");
        let mut lines = format!("port {}\nbind 127.0.0.1\nsave \"\"\nappendonly yes\nappendfsync no\n", self.port);
        writeln!(
            lines,
            "dir \"{}\"\nrequirepass \"{PASSWORD}\"\nenable-debug-command local\n{}\n{config}",
            self.folder.path().display(),
            self.config,
        )
        .unwrap_or_default();
        let mut stdin = child.stdin.take().expect("it was piped");
        stdin.write_all(lines.as_bytes()).expect("redis-server reads its configuration");
        drop(stdin);
        self.process = Some(child);
    }

    /// Ends it, as an operator would.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            signal(&process, "TERM");
            process.wait().ok();
        }
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().ok();
            process.wait().ok();
        }
    }

    /// Stops it from doing anything, with its connections open.
    pub fn pause(&self) {
        self.process.iter().for_each(|process| signal(process, "STOP"));
    }

    /// Ends a pause.
    pub fn resume(&self) {
        self.process.iter().for_each(|process| signal(process, "CONT"));
    }

    /// Where its data is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Sends a command past Redstart.
    ///
    /// # Panics
    /// When the answer is an error, or not of the type asked for.
    pub fn command<T: FromRedisValue>(&self, arguments: &[&[u8]]) -> T {
        let mut command = redis::Cmd::new();
        for argument in arguments {
            command.arg(argument.to_redis_args());
        }
        command.query(&mut self.connection()).expect("Redis answers as the test expects")
    }

    /// A connection of its own, past Redstart.
    ///
    /// # Panics
    /// When Redis is not up.
    pub fn connection(&self) -> Connection {
        self.try_connect().expect("Redis is up")
    }

    fn try_connect(&self) -> Option<Connection> {
        let info = redis::ConnectionInfo {
            addr: redis::ConnectionAddr::Tcp("127.0.0.1".to_owned(), self.port),
            redis: redis::RedisConnectionInfo { password: Some(PASSWORD.to_owned()), ..Default::default() },
        };
        redis::Client::open(info).ok()?.get_connection().ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn signal(process: &Child, name: &str) {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(process.id().to_string()).status();
    assert!(sent.is_ok_and(|status| status.success()), "the signal {name} reaches Redis");
}
