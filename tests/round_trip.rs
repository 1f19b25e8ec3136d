//! Bytes in are bytes out.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use redstart_tests::client::Client;
use redstart_tests::setup;
use serde_json::{Value, json};

fn path(key: &[u8]) -> String {
    let mut path = "/v1/strings?key=".to_owned();
    for byte in key {
        write!(path, "%{byte:02X}").unwrap();
    }
    path
}

/// What the contract calls `Text`.
fn text(bytes: &[u8]) -> Value {
    std::str::from_utf8(bytes).map_or_else(|_| json!({"base64": STANDARD.encode(bytes)}), Value::from)
}

/// Writes in one form and reads in both, for both forms.
fn round_trip(client: &Client, key: &[u8], value: &[u8]) {
    let path = path(key);
    let read_both = || {
        assert_eq!(client.get_raw(&path).body, value);
        assert_eq!(client.get(&path).json(), json!({"key": text(key), "value": text(value), "ttl": null}));
    };
    client.put_raw(&path, value);
    read_both();
    assert_eq!(client.delete(&path).status, 204);
    let created = client.send_json("POST", "/v1/strings", &json!({"key": text(key), "value": text(value)}));
    assert_eq!((created.status, created.json()), (201, json!({"key": text(key)})));
    read_both();
    assert_eq!(client.get_raw(created.header("location")).body, value);
}

#[test]
fn a_mebibyte_of_random_bytes_and_a_key_of_every_byte_survive() {
    let (server, host) = setup();
    let key: Vec<u8> = (0..=255).collect();
    // xorshift: any bytes that do not repeat soon.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let value: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .take(1 << 17)
    .flatten()
    .collect();
    round_trip(&host.client, &key, &value);
    assert_eq!(server.command::<Vec<u8>>(&[b"GET", &key]), value);
}

#[test]
fn every_key_and_value_survives() {
    let (server, host) = setup();
    let bytes = || prop_oneof![any::<Vec<u8>>(), ".*".prop_map(String::into_bytes)];
    proptest!(ProptestConfig::with_cases(128), |(key in bytes(), value in bytes())| {
        server.command::<String>(&[b"FLUSHALL"]);
        round_trip(&host.client, &key, &value);
        prop_assert_eq!(server.command::<Vec<u8>>(&[b"GET", &key]), value);
    });
}
