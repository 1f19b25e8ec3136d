//! `/v1/strings`: append, increment, many at once, a part.

use std::thread;

use redstart_tests::host::{Host, READ_ONLY_TOKEN};
use redstart_tests::setup;
use serde_json::{Value, json};

#[test]
fn append_adds_bytes_and_keeps_the_time_to_live() {
    let (server, Host { ref client, .. }) = setup();
    let patch = br#"{"append":"x"}"#;
    let json_if_there = [("content-type", "application/json"), ("if-match", "*")];
    client.send("PATCH", "/v1/strings/new", &json_if_there, patch).problem(412);
    assert_eq!(client.send_json("PATCH", "/v1/strings/new", &json!({"append": "x"})).json()["length"], 1);
    client.put_raw("/v1/strings/k?ttl=100", b"a");
    let appended = client.send_json("PATCH", "/v1/strings/k", &json!({"append": {"base64": "/wA="}}));
    assert_eq!((appended.status, appended.json()), (200, json!({"key": "k", "length": 3})));
    assert_eq!(client.get_raw("/v1/strings/k").body, b"a\xff\0");
    assert!(server.command::<i64>(&[b"TTL", b"k"]) > 90);
    server.command::<i64>(&[b"LPUSH", b"list", b"item"]);
    client.send_json("PATCH", "/v1/strings/list", &json!({"append": "x"})).problem(409);

    server.command::<String>(&[b"CONFIG", b"SET", b"proto-max-bulk-len", b"1048576"]);
    client.put_raw("/v1/strings/long", &vec![b'x'; 1_000_000]);
    let too_long = client.send_json("PATCH", "/v1/strings/long", &json!({"append": "x".repeat(60_000)}));
    assert!(too_long.problem(422).contains("longer than Redis allows"));
    assert_eq!(server.command::<i64>(&[b"STRLEN", b"long"]), 1_000_000);
}

#[test]
fn of_two_appends_under_the_same_condition_one_happens() {
    let (_server, Host { ref client, .. }) = setup();
    client.put_raw("/v1/strings/k", b"a");
    let tag = client.get("/v1/strings/k").header("etag").to_owned();
    let append = || {
        let (client, tag) = (client.apart(), tag.clone());
        move || {
            let headers = [("content-type", "application/json"), ("if-match", tag.as_str())];
            client.send("PATCH", "/v1/strings/k", &headers, b"{\"append\":\"b\"}").status
        }
    };
    let mut statuses = [thread::spawn(append()), thread::spawn(append())].map(|writer| writer.join().unwrap());
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    assert_eq!(client.get_raw("/v1/strings/k").body, b"ab");
}

#[test]
fn integers_are_added_exactly_and_decimals_as_redis_does() {
    let (server, Host { ref client, .. }) = setup();
    let increment = |body: &str| {
        let answer =
            client.send("POST", "/v1/strings/n/increment", &[("content-type", "application/json")], body.as_bytes());
        assert_eq!(answer.status, 200, "{answer:?}");
        String::from_utf8(answer.body).unwrap()
    };
    assert_eq!(increment("{}"), "{\"value\":1}");
    assert_eq!(increment("{\"by\":9223372036854775806}"), "{\"value\":9223372036854775807}");
    let over = client.send_json("POST", "/v1/strings/n/increment", &json!({"by": 1}));
    assert!(over.problem(422).contains("overflow"));
    assert_eq!(increment("{\"by\":-9223372036854775807}"), "{\"value\":0}");
    assert_eq!(increment("{\"by\":10.5}"), "{\"value\":10.5}");
    assert_eq!(increment("{\"by\":-1e1}"), "{\"value\":0.5}");
    assert_eq!(increment("{\"by\":1}"), "{\"value\":1.5}");
    assert_eq!(increment("{\"by\":-0}"), "{\"value\":1.5}");
    for by in ["9223372036854775808", "1e400", "null", "\"1\"", "true"] {
        let body = format!("{{\"by\":{by}}}");
        let json = [("content-type", "application/json")];
        client.send("POST", "/v1/strings/n/increment", &json, body.as_bytes()).problem(422);
    }
    assert_eq!(client.get_raw("/v1/strings/n").body, b"1.5");
    client.put_raw("/v1/strings/text", b"text");
    let refused = client.send_json("POST", "/v1/strings/text/increment", &json!({}));
    assert_eq!(refused.problem(422), "the value there is not a number");
    server.command::<i64>(&[b"LPUSH", b"list", b"item"]);
    client.send_json("POST", "/v1/strings/list/increment", &json!({})).problem(409);
}

