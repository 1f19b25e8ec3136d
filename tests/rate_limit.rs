//! Quotas of a token and of a client's address.

use std::collections::HashMap;
use std::thread;

use redstart_tests::client::{Client, Response};
use redstart_tests::commands::{error, run};
use redstart_tests::host::{Host, READ_ONLY_TOKEN};
use redstart_tests::server::Server;
use redstart_tests::{setup, wait_until};
use serde_json::json;

const BY_TOKEN: &str = "[rate_limit]\ntoken_requests = 5\nwindow_seconds = 600";
const BY_ADDRESS: &str = "[rate_limit]\naddress_requests = 3\nwindow_seconds = 600\naddress_header = x-forwarded-for";

fn host(server: &Server, config: &str) -> Host {
    Host::with(server.port, &[("config", config)], |_| {})
}

fn from(client: &Client, address: &str) -> Response {
    client.send("GET", "/v1/strings/k", &[("x-forwarded-for", address)], b"")
}

#[test]
fn a_token_has_so_many_requests_and_is_told_how_many_are_left() {
    let (server, _) = setup();
    let host = host(&server, BY_TOKEN);
    for left in [4, 3, 2, 1, 0] {
        let answer = host.client.get("/v1/strings/k");
        assert_eq!(answer.status, 404);
        assert_eq!(answer.header("ratelimit-policy"), "\"token\";q=5;w=600");
        let said = answer.header("ratelimit").to_owned();
        assert!(said.starts_with(&format!("\"token\";r={left};t=")), "{said}");
    }
    let refused = host.client.put_raw("/v1/strings/k", b"v");
    refused.problem(429);
    assert!(refused.header("ratelimit").starts_with("\"token\";r=0;t="), "{refused:?}");
    assert!((1..=120).contains(&refused.header("retry-after").parse::<u64>().unwrap()), "{refused:?}");
    assert!(error(&run(&host.client, json!(["SET", "k", "v"])), 429).contains("too many requests"));
    assert_eq!(server.command::<i64>(&[b"EXISTS", b"k"]), 0);
    let log = host.log();
    let is_refusal =
        |line: &&str| line.contains("level=warn") && line.contains("method=PUT") && line.contains("status=429");
    assert_eq!(log.lines().filter(is_refusal).count(), 1, "{log}");

    // Another token has a quota of its own, and what needs no token needs no quota.
    assert_eq!(host.client.with_token(Some(READ_ONLY_TOKEN)).get("/v1/strings/k").status, 404);
    assert_eq!(host.client.with_token(None).get("/readyz").status, 200);
}

#[test]
fn requests_grow_back() {
    let (server, _) = setup();
    let host = host(&server, "[rate_limit]\ntoken_requests = 20\nwindow_seconds = 2");
    wait_until("the quota is used up", || host.client.get("/v1/strings/k").status == 429);
    wait_until("some of it has grown back", || host.client.get("/v1/strings/k").status == 404);
    wait_until("nothing is kept of a full one", || server.command::<i64>(&[b"DBSIZE"]) == 0);
}

#[test]
fn no_more_pass_than_may_when_many_come_at_once() {
    let (server, _) = setup();
    let host = host(&server, BY_TOKEN);
    let requests: Vec<_> = (0..20)
        .map(|_| host.client.apart())
        .map(|client| thread::spawn(move || client.get("/v1/strings/k").status))
        .collect();
    let mut counts = HashMap::new();
    for request in requests {
        *counts.entry(request.join().unwrap()).or_insert(0) += 1;
    }
    assert_eq!(counts, HashMap::from([(404, 5), (429, 15)]));
}

#[test]
fn an_address_has_so_many_requests_with_whatever_tokens() {
    let (server, _) = setup();
    let host = host(&server, BY_ADDRESS);
    let stranger = host.client.with_token(Some("guess"));
    assert_eq!(from(&stranger, "192.0.2.1").status, 401);
    assert_eq!(from(&host.client, "192.0.2.1").status, 404);
    // What a client sends itself stands before what the proxy has added.
    assert_eq!(from(&stranger, "203.0.113.9, 192.0.2.1").status, 401);
    assert_eq!(from(&stranger, "203.0.113.8, 192.0.2.1").status, 429);
    assert_eq!(from(&host.client, "192.0.2.1").status, 429);
    assert_eq!(from(&host.client, "192.0.2.2").status, 404);
}

