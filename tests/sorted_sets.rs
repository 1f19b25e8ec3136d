//! `/v1/sorted-sets`, as its contract has it, but for its pages.

use std::thread;

use redstart_tests::client::{Client, Response};
use redstart_tests::host::{Host, READ_ONLY_TOKEN};
use redstart_tests::setup;
use serde_json::{Value, json};

const Z: &str = "/v1/sorted-sets/z";

/// Replaces a sorted set by these members.
fn put(client: &Client, path: &str, members: &Value) -> Response {
    client.send_json("PUT", path, &json!({"members": members}))
}

#[test]
fn a_sorted_set_is_created_read_replaced_and_deleted() {
    let (server, Host { ref client, .. }) = setup();
    let members = json!([
        {"member": "b", "score": 1e3},
        {"member": {"base64": "/wA="}, "score": -0.5},
        {"member": "a", "score": 1000},
        {"member": 1.50, "score": "inf"},
    ]);
    let created = client.send_json("POST", "/v1/sorted-sets", &json!({"key": "a/b", "members": members, "ttl": 100}));
    assert_eq!((created.status, created.json()), (201, json!({"key": "a/b"})));
    assert_eq!(created.header("location"), "/v1/sorted-sets/a%2Fb");
    assert_eq!(server.command::<f64>(&[b"ZSCORE", b"a/b", b"b"]).to_bits(), 1000_f64.to_bits());
    client.send_json("POST", "/v1/sorted-sets", &json!({"key": "a/b", "members": members})).problem(409);

    let read = client.get("/v1/sorted-sets/a%2Fb").json();
    let expected = json!([
        {"member": {"base64": "/wA="}, "score": -0.5},
        {"member": "a", "score": 1000},
        {"member": "b", "score": 1000},
        {"member": "1.5", "score": "inf"},
    ]);
    assert_eq!(read["members"], expected);
    assert!(read["ttl"].as_f64().is_some_and(|ttl| ttl > 90.0), "{read}");

    let one = json!([{"member": "x", "score": 1}]);
    let replace = |query: &str| put(client, &format!("/v1/sorted-sets/a%2Fb{query}"), &one);
    assert_eq!(replace("?keep_ttl=true").status, 200);
    assert_eq!(client.get("/v1/sorted-sets/a%2Fb").json()["members"], one);
    assert!(server.command::<i64>(&[b"TTL", b"a/b"]) > 90);
    assert_eq!(replace("").status, 200);
    assert_eq!(client.get("/v1/sorted-sets/a%2Fb").json(), json!({"key": "a/b", "members": one, "ttl": null}));
    assert_eq!(client.send("HEAD", "/v1/sorted-sets/a%2Fb", &[], b"").status, 200);

    assert_eq!(client.delete("/v1/sorted-sets/a%2Fb").status, 204);
    client.delete("/v1/sorted-sets/a%2Fb").problem(404);
    client.get("/v1/sorted-sets/a%2Fb").problem(404);
    assert_eq!(client.send("HEAD", "/v1/sorted-sets/a%2Fb", &[], b"").status, 404);
    assert_eq!(replace("?expires_at=2100-01-01T00:00:00Z").status, 201);
    assert_eq!(server.command::<i64>(&[b"PEXPIRETIME", b"a/b"]), 4_102_444_800_000);
}

