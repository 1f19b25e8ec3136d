//! The log's line of a request.

use redstart_tests::host::Host;
use redstart_tests::server::Server;
use redstart_tests::setup;
use serde_json::Value;

#[test]
fn a_request_is_one_line_of_logfmt_without_key_or_query() {
    let (_server, host) = setup();
    host.client.send("PUT", "/v1/strings/my-key?ttl=100", &[("x-request-id", "my-id")], b"my-value");
    let log = host.log();
    let lines: Vec<_> = log.lines().filter(|line| line.contains("msg=request")).collect();
    let [line] = lines[..] else { panic!("{log}") };
    assert!(line.starts_with("time=\"2"), "{line}");
    for part in [
        " level=info msg=request method=PUT route=\"/v1/strings/{key}\" status=201 bytes=16 duration_us=",
        " request_id=my-id token=full redis_calls=2",
    ] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    for secret in ["my-key", "ttl=100", "my-value"] {
        assert!(!line.contains(secret), "{line}");
    }
}

#[test]
fn what_a_caller_wrote_is_not_in_the_log() {
    let (_server, host) = setup();
    host.client.send_json("PUT", "/v1/strings/k", &Value::from("hush"));
    host.client.send_json("PUT", "/v1/strings/k", &serde_json::json!({"hush": 1}));
    host.client.put_raw("/v1/strings/k?hush=1", b"v");
    host.client.put_raw("/v1/strings/k?ttl=hush", b"v");
    let log = host.log();
    assert_eq!(log.matches("status=422").count(), 4, "{log}");
    assert!(!log.contains("hush"), "{log}");
}

#[test]
fn a_command_is_named_and_nothing_else_of_it() {
    let (_server, host) = setup();
    host.client.get("/set/hush/hush");
    host.client.send("POST", "/", &[], br#"["config", "get", "hush"]"#);
    host.client.send("POST", "/", &[], br#"["hush", "hush"]"#);
    host.client.send("POST", "/pipeline", &[], br#"[["GET", "hush"]]"#);
    let log = host.log();
    for part in [
        "method=GET route=\"/{command}\" command=SET status=200 ",
        "method=POST route=/ command=\"CONFIG|GET\" status=400 ",
        "method=POST route=/ status=400 ",
        "method=POST route=/pipeline status=200 ",
    ] {
        assert!(log.contains(part), "{part} is not in {log}");
    }
    assert!(!log.contains("hush"), "{log}");
}

#[test]
fn a_request_is_one_json_object_where_that_is_configured() {
    let server = Server::new();
    let host = Host::with(server.port, &[("config", "[log]\nformat = json")], |_| {});
    host.client.send("GET", "/v1/strings/none", &[("x-request-id", "my-id")], b"");
    let log = host.log();
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let line = lines.iter().find(|line| line["msg"] == "request").unwrap_or_else(|| panic!("{log}"));
    assert_eq!(line["level"], "info");
    assert_eq!(line["method"], "GET");
    assert_eq!(line["route"], "/v1/strings/{key}");
    assert_eq!(line["status"], 404);
    assert_eq!(line["request_id"], "my-id");
    assert_eq!(line["token"], "full");
    assert_eq!(line["redis_calls"], 2);
    assert!(line["duration_us"].as_u64().is_some() && line["bytes"].as_u64().is_some());
    assert_eq!(line["error"], "the key does not exist");
}

#[test]
fn a_level_leaves_out_what_is_below_it() {
    let server = Server::new();
    let host = Host::with(server.port, &[("log_level", "error")], |_| {});
    assert_eq!(host.client.get("/healthz").status, 200);
    assert!(!host.log().contains("msg=request"), "{}", host.log());
}

#[test]
fn a_request_of_a_trace_names_it_and_one_that_only_looks_so_does_not() {
    let (_server, host) = setup();
    let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    for (id, traceparent) in [("good", format!("00-{trace}-{span}-01")), ("bad", format!("00-{trace}-{span}"))] {
        host.client.send("GET", "/healthz", &[("x-request-id", id), ("traceparent", &traceparent)], b"");
    }
    let log = host.log();
    assert!(log.contains(&format!(" request_id=good trace_id={trace} span_id={span} ")), "{log}");
    assert!(log.contains(" request_id=bad token="), "{log}");
}
