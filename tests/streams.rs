//! `/v1/streams`, as its contract has it.

use std::thread;

use redstart_tests::client::Client;
use redstart_tests::host::{Host, READ_ONLY_TOKEN};
use redstart_tests::setup;
use serde_json::{Value, json};

const LARGEST: &str = "18446744073709551615-18446744073709551615";

fn append(client: &Client, id: &str) -> u16 {
    client.send_json("POST", "/v1/streams/s", &json!({"id": id, "fields": {"n": id}})).status
}

/// The ids on a page, and its cursor.
fn page(client: &Client, query: &str) -> (Vec<String>, Value) {
    let page = client.get(&format!("/v1/streams/s?{query}")).json();
    let items = page["items"].as_array().unwrap_or_else(|| panic!("{query}: {page}"));
    (items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect(), page["next_cursor"].clone())
}

#[test]
fn entries_are_appended_read_and_deleted_with_their_stream() {
    let (server, Host { ref client, .. }) = setup();
    let fields = json!([["a", "1"], ["a", 2.5], [{"base64": "/w=="}, {"base64": "/wA="}]]);
    let appended = client.send_json("POST", "/v1/streams/a%2Fb", &json!({"fields": fields, "id": "5"}));
    assert_eq!((appended.status, appended.json()), (201, json!({"key": "a/b", "id": "5-0"})));
    let appended = client.send_json("POST", "/v1/streams/a%2Fb", &json!({"fields": {"x": ""}, "id": "5-*"}));
    assert_eq!(appended.json(), json!({"key": "a/b", "id": "5-1"}));
    let appended = client.send_json("POST", "/v1/streams/a%2Fb", &json!({"fields": {"x": "y"}})).json();
    let id = appended["id"].as_str().unwrap();
    assert_eq!(server.command::<i64>(&[b"XLEN", b"a/b"]), 3);

    let read = client.get("/v1/streams/a%2Fb");
    assert_eq!(read.header("etag"), "");
    let expected = json!({
        "items": [
            {"id": "5-0", "fields": [["a", "1"], ["a", "2.5"], [{"base64": "/w=="}, {"base64": "/wA="}]]},
            {"id": "5-1", "fields": [["x", ""]]},
            {"id": id, "fields": [["x", "y"]]},
        ],
        "next_cursor": null,
    });
    assert_eq!((read.status, read.json()), (200, expected));
    assert_eq!(client.send("HEAD", "/v1/streams/a%2Fb", &[], b"").status, 200);

    assert_eq!(client.delete("/v1/streams/a%2Fb").status, 204);
    client.delete("/v1/streams/a%2Fb").problem(404);
    client.get("/v1/streams/a%2Fb").problem(404);
    assert_eq!(client.send("HEAD", "/v1/streams/a%2Fb", &[], b"").status, 404);
}

#[test]
fn keys_that_no_path_can_hold_are_to_be_had() {
    let (_server, Host { ref client, .. }) = setup();
    let appended = client.send_json("POST", "/v1/streams?key=", &json!({"fields": {"a": 1}, "id": "1-1"}));
    assert_eq!((appended.status, appended.json()), (201, json!({"key": "", "id": "1-1"})));
    assert_eq!(client.get("/v1/streams?key=&after=0").json()["items"][0]["id"], "1-1");
    assert_eq!(client.delete("/v1/streams?key=").status, 204);
    client.get("/v1/streams").problem(422);
    assert_eq!(client.send_json("POST", "/v1/streams/%FF%00", &json!({"fields": {"a": 1}})).status, 201);
    assert_eq!(client.get("/v1/streams/%FF%00").json()["items"][0]["fields"], json!([["a", "1"]]));
}

#[test]
fn an_id_that_is_not_greater_than_the_last_is_in_the_way() {
    let (server, Host { ref client, .. }) = setup();
    assert_eq!(append(client, "5-3"), 201);
    for id in ["5-3", "5", "4-*", "0-1"] {
        let refused = client.send_json("POST", "/v1/streams/s", &json!({"id": id, "fields": {"a": 1}}));
        assert!(refused.problem(409).contains("equal or smaller"), "{id}");
    }
    assert_eq!(append(client, LARGEST), 201);
    let refused = client.send_json("POST", "/v1/streams/s", &json!({"fields": {"a": 1}}));
    assert!(refused.problem(409).contains("exhausted"));
    assert_eq!(server.command::<i64>(&[b"XLEN", b"s"]), 2);
}