#[test]
fn scores_keep_every_bit_and_are_shown_with_the_fewest_digits() {
    let (server, Host { ref client, .. }) = setup();
    // Not -0: Redis does not always keep its sign.
    for digits in ["0.1", "0.30000000000000004", "9007199254740991", "1e300", "5e-324", "-1.5", "\"-inf\""] {
        let body = format!(r#"{{"score":{digits}}}"#);
        let set =
            client.send("PUT", "/v1/sorted-sets/z/members/m", &[("content-type", "application/json")], body.as_bytes());
        assert!(String::from_utf8_lossy(&set.body).ends_with(&format!("\"score\":{digits}}}")), "{digits}");
        let read = client.get("/v1/sorted-sets/z").body;
        assert!(String::from_utf8_lossy(&read).contains(&format!("\"score\":{digits}}}")), "{digits}");
        let kept: String = server.command(&[b"ZSCORE", b"z", b"m"]);
        let expected: f64 = digits.trim_matches('"').parse().unwrap();
        assert_eq!(kept.parse::<f64>().unwrap().to_bits(), expected.to_bits(), "{digits}");
    }
}

#[test]
fn members_that_are_not_utf8_and_keys_that_no_path_can_hold_are_to_be_had() {
    let (_server, Host { ref client, .. }) = setup();
    let members = json!([{"member": {"base64": "/w=="}, "score": 2}]);
    assert_eq!(put(client, "/v1/sorted-sets?key=", &members).status, 201);
    assert_eq!(client.get("/v1/sorted-sets?key=").json(), json!({"key": "", "members": members, "ttl": null}));
    assert_eq!(client.get("/v1/sorted-sets?key=&limit=1").json(), json!({"items": members, "next_cursor": null}));
    let patch = client.send_json("PATCH", "/v1/sorted-sets?key=", &json!({"remove": [{"base64": "/w=="}]}));
    assert_eq!(patch.status, 200);
    client.delete("/v1/sorted-sets?key=").problem(404);
    client.get("/v1/sorted-sets").problem(422);

    let set = |place: &str| client.send_json("PUT", place, &json!({"score": 1}));
    let (empty, bytes) = ("/v1/sorted-sets/z/members?member=", "/v1/sorted-sets/z/members/%FF");
    client.get(empty).problem(404);
    assert_eq!((set(empty).status, set(bytes).status), (201, 201));
    assert_eq!(client.get(empty).json(), json!({"member": "", "score": 1, "rank": 0}));
    assert_eq!(client.get(bytes).json(), json!({"member": {"base64": "/w=="}, "score": 1, "rank": 1}));
    assert_eq!((client.delete(empty).status, client.delete(bytes).status), (204, 204));
    client.get(Z).problem(404);
}

#[test]
fn what_is_wrong_with_a_sorted_set_is_said_and_changes_nothing() {
    let (server, Host { ref client, .. }) = setup();
    client.put_raw("/v1/strings/s", b"v");
    let one = json!([{"member": "a", "score": 1}]);
    let twice = json!([{"member": "1", "score": 1}, {"member": 1, "score": 2}]);
    for (method, path, body) in [
        ("PUT", Z, json!({"members": []})),
        ("PUT", Z, json!({"members": {}})),
        ("PUT", Z, json!({"members": ["a"]})),
        ("PUT", Z, json!({"members": [{"member": "a"}]})),
        ("PUT", Z, json!({"members": [{"score": 1}]})),
        ("PUT", Z, json!({"members": [{"member": null, "score": 1}]})),
        ("PUT", Z, json!({"members": [{"member": "a", "score": "1"}]})),
        ("PUT", Z, json!({"members": [{"member": "a", "score": "nan"}]})),
        ("PUT", Z, json!({"members": [{"member": "a", "score": null}]})),
        ("PUT", Z, json!({"members": [{"member": "a", "score": 1, "rank": 1}]})),
        ("PUT", Z, json!({"members": twice})),
        ("PUT", Z, json!({"members": one, "tll": 1})),
        ("PUT", "/v1/sorted-sets/z?replace=all", json!({"members": one})),
        ("PUT", "/v1/sorted-sets/z?by=rank", json!({"members": one})),
        ("PUT", Z, json!({})),
        ("POST", "/v1/sorted-sets", json!({"key": "z", "members": []})),
        ("POST", "/v1/sorted-sets", json!({"key": "z", "members": twice})),
        ("POST", "/v1/sorted-sets?keep_ttl=true", json!({"key": "z", "members": one})),
        ("PATCH", Z, json!({})),
        ("PATCH", Z, json!({"add": [], "remove": []})),
        ("PATCH", Z, json!({"add": twice})),
        ("PATCH", Z, json!({"add": one, "remove": ["a"]})),
        ("PATCH", Z, json!({"add": one, "remove": ["b", "b"]})),
        ("PATCH", Z, json!({"add": one, "members": one})),
        ("PUT", "/v1/sorted-sets/z/members/m", json!({})),
        ("PUT", "/v1/sorted-sets/z/members/m", json!({"score": "x"})),
        ("POST", "/v1/sorted-sets/z/members/m/increment", json!({"by": "x"})),
        ("POST", "/v1/sorted-sets/z/members/m/increment", json!({"to": 1})),
    ] {
        client.send_json(method, path, &body).problem(422);
    }
    for (method, path) in [("PUT", Z), ("PATCH", Z), ("PUT", "/v1/sorted-sets/z/members/m")] {
        client.send(method, path, &[("content-type", "application/json")], b"{").problem(400);
        client.put_raw(path, b"x").problem(415);
    }
    let too_large = br#"{"members":[{"member":"a","score":1e400}]}"#;
    let detail = client.send("PUT", Z, &[("content-type", "application/json")], too_large).problem(422);
    assert!(detail.starts_with("`members[0].score`: "), "{detail}");
    assert_eq!(server.command::<i64>(&[b"EXISTS", b"z"]), 0);

    for (method, path, body) in [
        ("GET", "/v1/sorted-sets/s", Value::Null),
        ("GET", "/v1/sorted-sets/s?limit=1", Value::Null),
        ("GET", "/v1/sorted-sets/s/members", Value::Null),
        ("GET", "/v1/sorted-sets/s/members/m", Value::Null),
        ("PUT", "/v1/sorted-sets/s", json!({"members": one})),
        ("PATCH", "/v1/sorted-sets/s", json!({"add": one})),
        ("PATCH", "/v1/sorted-sets/s", json!({"remove": ["a"]})),
        ("DELETE", "/v1/sorted-sets/s", Value::Null),
        ("PUT", "/v1/sorted-sets/s/members/m", json!({"score": 1})),
        ("DELETE", "/v1/sorted-sets/s/members/m", Value::Null),
        ("POST", "/v1/sorted-sets/s/members/m/increment", json!({})),
    ] {
        let answer =
            if body.is_null() { client.send(method, path, &[], b"") } else { client.send_json(method, path, &body) };
        answer.problem(409);
        assert_eq!(answer.json()["code"], "WRONGTYPE", "{method} {path}");
    }
    assert_eq!(client.get_raw("/v1/strings/s").body, b"v");
    assert_eq!(put(client, "/v1/sorted-sets/s?replace=any", &one).status, 200);
    assert_eq!(client.get("/v1/sorted-sets/s").json()["members"], one);
}

#[test]
fn a_patch_adds_and_removes() {
    let (server, Host { ref client, .. }) = setup();
    let patch = |body: Value| client.send_json("PATCH", Z, &body);
    patch(json!({"remove": ["a"]})).problem(404);
    let only_if_there = [("content-type", "application/json"), ("if-match", "*")];
    client.send("PATCH", Z, &only_if_there, br#"{"add":[{"member":"a","score":1}]}"#).problem(412);
    let add = json!([{"member": "a", "score": 1}, {"member": "b", "score": 2}]);
    assert_eq!(patch(json!({"add": add, "remove": ["none"]})).status, 200);
    server.command::<i64>(&[b"EXPIRE", b"z", b"100"]);
    let changed = patch(json!({"add": [{"member": "a", "score": 3}], "remove": ["b"]}));
    assert_eq!(changed.json(), json!({"key": "z", "added": 0, "removed": 1}));
    assert_eq!(patch(json!({"add": [{"member": "c", "score": 4}], "remove": ["a"]})).status, 200);
    let read = client.get(Z).json();
    assert_eq!(read["members"], json!([{"member": "c", "score": 4}]));
    assert!(read["ttl"].as_f64().is_some(), "what was there is gone, and its time to live is not");
    assert_eq!(patch(json!({"remove": ["c", {"base64": "/w=="}]})).status, 200);
    client.get(Z).problem(404);

    let add: Vec<_> = (0..12_001).map(|number| json!({"member": number, "score": number})).collect();
    assert_eq!(patch(json!({"add": add})).status, 200);
    let remove: Vec<_> = (1..12_001).collect();
    assert_eq!(patch(json!({"remove": remove})).status, 200);
    assert_eq!(client.get(Z).json()["members"], json!([{"member": "0", "score": 0}]));
}

#[test]
fn a_member_is_set_read_and_deleted() {
    let (_server, Host { ref client, .. }) = setup();
    let place = "/v1/sorted-sets/z/members/a%2Fb";
    client.get(place).problem(404);
    let set = |score: Value| client.send_json("PUT", place, &json!({"score": score}));
    let added = set(json!(1));
    assert_eq!((added.status, added.json()), (201, json!({"member": "a/b", "score": 1})));
    assert_eq!((set(json!("inf")).status, set(json!(2.50)).status), (200, 200));
    client.send_json("PUT", "/v1/sorted-sets/z/members/lower", &json!({"score": -1}));
    assert_eq!(client.get(place).json(), json!({"member": "a/b", "score": 2.5, "rank": 1}));
    assert_eq!(client.get("/v1/sorted-sets/z/members?member=a/b").json(), client.get(place).json());
    assert_eq!(client.send("HEAD", place, &[], b"").status, 200);
    client.send("GET", place, &[("if-none-match", "*")], b"").problem(422);
    client.get("/v1/sorted-sets/z/members?member=a&limit=1").problem(422);
    client.get("/v1/sorted-sets/z/members/none").problem(404);
    assert_eq!(client.delete(place).status, 204);
    client.delete(place).problem(404);
    client.delete("/v1/sorted-sets/z/members/lower");
    client.get(Z).problem(404);
}

#[test]
fn a_score_is_a_number_to_add_to() {
    let (_server, Host { ref client, .. }) = setup();
    let add = |body: Value| client.send_json("POST", "/v1/sorted-sets/z/members/m/increment", &body);
    assert_eq!(add(json!({})).json(), json!({"score": 1}));
    assert_eq!(add(json!({"by": -3.5})).json(), json!({"score": -2.5}));
    assert_eq!(add(json!({"by": "inf"})).json(), json!({"score": "inf"}));
    assert_eq!(add(json!({"by": "-inf"})).problem(422), "resulting score is not a number (NaN)");
    assert_eq!(client.get("/v1/sorted-sets/z/members/m").json()["score"], "inf");
}

#[test]
fn a_condition_decides_in_redis_whether_a_sorted_set_is_written() {
    let (_server, Host { ref client, .. }) = setup();
    let members = json!([{"member": "b", "score": 0.1}, {"member": {"base64": "/w=="}, "score": "-inf"}]);
    let send = |method: &str, name: &str, tag: &str| {
        let body = if method == "PATCH" { json!({"add": members}) } else { json!({"members": members}) };
        client.send(method, Z, &[("content-type", "application/json"), (name, tag)], body.to_string().as_bytes())
    };
    send("PUT", "if-match", "*").problem(412);
    assert_eq!(send("PUT", "if-none-match", "*").status, 201);
    send("PUT", "if-none-match", "*").problem(412);
    let tag = client.get(Z).header("etag").to_owned();
    let unchanged = client.send("GET", Z, &[("if-none-match", &tag)], b"");
    assert_eq!((unchanged.status, unchanged.body.len(), unchanged.header("etag")), (304, 0, tag.as_str()));
    assert_eq!(client.send("GET", Z, &[("if-match", &tag)], b"").status, 200);
    client.send("GET", Z, &[("if-match", "\"other\"")], b"").problem(412);
    assert_eq!((send("PUT", "if-match", &tag).status, send("PATCH", "if-match", &tag).status), (200, 200));
    send("PUT", "if-none-match", &tag).problem(412);
    client.send_json("PUT", "/v1/sorted-sets/z/members/b", &json!({"score": 0.2}));
    for method in ["PUT", "PATCH", "DELETE"] {
        send(method, "if-match", &tag).problem(412);
    }
    assert_eq!(client.get("/v1/sorted-sets/z/members/b").json()["score"], 0.2);
    let tag = client.get(Z).header("etag").to_owned();
    assert_eq!(send("DELETE", "if-match", &tag).status, 204);
    let headers = [("content-type", "application/json"), ("if-match", "*")];
    let body = json!({"members": members}).to_string();
    client.send("POST", "/v1/sorted-sets", &headers, body.as_bytes()).problem(422);
}

#[test]
fn of_two_patches_under_the_same_condition_one_happens() {
    let (_server, Host { ref client, .. }) = setup();
    put(client, Z, &json!([{"member": "n", "score": 0}]));
    for round in 0..10 {
        let tag = client.get(Z).header("etag").to_owned();
        let patch = |member: &'static str| {
            let (client, tag) = (client.apart(), tag.clone());
            move || {
                let headers = [("content-type", "application/json"), ("if-match", tag.as_str())];
                let body = json!({"add": [{"member": member, "score": round + 1}]}).to_string();
                client.send("PATCH", Z, &headers, body.as_bytes()).status
            }
        };
        let mut statuses = [thread::spawn(patch("a")), thread::spawn(patch("b"))].map(|one| one.join().unwrap());
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
            let body = json!({"key": round.to_string(), "members": [{"member": "a", "score": 1}]});
            move || client.send_json("POST", "/v1/sorted-sets", &body).status
        };
        let mut statuses = [thread::spawn(create()), thread::spawn(create())].map(|one| one.join().unwrap());
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
    }
}

