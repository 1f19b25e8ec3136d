//! What sets make together, read and stored.

use std::collections::BTreeSet;

use redstart_tests::client::Client;
use redstart_tests::host::{Host, READ_ONLY_TOKEN};
use redstart_tests::server::Server;
use redstart_tests::setup;
use serde_json::json;

/// Sets of one-letter members, each a key with its members.
fn fill(client: &Client, sets: &[(&str, &str)]) {
    for (key, members) in sets {
        let members: Vec<_> = members.chars().map(String::from).collect();
        assert_eq!(client.send_json("PUT", &format!("/v1/sets/{key}"), &json!({"members": members})).status, 201);
    }
}

/// The members of an answer, one after the other.
fn combined(client: &Client, query: &str) -> String {
    let answer = client.get(&format!("/v1/sets?{query}"));
    assert_eq!((answer.status, answer.header("etag")), (200, ""), "{query}");
    let answer = answer.json();
    let members = answer["members"].as_array().unwrap().iter().map(|member| member.as_str().unwrap());
    let sorted: BTreeSet<_> = members.clone().collect();
    assert_eq!(sorted.len(), members.count(), "{query}");
    sorted.into_iter().collect()
}

/// The members that Redis has, one after the other.
fn stored(server: &Server, key: &str) -> String {
    server.command::<BTreeSet<String>>(&[b"SMEMBERS", key.as_bytes()]).into_iter().collect()
}

/// A set of numbers.
fn fill_with_numbers(server: &Server, key: &str, numbers: std::ops::Range<u32>) {
    let numbers: Vec<_> = numbers.map(|number| number.to_string()).collect();
    let mut command = vec![&b"SADD"[..], key.as_bytes()];
    command.extend(numbers.iter().map(String::as_bytes));
    server.command::<i64>(&command);
}

