//! Clients that are slow, idle, or gone.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use redstart_tests::host::Host;
use redstart_tests::process::HostProcess;
use redstart_tests::server::Server;

const SHORT: Duration = Duration::from_millis(300);
const BOUND: Duration = Duration::from_secs(3);
/// Between two bytes of a slow client.
const PAUSE: Duration = Duration::from_millis(20);

/// Sends a byte every now and then, until the host answers or closes the connection: what it answered.
fn trickle(mut connection: TcpStream) -> String {
    let start = Instant::now();
    connection.set_read_timeout(Some(PAUSE)).unwrap();
    let mut answer = Vec::new();
    loop {
        assert!(start.elapsed() < BOUND, "the host is still patient");
        let sent = connection.write_all(b"x");
        match connection.read_to_end(&mut answer) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) && sent.is_ok() => {}
            _ => return String::from_utf8(answer).unwrap(),
        }
    }
}

#[test]
fn a_head_that_trickles_is_cut_off_in_time() {
    let host = Host::faulty(|settings| settings.header_read_timeout = SHORT);
    let start = Instant::now();
    trickle(host.client.begin("GET /well HTTP/1.1\r\nhost: localhost\r\nx: "));
    assert!(start.elapsed() >= SHORT);
    assert_eq!(host.client.get("/well").status, 200);
}

#[test]
fn a_body_that_trickles_is_408_and_leaves_its_place_to_others() {
    let server = Server::new();
    let host = Host::with(server.port, &[], |settings| {
        settings.body_read_timeout = SHORT;
        settings.max_requests = 1;
    });
    let token = host.client.authorization();
    let head = format!("PUT /v1/strings/k HTTP/1.1\r\nhost: localhost\r\n{token}content-type: text/plain\r\n");
    for framing in ["content-length: 10000\r\n\r\n", "transfer-encoding: chunked\r\n\r\n2710\r\n"] {
        let answer = trickle(host.client.begin(&format!("{head}{framing}")));
        assert!(answer.starts_with("HTTP/1.1 408"), "{framing}: {answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
    }
    assert_eq!(host.client.get("/v1/strings/k").status, 404);
}

#[test]
fn a_client_that_vanishes_within_its_body_leaves_nothing() {
    let server = Server::new();
    let host = Host::with(server.port, &[], |settings| settings.max_requests = 1);
    let token = host.client.authorization();
    let head = format!("PUT /v1/strings/k HTTP/1.1\r\nhost: localhost\r\n{token}content-length: 1000\r\n\r\nhalf");
    for _ in 0..10 {
        drop(host.client.begin(&head));
    }
    let start = Instant::now();
    assert_eq!(host.client.get("/v1/strings/k").status, 404);
    assert!(start.elapsed() < BOUND, "{:?}", start.elapsed());
}

#[test]
fn a_client_that_vanishes_before_its_answer_holds_its_place_until_the_time_is_over_and_no_longer() {
    let host = Host::faulty(|settings| {
        settings.max_requests = 2;
        settings.request_timeout = SHORT;
    });
    for _ in 0..10 {
        drop(host.client.begin("GET /wait HTTP/1.1\r\nhost: localhost\r\n\r\n"));
    }
    let start = Instant::now();
    while host.client.get("/well").status != 200 {
        assert!(start.elapsed() < BOUND, "the places are still taken");
    }
}

#[test]
fn a_client_that_vanishes_within_its_answer_frees_its_connection() {
    let server = Server::new();
    let host = Host::with(server.port, &[], |settings| settings.max_connections = 1);
    server.command::<String>(&[b"SET", b"large", &vec![0; 16 << 20]]);
    let token = host.client.authorization();
    for _ in 0..3 {
        let request = format!(
            "GET /v1/strings/large HTTP/1.1\r\nhost: localhost\r\n{token}accept: application/octet-stream\r\n\r\n"
        );
        host.client.begin(&request).read_exact(&mut [0; 1000]).unwrap();
    }
    assert_eq!(host.client.get("/v1/strings/none").status, 404);
}

#[test]
fn a_client_that_takes_nothing_of_its_answer_is_cut_off_in_time() {
    let server = Server::new();
    let host = Host::with(server.port, &[], |settings| {
        settings.max_connections = 1;
        settings.write_timeout = SHORT;
    });
    server.command::<String>(&[b"SET", b"large", &vec![0; 32 << 20]]);
    let token = host.client.authorization();
    let request =
        format!("GET /v1/strings/large HTTP/1.1\r\nhost: localhost\r\n{token}accept: application/octet-stream\r\n\r\n");
    let mut connection = host.client.begin(&request);
    let start = Instant::now();
    assert_eq!(host.client.get("/v1/strings/none").status, 404);
    assert!(start.elapsed() < BOUND, "{:?}", start.elapsed());
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer);
    assert!(answer.len() < 32 << 20, "{}", answer.len());
}

#[test]
fn connections_beyond_the_limit_wait_for_one_to_end() {
    let host = Host::faulty(|settings| settings.max_connections = 2);
    let idle = [(); 2].map(|()| {
        let mut connection = host.client.begin("GET /well HTTP/1.1\r\nhost: localhost\r\n\r\n");
        connection.read_exact(&mut [0; 12]).unwrap();
        connection
    });
    let mut waiting = host.client.begin("GET /well HTTP/1.1\r\nhost: localhost\r\n\r\n");
    waiting.set_read_timeout(Some(SHORT)).unwrap();
    waiting.read_exact(&mut [0; 12]).expect_err("no place");
    drop(idle);
    waiting.set_read_timeout(Some(BOUND)).unwrap();
    let mut status = [0; 12];
    waiting.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
}

#[test]
fn a_thousand_idle_connections_cost_little_memory_and_no_time() {
    let server = Server::new();
    let host = HostProcess::new(server.port, &[], "idle.log");
    assert_eq!(host.client.get("/healthz").status, 200);
    let before = host.memory();
    let mut idle: Vec<_> =
        (0..1000).map(|_| host.client.begin("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")).collect();
    for connection in &mut idle {
        connection.read_exact(&mut [0; 12]).unwrap();
    }
    let start = Instant::now();
    assert_eq!(host.client.get("/readyz").status, 200);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    let grown = host.memory().saturating_sub(before);
    eprintln!("1,000 idle connections: {} KiB", grown >> 10);
    assert!(grown < 64 << 20, "{grown}");
}

#[test]
fn a_client_that_is_slow_to_take_its_answer_leaves_its_place_to_others() {
    let server = Server::new();
    server.command::<String>(&[b"SET", b"large", &vec![0; 16 << 20]]);
    let host = Host::with(server.port, &[], |settings| settings.max_requests = 1);
    let token = host.client.authorization();
    let head =
        format!("GET /v1/strings/large HTTP/1.1\r\nhost: localhost\r\n{token}accept: application/octet-stream\r\n\r\n");
    let mut slow = host.client.begin(&head);
    slow.read_exact(&mut [0; 1000]).unwrap();
    let start = Instant::now();
    assert_eq!(host.client.get("/healthz").status, 200);
    assert!(start.elapsed() < BOUND, "{:?}", start.elapsed());
}
