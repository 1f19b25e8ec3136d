//! Whatever one client sends, the connection that all share stays as it is, and every answer goes to who asked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use redstart::redis::commands::{self, Way};
use redstart_tests::client::Client;
use redstart_tests::host::Host;
use redstart_tests::server::Server;
use serde_json::{Value, json};

/// Clients that only want their own.
const OTHERS: usize = 4;

/// Calls that are left out: each would stop the server, or its writing, for all of its clients.
const LEFT_OUT: &[(&str, &str)] = &[
    ("REPLICAOF", "with a host it makes the server a replica"),
    ("SLAVEOF", "with a host it makes the server a replica"),
    ("MIGRATE", "it holds up the server while it looks for a host"),
    ("FLUSHALL", "it takes away what the others hold"),
    ("FLUSHDB", "it takes away what the others hold"),
    ("SWAPDB", "it takes away what the others hold"),
];

fn run(client: &Client, words: &[&str]) -> Value {
    client.send("POST", "/", &[], json!(words).to_string().as_bytes()).json()
}

/// Writes and reads until told to stop; how often.
fn want_their_own(client: Client, name: usize, stop: &AtomicBool) -> usize {
    let mut rounds = 0;
    while !stop.load(Ordering::Relaxed) {
        let key = format!("own-{name}");
        let value = format!("{name}-{rounds}");
        assert_eq!(run(&client, &["SET", &key, &value]), json!({"result": "OK"}));
        assert_eq!(run(&client, &["GET", &key]), json!({"result": value}));
        assert_eq!(run(&client, &["ECHO", &value]), json!({"result": value}));
        assert_eq!(run(&client, &["LCS", &key, &key]), json!({"result": value}));
        rounds += 1;
    }
    rounds
}

#[test]
fn no_command_harms_the_connection_that_all_share() {
    let server = Server::new();
    let config = "[commands]\ndeny =\n[log]\nlevel = debug";
    let host = Host::with(server.port, &[("config", config), ("log_level", "debug")], |settings| {
        // All requests in one instance, and so on one connection.
        settings.max_instances = 1;
        settings.max_instance_reuse_count = 1_000_000;
        settings.max_instance_concurrent_reuse_count = 64;
    });
    let names: Vec<String> = server.command(&[b"COMMAND", b"LIST"]);
    let stop = AtomicBool::new(false);
    let mut calls = 0;
    let rounds = thread::scope(|scope| {
        let stop = &stop;
        let others: Vec<_> = (0..OTHERS)
            .map(|name| (name, host.client.apart()))
            .map(|(name, client)| scope.spawn(move || want_their_own(client, name, stop)))
            .collect();
        let is_left_out = |name: &str| LEFT_OUT.iter().any(|(left_out, _)| *left_out == name);
        for name in names.iter().map(|name| name.to_uppercase()).filter(|name| !is_left_out(name)) {
            let mut words: Vec<_> = name.split('|').collect();
            let row = commands::find(words[0].as_bytes(), words.get(1).map(|word| word.as_bytes()));
            let way = row.map(|row| row.way).expect("the table has every command");
            let first = words.len();
            for arguments in [&[][..], &["k"], &["k", "0"], &["1", "k", "LEFT", "x", "x", "x", "x"]] {
                words.truncate(first);
                words.extend(arguments);
                let answer = run(&host.client, &words);
                let error = answer["error"].as_str().unwrap_or_default();
                assert!(!error.contains("connection to Redis broke"), "{words:?}: {error}");
                assert!(!error.contains("in time"), "{words:?}: {error}");
                let is_refused = matches!(way, Way::Refused(_));
                assert_eq!(error.contains("is not served here"), is_refused, "{words:?}: {answer}");
                calls += 1;
            }
        }
        stop.store(true, Ordering::Relaxed);
        others.into_iter().map(|other| other.join().expect("every answer was its own")).sum::<usize>()
    });
    assert_eq!(run(&host.client, &["PING"]), json!({"result": "PONG"}));
    assert_eq!(host.log().matches("connected to Redis").count(), 1, "the connection was opened again");
    eprintln!("{calls} calls of {} commands, while {OTHERS} clients did {rounds} rounds", names.len());
    assert!(rounds > 0);
}

#[test]
fn an_error_that_would_repeat_bytes_does_not_break_the_connection() {
    let server = Server::new();
    let config = "[commands]\ndeny =\n[log]\nlevel = debug";
    let host = Host::with(server.port, &[("config", config), ("log_level", "debug")], |_| {});
    let long = "%C3%A9".repeat(100);
    for path in [
        "/%FF",
        "/%FF/%FF",
        "/nonsense/%FF",
        "/cluster/%FF",
        "/expire/k/10/%FF",
        "/pexpireat/k/10/%FF",
        "/xgroup/setid/k/%FF/0",
        "/acl/cat/%FF",
        "/config/set/%FF/1",
        "/function/list/%FF",
        "/eval/%FF/0",
        "/eval_ro/%FF/0",
        "/eval/%23!%FF%0Areturn%201/0",
        "/eval/error(ARGV[1])/0/%FF",
        "/script/load/%FF",
        "/function/load/%FF/%23!lua%20name%3Dx%0Areturn",
        "/function/load/%23!%FF%20name%3Dx%0A",
        "/function/load/%23!lua%20name%3Dx%0A%FF",
        &format!("/nonsense/{long}"),
        &format!("/nonsense/a{long}"),
    ] {
        let answer = host.client.get(path);
        assert_eq!(answer.status, 400, "{path}: {answer:?}");
    }
    assert_eq!(host.client.get("/ping").json(), json!({"result": "PONG"}));
    assert_eq!(host.log().matches("connected to Redis").count(), 1);
}