#[test]
fn both_quotas_are_taken_from_or_none() {
    let (server, _) = setup();
    let config =
        "[rate_limit]\ntoken_requests = 5\naddress_requests = 2\nwindow_seconds = 600\naddress_header = x-address";
    let host = host(&server, config);
    let from = |address: &str| host.client.send("GET", "/v1/strings/k", &[("x-address", address)], b"");
    let said = |answer: &Response| answer.header("ratelimit").split(";t=").next().unwrap().to_owned();
    assert_eq!(said(&from("192.0.2.1")), "\"token\";r=4");
    from("192.0.2.1");
    let refused = from("192.0.2.1");
    assert_eq!((refused.status, said(&refused)), (429, "\"token\";r=3".to_owned()));
    assert!(refused.header("ratelimit").contains("\"address\";r=0"), "{refused:?}");
    assert_eq!(from("192.0.2.2").status, 404);
}

#[test]
fn the_host_says_who_its_client_is_whatever_the_client_says() {
    let (server, _) = setup();
    let config = "[rate_limit]\naddress_requests = 1\nwindow_seconds = 600\naddress_header = spin-client-addr";
    let host = host(&server, config);
    let from = |address: &str| host.client.send("GET", "/v1/strings/k", &[("spin-client-addr", address)], b"").status;
    assert_eq!((from("192.0.2.1:1"), from("192.0.2.2:1")), (404, 429));
    assert_eq!(server.command::<Vec<String>>(&[b"KEYS", b"*"]), ["redstart:rate_limit:address:127.0.0.1"]);
}

#[test]
fn an_address_is_only_counted_where_it_is_said_what_holds_it() {
    let (server, _) = setup();
    let detail = host(&server, "[rate_limit]\naddress_requests = 1").client.get("/v1/keys").problem(503);
    assert!(detail.contains("[rate_limit] address_requests") && detail.contains("address_header"), "{detail}");
}

#[test]
fn without_quotas_nothing_is_said_or_kept() {
    let (server, host) = setup();
    assert_eq!(host.client.get("/v1/strings/k").header("ratelimit"), "");
    assert_eq!(server.command::<i64>(&[b"DBSIZE"]), 0);
    assert!(host.log().contains("redis_calls=2"), "{}", host.log());
}

#[test]
fn a_shorter_window_holds_at_once() {
    let (server, _) = setup();
    let long = host(&server, "[rate_limit]\ntoken_requests = 2\nwindow_seconds = 86400");
    let short = host(&server, "[rate_limit]\ntoken_requests = 2\nwindow_seconds = 60");
    for _ in 0..3 {
        long.client.get("/v1/strings/k");
    }
    let refused = short.client.get("/v1/strings/k");
    refused.problem(429);
    assert!((1..=60).contains(&refused.header("retry-after").parse::<u64>().unwrap()), "{refused:?}");
}

#[test]
fn a_redis_that_takes_no_writes_still_serves_reads() {
    let (server, _) = setup();
    server.command::<String>(&[b"SET", b"k", b"v"]);
    let host = host(&server, BY_ADDRESS);
    let stranger = host.client.with_token(Some("guess"));
    server.command::<String>(&[b"CONFIG", b"SET", b"maxmemory", b"1"]);
    assert_eq!(from(&host.client, "192.0.2.1").status, 200);
    server.command::<String>(&[b"CONFIG", b"SET", b"maxmemory", b"0"]);
    server.command::<String>(&[b"REPLICAOF", b"127.0.0.1", b"1"]);
    assert_eq!(from(&host.client, "192.0.2.2").status, 200);
    assert!(host.log().contains("requests are not counted"), "{}", host.log());
    // Who only tries out tokens learns nothing meanwhile.
    assert_eq!(from(&stranger, "192.0.2.3").status, 503);
}
