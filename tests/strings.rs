//! `/v1/strings`, as its contract has it.

use std::thread;

use redstart_tests::host::Host;
use redstart_tests::{setup, wait_until};
use serde_json::json;

#[test]
fn put_creates_then_replaces_and_get_shows_both_forms() {
    let (server, Host { ref client, .. }) = setup();
    let created = client.send_json("PUT", "/v1/strings/greeting", &json!({"value": "hello"}));
    assert_eq!((created.status, created.json()), (201, json!({"key": "greeting"})));
    let replaced = client.put_raw("/v1/strings/greeting", b"hello again");
    assert_eq!((replaced.status, replaced.json()), (200, json!({"key": "greeting"})));

    let json = client.get("/v1/strings/greeting");
    assert_eq!(json.status, 200);
    assert_eq!(json.header("content-type"), "application/json");
    assert_eq!(json.json(), json!({"key": "greeting", "value": "hello again", "ttl": null}));
    let raw = client.get_raw("/v1/strings/greeting");
    assert_eq!((raw.status, raw.body.as_slice()), (200, &b"hello again"[..]));
    assert_eq!(raw.header("content-type"), "application/octet-stream");
    assert_eq!(raw.header("x-content-type-options"), "nosniff");
    assert_eq!(raw.header("content-disposition"), "attachment");
    for answer in [&json, &raw] {
        assert_eq!(answer.header("vary"), "Accept");
    }
    assert_eq!(server.command::<String>(&[b"GET", b"greeting"]), "hello again");
}

#[test]
fn a_number_is_stored_digit_by_digit() {
    let (server, Host { ref client, .. }) = setup();
    let body = br#"{"value": 12345678901234567890.10}"#;
    client.send("PUT", "/v1/strings/n", &[("content-type", "application/json")], body);
    assert_eq!(server.command::<String>(&[b"GET", b"n"]), "12345678901234567890.10");
}

#[test]
fn post_creates_once_and_says_where() {
    let (_server, Host { ref client, .. }) = setup();
    let body = json!({"key": "a/b c", "value": "first", "ttl": 100});
    let created = client.send_json("POST", "/v1/strings", &body);
    assert_eq!((created.status, created.json()), (201, json!({"key": "a/b c"})));
    assert_eq!(created.header("location"), "/v1/strings/a%2Fb%20c");
    assert_eq!(client.get(created.header("location")).json()["value"], "first");

    client.send_json("POST", "/v1/strings", &json!({"key": "a/b c", "value": "second"})).problem(409);
    client.send("POST", "/v1/strings?key=a/b%20c", &[], b"third").problem(409);
    let kept = client.get("/v1/strings/a%2Fb%20c").json();
    assert_eq!(kept["value"], "first");
    assert!(kept["ttl"].as_f64().is_some_and(|ttl| ttl > 90.0));
}

#[test]
fn post_without_a_key_makes_one() {
    let (_server, Host { ref client, .. }) = setup();
    for created in
        [client.send_json("POST", "/v1/strings", &json!({"value": "v"})), client.send("POST", "/v1/strings", &[], b"v")]
    {
        assert_eq!(created.status, 201);
        assert_eq!(client.get_raw(created.header("location")).body, b"v");
    }
}

#[test]
fn keys_that_no_path_can_hold_go_in_the_query() {
    let (_server, Host { ref client, .. }) = setup();
    for key in ["", ".", ".."] {
        let path = format!("/v1/strings?key={key}");
        assert_eq!(client.put_raw(&path, key.as_bytes()).status, 201);
        assert_eq!(client.get(&path).json(), json!({"key": key, "value": key, "ttl": null}));
        assert_eq!(client.delete(&path).status, 204);
        client.get(&path).problem(404);
    }
}

#[test]
fn delete_says_whether_there_was_something() {
    let (_server, Host { ref client, .. }) = setup();
    client.put_raw("/v1/strings/k", b"v");
    let deleted = client.delete("/v1/strings/k");
    assert_eq!((deleted.status, deleted.body.len()), (204, 0));
    client.delete("/v1/strings/k").problem(404);
    client.get("/v1/strings/k").problem(404);
}

#[test]
fn a_key_of_another_type_is_a_conflict_and_stays() {
    let (server, Host { ref client, .. }) = setup();
    server.command::<i64>(&[b"LPUSH", b"list", b"item"]);
    for answer in [
        client.get("/v1/strings/list"),
        client.get_raw("/v1/strings/list"),
        client.put_raw("/v1/strings/list", b"v"),
        client.delete("/v1/strings/list"),
    ] {
        answer.problem(409);
        assert_eq!(answer.json()["code"], "WRONGTYPE");
    }
    client.send("POST", "/v1/strings?key=list", &[], b"v").problem(409);
    assert_eq!(server.command::<Vec<String>>(&[b"LRANGE", b"list", b"0", b"-1"]), ["item"]);

    assert_eq!(client.put_raw("/v1/strings/list?replace=any", b"v").status, 200);
    assert_eq!(client.get_raw("/v1/strings/list").body, b"v");
}

#[test]
fn a_value_ends_when_its_time_to_live_does() {
    let (server, Host { ref client, .. }) = setup();
    client.send_json("PUT", "/v1/strings/body", &json!({"value": "v", "ttl": 0.25}));
    client.put_raw("/v1/strings/query?ttl=0.25", b"v");
    for key in ["body", "query"] {
        let left: i64 = server.command(&[b"PTTL", key.as_bytes()]);
        assert!(left <= 250, "{left}");
        wait_until("the key ends", || client.get(&format!("/v1/strings/{key}")).status == 404);
    }
}

