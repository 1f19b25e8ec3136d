//! `/v1/lists`, as its contract has it.

use std::thread;

use redstart_tests::client::{Client, Response};
use redstart_tests::host::{Host, READ_ONLY_TOKEN};
use redstart_tests::server::Server;
use redstart_tests::setup;
use serde_json::{Value, json};

pub fn put(client: &Client, items: &Value) {
    assert_eq!(client.send_json("PUT", "/v1/lists/l", &json!({"items": items})).status / 100, 2);
}

pub fn post(client: &Client, what: &str, body: &Value) -> Response {
    client.send_json("POST", &format!("/v1/lists/l/{what}"), body)
}

/// What Redis has at a key.
pub fn items_at(server: &Server, key: &str) -> Vec<Vec<u8>> {
    server.command(&[b"LRANGE", key.as_bytes(), b"0", b"-1"])
}

/// What comes of requests that are sent at the same time.
pub fn at_once<T: Send + 'static>(requests: impl IntoIterator<Item = impl FnOnce() -> T + Send + 'static>) -> Vec<T> {
    let running: Vec<_> = requests.into_iter().map(thread::spawn).collect();
    running.into_iter().map(|one| one.join().unwrap()).collect()
}

/// Makes a list `l` of the numbers from 1 to 1,000,000.
fn put_a_million(server: &Server) {
    let fill = "for first = 1, 1000000, 1000 do
        local items = {}
        for i = 0, 999 do items[i + 1] = first + i end
        redis.call('RPUSH', KEYS[1], unpack(items))
    end";
    server.command::<()>(&[b"EVAL", fill.as_bytes(), b"1", b"l"]);
}

#[test]
fn a_list_is_created_read_replaced_and_deleted() {
    let (server, Host { ref client, .. }) = setup();
    let items = json!(["a", 1.5, {"base64": "/wA="}, "a", ""]);
    let created = client.send_json("POST", "/v1/lists", &json!({"key": "a/b", "items": items, "ttl": 100}));
    assert_eq!((created.status, created.json()), (201, json!({"key": "a/b"})));
    assert_eq!(created.header("location"), "/v1/lists/a%2Fb");
    assert_eq!(items_at(&server, "a/b"), [&b"a"[..], b"1.5", b"\xff\x00", b"a", b""]);
    client.send_json("POST", "/v1/lists", &json!({"key": "a/b", "items": ["x"]})).problem(409);

    let read = client.get("/v1/lists/a%2Fb").json();
    assert_eq!(read["items"], json!(["a", "1.5", {"base64": "/wA="}, "a", ""]));
    assert!(read["ttl"].as_f64().is_some_and(|ttl| ttl > 90.0), "{read}");

    let replace = |query: &str| client.send_json("PUT", &format!("/v1/lists/a%2Fb{query}"), &json!({"items": ["x"]}));
    assert_eq!(replace("?keep_ttl=true").status, 200);
    assert!(server.command::<i64>(&[b"TTL", b"a/b"]) > 90);
    assert_eq!(replace("").status, 200);
    assert_eq!(client.get("/v1/lists/a%2Fb").json(), json!({"key": "a/b", "items": ["x"], "ttl": null}));
    assert_eq!(client.send("HEAD", "/v1/lists/a%2Fb", &[], b"").status, 200);

    assert_eq!(client.delete("/v1/lists/a%2Fb").status, 204);
    client.delete("/v1/lists/a%2Fb").problem(404);
    client.get("/v1/lists/a%2Fb").problem(404);
    assert_eq!(client.send("HEAD", "/v1/lists/a%2Fb", &[], b"").status, 404);
    assert_eq!(replace("?expires_at=2100-01-01T00:00:00Z").status, 201);
    assert_eq!(server.command::<i64>(&[b"PEXPIRETIME", b"a/b"]), 4_102_444_800_000);
}

