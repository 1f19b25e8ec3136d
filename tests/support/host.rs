//! The host with the built component, on a free port: in process, or as a process.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::LazyLock;

use redstart_host::{Application, Captured, Server, Settings};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::client::Client;
use crate::{PASSWORD, free_port, wait_until};

/// The token that reads and writes.
pub const TOKEN: &str = "test-token";
/// The token that reads.
pub const READ_ONLY_TOKEN: &str = "test-read-only-token";

pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// The project's folder.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A running host, drained on drop.
pub struct Host {
    /// Where it listens.
    pub address: SocketAddr,
    /// A client with the token that reads and writes.
    pub client: Client,
    log: Captured,
    stop: Option<oneshot::Sender<()>>,
    ended: Option<oneshot::Receiver<()>>,
}

impl Host {
    /// Runs the project's own `spin.toml` over the Redis at this port.
    pub fn new(redis_port: u16) -> Self {
        Self::with(redis_port, &[], |_| {})
    }

    /// The same with more variables (a later one wins) and changed settings.
    ///
    /// # Panics
    /// When it does not start.
    pub fn with(redis_port: u16, variables: &[(&str, &str)], change: impl FnOnce(&mut Settings)) -> Self {
        let log = Captured::default();
        let mut settings = Settings {
            manifest: project().join("spin.toml"),
            listen: ([127, 0, 0, 1], 0).into(),
            stdout: log.sink(),
            stderr: log.sink(),
            ..Settings::default()
        };
        let port = redis_port.to_string();
        let defaults = [
            ("redis_port", port.as_str()),
            ("redis_password", PASSWORD),
            ("api_token", TOKEN),
            ("api_read_only_token", READ_ONLY_TOKEN),
        ];
        let kept = defaults.iter().filter(|(name, _)| variables.iter().all(|(other, _)| other != name));
        settings.variables = kept.chain(variables).map(|(name, value)| format!("{name}={value}")).collect();
        change(&mut settings);

        let (stop, stopped) = oneshot::channel::<()>();
        let (ending, ended) = oneshot::channel();
        let application = Application::load(&settings).expect("the application loads; `make test` builds it");
        let server = RUNTIME.block_on(Server::bind(application, &settings)).expect("the host listens");
        let address = server.local_addr();
        RUNTIME.spawn(async move {
            server.serve(async { stopped.await.unwrap_or_default() }).await;
            ending.send(()).ok();
        });
        Self { address, client: Client::new(address, TOKEN), log, stop: Some(stop), ended: Some(ended) }
    }

    /// Everything written to the log so far.
    pub fn log(&self) -> String {
        self.log.contents()
    }

    /// Tells the host to stop and waits until it has drained.
    pub fn stop(&mut self) {
        if let (Some(stop), Some(ended)) = (self.stop.take(), self.ended.take()) {
            stop.send(()).ok();
            ended.blocking_recv().ok();
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The host as a process of its own, ended on drop; its log is in `.data/`.
pub struct Process {
    /// A client with the token that reads and writes.
    pub client: Client,
    child: Child,
}

impl Process {
    /// Runs the project's own `spin.toml` over the Redis at this port.
    ///
    /// # Panics
    /// When it does not start.
    pub fn new(redis_port: u16, log: &str) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let data = project().join(".data");
        fs::create_dir_all(&data).expect("the folder is made");
        let log = File::create(data.join(log)).expect("the log is made");
        let variables = [
            format!("redis_port={redis_port}"),
            format!("redis_password={PASSWORD}"),
            format!("api_token={TOKEN}"),
            // Otherwise each request is a line.
            "log_level=error".to_owned(),
        ];
        let child = Command::new(project().join("target/native/redstart-host"))
            .current_dir(project())
            .args(["--listen", &address.to_string()])
            .args(variables.iter().flat_map(|variable| ["--variable", variable]))
            .stdout(log.try_clone().expect("the log is open"))
            .stderr(log)
            .spawn()
            .expect("the host is built; `make soak` builds it");
        wait_until("the host listens", || TcpStream::connect(address).is_ok());
        Self { client: Client::new(address, TOKEN), child }
    }

    /// Its resident memory, with that of all instances of the component, in KiB.
    ///
    /// # Panics
    /// When the system does not say.
    pub fn memory(&self) -> u64 {
        let asked = Command::new("ps").args(["-o", "rss=", "-p", &self.child.id().to_string()]).output();
        let said = String::from_utf8(asked.expect("ps runs").stdout).expect("it is text");
        said.trim().parse().expect("the host runs")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