#[test]
fn sets_make_a_union_an_intersection_and_a_difference() {
    let (_server, Host { ref client, .. }) = setup();
    fill(client, &[("abc", "abc"), ("bcd", "bcd"), ("c", "c")]);
    for (query, expected) in [
        ("op=union&key=abc&key=bcd&key=none", "abcd"),
        ("op=union&key=abc&key=abc", "abc"),
        ("op=union&key=none", ""),
        ("op=inter&key=abc&key=bcd", "bc"),
        ("op=inter&key=abc&key=bcd&key=c", "c"),
        ("op=inter&key=abc", "abc"),
        ("op=inter&key=abc&key=none", ""),
        ("op=diff&key=abc&key=bcd", "a"),
        ("op=diff&key=bcd&key=abc", "d"),
        ("op=diff&key=abc&key=c&key=none", "ab"),
        ("key=abc&op=diff", "abc"),
        ("op=diff&key=abc&key=abc", ""),
        ("op=diff&key=none&key=abc", ""),
    ] {
        assert_eq!(combined(client, query), expected, "{query}");
    }
    let head = client.send("HEAD", "/v1/sets?op=union&key=abc", &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[test]
fn any_bytes_are_combined() {
    let (server, Host { ref client, .. }) = setup();
    server.command::<i64>(&[b"SADD", b"", b"\xff", b"a"]);
    server.command::<i64>(&[b"SADD", b"\xff", b"\xff", b""]);
    let both = client.get("/v1/sets?op=inter&key=&key=%FF").json();
    assert_eq!(both, json!({"members": [{"base64": "/w=="}]}));
    assert_eq!(client.send("POST", "/v1/sets?op=diff&key=&key=%FF&store=..", &[], b"").json()["key"], "..");
    assert_eq!(stored(&server, ".."), "a");
}

#[test]
fn what_sets_make_is_stored_under_a_key() {
    let (server, Host { ref client, .. }) = setup();
    fill(client, &[("abc", "abc"), ("bcd", "bcd")]);
    let store = |query: &str| client.send("POST", &format!("/v1/sets?{query}"), &[], b"");
    let new = store("op=union&key=abc&key=bcd&store=a/b&ttl=100");
    assert_eq!((new.status, new.json()), (201, json!({"key": "a/b", "count": 4})));
    assert_eq!(new.header("location"), "/v1/sets/a%2Fb");
    assert_eq!(stored(&server, "a/b"), "abcd");
    assert!(server.command::<i64>(&[b"TTL", b"a/b"]) > 90);

    let replaced = store("op=inter&key=abc&key=bcd&store=a/b");
    assert_eq!((replaced.status, replaced.json()), (200, json!({"key": "a/b", "count": 2})));
    assert_eq!((stored(&server, "a/b").as_str(), server.command::<i64>(&[b"TTL", b"a/b"])), ("bc", -1));
    assert_eq!(store("op=diff&key=abc&key=bcd&store=a/b&expires_at=2100-01-01T00:00:00Z").status, 200);
    assert_eq!(server.command::<i64>(&[b"PEXPIRETIME", b"a/b"]), 4_102_444_800_000);
    // The key may be one of those that are combined.
    assert_eq!(store("op=union&key=abc&key=a/b&store=abc").json()["count"], 3);

    for _ in 0..2 {
        let nothing = store("op=inter&key=abc&key=none&store=a/b&ttl=100");
        assert_eq!((nothing.status, nothing.json()), (200, json!({"key": "a/b", "count": 0})));
        client.get("/v1/sets/a%2Fb").problem(404);
    }
    assert_eq!(client.send_json("POST", "/v1/sets?op=union&key=abc&store=x", &json!({})).status, 201);
}

#[test]
fn another_type_is_in_the_way_unless_any_may_be_replaced() {
    let (server, Host { ref client, .. }) = setup();
    fill(client, &[("abc", "abc")]);
    client.put_raw("/v1/strings/string", b"v");
    let store = |query: &str| client.send("POST", &format!("/v1/sets?{query}"), &[], b"");
    for answer in [
        client.get("/v1/sets?op=union&key=abc&key=string"),
        client.get("/v1/sets?op=inter&key=none&key=string"),
        client.get("/v1/sets?op=diff&key=none&key=string"),
        client.get("/v1/sets?key=string"),
        store("op=union&key=abc&store=string"),
        store("op=union&key=string&store=abc"),
        store("op=union&key=string&store=string&replace=any"),
    ] {
        answer.problem(409);
        assert_eq!(answer.json()["code"], "WRONGTYPE");
    }
    assert_eq!(client.get_raw("/v1/strings/string").body, b"v");
    assert_eq!(stored(&server, "abc"), "abc");
    assert_eq!(store("op=union&key=abc&store=string&replace=any").status, 200);
    assert_eq!(stored(&server, "string"), "abc");
}

#[test]
fn what_is_wrong_with_a_combination_is_said() {
    let (server, Host { ref client, .. }) = setup();
    fill(client, &[("abc", "abc")]);
    for query in [
        "",
        "key=abc&key=abc",
        "op=union",
        "op=all&key=abc",
        "op=&key=abc",
        "op=union&op=diff&key=abc",
        "op=union&key=abc&cursor=0",
        "op=union&key=abc&store=x",
    ] {
        client.get(&format!("/v1/sets?{query}")).problem(422);
    }
    for query in [
        "op=union&key=abc",
        "op=union&store=x",
        "op=all&key=abc&store=x",
        "op=union&key=abc&store=x&keep_ttl=true",
        "op=union&key=abc&store=x&ttl=0",
        "op=union&key=abc&store=x&replace=same",
        "op=union&key=abc&store=x&y=1",
    ] {
        client.send("POST", &format!("/v1/sets?{query}"), &[], b"").problem(422);
    }
    client.send_json("POST", "/v1/sets?op=union&key=abc&store=x", &json!({"members": ["a"]})).problem(422);
    client.send_json("POST", "/v1/sets?key=abc&store=x", &json!({"members": ["a"]})).problem(422);
    for method in ["GET", "POST"] {
        let path = if method == "GET" { "/v1/sets?op=union&key=abc" } else { "/v1/sets?op=union&key=abc&store=x" };
        client.send(method, path, &[("if-none-match", "*")], b"").problem(422);
    }
    assert_eq!(server.command::<i64>(&[b"EXISTS", b"x"]), 0);

    let hundred = "&key=abc".repeat(100);
    assert_eq!(combined(client, &format!("op=inter{hundred}")), "abc");
    client.get(&format!("/v1/sets?op=inter{hundred}&key=abc")).problem(422);
    client.get(&format!("/v1/sets?op=inter&key=abc&key={}", "x".repeat(8193))).problem(422);
}

#[test]
fn too_large_a_result_is_not_shown_and_may_be_stored() {
    let (server, Host { ref client, .. }) = setup();
    fill_with_numbers(&server, "low", 0..15_000);
    fill_with_numbers(&server, "high", 5_000..20_000);
    fill_with_numbers(&server, "few", 0..1);
    let size = |query: &str| client.get(&format!("/v1/sets?{query}")).json()["members"].as_array().unwrap().len();
    assert_eq!(size("op=inter&key=low&key=high"), 10_000);
    assert_eq!(size("op=diff&key=low&key=high"), 5_000);
    for query in ["op=union&key=few&key=low", "op=inter&key=low", "op=diff&key=low&key=few"] {
        assert!(client.get(&format!("/v1/sets?{query}")).problem(406).contains("store="), "{query}");
    }
    let union = client.send("POST", "/v1/sets?op=union&key=low&key=high&store=all", &[], b"");
    assert_eq!(union.json(), json!({"key": "all", "count": 20_000}));

    let [a, b] = [b'a', b'b'].map(|byte| vec![byte; 3 << 20]);
    server.command::<i64>(&[b"SADD", b"long", &a, &b]);
    server.command::<i64>(&[b"SADD", b"short", &b]);
    client.get("/v1/sets?op=union&key=long").problem(406);
    assert_eq!(size("op=inter&key=long&key=short"), 1);
}

#[test]
fn a_read_only_token_combines_and_stores_nothing() {
    let (server, Host { ref client, .. }) = setup();
    fill(client, &[("abc", "abc")]);
    let reader = client.with_token(Some(READ_ONLY_TOKEN));
    assert_eq!(combined(&reader, "op=union&key=abc"), "abc");
    reader.send("POST", "/v1/sets?op=union&key=abc&store=x", &[], b"").problem(403);
    client.get("/v1/sets?op=union&key=abc&key=redstart:x").problem(403);
    for query in ["key=redstart:x&store=x", "key=abc&store=redstart:x"] {
        client.send("POST", &format!("/v1/sets?op=union&{query}"), &[], b"").problem(403);
    }
    assert_eq!(server.command::<i64>(&[b"EXISTS", b"x", b"redstart:x"]), 0);
}
