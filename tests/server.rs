//! `/v1/server`, as its contract has it.

use redstart_tests::client::Client;
use redstart_tests::host::{Host, READ_ONLY_TOKEN};
use redstart_tests::scripted::{Answer, Scripted};
use redstart_tests::{setup, wait_until};
use serde_json::{Value, json};

const PERSISTENCE: &str = "/v1/server/persistence";
const SNAPSHOTS: &str = "/v1/server/snapshots";
const REWRITES: &str = "/v1/server/aof-rewrites";

fn snapshots(client: &Client) -> Value {
    client.get(PERSISTENCE).json()["snapshots"].clone()
}

fn file(client: &Client) -> Value {
    client.get(PERSISTENCE).json()["append_only_file"].clone()
}

#[test]
fn redis_says_what_it_is_without_paths_and_addresses() {
    let (server, Host { ref client, .. }) = setup();
    server.command::<String>(&[b"SET", b"k", b"v", b"EX", b"100"]);
    server.command::<String>(&[b"SET", b"l", b"v"]);
    let read = client.get("/v1/server");
    assert_eq!(read.status, 200);
    let facts = read.json();
    assert!(facts["version"].as_str().is_some_and(|version| version.split('.').count() == 3), "{facts}");
    assert_eq!(facts["version"], facts["server"]["redis_version"]);
    assert_eq!(facts["role"], "master");
    assert!(facts["uptime_seconds"].is_u64() && facts["clients"]["connected_clients"].is_u64(), "{facts}");
    assert!(facts["memory"]["used_memory"].is_u64() && facts["memory"]["used_memory_human"].is_string(), "{facts}");
    assert!(facts["cpu"]["used_cpu_sys"].is_f64() && facts["server"]["run_id"].is_string(), "{facts}");
    assert_eq!((&facts["keyspace"]["db0"]["keys"], &facts["keyspace"]["db0"]["expires"]), (&json!(2), &json!(1)));
    for absent in ["config_file", "executable", "tcp_port", "process_id"] {
        assert!(facts["server"].get(absent).is_none(), "{absent}");
    }
    assert_eq!(client.send("HEAD", "/v1/server", &[], b"").status, 200);
}

#[test]
fn a_snapshot_happens_and_is_seen_to_have_happened() {
    let (server, Host { ref client, .. }) = setup();
    server.command::<String>(&[b"SET", b"k", b"v"]);
    let before = snapshots(client);
    let expected = json!({
        "last_save": null,
        "in_progress": false,
        "last_status": "ok",
        "changes_since_last_save": 1,
        "last_duration_seconds": null,
    });
    assert_eq!(before, expected);

    let begun = client.send("POST", SNAPSHOTS, &[], b"");
    assert_eq!((begun.status, begun.json()), (202, json!({"status": "Background saving started"})));
    assert_eq!(begun.header("location"), PERSISTENCE);
    wait_until("the snapshot is made", || snapshots(client)["last_save"].is_string());
    let after = snapshots(client);
    let saved = server.command::<i64>(&[b"LASTSAVE"]);
    let time = format!("T{:02}:{:02}:{:02}Z", saved / 3600 % 24, saved / 60 % 60, saved % 60);
    assert!(after["last_save"].as_str().is_some_and(|text| text.ends_with(&time)), "{after} {time}");
    assert_eq!((&after["changes_since_last_save"], &after["in_progress"]), (&json!(0), &json!(false)));
    assert!(after["last_duration_seconds"].is_u64(), "{after}");
}

#[test]
fn the_append_only_file_is_rewritten() {
    let (server, Host { ref client, .. }) = setup();
    for number in 0..100 {
        server.command::<String>(&[b"SET", b"k", number.to_string().as_bytes()]);
    }
    let before = file(client);
    let size = |file: &Value| file["current_size_bytes"].as_u64().unwrap();
    assert_eq!((&before["enabled"], &before["last_rewrite_status"]), (&json!(true), &json!("ok")));
    assert!(size(&before) > 1000, "{before}");
    let begun = client.send_json("POST", REWRITES, &json!({}));
    assert_eq!(begun.status, 202);
    assert!(begun.json()["status"].as_str().is_some_and(|status| status.contains("rewriting")), "{begun:?}");
    assert_eq!(begun.header("location"), PERSISTENCE);
    wait_until("the file is rewritten", || size(&file(client)) < size(&before));
    let after = file(client);
    assert_eq!(after["current_size_bytes"], after["base_size_bytes"]);

    server.command::<String>(&[b"CONFIG", b"SET", b"appendonly", b"no"]);
    let without = file(client);
    assert_eq!((&without["enabled"], &without["current_size_bytes"]), (&json!(false), &Value::Null));
    server.command::<String>(&[b"CONFIG", b"SET", b"appendonly", b"yes"]);
    wait_until("the file is written again", || {
        let file = file(client);
        file["enabled"] == true && file["rewrite_in_progress"] == false && file["current_size_bytes"].is_u64()
    });
}