#[test]
fn increments_at_once_are_all_counted() {
    let (server, Host { ref client, .. }) = setup();
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let client = client.apart();
            thread::spawn(move || {
                for _ in 0..50 {
                    assert_eq!(client.send_json("POST", "/v1/strings/n/increment", &json!({})).status, 200);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    assert_eq!(server.command::<String>(&[b"GET", b"n"]), "400");
}

#[test]
fn many_are_read_in_order_and_one_is_read_as_itself() {
    let (server, Host { ref client, .. }) = setup();
    client.put_raw("/v1/strings/a", b"1");
    client.put_raw("/v1/strings/b", b"\xff");
    server.command::<i64>(&[b"LPUSH", b"list", b"item"]);
    let expected = json!({"items": [
        {"key": "b", "value": {"base64": "/w=="}},
        {"key": "none", "value": null},
        {"key": "list", "value": null},
        {"key": "a", "value": "1"},
        {"key": "a", "value": "1"},
    ]});
    let read = client.get("/v1/strings?key=b&key=none&key=list&key=a&key=a");
    assert_eq!((read.status, read.json()), (200, expected.clone()));
    let wanted = json!({"keys": ["b", "none", "list", "a", "a"]});
    assert_eq!(client.send_json("POST", "/v1/strings/get", &wanted).json(), expected);
    assert_eq!(client.get("/v1/strings?key=a").json()["value"], "1");
}

#[test]
fn many_are_bounded_in_number_and_size() {
    let (server, Host { ref client, .. }) = setup();
    let ask = |count: usize| client.send_json("POST", "/v1/strings/get", &json!({"keys": vec!["k"; count]}));
    assert_eq!(ask(1000).json()["items"].as_array().map(Vec::len), Some(1000));
    assert!(ask(1001).problem(422).contains("1 to 1000"));
    client.get(&format!("/v1/strings?{}", "key=k&".repeat(101))).problem(422);
    server.command::<String>(&[b"SET", b"k", &vec![b'x'; 3 << 20]]);
    assert_eq!(ask(1).status, 200);
    assert!(ask(2).problem(406).contains("fewer"));
    // Far more than the host takes as a reply: it never becomes one.
    let keys: Vec<_> = (0..100).map(|number| format!("k{number}")).collect();
    for key in &keys {
        server.command::<String>(&[b"SET", key.as_bytes(), &vec![b'x'; 2 << 20]]);
    }
    client.send_json("POST", "/v1/strings/get", &json!({"keys": keys})).problem(406);
}

#[test]
fn a_key_that_is_called_get_is_a_key() {
    let (_server, Host { ref client, .. }) = setup();
    assert_eq!(client.put_raw("/v1/strings/get", b"v").status, 201);
    assert_eq!(client.get("/v1/strings/get").json(), json!({"key": "get", "value": "v", "ttl": null}));
    assert_eq!(client.delete("/v1/strings/get").status, 204);
}

#[test]
fn a_read_only_token_reads_many_and_changes_none() {
    let (_server, Host { ref client, .. }) = setup();
    client.put_raw("/v1/strings/k", b"1");
    let reader = client.with_token(Some(READ_ONLY_TOKEN));
    assert_eq!(reader.send_json("POST", "/v1/strings/get", &json!({"keys": ["k"]})).status, 200);
    reader.send_json("POST", "/v1/strings/k/increment", &json!({})).problem(403);
    reader.send_json("PATCH", "/v1/strings/k", &json!({"append": "x"})).problem(403);
    reader.send_json("POST", "/v1/strings/get", &json!({"keys": ["k", "redstart:x"]})).problem(403);
    assert_eq!(client.get("/v1/strings/k").json()["value"], Value::from("1"));
}

#[test]
fn a_part_of_a_value_is_to_be_had_as_bytes() {
    let (_server, Host { ref client, .. }) = setup();
    client.put_raw("/v1/strings/k", b"0123456789");
    let get = |range: &str, method: &str, accept: &str| {
        client.send(method, "/v1/strings/k", &[("range", range), ("accept", accept)], b"")
    };
    let raw = "application/octet-stream";
    let part = get("bytes=2-4", "GET", raw);
    assert_eq!((part.status, part.body.as_slice(), part.header("content-range")), (206, &b"234"[..], "bytes 2-4/10"));
    assert_eq!(part.header("accept-ranges"), "bytes");
    let beyond = get("bytes=10-", "GET", raw);
    beyond.problem(416);
    assert_eq!(beyond.header("content-range"), "bytes */10");
    assert_eq!(get("bytes=2-4", "GET", "application/json").status, 200);
    assert_eq!(get("bytes=0-1,3-4", "GET", raw).body, b"0123456789");
    assert_eq!(get("bytes=2-4", "HEAD", raw).status, 200);
}
