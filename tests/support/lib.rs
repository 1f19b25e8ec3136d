//! The harness of the component tests: the built component on the host, in process.
//!
//! - [`server`]: a real Redis of a test's own
//! - [`scripted`]: a Redis that answers as a test says
//! - [`faults`]: the ways in which it goes away, with [`proxy`], a line that fails
//! - [`load`]: many clients under faults, with [`ledger`], what became of all that they wrote
//! - [`host`]: the host with the component
//! - [`process`]: the same as a process of its own
//! - [`client`]: what speaks HTTP to it, and [`multiplexed`]: what speaks HTTP/2 or TLS
//! - [`secrets`]: what none of all that may tell
//! - [`plain`]: what speaks to Redis, with nothing between
//! - [`grammar`], [`pools`], [`random`]: generated commands

#![allow(clippy::expect_used, reason = "a test that cannot go on says why it panics")]

pub mod client;
pub mod commands;
pub mod faults;
pub mod grammar;
pub mod host;
pub mod ledger;
pub mod load;
pub mod multiplexed;
pub mod plain;
pub mod pools;
pub mod process;
pub mod proxy;
pub mod random;
pub mod scripted;
pub mod secrets;
pub mod server;

use host::Host;
use server::Server;

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// The password of every Redis here.
pub const PASSWORD: &str = "a password with spaces, @:/%?# and ünïcode";
/// The same as it stands in a URL.
pub const PASSWORD_IN_URL: &str = "a%20password%20with%20spaces%2C%20%40%3A%2F%25%3F%23%20and%20%C3%BCn%C3%AFcode";

/// The longest that anything here is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A Redis of the test's own, and the host over it.
pub fn setup() -> (Server, Host) {
    let server = Server::new();
    let host = Host::new(server.port);
    (server, host)
}

/// Waits until `condition` holds.
///
/// # Panics
/// When it does not within 20 seconds.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A loopback port that nothing uses, below those that the system gives to outgoing connections: so it stays free for a
/// server that is stopped and started again.
///
/// # Panics
/// When there is none.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Processes that run at the same time start at different places.
    let process = u16::try_from(std::process::id() % 100).unwrap_or_default() * 100;
    for _ in 0..10_000 {
        let port = 20_000 + (process + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port from 20000 to 29999 is free");
}