#[test]
fn a_value_ends_at_the_time_given() {
    let (server, Host { ref client, .. }) = setup();
    let at = "2100-01-01T00:00:00.250Z";
    client.send_json("PUT", "/v1/strings/body", &json!({"value": "v", "expires_at": at}));
    client.put_raw(&format!("/v1/strings/query?expires_at={at}"), b"v");
    for key in ["body", "query"] {
        assert_eq!(server.command::<i64>(&[b"PEXPIRETIME", key.as_bytes()]), 4_102_444_800_250);
    }
}

#[test]
fn put_drops_the_time_to_live_unless_it_is_to_be_kept() {
    let (server, Host { ref client, .. }) = setup();
    client.put_raw("/v1/strings/k?ttl=100", b"v");
    client.put_raw("/v1/strings/k?keep_ttl=true", b"w");
    assert!(server.command::<i64>(&[b"TTL", b"k"]) > 90);
    client.put_raw("/v1/strings/k", b"x");
    assert_eq!(server.command::<i64>(&[b"TTL", b"k"]), -1);
}

#[test]
fn a_value_that_the_caller_has_is_not_sent_again() {
    let (_server, Host { ref client, .. }) = setup();
    client.put_raw("/v1/strings/k", b"v");
    let (json, raw) = (client.get("/v1/strings/k"), client.get_raw("/v1/strings/k"));
    assert_ne!(json.header("etag"), raw.header("etag"));
    for (accept, tag) in [("application/json", json.header("etag")), ("application/octet-stream", raw.header("etag"))] {
        let get = |tag: &str| client.send("GET", "/v1/strings/k", &[("accept", accept), ("if-none-match", tag)], b"");
        let known = get(tag);
        assert_eq!((known.status, known.body.len(), known.header("etag")), (304, 0, tag));
        assert_eq!(get(&format!("\"other\", W/{tag}")).status, 304);
        assert_eq!(get("*").status, 304);
        assert_eq!(get("\"other\"").status, 200);
    }
    let other_form = [("accept", "application/json"), ("if-none-match", raw.header("etag"))];
    assert_eq!(client.send("GET", "/v1/strings/k", &other_form, b"").status, 200);
}

#[test]
fn a_write_under_a_condition_happens_only_where_it_holds() {
    let (_server, Host { ref client, .. }) = setup();
    let put = |header: &str, tag: &str, body: &[u8]| client.send("PUT", "/v1/strings/k", &[(header, tag)], body).status;
    assert_eq!(put("if-match", "*", b"v"), 412);
    assert_eq!(put("if-none-match", "*", b"v"), 201);
    assert_eq!(put("if-none-match", "*", b"w"), 412);
    let old = client.get("/v1/strings/k").header("etag").to_owned();
    assert_eq!(put("if-match", &old, b"w"), 200);
    assert_eq!(put("if-match", &old, b"x"), 412);
    assert_eq!(put("if-match", &format!("W/{old}"), b"x"), 412);
    let raw = client.get_raw("/v1/strings/k").header("etag").to_owned();
    assert_eq!(put("if-match", &format!("{old}, {raw}"), b"w"), 200);
    assert_eq!(put("if-none-match", &raw, b"x"), 412);
    assert_eq!(put("if-match", "\"foreign\"", b"x"), 412);
    assert_eq!(client.get_raw("/v1/strings/k").body, b"w");

    let delete = |tag: &str| client.send("DELETE", "/v1/strings/k", &[("if-match", tag)], b"").status;
    assert_eq!(delete(&old), 412);
    assert_eq!(delete(&raw), 204);
    assert_eq!(delete(&raw), 412);
}

#[test]
fn of_two_writers_with_the_same_condition_one_wins() {
    let (_server, Host { ref client, .. }) = setup();
    for round in 0..20 {
        client.put_raw("/v1/strings/k", round.to_string().as_bytes());
        let tag = client.get_raw("/v1/strings/k").header("etag").to_owned();
        let write = |body: &'static [u8]| {
            let (client, tag) = (client.apart(), tag.clone());
            move || client.send("PUT", "/v1/strings/k", &[("if-match", &tag)], body).status
        };
        let mut statuses =
            [thread::spawn(write(b"a")), thread::spawn(write(b"b"))].map(|writer| writer.join().unwrap());
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    }
}

#[test]
fn of_many_creators_one_wins() {
    let (_server, Host { ref client, .. }) = setup();
    let create = |body: u8| {
        let client = client.apart();
        move || client.send("POST", "/v1/strings?key=k", &[], &[body]).status
    };
    let creators: Vec<_> = (0..8).map(|number| thread::spawn(create(number))).collect();
    let mut statuses: Vec<_> = creators.into_iter().map(|creator| creator.join().unwrap()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}

#[test]
fn a_script_that_redis_forgot_is_sent_again() {
    let (server, Host { ref client, .. }) = setup();
    assert_eq!(client.put_raw("/v1/strings/k", b"v").status, 201);
    server.command::<String>(&[b"SCRIPT", b"FLUSH"]);
    assert_eq!(client.put_raw("/v1/strings/k", b"w").status, 200);
}
