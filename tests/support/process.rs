//! The host as a process of its own, for what is to be known of its memory.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command};

use crate::client::Client;
use crate::host::{TOKEN, WORLD, given_variables, project};
use crate::{free_port, wait_until};

/// A running `redstart-host`, ended on drop.
pub struct HostProcess {
    /// Where it listens.
    pub address: SocketAddr,
    /// A client with the token that reads and writes.
    pub client: Client,
    process: Child,
}

impl HostProcess {
    /// Runs the build under test over the Redis at this port, with more flags. What it logs goes to that file in `.data/`.
    ///
    /// # Panics
    /// When it does not start.
    pub fn new(redis_port: u16, flags: &[&str], log: &str) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        // Beside the folder of the tests' own programs.
        let mut program = std::env::current_exe().expect("a test has a path");
        program.pop();
        program.set_file_name("redstart-host");
        let mut command = Command::new(program);
        command.current_dir(project()).args(["--from", WORLD.manifest(), "--listen", &address.to_string()]).args(flags);
        for variable in given_variables(redis_port, &[]) {
            command.args(["--variable", &variable]);
        }
        let data = project().join(".data");
        fs::create_dir_all(&data).expect("the folder is made");
        let log = File::create(data.join(log)).expect("the log is made");
        command.stdout(log.try_clone().expect("the log is open")).stderr(log);
        let process = command.spawn().expect("redstart-host starts; `make test` builds it");
        wait_until("the host listens", || TcpStream::connect(address).is_ok());
        Self { address, client: Client::new(address, TOKEN), process }
    }

    /// The bytes of memory that it holds.
    ///
    /// # Panics
    /// When the system does not say.
    pub fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most bytes of memory that it ever held.
    ///
    /// # Panics
    /// When the system does not say.
    pub fn peak_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("a running process");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("the system tells it");
        let kilobytes = line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
        kilobytes.expect("a number") * 1024
    }
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
