//! `/v1/channels`, as its contract has it.

use std::time::Duration;

use redis::Connection;
use redstart_tests::host::{Host, READ_ONLY_TOKEN};
use redstart_tests::setup;
use serde_json::json;

/// What comes next to a subscriber of `channel`.
fn subscribed(connection: &mut Connection, channel: &[u8], publish: impl FnOnce()) -> Vec<u8> {
    connection.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut subscription = connection.as_pubsub();
    subscription.subscribe(channel).unwrap();
    publish();
    subscription.get_message().unwrap().get_payload().unwrap()
}

#[test]
fn a_message_reaches_whoever_listens() {
    let (server, Host { ref client, .. }) = setup();
    let mut connection = server.connection();
    let send = |message: serde_json::Value| client.send_json("POST", "/v1/channels/a%2Fb/messages", &message);
    assert_eq!(send(json!({"message": "hello"})).json(), json!({"receivers": 0}));
    for (message, bytes) in [
        (json!("hello"), &b"hello"[..]),
        (json!(1.5), b"1.5"),
        (json!(""), b""),
        (json!({"base64": "/wA="}), b"\xff\0"),
    ] {
        let received = subscribed(&mut connection, b"a/b", || {
            let answer = send(json!({"message": message}));
            assert_eq!((answer.status, answer.json()), (200, json!({"receivers": 1})));
        });
        assert_eq!(received, bytes);
    }
}

#[test]
fn a_channel_and_a_message_are_any_bytes() {
    let (server, Host { ref client, .. }) = setup();
    let message: Vec<u8> = (0..=255).cycle().take(1_000_000).collect();
    let received = subscribed(&mut server.connection(), b"redstart:\xff\0", || {
        let headers = [("content-type", "application/octet-stream")];
        let answer = client.send("POST", "/v1/channels/redstart:%FF%00/messages", &headers, &message);
        assert_eq!(answer.json(), json!({"receivers": 1}));
    });
    assert!(received == message);
    let received = subscribed(&mut server.connection(), b"plain", || {
        client.send("POST", "/v1/channels/plain/messages", &[], b"as it is");
    });
    assert_eq!(received, b"as it is");
}

#[test]
fn what_is_no_message_is_not_published() {
    let (_server, Host { ref client, .. }) = setup();
    let path = "/v1/channels/c/messages";
    for body in
        [json!({}), json!({"message": null}), json!({"message": []}), json!({"message": "x", "to": "y"}), json!([])]
    {
        client.send_json("POST", path, &body).problem(422);
    }
    client.send_json("POST", "/v1/channels/c/messages?channel=d", &json!({"message": "x"})).problem(422);
    client.send("POST", path, &[("content-type", "application/json")], b"{").problem(400);
    client.send("POST", path, &[("content-type", "application/x-www-form-urlencoded")], b"a=b").problem(415);
    client.send("POST", path, &[("if-match", "*")], b"x").problem(422);
    client.get(path).problem(405);
    client.with_token(Some(READ_ONLY_TOKEN)).send("POST", path, &[], b"x").problem(403);
}
