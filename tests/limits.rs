//! How large things may be, and what stays when they are larger.

use std::sync::{Arc, Barrier};
use std::thread;

use redstart_tests::host::Host;
use redstart_tests::scripted::{Answer, Scripted};
use redstart_tests::server::Server;
use redstart_tests::setup;
use redstart_tests::wait_until;

#[test]
fn a_body_over_the_components_limit_is_413() {
    let server = Server::new();
    let host = Host::with(server.port, &[("config", "[limits]\nbody_bytes = 1000")], |_| {});
    assert_eq!(host.client.put_raw("/v1/strings/k", &[b'x'; 1000]).status, 201);
    let detail = host.client.put_raw("/v1/strings/k", &[b'x'; 1001]).problem(413);
    assert!(detail.contains("body_bytes"), "{detail}");
    assert_eq!(server.command::<i64>(&[b"STRLEN", b"k"]), 1000);
}

#[test]
fn a_key_over_the_limit_is_refused_before_anything_is_written() {
    let (server, host) = setup();
    for (length, status) in [(8192, 201), (8193, 422), (200_000, 422)] {
        let body = serde_json::json!({"key": "\u{fc}".repeat(length / 2) + &"x".repeat(length % 2), "value": "v"});
        let created = host.client.send_json("POST", "/v1/strings", &body);
        assert_eq!(created.status, status, "{length}");
        if status == 201 {
            assert_eq!(host.client.get_raw(created.header("location")).body, b"v");
        }
    }
    assert_eq!(server.command::<i64>(&[b"DBSIZE"]), 1);
}

#[test]
fn many_large_values_at_once_are_refused_in_json_and_nothing_else_suffers() {
    let (server, host) = setup();
    server.command::<String>(&[b"SET", b"large", &vec![0; 16_000_000]]);
    server.command::<String>(&[b"SET", b"allowed", &vec![0; 4 << 20]]);
    let readers: Vec<_> = (0..8)
        .map(|number| {
            let client = host.client.apart();
            thread::spawn(move || {
                let path = if number % 2 == 0 { "/v1/strings/large" } else { "/v1/strings/allowed" };
                (client.get(path).status, client.put_raw("/v1/strings/small", b"v").status / 100)
            })
        })
        .collect();
    for (number, reader) in readers.into_iter().enumerate() {
        assert_eq!(reader.join().unwrap(), (if number % 2 == 0 { 406 } else { 200 }, 2));
    }
    assert_eq!(host.client.get_raw("/v1/strings/large").body.len(), 16_000_000);
}

#[test]
fn a_body_over_the_hosts_limit_is_413_with_and_without_a_length() {
    let server = Server::new();
    let host = Host::with(server.port, &[], |settings| settings.max_body_bytes = 1000);
    let token = host.client.authorization();
    let head = format!("PUT /v1/strings/k HTTP/1.1\r\nhost: localhost\r\n{token}connection: close\r\n");
    let with_length = host.client.raw(&format!("{head}content-length: 1001\r\n\r\n{}", "x".repeat(1001)));
    assert!(with_length.starts_with("HTTP/1.1 413"), "{with_length}");
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1001));
    let without_length = host.client.raw(&chunked);
    assert!(without_length.starts_with("HTTP/1.1 413"), "{without_length}");
    assert_eq!(server.command::<i64>(&[b"EXISTS", b"k"]), 0);
}

#[test]
fn a_reply_over_the_hosts_limit_is_refused_and_the_next_is_served() {
    let server = Server::new();
    let host = Host::with(server.port, &[], |settings| settings.max_reply_bytes = 10_000);
    server.command::<String>(&[b"SET", b"large", &[b'x'; 10_001]]);
    server.command::<String>(&[b"SET", b"small", b"v"]);
    host.client.get("/v1/strings/large").problem(502);
    assert_eq!(host.client.get_raw("/v1/strings/small").body, b"v");
}

#[test]
fn a_reply_that_no_instance_has_room_for_is_refused_and_the_next_is_served() {
    let server = Server::new();
    let host = Host::with(server.port, &[], |settings| settings.max_instance_memory = 8 << 20);
    server.command::<String>(&[b"SET", b"large", &vec![b'x'; 12 << 20]]);
    for _ in 0..2 {
        host.client.get("/v1/strings/large").problem(502);
        assert_eq!(host.client.put_raw("/v1/strings/small", b"v").status / 100, 2);
    }
    assert!(!host.log().contains("trap"), "{}", host.log());
}

#[test]
fn requests_in_flight_end_before_the_host_does() {
    let released = Arc::new(Barrier::new(2));
    let release = released.clone();
    let scripted = Scripted::new(move |_, _| {
        released.wait();
        Answer::bulk("v")
    });
    let mut host = Host::new(scripted.port);
    let client = host.client.clone();
    let reader = client.apart();
    let waiting = thread::spawn(move || reader.get_raw("/v1/strings/k"));
    wait_until("the request is at Redis", || scripted.received().len() == 1);

    let stopping = thread::spawn(move || host.stop());
    wait_until("the host accepts no more", || client.apart().try_send("GET", "/healthz", &[], b"").is_err());
    release.wait();
    assert_eq!(waiting.join().unwrap().body, b"v");
    stopping.join().unwrap();
}
