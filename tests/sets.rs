//! `/v1/sets`, as its contract has it; what sets make together is in `set_algebra`.

use std::collections::BTreeSet;
use std::thread;

use redstart_tests::client::Response;
use redstart_tests::host::{Host, READ_ONLY_TOKEN};
use redstart_tests::server::Server;
use redstart_tests::setup;
use serde_json::{Value, json};

/// The members that Redis has.
fn members(server: &Server, key: &str) -> BTreeSet<String> {
    server.command::<Vec<String>>(&[b"SMEMBERS", key.as_bytes()]).into_iter().collect()
}

fn set(members: &[&str]) -> BTreeSet<String> {
    members.iter().map(|&member| member.to_owned()).collect()
}

/// The texts of a list in an answer.
fn texts(answer: &Response, name: &str) -> BTreeSet<String> {
    answer.json()[name].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_set_is_created_read_replaced_and_deleted() {
    let (server, Host { ref client, .. }) = setup();
    let body = json!({"key": "a/b", "members": ["red", 1.50, "red"], "ttl": 100});
    let created = client.send_json("POST", "/v1/sets", &body);
    assert_eq!((created.status, created.json()), (201, json!({"key": "a/b"})));
    assert_eq!(created.header("location"), "/v1/sets/a%2Fb");
    assert_eq!(members(&server, "a/b"), set(&["red", "1.5"]));
    client.send_json("POST", "/v1/sets", &json!({"key": "a/b", "members": ["x"]})).problem(409);

    let read = client.get("/v1/sets/a%2Fb");
    assert_eq!(texts(&read, "members"), set(&["red", "1.5"]));
    assert_eq!(read.json()["key"], "a/b");
    assert!(read.json()["ttl"].as_f64().is_some_and(|ttl| ttl > 90.0));

    let replace = |query: &str| client.send_json("PUT", &format!("/v1/sets/a%2Fb{query}"), &json!({"members": ["x"]}));
    assert_eq!(replace("?keep_ttl=true").status, 200);
    assert!(server.command::<i64>(&[b"TTL", b"a/b"]) > 90);
    assert_eq!(replace("").status, 200);
    assert_eq!(client.get("/v1/sets/a%2Fb").json(), json!({"key": "a/b", "members": ["x"], "ttl": null}));
    let head = client.send("HEAD", "/v1/sets/a%2Fb", &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));

    assert_eq!(client.delete("/v1/sets/a%2Fb").status, 204);
    client.delete("/v1/sets/a%2Fb").problem(404);
    client.get("/v1/sets/a%2Fb").problem(404);
    assert_eq!(client.send("HEAD", "/v1/sets/a%2Fb", &[], b"").status, 404);
    assert_eq!(replace("?expires_at=2100-01-01T00:00:00Z").status, 201);
    assert_eq!(server.command::<i64>(&[b"PEXPIRETIME", b"a/b"]), 4_102_444_800_000);
}

#[test]
fn members_that_are_not_utf8_and_keys_that_no_path_can_hold_are_to_be_had() {
    let (_server, Host { ref client, .. }) = setup();
    let members = json!([{"base64": "/w=="}]);
    assert_eq!(client.send_json("PUT", "/v1/sets?key=", &json!({"members": members})).status, 201);
    assert_eq!(client.get("/v1/sets?key=").json(), json!({"key": "", "members": members, "ttl": null}));
    assert_eq!(client.get("/v1/sets?key=&limit=9").json(), json!({"items": members, "next_cursor": null}));
    let changed = client.send_json("PATCH", "/v1/sets?key=", &json!({"add": ["a"], "remove": members}));
    assert_eq!(changed.json(), json!({"key": "", "added": 1, "removed": 1}));
    assert_eq!(client.delete("/v1/sets?key=").status, 204);

    assert_eq!(client.get("/v1/sets/s/members?member=").problem(404), "the set, or the member in it, does not exist");
    assert_eq!(client.send("PUT", "/v1/sets/s/members?member=", &[], b"").status, 201);
    assert_eq!(client.send("PUT", "/v1/sets/s/members/%FF", &[], b"").status, 201);
    assert_eq!(client.get("/v1/sets/s/members?member=").json(), json!({"member": ""}));
    assert_eq!(client.get("/v1/sets/s/members/%FF").json(), json!({"member": {"base64": "/w=="}}));
    assert_eq!(client.delete("/v1/sets/s/members?member=").status, 204);
}

