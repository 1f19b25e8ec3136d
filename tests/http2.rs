//! HTTP/2, in clear text and under TLS.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use redstart_tests::host::Host;
use redstart_tests::multiplexed::{
    Connection, certificate, upload_beyond_the_answer, wait_for_the_end_of_a_silent_one,
};
use redstart_tests::server::Server;
use redstart_tests::{free_port, setup, wait_until};

use crate::metrics::value;

const SHORT: Duration = Duration::from_millis(300);

#[test]
fn who_knows_that_it_is_spoken_speaks_it_in_clear_text() {
    let (_server, host) = setup();
    let mut connection = Connection::clear(host.address);
    let stored = connection.send("PUT", "/v1/strings/k", r#"{"value":"v"}"#);
    assert_eq!((stored.status().as_u16(), stored.version()), (201, http::Version::HTTP_2));
    let read = connection.send("GET", "/v1/strings/k", "");
    assert_eq!(read.status(), 200);
    assert_eq!(read.headers()["content-length"], read.body().len().to_string());
    assert!(read.body().starts_with(br#"{"key":"k","value":"v""#), "{read:?}");
    let head = connection.send("HEAD", "/v1/strings/k", "");
    assert_eq!((head.status(), &head.headers()["etag"]), (read.status(), &read.headers()["etag"]));
    assert!(head.body().is_empty());
    assert_eq!(connection.send("DELETE", "/v1/strings/k", "").status(), 204);
    assert_eq!(connection.send("GET", "/v1/nowhere", "").status(), 404);
    // The same port speaks HTTP/1.
    assert_eq!(host.client.get("/healthz").status, 200);
}

#[test]
fn many_requests_of_one_connection_are_answered_at_once() {
    let server = Server::new();
    let host = Host::new(server.port);
    host.client.put_raw("/v1/strings/k", b"v");
    let connection = Connection::clear(host.address);
    let answers = connection.send_together(500, "/v1/strings/k");
    assert_eq!(answers.len(), 500);
    assert!(answers.iter().all(|answer| answer.status() == 200));
}

#[test]
fn large_bodies_pass_both_ways() {
    let (_server, host) = setup();
    let mut connection = Connection::clear(host.address);
    let large = "x".repeat(1_000_000);
    assert_eq!(connection.send("PUT", "/v1/strings/k", &format!(r#"{{"value":"{large}"}}"#)).status(), 201);
    let read = connection.send("GET", "/v1/strings/k", "");
    assert_eq!(read.body().windows(large.len()).filter(|part| *part == large.as_bytes()).count(), 1);
}

#[test]
fn limits_of_heads_and_bodies_are_those_of_http1() {
    let server = Server::new();
    let host = Host::with(server.port, &[], |settings| {
        settings.max_body_bytes = 1000;
        settings.max_url_bytes = 1000;
        settings.max_headers = 10;
    });
    let mut connection = Connection::clear(host.address);
    let long = "x".repeat(2000);
    assert_eq!(connection.send("PUT", "/v1/strings/k", &format!(r#"{{"value":"{long}"}}"#)).status(), 413);
    assert_eq!(connection.send("GET", &format!("/v1/strings/{}", "k".repeat(1000)), "").status(), 414);
    let many: Vec<_> = (0..10).map(|number| format!("x-{number}")).collect();
    assert_eq!(connection.send_with(&many, "GET", "/v1/strings/k").status(), 431);
    assert_eq!(connection.send("GET", "/v1/strings/k", "").status(), 404);
}

#[test]
fn an_idle_connection_ends_and_one_that_says_nothing_does_too() {
    let host = Host::faulty(|settings| settings.header_read_timeout = SHORT);
    let mut connection = Connection::clear(host.address);
    assert_eq!(connection.send("GET", "/well", "").status(), 200);
    let start = Instant::now();
    wait_until("the idle connection ends", || connection.has_ended());
    assert!(start.elapsed() < 10 * SHORT);

    // The beginning of HTTP/2's first words, and no more.
    let silent = host.client.begin("PRI * HTTP/2.0\r\n");
    wait_until("the silent connection ends", || {
        silent.set_nonblocking(true).unwrap();
        matches!(silent.peek(&mut [0]), Ok(0))
    });
}

#[test]
fn a_client_that_takes_nothing_of_its_answer_is_cut_off_and_one_that_waits_for_the_component_is_not() {
    let server = Server::new();
    server.command::<String>(&[b"SET", b"k", &vec![b'x'; 1 << 20]]);
    let host = Host::with(server.port, &[], |settings| settings.write_timeout = SHORT);
    let connection = Connection::that_takes_nothing(host.address);
    connection.ask("/v1/strings/k");
    let start = Instant::now();
    wait_until("it is cut off", || connection.has_ended());
    assert!(start.elapsed() >= SHORT);

    let host = Host::faulty(|settings| settings.write_timeout = SHORT);
    assert_eq!(Connection::clear(host.address).send("GET", "/compute-and-pause", "").status(), 200);
}

#[test]
fn under_tls_one_that_says_nothing_ends_as_well() {
    let host = Host::faulty(|settings| {
        settings.header_read_timeout = SHORT;
        settings.tls = Some(certificate());
    });
    wait_for_the_end_of_a_silent_one(host.address, 10 * SHORT);
}

#[test]
fn an_upload_that_is_refused_early_may_go_on_so_that_the_answer_is_read() {
    let (_server, host) = setup();
    assert_eq!(upload_beyond_the_answer(host.address, "/v1/strings/k").0, 401);
    upload_beyond_the_answer(host.address, "/v1/strings/k").1.expect("the rest is taken");
}

#[test]
fn connections_without_requests_do_not_keep_the_host_from_ending() {
    let mut host = Host::faulty(|_| {});
    let silent = host.client.begin("");
    let mut idle = Connection::clear(host.address);
    assert_eq!(idle.send("GET", "/well", "").status(), 200);
    let start = Instant::now();
    host.stop();
    // Less than the time that requests would have.
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    drop((silent, idle));
}

#[test]
fn what_only_begins_like_http2_is_http1() {
    let (_server, host) = setup();
    let answer = host.client.raw("PRINT /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 405") || answer.starts_with("HTTP/1.1 501"), "{answer}");
}

#[test]
fn under_tls_the_client_chooses_and_clear_text_is_not_answered() {
    let server = Server::new();
    let host = Host::with(server.port, &[], |settings| settings.tls = Some(certificate()));
    for (protocols, is_http2) in [(&["h2", "http/1.1"][..], true), (&["http/1.1"], false), (&[], false)] {
        let mut connection = Connection::tls(host.address, protocols);
        assert_eq!(connection.is_http2(), is_http2, "{protocols:?}");
        assert_eq!(connection.send("GET", "/healthz", "").status(), 200, "{protocols:?}");
        assert_eq!(connection.send("PUT", "/v1/strings/k", r#"{"value":"v"}"#).status().as_u16() / 100, 2);
    }
    let clear = host.client.raw("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
    assert!(!clear.contains("HTTP/1.1 200"), "{clear}");
}

#[test]
fn requests_of_a_connection_are_answered_before_the_host_ends() {
    let metrics = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let mut host = Host::faulty(|settings| settings.metrics_listen = Some(metrics));
    let mut connection = Connection::clear(host.address);
    let waiting = std::thread::spawn(move || connection.send("GET", "/compute-and-pause", "").status());
    wait_until("it has begun", || value(metrics, "redstart_instances_made_total") > 0.5);
    host.stop();
    assert_eq!(waiting.join().unwrap(), 200);
}