#[test]
fn what_is_in_progress_is_not_begun_again_and_the_other_is_scheduled() {
    let (server, Host { ref client, .. }) = setup();
    // What Redis's own tests make a snapshot last with: so many microseconds a key.
    let delay = |microseconds: &[u8]| {
        server.command::<String>(&[b"CONFIG", b"SET", b"rdb-key-save-delay", microseconds]);
    };
    let post = |path: &str| client.send("POST", path, &[("content-type", "application/json")], b"");
    server.command::<String>(&[b"SET", b"k", b"v"]);
    delay(b"30000000");
    assert_eq!(post(SNAPSHOTS).status, 202);
    assert_eq!(snapshots(client)["in_progress"], true);
    let refused = post(SNAPSHOTS);
    assert_eq!(refused.problem(409), "Background save already in progress");
    let scheduled = post(REWRITES);
    assert_eq!(scheduled.status, 202);
    assert_eq!(scheduled.json(), json!({"status": "Background append only file rewriting scheduled"}));
    assert_eq!(file(client)["rewrite_scheduled"], true);

    // This ends the snapshot; the rewrite then begins, and lasts with the key that it finds.
    server.command::<()>(&[b"EVAL", b"redis.call('FLUSHALL') redis.call('SET', KEYS[1], 'v')", b"1", b"k"]);
    wait_until("the rewrite begins", || file(client)["rewrite_in_progress"] == true);
    assert!(post(REWRITES).problem(409).contains("already in progress"));
    let scheduled = post(SNAPSHOTS);
    assert_eq!((scheduled.status, scheduled.json()), (202, json!({"status": "Background saving scheduled"})));

    delay(b"0");
    // This ends the rewrite.
    server.command::<String>(&[b"CONFIG", b"SET", b"appendonly", b"no"]);
    wait_until("the scheduled snapshot is made", || snapshots(client)["changes_since_last_save"] == 0);
}

#[test]
fn what_is_wrong_with_a_request_is_said() {
    let (_server, Host { ref client, .. }) = setup();
    for path in ["/v1/server", PERSISTENCE] {
        client.get(&format!("{path}?section=cpu")).problem(422);
        client.send("GET", path, &[("if-none-match", "*")], b"").problem(422);
        client.delete(path).problem(405);
    }
    for path in [SNAPSHOTS, REWRITES] {
        client.send_json("POST", path, &json!({"wait": true})).problem(422);
        client.send("POST", path, &[("content-type", "application/json")], b"{").problem(422);
        client.send("POST", path, &[], b"x").problem(422);
        client.send("POST", &format!("{path}?schedule=true"), &[], b"").problem(422);
        client.send("POST", path, &[("if-match", "*")], b"").problem(422);
        client.get(path).problem(405);
    }
    assert_eq!(snapshots(client)["last_save"], Value::Null);
}

#[test]
fn a_read_only_token_looks_and_begins_nothing() {
    let (_server, Host { ref client, .. }) = setup();
    let reader = client.with_token(Some(READ_ONLY_TOKEN));
    assert_eq!((reader.get("/v1/server").status, reader.get(PERSISTENCE).status), (200, 200));
    for path in [SNAPSHOTS, REWRITES] {
        reader.send("POST", path, &[], b"").problem(403);
        client.with_token(None).send("POST", path, &[], b"").problem(401);
    }
    client.with_token(None).get("/v1/server").problem(401);
}

#[test]
fn a_redis_that_does_not_say_what_it_is_is_a_bad_gateway() {
    let redis = Scripted::new(|_, _| Answer::bulk("# Server\r\nredis_version:7.0.15\r\n"));
    let host = Host::new(redis.port);
    assert!(!host.client.get("/v1/server").problem(502).contains("role"));
    host.client.get(PERSISTENCE).problem(502);
    assert!(host.log().contains("no `role` in INFO"), "{}", host.log());
}
