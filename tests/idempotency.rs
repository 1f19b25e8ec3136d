//! A request with an `Idempotency-Key` happens once.

use std::thread;

use redstart_tests::client::{Client, Response};
use redstart_tests::host::{Host, READ_ONLY_TOKEN};
use redstart_tests::server::Server;
use redstart_tests::setup;
use serde_json::json;

const JSON: (&str, &str) = ("content-type", "application/json");

fn send(client: &Client, key: &str, method: &str, path: &str, body: &str) -> Response {
    client.send(method, path, &[JSON, ("idempotency-key", key)], body.as_bytes())
}

/// The keys under which Redstart keeps what it knows.
fn kept(server: &Server) -> Vec<String> {
    server.command(&[b"KEYS", b"redstart:idempotency:*"])
}

#[test]
fn the_answer_to_the_first_is_the_answer_to_all() {
    let (server, Host { ref client, .. }) = setup();
    let create = || send(client, "one", "POST", "/v1/strings", r#"{"value": "v"}"#);
    let (first, second) = (create(), create());
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!((first.header("idempotent-replayed"), second.header("idempotent-replayed")), ("", "true"));
    assert_eq!(first.header("location"), second.header("location"));
    assert_eq!(first.body, second.body);
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    assert_eq!(server.command::<i64>(&[b"DBSIZE"]), 2);

    let path = first.header("location");
    for _ in 0..3 {
        assert_eq!(send(client, "two", "PATCH", path, r#"{"append": "w"}"#).status, 200);
        assert_eq!(send(client, "\"three\"", "POST", "/", r#"["INCR", "n"]"#).json(), json!({"result": 1}));
    }
    assert_eq!(client.get_raw(path).body, b"vw");
    for name in kept(&server) {
        assert!((86_000..=86_400).contains(&server.command::<i64>(&[b"TTL", name.as_bytes()])));
    }
}

#[test]
fn many_attempts_at_once_happen_once() {
    let (server, host) = setup();
    let attempts: Vec<_> = (0..16)
        .map(|_| host.client.apart())
        .map(|client| thread::spawn(move || send(&client, "k", "POST", "/v1/strings/n/increment", "{}")))
        .collect();
    let answers: Vec<_> = attempts.into_iter().map(|attempt| attempt.join().unwrap()).collect();
    assert_eq!(server.command::<i64>(&[b"GET", b"n"]), 1);
    assert!(answers.iter().any(|answer| answer.status == 200));
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert!(answer.problem(409).contains("is being answered"));
        assert_eq!(answer.header("retry-after"), "1");
    }
}

#[test]
fn a_key_is_one_requests_alone() {
    let (_server, Host { ref client, .. }) = setup();
    assert_eq!(send(client, "k", "POST", "/", r#"["INCR", "n"]"#).json(), json!({"result": 1}));
    let other = send(client, "k", "POST", "/", r#"["INCR", "m"]"#);
    assert_eq!(other.status, 422, "{other:?}");
    assert!(other.json()["error"].as_str().unwrap().contains("another body"));
    // Another path and another method are other requests.
    assert_eq!(send(client, "k", "POST", "/v1/strings/n/increment", "{}").json()["value"], 2);
    assert_eq!(send(client, "k", "PATCH", "/v1/strings/n", r#"{"append": "0"}"#).status, 200);
    assert_eq!(client.get_raw("/v1/strings/n").body, b"20");
    send(client, "not one key", "POST", "/v1/strings/n/increment", "{}").problem(422);
}

#[test]
fn what_came_to_nothing_may_come_again() {
    let (server, Host { ref client, .. }) = setup();
    client.put_raw("/v1/strings/k", b"v");
    let create = || send(client, "k", "POST", "/v1/strings", r#"{"key": "k", "value": "w"}"#);
    create().problem(409);
    assert_eq!(kept(&server), [""; 0]);
    client.delete("/v1/strings/k");
    assert_eq!(create().status, 201);
    assert_eq!(create().status, 201);
}

#[test]
fn what_may_have_happened_does_not_happen_again_while_it_counts_as_running() {
    let server = Server::new();
    let host = Host::with(server.port, &[("config", "[redis]\ntimeout_ms = 300")], |_| {});
    let slow = json!(["EVAL", "redis.call('INCR', 'n') local i = 0 while i < 3e8 do i = i + 1 end", 0]).to_string();
    assert_eq!(send(&host.client, "k", "POST", "/", &slow).status, 504);
    redstart_tests::wait_until("Redis is free", || host.client.get("/readyz").status == 200);
    let again = send(&host.client, "k", "POST", "/", &slow);
    assert_eq!(again.status, 409, "{again:?}");
    assert_eq!(server.command::<i64>(&[b"GET", b"n"]), 1);
    let [mark] = &kept(&server)[..] else { panic!("one mark") };
    let milliseconds = server.command::<i64>(&[b"PTTL", mark.as_bytes()]);
    assert!((1..=60_000).contains(&milliseconds), "{milliseconds}");
    // Its end, as after a crash.
    server.command::<i64>(&[b"DEL", mark.as_bytes()]);
    assert_eq!(send(&host.client, "k", "POST", "/", r#"["INCR", "n"]"#).json(), json!({"result": 2}));
}

#[test]
fn what_cannot_change_anything_is_not_marked() {
    let (server, Host { ref client, .. }) = setup();
    let reader = client.with_token(Some(READ_ONLY_TOKEN));
    assert_eq!(send(&reader, "k", "POST", "/", r#"["GET", "n"]"#).json(), json!({"result": null}));
    assert_eq!(send(client, "k", "PUT", "/v1/strings/k", r#"{"value": "v"}"#).status, 201);
    assert_eq!(kept(&server), [""; 0]);
}
