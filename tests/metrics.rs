//! What the host counts, at a port of its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use redstart_tests::host::Host;
use redstart_tests::server::Server;
use redstart_tests::{free_port, wait_until};

/// A host over this Redis, and where its metrics are.
fn counted(server: &Server) -> (Host, SocketAddr) {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let host = Host::with(server.port, &[], |settings| settings.metrics_listen = Some(address));
    (host, address)
}

fn ask(address: SocketAddr, line: &str) -> String {
    let mut connection = TcpStream::connect(address).expect("the port of the metrics");
    connection.write_all(format!("{line} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

/// The value of a metric; 0 where it is not there yet.
pub(crate) fn value(address: SocketAddr, name: &str) -> f64 {
    let text = ask(address, "GET /metrics");
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().expect("a number"))
}

#[test]
fn requests_calls_instances_and_connections_are_counted() {
    let mut server = Server::new();
    let (host, metrics) = counted(&server);
    assert!(value(metrics, "redstart_http_requests_total{code=\"200\"}").abs() < 0.5);
    host.client.put_raw("/v1/strings/k", b"v");
    for _ in 0..10 {
        assert_eq!(host.client.get("/v1/strings/k").status, 200);
    }
    assert_eq!(host.client.get("/v1/strings/none").status, 404);
    let is = |name: &str, expected: f64| {
        let value = value(metrics, name);
        assert!((value - expected).abs() < 0.5, "{name} is {value} where it should be {expected}");
    };
    is("redstart_http_requests_total{code=\"201\"}", 1.0);
    is("redstart_http_requests_total{code=\"200\"}", 10.0);
    is("redstart_http_requests_total{code=\"404\"}", 1.0);
    is("redstart_http_request_duration_seconds_count", 12.0);
    is("redstart_http_request_duration_seconds_bucket{le=\"+Inf\"}", 12.0);
    assert!(value(metrics, "redstart_http_connections") > 0.5);
    assert!(value(metrics, "redstart_instances") > 0.5);
    assert!(value(metrics, "redstart_instances_made_total") > 0.5);
    assert!(value(metrics, "redstart_redis_connections") > 0.5);
    assert!(value(metrics, "redstart_redis_calls_total{outcome=\"reply\"}") > 11.5);
    wait_until("idle instances end", || value(metrics, "redstart_instances") < 0.5);

    server.stop();
    assert_eq!(host.client.get("/v1/strings/k").status, 503);
    is("redstart_http_requests_total{code=\"503\"}", 1.0);
    wait_until("the connections have gone", || value(metrics, "redstart_redis_connections") < 0.5);
}

#[test]
fn they_are_at_their_own_port_alone_and_only_to_be_read() {
    let server = Server::new();
    let (host, metrics) = counted(&server);
    let answer = ask(metrics, "GET /metrics");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("content-type: application/openmetrics-text; version=1.0.0"), "{answer}");
    assert!(answer.ends_with("# EOF\n"), "{answer}");
    assert!(ask(metrics, "GET /").starts_with("HTTP/1.1 404"));
    assert!(ask(metrics, "POST /metrics").starts_with("HTTP/1.1 405"));
    assert_ne!(host.client.get("/metrics").status, 200);
}