#[test]
fn increments_at_the_same_time_are_all_counted() {
    let (_server, Host { ref client, .. }) = setup();
    let increment = |_| {
        let client = client.apart();
        move || {
            for _ in 0..25 {
                let place = "/v1/sorted-sets/z/members/m/increment";
                assert_eq!(client.send_json("POST", place, &json!({"by": 2})).status, 200);
            }
        }
    };
    let threads: Vec<_> = (0..4).map(increment).map(thread::spawn).collect();
    assert!(threads.into_iter().all(|one| one.join().is_ok()));
    assert_eq!(client.get("/v1/sorted-sets/z/members/m").json()["score"], 200);
}

#[test]
fn a_read_only_token_reads_sorted_sets_and_changes_none() {
    let (_server, Host { ref client, .. }) = setup();
    let members = json!([{"member": "a", "score": 1}]);
    put(client, Z, &members);
    let reader = client.with_token(Some(READ_ONLY_TOKEN));
    for path in [Z, "/v1/sorted-sets/z?rev=true", "/v1/sorted-sets/z/members", "/v1/sorted-sets/z/members/a"] {
        assert_eq!(reader.get(path).status, 200, "{path}");
    }
    put(&reader, Z, &members).problem(403);
    reader.send_json("POST", "/v1/sorted-sets", &json!({"members": members})).problem(403);
    reader.send_json("PATCH", Z, &json!({"remove": ["a"]})).problem(403);
    reader.send_json("PUT", "/v1/sorted-sets/z/members/a", &json!({"score": 2})).problem(403);
    reader.send_json("POST", "/v1/sorted-sets/z/members/a/increment", &json!({})).problem(403);
    reader.delete("/v1/sorted-sets/z/members/a").problem(403);
    reader.delete(Z).problem(403);
    for path in ["", "?limit=1", "/members", "/members/a"] {
        client.get(&format!("/v1/sorted-sets/redstart:x{path}")).problem(403);
    }
    assert_eq!(client.get(Z).json()["members"], members);
}
