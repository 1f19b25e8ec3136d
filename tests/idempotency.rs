//! A request with an `Idempotency-Key` happens once.

use std::thread;
use std::time::{Duration, Instant};

use redstart_tests::client::{Client, Response};
use redstart_tests::host::{Host, READ_ONLY_TOKEN};
use redstart_tests::server::Server;
use redstart_tests::{setup, wait_until};
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
fn what_may_have_happened_does_not_happen_again() {
    let server = Server::new();
    let config = "[redis]\ntimeout_ms = 300\n[idempotency]\nrunning_seconds = 1";
    let host = Host::with(server.port, &[("config", config)], |_| {});
    let increment = || send(&host.client, "k", "POST", "/v1/strings/n/increment", "{}");
    let script = "redis.call('INCR', 'n') while tonumber(redis.call('TIME')[1]) < tonumber(ARGV[1]) do end";
    let slow = json!(["EVAL", script, 0, server.command::<(u64, u64)>(&[b"TIME"]).0 + 2]).to_string();
    let start = Instant::now();
    assert_eq!(send(&host.client, "k", "POST", "/", &slow).status, 504);
    assert!(start.elapsed() < Duration::from_secs(1), "the answer took {:?}", start.elapsed());
    wait_until("Redis is free", || host.client.get("/readyz").status == 200);
    let again = || send(&host.client, "k", "POST", "/", &slow);
    assert_eq!(again().status, 409);
    wait_until("it counts as running no more", || {
        again().json()["error"].as_str().is_some_and(|text| text.contains("may have happened before or not"))
    });
    assert_eq!(server.command::<i64>(&[b"GET", b"n"]), 1);
    let [mark] = &kept(&server)[..] else { panic!("one mark") };
    assert!(server.command::<i64>(&[b"TTL", mark.as_bytes()]) > 86_000);

    // Where not even the mark was acknowledged, nothing was done.
    server.pause();
    let unmarked = increment();
    unmarked.problem(504);
    assert_eq!(unmarked.json().get("outcome"), None);
    server.resume();
    assert_eq!(server.command::<i64>(&[b"GET", b"n"]), 1);
}

#[test]
fn an_answer_that_took_longer_than_it_counts_as_running_is_kept() {
    let server = Server::new();
    let config = "[idempotency]\nrunning_seconds = 1";
    let host = Host::with(server.port, &[("config", config)], |_| {});
    let ends = server.command::<(u64, u64)>(&[b"TIME"]).0 + 2;
    let script = "while tonumber(redis.call('TIME')[1]) < tonumber(ARGV[1]) do end return redis.call('INCR', 'n')";
    let slow = json!(["EVAL", script, 0, ends]).to_string();
    for _ in 0..2 {
        assert_eq!(send(&host.client, "k", "POST", "/", &slow).json(), json!({"result": 1}));
    }
}

#[test]
fn another_token_and_another_query_are_other_requests() {
    let server = Server::new();
    let hosts = ["one", "two"].map(|token| Host::with(server.port, &[("api_token", token)], |_| {}));
    for (number, (host, token)) in hosts.iter().zip(["one", "two"]).enumerate() {
        let client = host.client.with_token(Some(token));
        let first = 2 * number + 1;
        for _ in 0..2 {
            assert_eq!(send(&client, "k", "POST", "/", r#"["INCR", "n"]"#).json(), json!({"result": first}));
            let other = send(&client, "k", "POST", "/incr/n?_token=x", "");
            assert_eq!(other.json(), json!({"result": first + 1}));
        }
    }
}

#[test]
fn a_command_is_the_same_request_by_any_method_of_its_own_and_not_in_another_form() {
    let (_server, Host { ref client, .. }) = setup();
    for (method, number) in [("GET", 1), ("PUT", 2), ("POST", 3)] {
        for _ in 0..2 {
            let answer = client.send(method, "/incr/n", &[("idempotency-key", "k")], b"");
            assert_eq!(answer.json(), json!({"result": number}));
        }
    }
    let headers = [("idempotency-key", "k"), ("upstash-encoding", "base64")];
    assert_eq!(client.send("GET", "/incr/n", &headers, b"").status, 422);
    // A command that failed changed nothing.
    let increment = || send(client, "failed", "POST", "/", r#"["INCR", "text"]"#);
    client.get("/set/text/x");
    assert_eq!(increment().status, 400);
    client.get("/set/text/1");
    assert_eq!(increment().json(), json!({"result": 2}));
    assert_eq!(increment().json(), json!({"result": 2}));
}

#[test]
fn what_cannot_change_anything_is_not_marked() {
    let (server, Host { ref client, .. }) = setup();
    let reader = client.with_token(Some(READ_ONLY_TOKEN));
    assert_eq!(send(&reader, "k", "POST", "/", r#"["GET", "n"]"#).json(), json!({"result": null}));
    assert_eq!(send(client, "k", "PUT", "/v1/strings/k", r#"{"value": "v"}"#).status, 201);
    assert_eq!(kept(&server), [""; 0]);
}

#[test]
fn what_needs_no_token_is_not_marked() {
    let (server, host) = setup();
    let nobody = host.client.with_token(None);
    for path in ["/healthz", "/readyz", "/docs/x", "/openapi.json"] {
        assert_eq!(nobody.send("POST", path, &[("idempotency-key", "k")], b"x").status, 405, "{path}");
    }
    assert_eq!(server.command::<i64>(&[b"DBSIZE"]), 0);
}

#[test]
fn one_condition_is_not_another() {
    let (_server, Host { ref client, .. }) = setup();
    assert_eq!(send(client, "a", "POST", "/v1/strings", r#"{"key": "k", "value": "v"}"#).status, 201);
    let append = |condition: &str| {
        let headers = [JSON, ("idempotency-key", "b"), (condition, "*")];
        client.send("PATCH", "/v1/strings/k", &headers, br#"{"append": "w"}"#)
    };
    assert_eq!(append("if-match").status, 200);
    append("if-none-match").problem(422);
}
