//! `/v1/hashes`, as its contract has it.

use std::collections::BTreeMap;
use std::thread;

use redstart_tests::host::{Host, READ_ONLY_TOKEN};
use redstart_tests::setup;
use serde_json::{Value, json};

#[test]
fn a_hash_is_created_read_replaced_and_deleted() {
    let (server, Host { ref client, .. }) = setup();
    let fields = json!({"name": "Ada", "visits": 1.50, "bytes": {"base64": "/wA="}});
    let created = client.send_json("POST", "/v1/hashes", &json!({"key": "a/b", "fields": fields, "ttl": 100}));
    assert_eq!((created.status, created.json()), (201, json!({"key": "a/b"})));
    assert_eq!(created.header("location"), "/v1/hashes/a%2Fb");
    assert_eq!(server.command::<Vec<u8>>(&[b"HGET", b"a/b", b"visits"]), b"1.5");
    client.send_json("POST", "/v1/hashes", &json!({"key": "a/b", "fields": {"x": "y"}})).problem(409);

    let read = client.get("/v1/hashes/a%2Fb").json();
    assert_eq!(read["fields"], json!({"name": "Ada", "visits": "1.5", "bytes": {"base64": "/wA="}}));
    assert!(read["ttl"].as_f64().is_some_and(|ttl| ttl > 90.0), "{read}");

    let replace =
        |query: &str| client.send_json("PUT", &format!("/v1/hashes/a%2Fb{query}"), &json!({"fields": {"x": "y"}}));
    assert_eq!(replace("?keep_ttl=true").status, 200);
    assert_eq!(client.get("/v1/hashes/a%2Fb").json()["fields"], json!({"x": "y"}));
    assert!(server.command::<i64>(&[b"TTL", b"a/b"]) > 90);
    assert_eq!(replace("").status, 200);
    assert_eq!(client.get("/v1/hashes/a%2Fb").json(), json!({"key": "a/b", "fields": {"x": "y"}, "ttl": null}));
    assert_eq!(client.send("HEAD", "/v1/hashes/a%2Fb", &[], b"").status, 200);

    assert_eq!(client.delete("/v1/hashes/a%2Fb").status, 204);
    client.delete("/v1/hashes/a%2Fb").problem(404);
    client.get("/v1/hashes/a%2Fb").problem(404);
    assert_eq!(client.send("HEAD", "/v1/hashes/a%2Fb", &[], b"").status, 404);
    assert_eq!(replace("?expires_at=2100-01-01T00:00:00Z").status, 201);
    assert_eq!(server.command::<i64>(&[b"PEXPIRETIME", b"a/b"]), 4_102_444_800_000);
}

#[test]
fn names_that_are_not_utf8_and_keys_that_no_path_can_hold_are_to_be_had() {
    let (_server, Host { ref client, .. }) = setup();
    let fields = json!([[{"base64": "/w=="}, "v"]]);
    assert_eq!(client.send_json("PUT", "/v1/hashes?key=", &json!({"fields": fields})).status, 201);
    assert_eq!(client.get("/v1/hashes?key=").json(), json!({"key": "", "fields": fields, "ttl": null}));
    assert_eq!(client.send_json("PATCH", "/v1/hashes?key=", &json!({"fields": {"a": 1}})).status, 200);
    assert_eq!(client.delete("/v1/hashes?key=").status, 204);
    client.get("/v1/hashes").problem(422);

    assert_eq!(client.get("/v1/hashes/h/fields?field=").problem(404), "the hash, or the field in it, does not exist");
    assert_eq!(client.send_json("PUT", "/v1/hashes/h/fields?field=", &json!({"value": "v"})).status, 201);
    assert_eq!(client.send_json("PUT", "/v1/hashes/h/fields/%FF", &json!({"value": "w"})).status, 201);
    assert_eq!(client.get("/v1/hashes/h/fields?field=").json(), json!({"field": "", "value": "v"}));
    assert_eq!(client.get("/v1/hashes/h/fields/%FF").json(), json!({"field": {"base64": "/w=="}, "value": "w"}));
    assert_eq!(client.delete("/v1/hashes/h/fields?field=").status, 204);
}