#[test]
fn keys_that_no_path_can_hold_are_to_be_had() {
    let (_server, Host { ref client, .. }) = setup();
    let items = json!({"items": [1, 2, 3]});
    assert_eq!(client.send_json("PUT", "/v1/lists?key=", &items).status, 201);
    assert_eq!(client.get("/v1/lists?key=").json(), json!({"key": "", "items": ["1", "2", "3"], "ttl": null}));
    assert_eq!(client.get("/v1/lists?key=&start=-1").json()["items"], json!(["3"]));
    assert_eq!(client.send_json("PATCH", "/v1/lists?key=", &json!({"trim": {"stop": 0}})).json()["length"], 1);
    assert_eq!(client.delete("/v1/lists?key=").status, 204);
    client.get("/v1/lists").problem(422);

    assert_eq!(client.send_json("POST", "/v1/lists/%FF%2F/push", &items).json()["key"], json!({"base64": "/y8="}));
    assert_eq!(client.get("/v1/lists/%FF%2F/items/1").json(), json!({"index": 1, "value": "2"}));
    let moved = client.send_json("POST", "/v1/lists/%FF%2F/move", &json!({"to": {"base64": "/w=="}}));
    assert_eq!(moved.json(), json!({"item": "1"}));
    assert_eq!(client.get("/v1/lists/%FF").json()["items"], json!(["1"]));
}

#[test]
fn what_is_wrong_with_a_list_is_said_and_changes_nothing() {
    let (server, Host { ref client, .. }) = setup();
    client.put_raw("/v1/strings/s", b"v");
    for (method, path, body) in [
        ("PUT", "/v1/lists/l", json!({"items": []})),
        ("PUT", "/v1/lists/l", json!({"items": [null]})),
        ("PUT", "/v1/lists/l", json!({"items": "a"})),
        ("PUT", "/v1/lists/l", json!({"items": [1], "tll": 1})),
        ("PUT", "/v1/lists/l?replace=all", json!({"items": [1]})),
        ("PUT", "/v1/lists/l", json!({})),
        ("POST", "/v1/lists", json!({"key": "l", "items": []})),
        ("POST", "/v1/lists?keep_ttl=true", json!({"key": "l", "items": [1]})),
        ("PATCH", "/v1/lists/l", json!({})),
        ("PATCH", "/v1/lists/l", json!({"trim": {"start": "0"}})),
        ("PATCH", "/v1/lists/l", json!({"trim": {"from": 0}})),
        ("POST", "/v1/lists/l/push", json!({"items": []})),
        ("POST", "/v1/lists/l/push", json!({"items": [true]})),
        ("POST", "/v1/lists/l/push", json!({"items": [1], "side": "LEFT"})),
        ("POST", "/v1/lists/l/push?side=left", json!({"items": [1]})),
        ("POST", "/v1/lists/l/pop", json!({"count": 0})),
        ("POST", "/v1/lists/l/pop", json!({"count": 1001})),
        ("POST", "/v1/lists/l/pop", json!({"count": 1.5})),
        ("POST", "/v1/lists/l/move", json!({})),
        ("POST", "/v1/lists/l/move", json!({"to": "m", "side": "left"})),
        ("PUT", "/v1/lists/l/items/0", json!({})),
        ("PUT", "/v1/lists/l/items/0", json!({"value": []})),
        ("PUT", "/v1/lists/l/items/x", json!({"value": 1})),
        ("PUT", "/v1/lists/l/items/9223372036854775808", json!({"value": 1})),
    ] {
        client.send_json(method, path, &body).problem(422);
    }
    for (method, path) in [
        ("PUT", "/v1/lists/l"),
        ("POST", "/v1/lists"),
        ("PATCH", "/v1/lists/l"),
        ("POST", "/v1/lists/l/push"),
        ("POST", "/v1/lists/l/pop"),
        ("POST", "/v1/lists/l/move"),
        ("PUT", "/v1/lists/l/items/0"),
    ] {
        client.send(method, path, &[("content-type", "application/json")], b"{").problem(400);
        client.send(method, path, &[("content-type", "text/plain")], b"{}").problem(415);
    }
    for path in ["?start=x", "?stop=", "?start=0&stop=1.5", "?start=0&start=1", "?start=0&end=1", "/items/1.0"] {
        client.get(&format!("/v1/lists/l{path}")).problem(422);
    }
    assert!(post(client, "pop", &json!({"count": "x"})).problem(422).contains("expected a 64-bit integer"));
    assert_eq!(server.command::<i64>(&[b"DBSIZE"]), 1);
}