#[test]
fn what_is_wrong_with_a_set_is_said_and_changes_nothing() {
    let (server, Host { ref client, .. }) = setup();
    client.put_raw("/v1/strings/string", b"v");
    for (method, path, body) in [
        ("PUT", "/v1/sets/s", json!({"members": []})),
        ("PUT", "/v1/sets/s", json!({"members": [null]})),
        ("PUT", "/v1/sets/s", json!({"members": {"a": 1}})),
        ("PUT", "/v1/sets/s", json!({"members": ["a"], "tll": 1})),
        ("PUT", "/v1/sets/s?replace=all", json!({"members": ["a"]})),
        ("PUT", "/v1/sets/s", json!({})),
        ("POST", "/v1/sets", json!({"key": "s", "members": []})),
        ("POST", "/v1/sets?keep_ttl=true", json!({"key": "s", "members": ["a"]})),
        ("PATCH", "/v1/sets/s", json!({})),
        ("PATCH", "/v1/sets/s", json!({"add": [], "remove": []})),
        ("PATCH", "/v1/sets/s", json!({"add": ["a", 1], "remove": ["b", "1"]})),
        ("PATCH", "/v1/sets/s", json!({"members": ["a"]})),
        ("PUT", "/v1/sets/s/members/m", json!({"member": "m"})),
        ("PUT", "/v1/sets/s/members/m?x=1", json!({})),
    ] {
        client.send_json(method, path, &body).problem(422);
    }
    for (method, path) in [("PUT", "/v1/sets/s"), ("PATCH", "/v1/sets/s"), ("POST", "/v1/sets")] {
        client.send(method, path, &[("content-type", "application/json")], b"{").problem(400);
        client.send(method, path, &[("content-type", "text/plain")], b"x").problem(415);
    }
    client.put_raw("/v1/sets/s/members/m", b"x").problem(422);
    assert_eq!(server.command::<i64>(&[b"EXISTS", b"s"]), 0);

    for (method, path, body) in [
        ("GET", "/v1/sets/string", Value::Null),
        ("GET", "/v1/sets/string?cursor=0", Value::Null),
        ("GET", "/v1/sets/string/members", Value::Null),
        ("GET", "/v1/sets/string/members/m", Value::Null),
        ("PUT", "/v1/sets/string", json!({"members": ["a"]})),
        ("PATCH", "/v1/sets/string", json!({"add": ["a"]})),
        ("DELETE", "/v1/sets/string", Value::Null),
        ("PUT", "/v1/sets/string/members/m", json!({})),
        ("DELETE", "/v1/sets/string/members/m", Value::Null),
    ] {
        let answer =
            if body.is_null() { client.send(method, path, &[], b"") } else { client.send_json(method, path, &body) };
        answer.problem(409);
        assert_eq!(answer.json()["code"], "WRONGTYPE", "{method} {path}");
    }
    assert_eq!(client.get_raw("/v1/strings/string").body, b"v");
    assert_eq!(client.send_json("PUT", "/v1/sets/string?replace=any", &json!({"members": ["a"]})).status, 200);
    assert_eq!(members(&server, "string"), set(&["a"]));
}

