//! How much the command API takes at once, and what is left undone.

use redstart_tests::commands::{error, result, run, run_all};
use redstart_tests::host::Host;
use redstart_tests::server::Server;
use redstart_tests::setup;
use serde_json::{Value, json};

#[test]
fn an_argument_too_many_for_a_script_is_refused_and_many_go_directly() {
    let (_server, Host { ref client, .. }) = setup();
    let many: Vec<_> = std::iter::once("RPUSH").chain(std::iter::repeat_n("x", 20_000)).collect();
    assert_eq!(result(&run(client, json!(many))), 19_999);
    let many: Vec<_> = std::iter::once("XCLAIM").chain(std::iter::repeat_n("x", 7_000)).collect();
    assert!(error(&run(client, json!(many)), 400).contains("at most"));
}

#[test]
fn a_reply_too_large_is_an_error_in_its_place_and_the_rest_is_answered() {
    let server = Server::new();
    let host = Host::with(server.port, &[("config", "[limits]\nreply_bytes = 100000")], |_| {});
    server.command::<i64>(&[b"SETBIT", b"zeros", b"799999", b"1"]);
    // A byte that is no text takes six bytes in JSON.
    let text = error(&run(&host.client, json!(["GET", "zeros"])), 400);
    assert!(text.contains("reply_bytes"), "{text}");
    for path in ["/pipeline", "/multi-exec"] {
        let answer = run_all(&host.client, path, json!([["INCR", "n"], ["GET", "zeros"], ["INCR", "n"]])).json();
        assert!(answer[1]["error"].as_str().unwrap().contains("reply_bytes"), "{answer}");
        assert_eq!(answer[2]["result"].as_i64(), answer[0]["result"].as_i64().map(|number| number + 1));
    }
    assert_eq!(result(&run(&host.client, json!(["GET", "n"]))), "4");
}

#[test]
fn a_pipeline_of_large_replies_is_answered_in_parts() {
    let server = Server::new();
    let host = Host::with(server.port, &[("config", "[limits]\nreply_bytes = 134217728")], |_| {});
    server.command::<()>(&[b"SET", b"large", &vec![b'x'; 5_000_000]]);
    let commands: Vec<_> = [json!(["INCR", "n"])].into_iter().chain((0..25).map(|_| json!(["GET", "large"]))).collect();
    let answer = run_all(&host.client, "/pipeline", Value::from(commands)).json();
    assert_eq!(answer[0]["result"], 1);
    assert!((1..=25).all(|at| answer[at]["result"].as_str().is_some_and(|text| text.len() == 5_000_000)));
}

#[test]
fn too_many_commands_at_once_are_refused_before_the_first() {
    let server = Server::new();
    let host = Host::with(server.port, &[("config", "[limits]\npipeline_commands = 2")], |_| {});
    for path in ["/pipeline", "/multi-exec"] {
        let answer = run_all(&host.client, path, json!([["INCR", "n"], ["INCR", "n"], ["INCR", "n"]]));
        assert!(error(&answer, 413).contains("pipeline_commands"));
    }
    assert_eq!(server.command::<i64>(&[b"EXISTS", b"n"]), 0);
}

#[test]
fn what_was_not_sent_and_what_may_have_run_are_told_apart() {
    let server = Server::new();
    let host = Host::with(server.port, &[("config", "[redis]\ntimeout_ms = 300")], |_| {});
    assert_eq!(result(&run(&host.client, json!(["PING"]))), "PONG");
    server.pause();
    let alone = run(&host.client, json!(["INCR", "n"]));
    assert!(error(&alone, 504).contains("may have run"), "{alone:?}");
    assert_eq!(alone.header("retry-after"), "");
    let read = run(&host.client, json!(["GET", "n"]));
    assert!(!error(&read, 504).contains("may have run"), "{read:?}");
    assert_eq!(read.header("retry-after"), "1");
    server.resume();

    let slow = "local n = 0 while n < 4e8 do n = n + 1 end";
    let answer = run_all(&host.client, "/pipeline", json!([["SET", "k", "v"], ["EVAL", slow, 0], ["SET", "k", "w"]]));
    let answer = answer.json();
    assert_eq!(answer[0], json!({"result": "OK"}));
    assert!(answer[1]["error"].as_str().unwrap().contains("may have run"), "{answer}");
    assert!(answer[2]["error"].as_str().unwrap().contains("not sent"), "{answer}");
}
