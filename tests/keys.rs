//! `/v1/keys`, as its contract has it.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};
use std::thread;

use redstart_tests::client::Client;
use redstart_tests::host::{Host, READ_ONLY_TOKEN};
use redstart_tests::setup;
use serde_json::{Value, json};

/// Every key of every page, and how many pages there were.
fn all_pages(client: &Client, query: &str) -> (Vec<String>, usize) {
    let (mut keys, mut cursor, mut pages) = (Vec::new(), "0".to_owned(), 0);
    loop {
        let page = client.get(&format!("/v1/keys?cursor={cursor}&{query}")).json();
        keys.extend(page["items"].as_array().unwrap().iter().map(|key| key.as_str().unwrap().to_owned()));
        pages += 1;
        match &page["next_cursor"] {
            Value::Null => return (keys, pages),
            next => next.as_str().unwrap().clone_into(&mut cursor),
        }
    }
}

#[test]
fn a_full_pass_sees_each_key_and_none_of_redstarts_own() {
    let (server, Host { ref client, .. }) = setup();
    let expected: BTreeSet<_> = (0..2500).map(|number| format!("key-{number}")).collect();
    let mut fill = vec![b"MSET".to_vec(), b"redstart:x".to_vec(), b"v".to_vec()];
    for key in &expected {
        fill.extend([key.as_bytes().to_vec(), b"v".to_vec()]);
    }
    server.command::<String>(&fill.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let (keys, pages) = all_pages(client, "limit=500");
    assert_eq!(keys.into_iter().collect::<BTreeSet<_>>(), expected);
    assert!((4..=6).contains(&pages), "{pages}");
}

#[test]
fn keys_are_found_by_pattern_and_by_type() {
    let (server, Host { ref client, .. }) = setup();
    server.command::<String>(&[b"MSET", b"a1", b"v", b"a2", b"v", b"b1", b"v"]);
    server.command::<i64>(&[b"LPUSH", b"a3", b"v"]);
    let found = |query: &str| all_pages(client, query).0.into_iter().collect::<BTreeSet<_>>();
    assert_eq!(found("match=a*"), ["a1", "a2", "a3"].map(str::to_owned).into());
    assert_eq!(found("match=a*&type=string"), ["a1", "a2"].map(str::to_owned).into());
    assert_eq!(found("type=list"), ["a3".to_owned()].into());
    assert_eq!(found("match=nothing"), BTreeSet::new());
    for query in ["limit=0", "limit=1001", "cursor=x", "pattern=a", "type=sorted-set", "type="] {
        client.get(&format!("/v1/keys?{query}")).problem(422);
    }
}

#[test]
fn a_key_that_is_not_utf8_is_listed_as_base64() {
    let (server, Host { ref client, .. }) = setup();
    server.command::<String>(&[b"SET", b"\xff", b"v"]);
    assert_eq!(client.get("/v1/keys").json(), json!({"items": [{"base64": "/w=="}], "next_cursor": null}));
    assert_eq!(client.get("/v1/keys/%FF").json()["key"], json!({"base64": "/w=="}));
}

#[test]
fn a_key_shows_its_type_expiry_encoding_and_memory() {
    let (server, Host { ref client, .. }) = setup();
    client.put_raw("/v1/strings/k?ttl=100", b"12");
    let shown = client.get("/v1/keys/k");
    assert_eq!(shown.status, 200);
    let shown = shown.json();
    assert_eq!((&shown["key"], &shown["type"], &shown["encoding"]), (&json!("k"), &json!("string"), &json!("int")));
    assert!(shown["ttl"].as_f64().is_some_and(|ttl| ttl > 90.0), "{shown}");
    assert!(shown["memory_bytes"].as_i64().is_some_and(|bytes| bytes > 0), "{shown}");
    server.command::<i64>(&[b"ZADD", b"z", b"1", b"m"]);
    let sorted_set = client.get("/v1/keys/z").json();
    assert_eq!((&sorted_set["type"], &sorted_set["ttl"]), (&json!("zset"), &Value::Null));
    client.get("/v1/keys/none").problem(404);
    assert_eq!(client.send("HEAD", "/v1/keys/k", &[], b"").status, 200);
    assert_eq!(client.send("HEAD", "/v1/keys/none", &[], b"").status, 404);
}

#[test]
fn an_expiry_is_set_and_cleared() {
    let (server, Host { ref client, .. }) = setup();
    server.command::<i64>(&[b"LPUSH", b"k", b"v"]);
    let patch = |body: Value| client.send_json("PATCH", "/v1/keys/k", &body);
    let ttl = || server.command::<i64>(&[b"PTTL", b"k"]);
    assert_eq!(patch(json!({"ttl": 100.5})).json(), json!({"key": "k"}));
    assert!((90_000..=100_500).contains(&ttl()));
    assert_eq!(patch(json!({"ttl": null})).status, 200);
    assert_eq!(ttl(), -1);
    assert_eq!(patch(json!({"expires_at": "2100-01-01T00:00:00Z"})).status, 200);
    assert_eq!(server.command::<i64>(&[b"PEXPIRETIME", b"k"]), 4_102_444_800_000);
    assert_eq!(patch(json!({"expires_at": null})).status, 200);
    assert_eq!(ttl(), -1);
    for body in
        [json!({}), json!({"ttl": 0}), json!({"ttl": "x"}), json!({"ttl": 1, "expires_at": "2100-01-01T00:00:00Z"})]
    {
        patch(body).problem(422);
    }
    client.send_json("PATCH", "/v1/keys/none", &json!({"ttl": 1})).problem(404);
}

#[test]
fn a_key_of_any_type_is_deleted() {
    let (server, Host { ref client, .. }) = setup();
    server.command::<i64>(&[b"LPUSH", b"k", b"v"]);
    assert_eq!(client.delete("/v1/keys/k").status, 204);
    client.delete("/v1/keys/k").problem(404);
    for (method, path) in [("DELETE", "/v1/keys/k"), ("GET", "/v1/keys/k"), ("GET", "/v1/keys")] {
        client.send(method, path, &[("if-match", "*")], b"").problem(422);
    }
}

#[test]
fn a_key_is_renamed_and_copied_over_another_only_where_that_is_asked_for() {
    let (server, Host { ref client, .. }) = setup();
    client.put_raw("/v1/strings/a?ttl=100", b"v");
    client.put_raw("/v1/strings/taken", b"w");
    let copied = client.send_json("POST", "/v1/keys/a/copy", &json!({"to": "b/c"}));
    assert_eq!((copied.status, copied.json()), (201, json!({"key": "b/c"})));
    assert_eq!(copied.header("location"), "/v1/keys/b%2Fc");
    assert_eq!(client.get(copied.header("location")).json()["type"], "string");
    assert!(server.command::<i64>(&[b"TTL", b"b/c"]) > 90);

    for path in ["/v1/keys/a/copy", "/v1/keys/a/rename"] {
        client.send_json("POST", path, &json!({"to": "taken"})).problem(409);
        client.send_json("POST", path, &json!({"to": "a"})).problem(422);
        client.send_json("POST", path, &json!({"to": "redstart:x"})).problem(403);
        client.send_json("POST", path, &json!({})).problem(422);
    }
    assert_eq!(client.get_raw("/v1/strings/taken").body, b"w");
    let renamed = client.send_json("POST", "/v1/keys/a/rename", &json!({"to": "taken", "replace": true}));
    assert_eq!((renamed.status, renamed.json()), (200, json!({"key": "taken"})));
    assert_eq!(client.get_raw("/v1/strings/taken").body, b"v");
    client.send_json("POST", "/v1/keys/a/rename", &json!({"to": "x"})).problem(404);
    client.send_json("POST", "/v1/keys/a/copy", &json!({"to": "x"})).problem(404);
}

#[test]
fn of_two_renames_to_the_same_key_one_wins() {
    let (_server, Host { ref client, .. }) = setup();
    for round in 0..20 {
        client.put_raw("/v1/strings/a", b"a");
        client.put_raw("/v1/strings/b", b"b");
        let start = Arc::new(Barrier::new(2));
        let rename = |from: &'static str| {
            let (client, start) = (client.apart(), start.clone());
            move || {
                start.wait();
                client.send_json("POST", &format!("/v1/keys/{from}/rename"), &json!({"to": format!("c{round}")})).status
            }
        };
        let mut statuses =
            [thread::spawn(rename("a")), thread::spawn(rename("b"))].map(|writer| writer.join().unwrap());
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
    }
}