#[test]
fn a_range_is_read_from_either_end() {
    let (_server, Host { ref client, .. }) = setup();
    for id in ["1-1", "1-2", "2-0", "3-0", LARGEST] {
        assert_eq!(append(client, id), 201);
    }
    for (query, ids) in [
        ("", &["1-1", "1-2", "2-0", "3-0", LARGEST][..]),
        ("rev=true", &[LARGEST, "3-0", "2-0", "1-2", "1-1"]),
        ("start=-&end=%2B&rev=false", &["1-1", "1-2", "2-0", "3-0", LARGEST]),
        ("start=1&end=1", &["1-1", "1-2"]),
        ("start=1-2&end=3", &["1-2", "2-0", "3-0"]),
        ("start=(1-2&end=(3", &["2-0", "3-0"]),
        ("start=(1-2&end=(3-0&rev=true", &["2-0"]),
        ("after=1-2&end=3", &["2-0", "3-0"]),
        ("after=1-2&rev=true", &[LARGEST, "3-0", "2-0"]),
        ("start=2-1&end=2-9", &[]),
        ("start=3&end=2", &[]),
        ("end=(0-0", &[]),
        (&format!("after={LARGEST}"), &[]),
        (&format!("after={LARGEST}&rev=true"), &[]),
    ] {
        assert_eq!(page(client, query), (ids.iter().map(|id| (*id).to_owned()).collect(), Value::Null), "{query}");
    }
    client.get("/v1/streams/none?start=3&end=2").problem(404);
}

#[test]
fn a_stream_is_read_in_pages_and_then_what_is_new() {
    let (server, Host { ref client, .. }) = setup();
    let script = b"for i = 1, 2500 do redis.call('XADD', KEYS[1], i .. '-1', 'n', i) end";
    server.command::<()>(&[b"EVAL", script, b"1", b"s"]);
    let all: Vec<_> = (1..=2500).map(|number| format!("{number}-1")).collect();
    let newest_first: Vec<_> = all.iter().rev().cloned().collect();
    for (query, limit, expected) in
        [("limit=1000", 1000, &all), ("rev=true&limit=7", 7, &newest_first), ("", 100, &all)]
    {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let (ids, next) = page(client, &format!("{query}{cursor}"));
            assert!(ids.len() == limit || next.is_null());
            seen.extend(ids);
            let Some(next) = next.as_str() else { break };
            assert_eq!(seen.last().unwrap(), next);
            cursor = format!("&cursor={next}");
        }
        assert_eq!(&seen, expected, "{query}");
    }
    // The last page is full, and says so.
    assert_eq!(page(client, "start=2401"), (all[2400..].to_vec(), Value::Null));
    assert_eq!(page(client, "rev=true&limit=1"), (vec!["2500-1".to_owned()], json!("2500-1")));

    assert_eq!(page(client, "after=2500-1"), (vec![], Value::Null));
    append(client, "2501-0");
    assert_eq!(page(client, "after=2500-1"), (vec!["2501-0".to_owned()], Value::Null));
}

#[test]
fn a_page_ends_before_it_is_too_large_and_one_large_entry_is_named() {
    let (server, Host { ref client, .. }) = setup();
    let add = |id: &str, length: usize| {
        server.command::<String>(&[b"XADD", b"s", id.as_bytes(), b"f", &vec![b'x'; length]]);
    };
    for id in ["1-0", "2-0", "3-0"] {
        add(id, 3 << 20);
    }
    add("4-0", 5 << 20);
    add("5-0", 1);
    assert_eq!(page(client, ""), (vec!["1-0".to_owned()], json!("1-0")));
    assert_eq!(page(client, "cursor=1-0"), (vec!["2-0".to_owned()], json!("2-0")));
    assert_eq!(page(client, "cursor=2-0"), (vec!["3-0".to_owned()], json!("3-0")));
    assert!(client.get("/v1/streams/s?cursor=3-0").problem(406).contains("cursor=4-0"));
    assert_eq!(page(client, "cursor=4-0"), (vec!["5-0".to_owned()], Value::Null));
    assert_eq!(page(client, "rev=true"), (vec!["5-0".to_owned()], json!("5-0")));
    assert!(client.get("/v1/streams/s?rev=true&cursor=5-0").problem(406).contains("cursor=4-0"));
}

#[test]
fn many_fields_are_appended_and_read() {
    let (_server, Host { ref client, .. }) = setup();
    let fields: Vec<_> = (0..50_000).map(|number| json!([number.to_string(), "v"])).collect();
    assert_eq!(client.send_json("POST", "/v1/streams/s", &json!({"fields": fields})).status, 201);
    assert_eq!(client.get("/v1/streams/s").json()["items"][0]["fields"], json!(fields));
    let too_many: Vec<_> = (0..100_001).map(|_| json!(["", ""])).collect();
    client.send_json("POST", "/v1/streams/s", &json!({"fields": too_many})).problem(422);
}

#[test]
fn a_stream_is_trimmed_to_a_length_or_an_id() {
    let (server, Host { ref client, .. }) = setup();
    let trim = |body: Value| client.send_json("POST", "/v1/streams/s/trim", &body);
    let length = || server.command::<i64>(&[b"XLEN", b"s"]);
    trim(json!({"max_length": 1})).problem(404);
    for id in 1..=10 {
        append(client, &id.to_string());
    }
    assert_eq!(trim(json!({"max_length": 8})).json(), json!({"removed": 2}));
    assert_eq!(trim(json!({"max_length": 8})).json(), json!({"removed": 0}));
    assert_eq!(trim(json!({"min_id": "5"})).json(), json!({"removed": 2}));
    // Fewer than what is kept together: not worth the effort.
    assert_eq!(trim(json!({"min_id": "9-0", "approximate": true})).json(), json!({"removed": 0}));
    assert_eq!(page(client, "limit=1").0, ["5-0"]);
    assert_eq!(trim(json!({"max_length": 0, "approximate": false})).json(), json!({"removed": 6}));
    assert_eq!(page(client, ""), (vec![], Value::Null));

    let add = |count: i64| {
        let body = json!({"fields": {"a": 1}, "max_length": count});
        assert_eq!(client.send_json("POST", "/v1/streams/s", &body).status, 201);
    };
    for _ in 0..250 {
        add(100);
    }
    assert!((100..=200).contains(&length()), "{}", length());
    add(i64::MAX);
}