#[test]
fn a_value_of_another_type_is_left_alone() {
    let (_server, Host { ref client, .. }) = setup();
    client.put_raw("/v1/strings/s", b"v");
    put(client, &json!(["a"]));
    for (method, path, body) in [
        ("GET", "/v1/lists/s", Value::Null),
        ("GET", "/v1/lists/s?start=0", Value::Null),
        ("GET", "/v1/lists/s/items/0", Value::Null),
        ("PUT", "/v1/lists/s", json!({"items": [1]})),
        ("PATCH", "/v1/lists/s", json!({"trim": {}})),
        ("DELETE", "/v1/lists/s", Value::Null),
        ("POST", "/v1/lists/s/push", json!({"items": [1]})),
        ("POST", "/v1/lists/s/pop", json!({})),
        ("POST", "/v1/lists/s/move", json!({"to": "l"})),
        ("POST", "/v1/lists/l/move", json!({"to": "s"})),
        ("PUT", "/v1/lists/s/items/0", json!({"value": 1})),
        ("DELETE", "/v1/lists/s/items/0", Value::Null),
    ] {
        let answer =
            if body.is_null() { client.send(method, path, &[], b"") } else { client.send_json(method, path, &body) };
        answer.problem(409);
        assert_eq!(answer.json()["code"], "WRONGTYPE", "{method} {path}");
    }
    assert_eq!(client.get_raw("/v1/strings/s").body, b"v");
    assert_eq!(client.get("/v1/lists/l").json()["items"], json!(["a"]));
    assert_eq!(client.send_json("PUT", "/v1/lists/s?replace=any", &json!({"items": [1]})).status, 200);
    assert_eq!(client.get("/v1/lists/s").json()["items"], json!(["1"]));
}

#[test]
fn a_part_is_counted_from_either_end_and_has_no_tag() {
    let (server, Host { ref client, .. }) = setup();
    put(client, &json!(["a", "b", "c", "d"]));
    server.command::<i64>(&[b"EXPIRE", b"l", b"100"]);
    for (query, expected) in [
        ("start=1&stop=2", json!(["b", "c"])),
        ("start=2", json!(["c", "d"])),
        ("stop=0", json!(["a"])),
        ("stop=-2", json!(["a", "b", "c"])),
        ("start=-2&stop=99", json!(["c", "d"])),
        ("start=-99&stop=-4", json!(["a"])),
        ("start=-99&stop=-5", json!([])),
        ("start=4", json!([])),
        ("start=2&stop=1", json!([])),
        ("start=-9223372036854775808&stop=9223372036854775807", json!(["a", "b", "c", "d"])),
        ("start=9223372036854775807&stop=-9223372036854775808", json!([])),
    ] {
        let part = client.get(&format!("/v1/lists/l?{query}"));
        assert_eq!((part.header("etag"), &part.json()["items"]), ("", &expected), "{query}");
        assert!(part.json()["ttl"].as_f64().is_some());
    }
    for name in ["if-match", "if-none-match"] {
        client.send("GET", "/v1/lists/l?start=0", &[(name, "*")], b"").problem(422);
    }
    assert_eq!(client.send("HEAD", "/v1/lists/l?start=0", &[], b"").status, 200);
    client.get("/v1/lists/none?start=0").problem(404);
}

#[test]
fn parts_of_a_million_items_are_read_at_both_ends_and_in_the_middle() {
    let (server, Host { ref client, .. }) = setup();
    put_a_million(&server);
    for first in [0, 495_000, 990_000] {
        let part = client.get(&format!("/v1/lists/l?start={first}&stop={}", first + 9999)).json();
        let expected: Vec<_> = (first + 1..=first + 10_000).map(|number| number.to_string()).collect();
        assert_eq!(part["items"], json!(expected));
    }
    assert_eq!(client.get("/v1/lists/l?start=-1").json()["items"], json!(["1000000"]));
    assert!(client.get("/v1/lists/l").problem(406).contains("a part"));
    client.get("/v1/lists/l?start=0&stop=10000").problem(406);
    assert_eq!(client.delete("/v1/lists/l/items/499999").status, 204);
    assert_eq!(client.get("/v1/lists/l/items/499999").json()["value"], "500001");
}