#[test]
fn keys_that_no_path_can_hold_go_in_the_query() {
    let (server, Host { ref client, .. }) = setup();
    client.put_raw("/v1/strings/k", b"v");
    for to in ["", ".", ".."] {
        let copied = client.send_json("POST", "/v1/keys/k/copy", &json!({"to": to}));
        let place = copied.header("location");
        assert_eq!(client.get(place).json()["key"], to);
        assert_eq!(client.send_json("PATCH", place, &json!({"ttl": 100})).status, 200);
        assert!(server.command::<i64>(&[b"TTL", to.as_bytes()]) > 90);
        assert_eq!(client.delete(place).status, 204);
        client.get(place).problem(404);
    }
}

#[test]
fn a_read_only_token_looks_and_changes_nothing() {
    let (_server, Host { ref client, .. }) = setup();
    client.put_raw("/v1/strings/k", b"v");
    let reader = client.with_token(Some(READ_ONLY_TOKEN));
    assert_eq!(reader.get("/v1/keys").status, 200);
    assert_eq!(reader.get("/v1/keys/k").status, 200);
    reader.delete("/v1/keys/k").problem(403);
    reader.send_json("PATCH", "/v1/keys/k", &json!({"ttl": 1})).problem(403);
    reader.send_json("POST", "/v1/keys/k/rename", &json!({"to": "x"})).problem(403);
    reader.send_json("POST", "/v1/keys/k/copy", &json!({"to": "x"})).problem(403);
    client.get("/v1/keys/redstart:x").problem(403);
    assert_eq!(client.get("/v1/keys").json(), json!({"items": ["k"], "next_cursor": null}));
    assert_eq!(client.get("/v1/keys/k").json()["ttl"], Value::Null);
}