#[test]
fn what_is_wrong_with_a_hash_is_said_and_changes_nothing() {
    let (server, Host { ref client, .. }) = setup();
    client.put_raw("/v1/strings/s", b"v");
    for (method, path, body) in [
        ("PUT", "/v1/hashes/h", json!({"fields": {}})),
        ("PUT", "/v1/hashes/h", json!({"fields": {"a": null}})),
        ("PUT", "/v1/hashes/h", json!({"fields": {"a": []}})),
        ("PUT", "/v1/hashes/h", json!({"fields": [["a"]]})),
        ("PUT", "/v1/hashes/h", json!({"fields": [["a", 1], ["a", 2]]})),
        ("PUT", "/v1/hashes/h", json!({"fields": {"a": 1}, "tll": 1})),
        ("PUT", "/v1/hashes/h?replace=all", json!({"fields": {"a": 1}})),
        ("PUT", "/v1/hashes/h", json!({})),
        ("POST", "/v1/hashes", json!({"key": "h", "fields": {}})),
        ("POST", "/v1/hashes?keep_ttl=true", json!({"key": "h", "fields": {"a": 1}})),
        ("PATCH", "/v1/hashes/h", json!({"fields": [["a", 1], ["a", null]]})),
        ("PATCH", "/v1/hashes/h", json!({"fields": {"a": true}})),
        ("PUT", "/v1/hashes/h/fields/f", json!({})),
        ("PUT", "/v1/hashes/h/fields/f", json!({"value": null})),
        ("POST", "/v1/hashes/h/fields/f/increment", json!({"by": "x"})),
    ] {
        client.send_json(method, path, &body).problem(422);
    }
    for (method, path) in [("PUT", "/v1/hashes/h"), ("PATCH", "/v1/hashes/h"), ("PUT", "/v1/hashes/h/fields/f")] {
        client.send(method, path, &[("content-type", "application/json")], b"{").problem(400);
        client.put_raw(path, b"x").problem(415);
    }
    assert_eq!(server.command::<i64>(&[b"EXISTS", b"h"]), 0);

    for (method, path, body) in [
        ("GET", "/v1/hashes/s", Value::Null),
        ("GET", "/v1/hashes/s/fields", Value::Null),
        ("GET", "/v1/hashes/s/fields/f", Value::Null),
        ("PUT", "/v1/hashes/s", json!({"fields": {"a": 1}})),
        ("PATCH", "/v1/hashes/s", json!({"fields": {"a": 1}})),
        ("DELETE", "/v1/hashes/s", Value::Null),
        ("PUT", "/v1/hashes/s/fields/f", json!({"value": 1})),
        ("DELETE", "/v1/hashes/s/fields/f", Value::Null),
        ("POST", "/v1/hashes/s/fields/f/increment", json!({})),
    ] {
        let answer =
            if body.is_null() { client.send(method, path, &[], b"") } else { client.send_json(method, path, &body) };
        answer.problem(409);
        assert_eq!(answer.json()["code"], "WRONGTYPE", "{method} {path}");
    }
    assert_eq!(client.get_raw("/v1/strings/s").body, b"v");
    assert_eq!(client.send_json("PUT", "/v1/hashes/s?replace=any", &json!({"fields": {"a": 1}})).status, 200);
    assert_eq!(client.get("/v1/hashes/s").json()["fields"], json!({"a": "1"}));
}

