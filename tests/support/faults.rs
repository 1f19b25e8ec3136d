//! The ways in which Redis goes away, each with the answers that are right meanwhile.

use std::fs;
use std::time::Duration;

use redis::{Connection, FromRedisValue};

use crate::proxy::{Line, Proxy};
use crate::server::Server;
use crate::{PASSWORD, free_port, wait_until};

/// A Redis and the line to it.
pub struct Stand {
    /// The Redis.
    pub server: Server,
    /// The line.
    pub proxy: Proxy,
    /// How long Redstart waits for an answer.
    pub timeout: Duration,
}

impl Stand {
    /// A Redis with these lines of configuration, on a clear line.
    pub fn new(config: &'static str, timeout: Duration) -> Self {
        let server = Server::with(config);
        let proxy = Proxy::new(server.port);
        Self { server, proxy, timeout }
    }

    /// The connections of clients that Redis has, but for the one that asks.
    pub fn connections(&self) -> usize {
        let list: String = ask(&mut self.server.connection(), "CLIENT LIST TYPE normal");
        list.lines().count() - 1
    }
}

/// A fault and what is right while it lasts.
#[derive(Debug)]
pub struct Fault {
    /// Its name.
    pub name: &'static str,
    /// The status of a read.
    pub read: u16,
    /// The status of a write.
    pub write: u16,
    /// Brings it about; when it is back, the fault is there, and what it gives brings Redis back.
    pub begin: fn(&mut Stand) -> End,
}

/// Brings Redis back; when that is done, Redis is there.
pub type End = Box<dyn FnOnce(&mut Stand)>;

/// All of them.
pub const FAULTS: &[Fault] = &[
    Fault { name: "killed", read: 503, write: 503, begin: killed },
    Fault { name: "restarted", read: 200, write: 200, begin: restarted },
    Fault { name: "paused", read: 504, write: 504, begin: paused },
    Fault {
        name: "slow but in time",
        read: 200,
        write: 200,
        begin: |stand| on_line(stand, Line::Slow(stand.timeout / 4)),
    },
    Fault { name: "too slow", read: 504, write: 504, begin: |stand| on_line(stand, Line::Slow(stand.timeout * 2)) },
    Fault { name: "deaf", read: 504, write: 504, begin: |stand| on_line(stand, lossy(true, false)) },
    Fault { name: "mute", read: 504, write: 504, begin: |stand| on_line(stand, lossy(false, true)) },
    Fault { name: "cut off", read: 504, write: 504, begin: |stand| on_line(stand, lossy(true, true)) },
    Fault { name: "refusing connections", read: 503, write: 503, begin: refusing },
    Fault { name: "loading", read: 503, write: 503, begin: loading },
    Fault { name: "out of memory", read: 200, write: 507, begin: out_of_memory },
    Fault { name: "a replica", read: 200, write: 503, begin: |stand| replica(stand, "yes") },
    Fault { name: "a replica without data", read: 503, write: 503, begin: |stand| replica(stand, "no") },
    Fault { name: "unable to save", read: 200, write: 503, begin: unable_to_save },
    Fault { name: "under another password", read: 502, write: 502, begin: other_password },
];

/// Sends a command without spaces in its words.
fn ask<T: FromRedisValue>(connection: &mut Connection, command: &str) -> T {
    let words: Vec<_> = command.split(' ').collect();
    redis::cmd(words[0]).arg(&words[1..]).query(connection).unwrap_or_else(|error| panic!("{command}: {error}"))
}

fn set(connection: &mut Connection, setting: &str, value: &str) {
    let mut cmd = redis::cmd("CONFIG");
    cmd.arg("SET").arg(setting).arg(value).exec(connection).expect("Redis takes the setting");
}

fn wait_for_info(connection: &mut Connection, line: &str) {
    wait_until(line, || ask::<String>(connection, "INFO").contains(line));
}

fn killed(stand: &mut Stand) -> End {
    stand.server.kill();
    Box::new(|stand| stand.server.start())
}

/// It is back before anyone could say that it is away, with none of its connections and scripts.
fn restarted(stand: &mut Stand) -> End {
    stand.server.stop();
    stand.server.start();
    Box::new(|_| ())
}

fn paused(stand: &mut Stand) -> End {
    stand.server.pause();
    Box::new(|stand| stand.server.resume())
}

fn on_line(stand: &mut Stand, line: Line) -> End {
    stand.proxy.set(line);
    Box::new(|stand| stand.proxy.set(Line::Clear))
}

const fn lossy(requests: bool, replies: bool) -> Line {
    Line::Lossy { requests, replies }
}

/// The one client that it lets in is the test's own.
fn refusing(stand: &mut Stand) -> End {
    let mut own = stand.server.connection();
    let before: Vec<String> = ask(&mut own, "CONFIG GET maxclients");
    set(&mut own, "maxclients", "1");
    ask::<()>(&mut own, "CLIENT KILL TYPE normal SKIPME yes");
    Box::new(move |_| set(&mut own, "maxclients", &before[1]))
}

fn loading(stand: &mut Stand) -> End {
    let mut own = stand.server.connection();
    // Five seconds' worth, which nobody waits for.
    ask::<()>(&mut own, "DEBUG POPULATE 5000 ballast");
    wait_for_info(&mut own, "aof_rewrite_in_progress:0");
    ask::<()>(&mut own, "BGREWRITEAOF");
    wait_for_info(&mut own, "aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0");
    stand.server.kill();
    stand.server.start_slowly();
    Box::new(|stand| {
        let mut own = stand.server.connection();
        set(&mut own, "key-load-delay", "0");
        wait_for_info(&mut own, "\r\nloading:0");
    })
}

fn out_of_memory(stand: &mut Stand) -> End {
    set(&mut stand.server.connection(), "maxmemory", "1");
    Box::new(|stand| set(&mut stand.server.connection(), "maxmemory", "0"))
}

/// Its master is nowhere; what it has, it serves, or not.
fn replica(stand: &mut Stand, serves: &str) -> End {
    let mut own = stand.server.connection();
    set(&mut own, "replica-serve-stale-data", serves);
    let nobody = free_port();
    ask::<()>(&mut own, &format!("REPLICAOF 127.0.0.1 {nobody}"));
    Box::new(|stand| ask(&mut stand.server.connection(), "REPLICAOF NO ONE"))
}

/// Its snapshot cannot take the place of a folder that is not empty.
fn unable_to_save(stand: &mut Stand) -> End {
    let in_the_way = stand.server.folder().join("dump.rdb");
    fs::create_dir_all(in_the_way.join("folder")).expect("the folder is made");
    let mut own = stand.server.connection();
    set(&mut own, "save", "3600 1");
    ask::<()>(&mut own, "BGSAVE SCHEDULE");
    wait_for_info(&mut own, "rdb_last_bgsave_status:err");
    Box::new(move |stand| {
        fs::remove_dir_all(in_the_way).expect("the folder is removed");
        let mut own = stand.server.connection();
        ask::<()>(&mut own, "BGSAVE SCHEDULE");
        wait_for_info(&mut own, "rdb_last_bgsave_status:ok");
        set(&mut own, "save", "");
        fs::remove_file(stand.server.folder().join("dump.rdb")).expect("the snapshot is there");
    })
}

/// With the old connections gone: Redis leaves those alone whose password was right when they came.
fn other_password(stand: &mut Stand) -> End {
    let mut own = stand.server.connection();
    set(&mut own, "requirepass", "another");
    ask::<()>(&mut own, "CLIENT KILL TYPE normal SKIPME yes");
    Box::new(move |_| set(&mut own, "requirepass", PASSWORD))
}