#[test]
fn what_has_too_many_bytes_is_not_shown_and_not_taken() {
    let (server, Host { ref client, .. }) = setup();
    let value = vec![b'x'; 3 << 20];
    let large = vec![b'x'; 5 << 20];
    server.command::<i64>(&[b"RPUSH", b"l", &value, &value, &large, b"small"]);
    for path in ["", "?start=0", "?stop=1", "?start=2&stop=2", "/items/2"] {
        client.get(&format!("/v1/lists/l{path}")).problem(406);
    }
    for path in ["?stop=0", "?start=3", "/items/0"] {
        assert_eq!(client.get(&format!("/v1/lists/l{path}")).status, 200);
    }
    for _ in 0..2 {
        let taken = post(client, "pop", &json!({"count": 4})).json();
        assert_eq!(taken["items"].as_array().map(Vec::len), Some(1));
    }
    post(client, "pop", &json!({"count": 2})).problem(406);
    post(client, "move", &json!({"to": "m"})).problem(406);
    assert_eq!(server.command::<i64>(&[b"LLEN", b"l"]), 2);
    assert_eq!(post(client, "pop", &json!({"side": "right", "count": 2})).json(), json!({"items": ["small"]}));
    assert_eq!(client.send_json("PUT", "/v1/lists/l/items/0", &json!({"value": "s"})).status, 200);
    assert_eq!(post(client, "pop", &json!({})).json(), json!({"items": ["s"]}));
}