#[test]
fn a_patch_adds_and_removes() {
    let (server, Host { ref client, .. }) = setup();
    let patch = |body: Value| client.send_json("PATCH", "/v1/sets/s", &body);
    let changed = |added: u64, removed: u64| json!({"key": "s", "added": added, "removed": removed});
    patch(json!({"remove": ["a"]})).problem(404);
    let only_if_there = [("content-type", "application/json"), ("if-match", "*")];
    client.send("PATCH", "/v1/sets/s", &only_if_there, br#"{"add":["a"]}"#).problem(412);
    assert_eq!(patch(json!({"add": ["a", "b", "a"], "remove": ["none"]})).json(), changed(2, 0));
    server.command::<i64>(&[b"EXPIRE", b"s", b"100"]);
    assert_eq!(patch(json!({"add": ["b", 3], "remove": ["a", "none"]})).json(), changed(1, 1));
    assert_eq!(members(&server, "s"), set(&["b", "3"]));
    // The set does not end in between, and keeps its time to live.
    assert_eq!(patch(json!({"add": ["c"], "remove": ["b", 3]})).json(), changed(1, 2));
    assert!(server.command::<i64>(&[b"TTL", b"s"]) > 90);
    assert_eq!(patch(json!({"remove": ["c"]})).json(), changed(0, 1));
    assert_eq!(server.command::<i64>(&[b"EXISTS", b"s"]), 0);
}

#[test]
fn a_member_is_added_found_and_removed() {
    let (_server, Host { ref client, .. }) = setup();
    let place = "/v1/sets/s/members/a%2Fb";
    client.get(place).problem(404);
    let added = client.send("PUT", place, &[], b"");
    assert_eq!((added.status, added.json()), (201, json!({"member": "a/b"})));
    assert_eq!(client.send_json("PUT", place, &json!({})).status, 200);
    assert_eq!(client.get(place).json(), json!({"member": "a/b"}));
    assert_eq!(client.send("HEAD", place, &[], b"").status, 200);
    for method in ["GET", "PUT", "DELETE"] {
        client.send(method, place, &[("if-none-match", "*")], b"").problem(422);
    }
    assert_eq!(client.send("HEAD", "/v1/sets/s/members/none", &[], b"").status, 404);
    client.delete("/v1/sets/s/members/none").problem(404);
    assert_eq!(client.delete(place).status, 204);
    client.get("/v1/sets/s").problem(404);
}

#[test]
fn a_condition_decides_in_redis_whether_a_set_is_written() {
    let (server, Host { ref client, .. }) = setup();
    let send = |method: &str, name: &str, tag: &str| {
        let body: &[u8] = if method == "PATCH" { br#"{"add":["c"]}"# } else { br#"{"members":["a","b"]}"# };
        client.send(method, "/v1/sets/s", &[("content-type", "application/json"), (name, tag)], body)
    };
    send("PUT", "if-match", "*").problem(412);
    assert_eq!(send("PUT", "if-none-match", "*").status, 201);
    send("PUT", "if-none-match", "*").problem(412);
    let read = |name: &str, tag: &str| client.send("GET", "/v1/sets/s", &[(name, tag)], b"");
    let tag = client.get("/v1/sets/s").header("etag").to_owned();
    let unchanged = read("if-none-match", &tag);
    assert_eq!((unchanged.status, unchanged.body.len(), unchanged.header("etag")), (304, 0, tag.as_str()));
    assert_eq!(read("if-match", &tag).status, 200);
    read("if-match", "\"other\"").problem(412);

    // The tag is that of the members, in whatever order they were added.
    client.send_json("PUT", "/v1/sets/s", &json!({"members": ["b", "a"]}));
    assert_eq!(send("PATCH", "if-match", &tag).status, 200);
    for method in ["PUT", "PATCH", "DELETE"] {
        send(method, "if-match", &tag).problem(412);
    }
    assert_eq!(members(&server, "s"), set(&["a", "b", "c"]));
    let tag = client.get("/v1/sets?key=s").header("etag").to_owned();
    assert_eq!(send("DELETE", "if-match", &tag).status, 204);

    client.send("POST", "/v1/sets", &[("content-type", "application/json"), ("if-match", "*")], b"{}").problem(422);
    client.send_json("PUT", "/v1/sets/s", &json!({"members": ["a"]}));
    let page = client.get("/v1/sets/s?limit=10");
    assert_eq!((page.status, page.header("etag")), (200, ""));
    for path in ["/v1/sets/s?limit=10", "/v1/sets/s/members", "/v1/sets?key=s&match=*"] {
        client.send("GET", path, &[("if-none-match", &tag)], b"").problem(422);
    }
}

#[test]
fn of_two_changes_under_the_same_condition_one_happens() {
    let (_server, Host { ref client, .. }) = setup();
    client.send_json("PUT", "/v1/sets/s", &json!({"members": ["start"]}));
    for round in 0..10 {
        let tag = client.get("/v1/sets/s").header("etag").to_owned();
        let change = |name: &'static str| {
            let (client, tag) = (client.apart(), tag.clone());
            move || {
                let headers = [("content-type", "application/json"), ("if-match", tag.as_str())];
                let body = json!({"add": [format!("{name}{round}")]}).to_string();
                client.send("PATCH", "/v1/sets/s", &headers, body.as_bytes()).status
            }
        };
        let mut statuses = [thread::spawn(change("a")), thread::spawn(change("b"))].map(|one| one.join().unwrap());
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    }
    assert_eq!(texts(&client.get("/v1/sets/s"), "members").len(), 11);
}

#[test]
fn of_two_creations_one_wins() {
    let (_server, Host { ref client, .. }) = setup();
    for round in 0..10 {
        let create = || {
            let client = client.apart();
            let body = json!({"key": round.to_string(), "members": ["a"]});
            move || client.send_json("POST", "/v1/sets", &body).status
        };
        let mut statuses = [thread::spawn(create()), thread::spawn(create())].map(|one| one.join().unwrap());
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
    }
}

#[test]
fn a_large_set_is_written_whole_and_read_in_pages() {
    let (server, Host { ref client, .. }) = setup();
    let all: BTreeSet<_> = (0..20_000).map(|number| format!("m{number}")).collect();
    assert_eq!(client.send_json("PUT", "/v1/sets/s", &json!({"members": all})).status, 201);
    assert_eq!(server.command::<i64>(&[b"SCARD", b"s"]), 20_000);
    assert!(client.get("/v1/sets/s").problem(406).contains("pages"));
    let conditional = [("content-type", "application/json"), ("if-match", "\"x-json\"")];
    client.send("PATCH", "/v1/sets/s", &conditional, br#"{"add":["a"]}"#).problem(422);

    for path in ["/v1/sets/s?", "/v1/sets/s/members?", "/v1/sets?key=s&"] {
        let (mut seen, mut cursor) = (BTreeSet::new(), "0".to_owned());
        loop {
            let page = client.get(&format!("{path}limit=1000&cursor={cursor}"));
            seen.append(&mut texts(&page, "items"));
            match &page.json()["next_cursor"] {
                Value::Null => break,
                next => next.as_str().unwrap().clone_into(&mut cursor),
            }
        }
        assert_eq!(seen, all, "{path}");
    }
    client.get("/v1/sets/none?limit=1").problem(404);
    client.get("/v1/sets/none/members").problem(404);
    client.get("/v1/sets/s?cursor=x").problem(422);
    client.get("/v1/sets/s/members?limit=0").problem(422);
    assert!(texts(&client.get("/v1/sets/s?match=m1999&limit=1000"), "items").len() <= 1);

    let body = json!({"add": (20_000..40_000).collect::<Vec<_>>(), "remove": all});
    let changed = client.send_json("PATCH", "/v1/sets/s", &body);
    assert_eq!(changed.json(), json!({"key": "s", "added": 20_000, "removed": 20_000}));
}

#[test]
fn a_set_with_too_many_bytes_is_not_shown() {
    let (server, Host { ref client, .. }) = setup();
    let [a, b] = [b'a', b'b'].map(|byte| vec![byte; 3 << 20]);
    server.command::<i64>(&[b"SADD", b"s", &a, &b]);
    client.get("/v1/sets/s").problem(406);
    client.get("/v1/sets/s?limit=10").problem(406);
    client.get("/v1/sets/s/members").problem(406);
}

#[test]
fn a_read_only_token_reads_sets_and_changes_none() {
    let (server, Host { ref client, .. }) = setup();
    client.send_json("PUT", "/v1/sets/s", &json!({"members": ["a"]}));
    let reader = client.with_token(Some(READ_ONLY_TOKEN));
    for path in ["/v1/sets/s", "/v1/sets/s?limit=1", "/v1/sets/s/members", "/v1/sets/s/members/a"] {
        assert_eq!(reader.get(path).status, 200, "{path}");
    }
    reader.send_json("PUT", "/v1/sets/s", &json!({"members": ["b"]})).problem(403);
    reader.send_json("POST", "/v1/sets", &json!({"members": ["b"]})).problem(403);
    reader.send_json("PATCH", "/v1/sets/s", &json!({"add": ["b"]})).problem(403);
    reader.send("PUT", "/v1/sets/s/members/b", &[], b"").problem(403);
    reader.delete("/v1/sets/s/members/a").problem(403);
    reader.delete("/v1/sets/s").problem(403);
    for path in ["/v1/sets/redstart:x", "/v1/sets/redstart:x/members", "/v1/sets/redstart:x/members/a"] {
        client.get(path).problem(403);
    }
    client.send_json("PUT", "/v1/sets/redstart:x", &json!({"members": ["b"]})).problem(403);
    assert_eq!(members(&server, "s"), set(&["a"]));
}
