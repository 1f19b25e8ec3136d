//! A write happens whole or not at all, whatever Redis denies or lacks.

use redstart_tests::host::Host;
use redstart_tests::setup;
use serde_json::json;

#[test]
fn a_write_that_redis_denies_in_part_leaves_everything_as_it_was() {
    let (server, Host { ref client, .. }) = setup();
    client.send_json("PUT", "/v1/hashes/h", &json!({"fields": {"a": "1"}}));
    client.send_json("PUT", "/v1/sets/s", &json!({"members": ["a"]}));
    client.send_json("PUT", "/v1/lists/l", &json!({"items": ["a", "b"]}));
    server.command::<String>(&[b"ACL", b"SETUSER", b"default", b"-hset", b"-srem", b"-lrem"]);
    client.send_json("PUT", "/v1/hashes/h", &json!({"fields": {"a": "2"}})).problem(502);
    client.send_json("PATCH", "/v1/sets/s", &json!({"add": ["b"], "remove": ["a"]})).problem(502);
    client.delete("/v1/lists/l/items/0").problem(502);
    assert_eq!(client.get("/v1/hashes/h").json()["fields"], json!({"a": "1"}));
    assert_eq!(client.get("/v1/sets/s").json()["members"], json!(["a"]));
    assert_eq!(client.get("/v1/lists/l").json()["items"], json!(["a", "b"]));
}

#[test]
fn with_full_memory_nothing_is_replaced_and_things_can_be_deleted() {
    let (server, Host { ref client, .. }) = setup();
    client.send_json("PUT", "/v1/hashes/h", &json!({"fields": {"a": "1"}}));
    client.send_json("PUT", "/v1/lists/l", &json!({"items": ["a", "b"]}));
    server.command::<String>(&[b"CONFIG", b"SET", b"maxmemory", b"1"]);
    client.send_json("PUT", "/v1/hashes/h", &json!({"fields": {"a": "2"}})).problem(507);
    client.send_json("POST", "/v1/sets", &json!({"key": "s", "members": ["a"]})).problem(507);
    client.send_json("PATCH", "/v1/hashes/h", &json!({"fields": {"a": "2"}})).problem(507);
    assert_eq!(client.get("/v1/hashes/h").json()["fields"], json!({"a": "1"}));
    client.get("/v1/sets/s").problem(404);
    assert_eq!(client.delete("/v1/lists/l/items/0").status, 204);
    assert_eq!(client.delete("/v1/lists/l").status, 204);
}

#[test]
fn an_empty_key_in_a_path_is_no_key() {
    let (server, Host { ref client, .. }) = setup();
    client.send_json("POST", "/v1/strings//increment", &json!({})).problem(404);
    client.send("PUT", "/v1/sets//members/x", &[], b"").problem(404);
    assert_eq!(server.command::<i64>(&[b"DBSIZE"]), 0);
}

#[test]
fn a_list_is_not_taken_for_an_object_wherever_it_stands() {
    let (_server, Host { ref client, .. }) = setup();
    client.send_json("PUT", "/v1/lists/l", &json!({"items": ["a", "b", "c"]}));
    client.send_json("PATCH", "/v1/lists/l", &json!({"trim": [0, 1]})).problem(422);
    client.send_json("PUT", "/v1/sorted-sets/z", &json!({"members": [["a", 1]]})).problem(422);
    assert_eq!(client.get("/v1/lists/l").json()["items"], json!(["a", "b", "c"]));
}

#[test]
fn no_body_says_as_much_as_an_empty_object() {
    let (_server, Host { ref client, .. }) = setup();
    assert_eq!(client.send("POST", "/v1/strings/n/increment", &[], b"").json(), json!({"value": 1}));
    client.send("PUT", "/v1/hashes/h", &[], b"").problem(422);
    assert_eq!(client.send_json("PATCH", "/v1/strings/n", &json!({"append": 5})).json()["length"], 2);
}