#[test]
fn a_large_list_is_written_whole_and_compared_up_to_a_limit() {
    let (server, Host { ref client, .. }) = setup();
    let items: Vec<_> = (0..100_000).collect();
    put(client, &json!(items));
    let expected: Vec<_> = items.iter().map(|number| number.to_string().into_bytes()).collect();
    assert_eq!(items_at(&server, "l"), expected);
    let conditional = [("content-type", "application/json"), ("if-match", "\"x-json\"")];
    client.send("PATCH", "/v1/lists/l", &conditional, br#"{"trim":{}}"#).problem(422);

    assert_eq!(post(client, "push", &json!({"side": "left", "items": items})).json()["length"], 200_000);
    let reversed: Vec<_> = expected.iter().rev().chain(&expected).cloned().collect();
    assert_eq!(items_at(&server, "l"), reversed);
    assert_eq!(post(client, "push", &json!({"items": items})).json()["length"], 300_000);
    client.send_json("PUT", "/v1/lists/l", &json!({"items": vec![0; 100_001]})).problem(422);
}

#[test]
fn a_trim_keeps_a_part_and_of_nothing_nothing() {
    let (server, Host { ref client, .. }) = setup();
    let trim = |part: Value| client.send_json("PATCH", "/v1/lists/l", &json!({"trim": part}));
    trim(json!({})).problem(404);
    put(client, &json!(["a", "b", "c", "d"]));
    server.command::<i64>(&[b"EXPIRE", b"l", b"100"]);
    assert_eq!(trim(json!({})).json(), json!({"key": "l", "length": 4}));
    assert_eq!(trim(json!({"start": 1, "stop": 99})).json(), json!({"key": "l", "length": 3}));
    assert_eq!(trim(json!({"stop": -2})).json()["length"], 2);
    assert_eq!(items_at(&server, "l"), ["b", "c"].map(str::as_bytes));
    assert!(server.command::<i64>(&[b"TTL", b"l"]) > 90);
    let nothing = trim(json!({"start": i64::MAX, "stop": i64::MIN}));
    assert_eq!((nothing.status, nothing.json()), (200, json!({"key": "l", "length": 0})));
    client.get("/v1/lists/l").problem(404);
}

#[test]
fn a_condition_decides_in_redis_whether_a_list_is_written() {
    let (_server, Host { ref client, .. }) = setup();
    let send = |method: &str, name: &str, tag: &str| {
        let body = if method == "PATCH" { json!({"trim": {"stop": 0}}) } else { json!({"items": ["a", "b"]}) };
        let headers = [("content-type", "application/json"), (name, tag)];
        client.send(method, "/v1/lists/l", &headers, body.to_string().as_bytes())
    };
    let tag = || client.get("/v1/lists/l").header("etag").to_owned();
    send("PUT", "if-match", "*").problem(412);
    send("PATCH", "if-match", "*").problem(412);
    assert_eq!(send("PUT", "if-none-match", "*").status, 201);
    send("PUT", "if-none-match", "*").problem(412);
    let old = tag();
    let unchanged = client.send("GET", "/v1/lists/l", &[("if-none-match", &old)], b"");
    assert_eq!((unchanged.status, unchanged.body.len(), unchanged.header("etag")), (304, 0, old.as_str()));
    assert_eq!(client.send("HEAD", "/v1/lists/l", &[("if-none-match", &old)], b"").status, 304);
    assert_eq!(client.send("GET", "/v1/lists/l", &[("if-match", &old)], b"").status, 200);
    client.send("GET", "/v1/lists/l", &[("if-match", "\"other\"")], b"").problem(412);
    assert_eq!(send("PUT", "if-match", &old).status, 200);
    send("PUT", "if-none-match", &old).problem(412);

    put(client, &json!(["b", "a"]));
    assert_ne!(tag(), old);
    for method in ["PUT", "PATCH", "DELETE"] {
        send(method, "if-match", &old).problem(412);
    }
    assert_eq!(send("PATCH", "if-match", &tag()).json()["length"], 1);
    assert_eq!(client.get("/v1/lists/l").json()["items"], json!(["b"]));
    assert_eq!(send("DELETE", "if-match", &tag()).status, 204);

    let headers = [("content-type", "application/json"), ("if-match", "*")];
    for path in ["/v1/lists", "/v1/lists/l/push", "/v1/lists/l/pop", "/v1/lists/l/move"] {
        client.send("POST", path, &headers, b"{}").problem(422);
    }
}

#[test]
fn of_two_trims_under_the_same_condition_one_happens() {
    let (_server, Host { ref client, .. }) = setup();
    for round in 0..10 {
        put(client, &json!([round, "a", "b", "c"]));
        let tag = client.get("/v1/lists/l").header("etag").to_owned();
        let trims = [0, 1].map(|_| {
            let (client, tag) = (client.apart(), tag.clone());
            move || {
                let headers = [("content-type", "application/json"), ("if-match", tag.as_str())];
                client.send("PATCH", "/v1/lists/l", &headers, br#"{"trim":{"start":1}}"#).status
            }
        });
        let mut statuses = at_once(trims);
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
        assert_eq!(client.get("/v1/lists/l").json()["items"], json!(["a", "b", "c"]));
    }
}

#[test]
fn of_two_creations_one_wins() {
    let (_server, Host { ref client, .. }) = setup();
    for round in 0..10 {
        let creations = [0, 1].map(|_| {
            let (client, body) = (client.apart(), json!({"key": round.to_string(), "items": ["a"]}));
            move || client.send_json("POST", "/v1/lists", &body).status
        });
        let mut statuses = at_once(creations);
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
    }
}

#[test]
fn a_read_only_token_reads_lists_and_changes_none() {
    let (_server, Host { ref client, .. }) = setup();
    put(client, &json!(["a"]));
    let reader = client.with_token(Some(READ_ONLY_TOKEN));
    for path in ["/v1/lists/l", "/v1/lists/l?start=0", "/v1/lists/l/items/0"] {
        assert_eq!(reader.get(path).status, 200, "{path}");
    }
    reader.send_json("POST", "/v1/lists", &json!({"items": ["b"]})).problem(403);
    for (method, path, body) in [
        ("PUT", "", json!({"items": ["b"]})),
        ("PATCH", "", json!({"trim": {"start": 1}})),
        ("POST", "/push", json!({"items": ["b"]})),
        ("POST", "/pop", json!({})),
        ("POST", "/move", json!({"to": "m"})),
        ("PUT", "/items/0", json!({"value": "b"})),
    ] {
        reader.send_json(method, &format!("/v1/lists/l{path}"), &body).problem(403);
        client.send_json(method, &format!("/v1/lists/redstart:x{path}"), &body).problem(403);
    }
    for path in ["/v1/lists/l", "/v1/lists/l/items/0"] {
        reader.delete(path).problem(403);
    }
    for path in ["/v1/lists/redstart:x", "/v1/lists/redstart:x?start=0", "/v1/lists/redstart:x/items/0"] {
        client.get(path).problem(403);
    }
    post(client, "move", &json!({"to": "redstart:m"})).problem(403);
    assert_eq!(client.get("/v1/lists/l").json()["items"], json!(["a"]));
}
