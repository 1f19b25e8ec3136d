//! What stands in a request twice: where readers could take one or the other, neither is taken.

use redstart_tests::commands::{error, run};
use redstart_tests::setup;
use serde_json::json;

const RAW: (&str, &str) = ("accept", "application/octet-stream");

#[test]
fn two_tokens_are_none() {
    let (server, host) = setup();
    let token = format!("Bearer {}", redstart_tests::host::TOKEN);
    for second in [&token[..], "Bearer wrong", "Basic eDp5"] {
        let answer = host.client.send("PUT", "/v1/strings/k", &[("authorization", second)], b"v");
        assert!(answer.problem(401).contains("once"), "{second}");
    }
    assert_eq!(server.command::<i64>(&[b"EXISTS", b"k"]), 0);
}

#[test]
fn of_two_ranges_or_conditions_on_one_the_whole_is_given() {
    let (_server, host) = setup();
    host.client.put_raw("/v1/strings/k", b"0123456789");
    let tag = host.client.get_raw("/v1/strings/k").header("etag").to_owned();
    let get = |headers: &[(&str, &str)]| {
        let answer = host.client.send("GET", "/v1/strings/k", &[&[RAW], headers].concat(), b"");
        (answer.status, answer.body.len())
    };
    assert_eq!(get(&[("range", "bytes=0-1"), ("if-range", &tag)]), (206, 2));
    assert_eq!(get(&[("range", "bytes=0-1"), ("range", "bytes=2-4")]), (200, 10));
    assert_eq!(get(&[("range", "bytes=0-1"), ("range", "bytes=0-1")]), (200, 10));
    assert_eq!(get(&[("range", "bytes=0-1"), ("if-range", &tag), ("if-range", "\"other\"")]), (200, 10));
}

#[test]
fn conditions_given_twice_are_one_list() {
    let (_server, host) = setup();
    host.client.put_raw("/v1/strings/k", b"v");
    let tag = host.client.get_raw("/v1/strings/k").header("etag").to_owned();
    let put = |headers: &[(&str, &str)]| host.client.send("PUT", "/v1/strings/k", headers, b"v").status;
    assert_eq!(put(&[("if-match", "\"other\""), ("if-match", &tag)]), 200);
    assert_eq!(put(&[("if-match", "\"other\""), ("if-match", "\"another\"")]), 412);
    // A star is no part of a list (RFC 9110, section 13.1.1).
    assert_eq!(put(&[("if-match", "*"), ("if-match", &tag)]), 400);
    assert_eq!(put(&[("if-none-match", "\"other\""), ("if-none-match", "*")]), 400);
}

#[test]
fn two_content_types_are_400() {
    let (server, host) = setup();
    for (first, second) in
        [("application/json", "text/plain"), ("text/plain", "application/json"), ("text/plain", "text/plain")]
    {
        let headers = [("content-type", first), ("content-type", second)];
        let answer = host.client.send("PUT", "/v1/strings/k", &headers, b"{\"value\":1}");
        assert!(answer.problem(400).contains("`Content-Type`"), "{first}, {second}");
    }
    assert_eq!(server.command::<i64>(&[b"EXISTS", b"k"]), 0);
}

#[test]
fn two_idempotency_keys_are_422() {
    let (server, host) = setup();
    for second in ["a", "b"] {
        let headers = [("idempotency-key", "a"), ("idempotency-key", second)];
        assert!(host.client.send("POST", "/v1/strings", &headers, b"v").problem(422).contains("once"));
        let answer = host.client.send("POST", "/", &headers, b"[\"SET\",\"k\",\"v\"]");
        assert!(error(&answer, 422).contains("once"));
    }
    assert_eq!(server.command::<i64>(&[b"DBSIZE"]), 0);
}

#[test]
fn a_parameter_twice_is_422_however_it_is_encoded() {
    let (server, host) = setup();
    for (method, path) in [
        ("GET", "/v1/keys?limit=1&limit=1"),
        ("GET", "/v1/keys?limit=1&%6Cimit=2"),
        ("PUT", "/v1/strings/k?ttl=1&ttl=2"),
        ("PUT", "/v1/strings?key=a&key=b"),
        ("PUT", "/v1/strings/k?key=other"),
        ("DELETE", "/v1/strings?key=a&key=a"),
    ] {
        host.client.send(method, path, &[], b"v").problem(422);
    }
    assert_eq!(server.command::<i64>(&[b"DBSIZE"]), 0);
}

#[test]
fn a_name_in_json_twice_is_422_at_any_depth() {
    let (server, host) = setup();
    for (method, path, body) in [
        ("PUT", "/v1/strings/k", r#"{"value":1,"value":1}"#),
        ("PUT", "/v1/strings/k", r#"{"value":1,"\u0076alue":2}"#),
        ("PUT", "/v1/strings/k", r#"{"value":{"base64":"YQ==","base64":"Yg=="}}"#),
        ("PUT", "/v1/hashes/k", r#"{"fields":{"a":1,"a":2}}"#),
        ("PUT", "/v1/hashes/k", r#"{"fields":[["a",1],["a",2]]}"#),
        ("PATCH", "/v1/hashes/k", r#"{"fields":{"a":1,"a":null}}"#),
        ("PUT", "/v1/sorted-sets/k", r#"{"members":[{"member":"a","score":1,"score":2}]}"#),
        ("POST", "/v1/streams/k", r#"{"fields":{"a":1,"a":2}}"#),
    ] {
        let answer = host.client.send(method, path, &[("content-type", "application/json")], body.as_bytes());
        answer.problem(422);
    }
    assert_eq!(server.command::<i64>(&[b"DBSIZE"]), 0);
}

#[test]
fn a_field_twice_in_an_entry_is_kept_where_pairs_say_so() {
    let (server, host) = setup();
    let entry = json!({"fields": [["a", 1], ["a", 2]], "id": "1-1"});
    assert_eq!(host.client.send_json("POST", "/v1/streams/k", &entry).status, 201);
    let entries = run(&host.client, json!(["XRANGE", "k", "-", "+"])).json();
    assert_eq!(entries["result"], json!([["1-1", ["a", "1", "a", "2"]]]));
    assert_eq!(server.command::<i64>(&[b"XLEN", b"k"]), 1);
}