#[test]
fn a_patch_merges_and_null_deletes() {
    let (server, Host { ref client, .. }) = setup();
    let patch = |body: Value| client.send_json("PATCH", "/v1/hashes/h", &json!({"fields": body}));
    patch(json!({"a": null})).problem(404);
    let only_if_there = [("content-type", "application/json"), ("if-match", "*")];
    client.send("PATCH", "/v1/hashes/h", &only_if_there, br#"{"fields":{"a":1}}"#).problem(412);
    assert_eq!(patch(json!({"a": 1, "b": "2", "none": null})).status, 200);
    server.command::<i64>(&[b"EXPIRE", b"h", b"100"]);
    assert_eq!(patch(json!({"b": null, "c": 3})).json(), json!({"key": "h", "added": 1, "removed": 1}));
    let read = client.get("/v1/hashes/h").json();
    assert_eq!(read["fields"], json!({"a": "1", "c": "3"}));
    assert!(read["ttl"].as_f64().is_some());
    assert_eq!(patch(json!({"a": null, "c": null})).status, 200);
    client.get("/v1/hashes/h").problem(404);
}

#[test]
fn a_field_is_set_read_and_deleted() {
    let (_server, Host { ref client, .. }) = setup();
    let place = "/v1/hashes/h/fields/a%2Fb";
    client.get(place).problem(404);
    let set = |value: Value| client.send_json("PUT", place, &json!({"value": value}));
    assert_eq!((set(json!("v")).status, set(json!(2.50)).status), (201, 200));
    assert_eq!(client.get(place).json(), json!({"field": "a/b", "value": "2.5"}));
    assert_eq!(client.send("HEAD", place, &[], b"").status, 200);
    client.send("GET", place, &[("if-none-match", "*")], b"").problem(422);
    assert_eq!(client.delete(place).status, 204);
    client.delete(place).problem(404);
    client.get("/v1/hashes/h").problem(404);
}

#[test]
fn a_field_is_a_number_to_add_to() {
    let (_server, Host { ref client, .. }) = setup();
    let add = |body: Value| client.send_json("POST", "/v1/hashes/h/fields/n/increment", &body);
    assert_eq!(add(json!({})).json(), json!({"value": 1}));
    assert_eq!(add(json!({"by": -3})).json(), json!({"value": -2}));
    assert_eq!(add(json!({"by": 0.5})).json(), json!({"value": -1.5}));
    assert_eq!(add(json!({"by": 1})).json(), json!({"value": -0.5}));
    client.send_json("PUT", "/v1/hashes/h/fields/n", &json!({"value": "text"}));
    assert_eq!(add(json!({})).problem(422), "the value there is not a number");
    assert_eq!(add(json!({"by": 0.5})).problem(422), "the value there is not a number");
}

#[test]
fn a_condition_decides_in_redis_whether_a_hash_is_written() {
    let (_server, Host { ref client, .. }) = setup();
    let send = |method: &str, name: &str, tag: &str| {
        let headers = [("content-type", "application/json"), (name, tag)];
        client.send(method, "/v1/hashes/h", &headers, br#"{"fields":{"a":"1","b":"2"}}"#)
    };
    send("PUT", "if-match", "*").problem(412);
    assert_eq!(send("PUT", "if-none-match", "*").status, 201);
    send("PUT", "if-none-match", "*").problem(412);
    let tag = client.get("/v1/hashes/h").header("etag").to_owned();
    let unchanged = client.send("GET", "/v1/hashes/h", &[("if-none-match", &tag)], b"");
    assert_eq!((unchanged.status, unchanged.body.len(), unchanged.header("etag")), (304, 0, tag.as_str()));
    assert_eq!(client.send("GET", "/v1/hashes/h", &[("if-match", &tag)], b"").status, 200);
    client.send("GET", "/v1/hashes/h", &[("if-match", "\"other\"")], b"").problem(412);
    assert_eq!(send("PUT", "if-match", &tag).status, 200);
    send("PUT", "if-none-match", &tag).problem(412);
    client.send_json("PATCH", "/v1/hashes/h", &json!({"fields": {"b": "3"}}));
    for method in ["PUT", "PATCH", "DELETE"] {
        send(method, "if-match", &tag).problem(412);
    }
    assert_eq!(client.get("/v1/hashes/h").json()["fields"], json!({"a": "1", "b": "3"}));
    let tag = client.get("/v1/hashes/h").header("etag").to_owned();
    assert_eq!(send("DELETE", "if-match", &tag).status, 204);
    client.send("POST", "/v1/hashes", &[("content-type", "application/json"), ("if-match", "*")], b"{}").problem(422);
}

#[test]
fn of_two_merges_under_the_same_condition_one_happens() {
    let (_server, Host { ref client, .. }) = setup();
    client.send_json("PUT", "/v1/hashes/h", &json!({"fields": {"n": 0}}));
    for round in 0..10 {
        let tag = client.get("/v1/hashes/h").header("etag").to_owned();
        let merge = |name: &'static str| {
            let (client, tag) = (client.apart(), tag.clone());
            move || {
                let headers = [("content-type", "application/json"), ("if-match", tag.as_str())];
                let body = json!({"fields": {name: round}}).to_string();
                client.send("PATCH", "/v1/hashes/h", &headers, body.as_bytes()).status
            }
        };
        let mut statuses = [thread::spawn(merge("a")), thread::spawn(merge("b"))].map(|one| one.join().unwrap());
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    }
}

#[test]
fn of_two_creations_one_wins() {
    let (_server, Host { ref client, .. }) = setup();
    for round in 0..10 {
        let create = || {
            let client = client.apart();
            let body = json!({"key": round.to_string(), "fields": {"a": 1}});
            move || client.send_json("POST", "/v1/hashes", &body).status
        };
        let mut statuses = [thread::spawn(create()), thread::spawn(create())].map(|one| one.join().unwrap());
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
    }
}

#[test]
fn a_large_hash_is_written_whole_and_read_in_pages() {
    let (server, Host { ref client, .. }) = setup();
    let fields: BTreeMap<_, _> = (0..20_000).map(|number| (format!("f{number}"), format!("v{number}"))).collect();
    assert_eq!(client.send_json("PUT", "/v1/hashes/h", &json!({"fields": fields})).status, 201);
    assert_eq!(server.command::<i64>(&[b"HLEN", b"h"]), 20_000);
    assert!(client.get("/v1/hashes/h").problem(406).contains("pages"));
    let conditional = [("content-type", "application/json"), ("if-match", "\"x-json\"")];
    client.send("PUT", "/v1/hashes/h", &conditional, br#"{"fields":{"a":1}}"#).problem(422);

    let (mut seen, mut cursor) = (BTreeMap::new(), "0".to_owned());
    loop {
        let page = client.get(&format!("/v1/hashes/h/fields?limit=1000&cursor={cursor}")).json();
        for item in page["items"].as_array().unwrap() {
            seen.insert(item["field"].as_str().unwrap().to_owned(), item["value"].as_str().unwrap().to_owned());
        }
        match &page["next_cursor"] {
            Value::Null => break,
            next => next.as_str().unwrap().clone_into(&mut cursor),
        }
    }
    assert_eq!(seen, fields);
    client.get("/v1/hashes/none/fields").problem(404);
    client.get("/v1/hashes/h/fields?cursor=x").problem(422);
    let matching = client.get("/v1/hashes/h/fields?match=f1999&limit=1000").json();
    assert!(matching["items"].as_array().is_some_and(|items| items.len() <= 1));
}

#[test]
fn a_hash_with_too_many_bytes_is_not_shown() {
    let (server, Host { ref client, .. }) = setup();
    let value = vec![b'x'; 3 << 20];
    server.command::<i64>(&[b"HSET", b"h", b"a", &value, b"b", &value]);
    client.get("/v1/hashes/h").problem(406);
    client.get("/v1/hashes/h/fields").problem(406);
    assert_eq!(client.get("/v1/hashes/h/fields/a").status, 200);
    server.command::<i64>(&[b"HSET", b"h", b"c", &[value.clone(), value].concat()]);
    client.get("/v1/hashes/h/fields/c").problem(406);
}

#[test]
fn a_read_only_token_reads_hashes_and_changes_none() {
    let (_server, Host { ref client, .. }) = setup();
    client.send_json("PUT", "/v1/hashes/h", &json!({"fields": {"a": 1}}));
    let reader = client.with_token(Some(READ_ONLY_TOKEN));
    for path in ["/v1/hashes/h", "/v1/hashes/h/fields", "/v1/hashes/h/fields/a"] {
        assert_eq!(reader.get(path).status, 200, "{path}");
    }
    reader.send_json("PUT", "/v1/hashes/h", &json!({"fields": {"a": 2}})).problem(403);
    reader.send_json("POST", "/v1/hashes", &json!({"fields": {"a": 2}})).problem(403);
    reader.send_json("PATCH", "/v1/hashes/h", &json!({"fields": {"a": 2}})).problem(403);
    reader.send_json("PUT", "/v1/hashes/h/fields/a", &json!({"value": 2})).problem(403);
    reader.send_json("POST", "/v1/hashes/h/fields/a/increment", &json!({})).problem(403);
    reader.delete("/v1/hashes/h/fields/a").problem(403);
    reader.delete("/v1/hashes/h").problem(403);
    for path in ["/v1/hashes/redstart:x", "/v1/hashes/redstart:x/fields", "/v1/hashes/redstart:x/fields/a"] {
        client.get(path).problem(403);
    }
    assert_eq!(client.get("/v1/hashes/h").json()["fields"], json!({"a": "1"}));
}
