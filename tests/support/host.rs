//! The host with the built component, in process, on a free port.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use redstart_host::{Application, Captured, Server, Settings};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::PASSWORD;
use crate::client::Client;
use crate::secrets;

/// The token that reads and writes.
pub const TOKEN: &str = "test-token";
/// The token that reads.
pub const READ_ONLY_TOKEN: &str = "test-read-only-token";

pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// The project's folder.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The build under test: that of the manifest in `SPIN_TEST_MANIFEST`, which is `spin.toml` where nothing is said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum World {
    /// WASI 0.2, whose manifest is `spin.p2.toml`.
    P2,
    /// WASI 0.3, whose manifest is `spin.toml`.
    P3,
}

/// Which one it is.
///
/// # Panics
/// When it is none of the project's.
pub static WORLD: LazyLock<World> = LazyLock::new(|| {
    let manifest = std::env::var_os("SPIN_TEST_MANIFEST").map_or_else(|| "spin.toml".into(), PathBuf::from);
    let worlds = [World::P2, World::P3];
    let named = worlds.into_iter().find(|world| manifest.file_name() == Some(world.manifest().as_ref()));
    named.unwrap_or_else(|| panic!("SPIN_TEST_MANIFEST={} is no manifest of the project", manifest.display()))
});

impl World {
    /// Its manifest in the project's folder.
    pub fn manifest(self) -> &'static str {
        match self {
            Self::P2 => "spin.p2.toml",
            Self::P3 => "spin.toml",
        }
    }

    /// Its component, as that manifest says.
    pub fn wasm(self) -> &'static str {
        match self {
            Self::P2 => "target/p2/wasm32-wasip2/release/redstart.wasm",
            Self::P3 => "target/wasm32-wasip2/release/redstart.wasm",
        }
    }
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
    /// Runs the component that does what none must (`tests/faulty`).
    pub fn faulty(change: impl FnOnce(&mut Settings)) -> Self {
        Self::run("tests/faulty/spin.toml", Vec::new(), change)
    }

    /// Runs the build under test over the Redis at this port.
    pub fn new(redis_port: u16) -> Self {
        Self::with(redis_port, &[], |_| {})
    }

    /// The same with more variables (a later one wins) and changed settings.
    ///
    /// # Panics
    /// When it does not start.
    pub fn with(redis_port: u16, variables: &[(&str, &str)], change: impl FnOnce(&mut Settings)) -> Self {
        Self::run(WORLD.manifest(), given_variables(redis_port, variables), change)
    }

    fn run(manifest: &str, variables: Vec<String>, change: impl FnOnce(&mut Settings)) -> Self {
        let log = Captured::default();
        let mut settings = Settings {
            manifest: project().join(manifest),
            variables,
            listen: ([127, 0, 0, 1], 0).into(),
            stdout: log.sink(),
            stderr: log.sink(),
            ..Settings::default()
        };
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
        if !std::thread::panicking() {
            let log = self.log();
            assert_eq!(secrets::told(&log), [""; 0], "{log}");
        }
    }
}

/// The variables of a test's Redis with `variables` over them, as `--variable` takes them.
pub(crate) fn given_variables(redis_port: u16, variables: &[(&str, &str)]) -> Vec<String> {
    let port = redis_port.to_string();
    let defaults = [
        ("redis_port", port.as_str()),
        ("redis_password", PASSWORD),
        ("api_token", TOKEN),
        ("api_read_only_token", READ_ONLY_TOKEN),
    ];
    let kept = defaults.iter().filter(|(name, _)| variables.iter().all(|(other, _)| other != name));
    kept.chain(variables).map(|(name, value)| format!("{name}={value}")).collect()
}
