//! Entity tags: Rust shows them, a script in Redis compares them, and both must say the same of every value.

use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use redstart_tests::client::Client;
use redstart_tests::host::Host;
use redstart_tests::setup;
use serde_json::{Value, json};

/// Any bytes, often the same few.
fn bytes() -> impl Strategy<Value = Vec<u8>> + Clone {
    prop_oneof![Just(b"a".to_vec()), Just(Vec::new()), Just(b"1:a".to_vec()), any::<Vec<u8>>()]
}

fn text(bytes: &[u8]) -> Value {
    json!({"base64": STANDARD.encode(bytes)})
}

/// Writes two values, and checks that their tags differ where they do, and that Redis takes the tag of the one that stands
/// there and no other.
fn check(client: &Client, path: &str, values: &[Value; 2]) -> Result<(), TestCaseError> {
    let write = |value: &Value| {
        let written = client.send_json("PUT", &format!("{path}?replace=any"), value);
        prop_assert!(matches!(written.status, 200 | 201), "{value}: {written:?}");
        let read = client.get(path);
        Ok((read.header("etag").to_owned(), in_order(path, read.json())))
    };
    let [first, second] = [write(&values[0])?, write(&values[1])?];
    let delete = |tag: &str| client.send("DELETE", path, &[("if-match", tag)], b"").status;
    if first.1 != second.1 {
        prop_assert_ne!(&first.0, &second.0);
        prop_assert_eq!(delete(&first.0), 412);
    }
    prop_assert_eq!(delete(&second.0), 204);
    Ok(())
}

/// A value's document, its members sorted where they have no order.
fn in_order(path: &str, mut document: Value) -> String {
    if path.starts_with("/v1/sets")
        && let Some(members) = document["members"].as_array_mut()
    {
        members.sort_by_key(Value::to_string);
    }
    if let Some(pairs) = document["fields"].as_array_mut() {
        pairs.sort_by_key(Value::to_string);
    }
    document.to_string()
}

fn run(path: &'static str, value: impl Strategy<Value = Value> + Clone) {
    let (_server, Host { ref client, .. }) = setup();
    let mut runner = TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
    runner.run(&[value.clone(), value], |values| check(client, path, &values)).unwrap();
}

#[test]
fn a_string_and_its_tag_belong_together() {
    run("/v1/strings/k", bytes().prop_map(|value| json!({"value": text(&value)})));
}

#[test]
fn a_hash_and_its_tag_belong_together() {
    let fields = btree_map(bytes(), bytes(), 1..5);
    run(
        "/v1/hashes/k",
        fields.prop_map(|fields| {
            let pairs: Vec<_> = fields.iter().map(|(name, value)| json!([text(name), text(value)])).collect();
            json!({"fields": pairs})
        }),
    );
}

#[test]
fn a_list_and_its_tag_belong_together() {
    let items = vec(bytes(), 1..5);
    run(
        "/v1/lists/k",
        items.prop_map(|items| json!({"items": items.iter().map(|item| text(item)).collect::<Vec<_>>()})),
    );
}

#[test]
fn a_set_and_its_tag_belong_together() {
    let members = btree_set(bytes(), 1..5);
    run(
        "/v1/sets/k",
        members.prop_map(|members| json!({"members": members.iter().map(|one| text(one)).collect::<Vec<_>>()})),
    );
}

#[test]
fn a_sorted_set_and_its_tag_belong_together() {
    let score = prop_oneof![Just(0.0), Just(-0.5), proptest::num::f64::NORMAL];
    let members = btree_map(bytes(), score, 1..5);
    run(
        "/v1/sorted-sets/k",
        members.prop_map(|members| {
            let member = |(member, score): (&Vec<u8>, &f64)| json!({"member": text(member), "score": score});
            json!({"members": members.iter().map(member).collect::<Vec<_>>()})
        }),
    );
}

#[test]
fn the_order_of_unordered_elements_does_not_matter() {
    let (_server, Host { ref client, .. }) = setup();
    let tag = |body: Value| {
        client.send_json("PUT", "/v1/hashes/k", &body);
        client.get("/v1/hashes/k").header("etag").to_owned()
    };
    assert_eq!(tag(json!({"fields": [["a", "1"], ["b", "2"]]})), tag(json!({"fields": [["b", "2"], ["a", "1"]]})));
    assert_ne!(tag(json!({"fields": {"a": "1b"}})), tag(json!({"fields": {"a1": "b"}})));
}