#[test]
fn of_two_entries_with_the_same_id_one_is_appended() {
    let (_server, Host { ref client, .. }) = setup();
    for round in 1..=10 {
        let add = || {
            let client = client.apart();
            move || append(&client, &round.to_string())
        };
        let mut statuses = [thread::spawn(add()), thread::spawn(add())].map(|one| one.join().unwrap());
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
    }
}

fn refused(client: &Client, status: u16, (method, path, body): (&str, String, Value)) -> Value {
    let answer =
        if body.is_null() { client.send(method, &path, &[], b"") } else { client.send_json(method, &path, &body) };
    answer.problem(status);
    answer.json()
}

/// What would change the stream at `key`.
fn writes(key: &str) -> [(&'static str, String, Value); 3] {
    [
        ("POST", format!("/v1/streams/{key}"), json!({"fields": {"a": 1}})),
        ("POST", format!("/v1/streams/{key}/trim"), json!({"max_length": 0})),
        ("DELETE", format!("/v1/streams/{key}"), Value::Null),
    ]
}

#[test]
fn what_is_wrong_with_a_request_is_said_and_changes_nothing() {
    let (server, Host { ref client, .. }) = setup();
    let fields = json!({"a": 1});
    for body in [
        json!({}),
        json!({"fields": {}}),
        json!({"fields": []}),
        json!({"fields": {"a": null}}),
        json!({"fields": [["a"]]}),
        json!({"fields": fields, "id": "0-0"}),
        json!({"fields": fields, "id": "x"}),
        json!({"fields": fields, "id": ""}),
        json!({"fields": fields, "id": 5}),
        json!({"fields": fields, "max_length": -1}),
        json!({"fields": fields, "max_length": 1.5}),
        json!({"fields": fields, "max_length": 9_223_372_036_854_775_808_u64}),
        json!({"fields": fields, "ttl": 1}),
    ] {
        client.send_json("POST", "/v1/streams/s", &body).problem(422);
    }
    client.send_json("POST", "/v1/streams/s?nomkstream=true", &json!({"fields": fields})).problem(422);
    assert_eq!(server.command::<i64>(&[b"EXISTS", b"s"]), 0);

    append(client, "1");
    for body in [
        json!({}),
        json!({"max_length": 0, "min_id": "1"}),
        json!({"max_length": -1}),
        json!({"min_id": "*"}),
        json!({"min_id": "-"}),
        json!({"max_length": 0, "approximate": 1}),
        json!({"max_length": 0, "limit": 1}),
    ] {
        client.send_json("POST", "/v1/streams/s/trim", &body).problem(422);
    }
    for query in ["start=x", "end=", "after=-", "cursor=x", "rev=1", "limit=0", "limit=1001", "count=1", "end=%2B1"] {
        client.get(&format!("/v1/streams/s?{query}")).problem(422);
    }
    for (method, path) in [("GET", "/v1/streams/s"), ("DELETE", "/v1/streams/s"), ("POST", "/v1/streams/s")] {
        client.send(method, path, &[("if-match", "*")], b"").problem(422);
        client.send(method, path, &[("if-none-match", "*")], b"").problem(422);
    }
    for path in ["/v1/streams/s", "/v1/streams/s/trim"] {
        client.send("POST", path, &[("content-type", "application/json")], b"{").problem(400);
        client.send("POST", path, &[], b"x").problem(415);
    }
    assert_eq!(page(client, "").0, ["1-0"]);

    client.put_raw("/v1/strings/v", b"v");
    for request in writes("v").into_iter().chain([("GET", "/v1/streams/v".to_owned(), Value::Null)]) {
        assert_eq!(refused(client, 409, request)["code"], "WRONGTYPE");
    }
    assert_eq!(client.get_raw("/v1/strings/v").body, b"v");
}

#[test]
fn a_read_only_token_reads_streams_and_changes_none() {
    let (server, Host { ref client, .. }) = setup();
    append(client, "1");
    let reader = client.with_token(Some(READ_ONLY_TOKEN));
    assert_eq!(page(&reader, "").0, ["1-0"]);
    for (client, key) in [(&reader, "s"), (client, "redstart:x")] {
        for request in writes(key) {
            refused(client, 403, request);
        }
    }
    client.get("/v1/streams/redstart:x").problem(403);
    assert_eq!(server.command::<i64>(&[b"XLEN", b"s"]), 1);
}
