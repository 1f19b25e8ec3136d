//! What stands on the wire, byte by byte.

use redstart_tests::client::Client;
use redstart_tests::host::Host;
use redstart_tests::server::Server;

fn exchange(client: &Client, first: &str, headers: &str) -> (String, String) {
    let token = client.authorization();
    // Another request behind it on the same connection: only what is framed properly lets it be answered.
    let answer = client.raw(&format!(
        "{first} HTTP/1.1\r\nhost: localhost\r\n{token}{headers}\r\n\
         GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    ));
    let (head, rest) = answer.split_once("\r\n\r\n").expect("a head");
    let at = rest.find("HTTP/1.1 200 OK\r\n").unwrap_or_else(|| panic!("no second answer: {answer}"));
    assert!(rest.ends_with("{\"status\":\"ok\"}"), "{answer}");
    (head.to_ascii_lowercase(), rest[..at].to_owned())
}

fn setup() -> (Server, Host) {
    let (server, host) = redstart_tests::setup();
    host.client.put_raw("/v1/strings/k", b"value");
    (server, host)
}

#[test]
fn a_body_comes_with_its_length() {
    let (_server, host) = setup();
    let (head, body) = exchange(&host.client, "GET /v1/strings/k", "accept: application/octet-stream\r\n");
    assert!(head.starts_with("http/1.1 200 ok"), "{head}");
    assert!(head.contains("\r\ncontent-length: 5") && !head.contains("transfer-encoding"), "{head}");
    assert_eq!(body, "value");
}

#[test]
fn an_empty_value_is_an_empty_body() {
    let (_server, host) = setup();
    host.client.put_raw("/v1/strings/empty", b"");
    let (head, body) = exchange(&host.client, "GET /v1/strings/empty", "accept: application/octet-stream\r\n");
    assert!(head.starts_with("http/1.1 200 ok") && head.contains("\r\ncontent-length: 0"), "{head}");
    assert_eq!(body, "");
}

#[test]
fn a_head_has_the_headers_of_a_get_and_no_body() {
    let (_server, host) = setup();
    let (head, body) = exchange(&host.client, "HEAD /v1/strings/k", "");
    assert!(head.starts_with("http/1.1 200 ok"), "{head}");
    assert!(head.contains("\r\netag: ") && head.contains("\r\ncontent-type: application/json"), "{head}");
    assert!(!head.contains("content-length: 0") && !head.contains("transfer-encoding"), "{head}");
    assert_eq!(body, "");
    let (head, body) = exchange(&host.client, "HEAD /v1/strings/nothing", "");
    assert!(head.starts_with("http/1.1 404"), "{head}");
    assert_eq!(body, "");
}

#[test]
fn a_204_has_neither_body_nor_length() {
    let (_server, host) = setup();
    let (head, body) = exchange(&host.client, "DELETE /v1/strings/k", "");
    assert!(head.starts_with("http/1.1 204"), "{head}");
    assert!(!head.contains("content-length") && !head.contains("transfer-encoding"), "{head}");
    assert_eq!(body, "");
}

#[test]
fn a_304_has_no_body() {
    let (_server, host) = setup();
    let (head, body) = exchange(&host.client, "GET /v1/strings/k", "if-none-match: *\r\n");
    assert!(head.starts_with("http/1.1 304"), "{head}");
    assert!(!head.contains("content-length: 0") && !head.contains("transfer-encoding"), "{head}");
    assert_eq!(body, "");
}

#[test]
fn options_and_a_wrong_method_name_the_methods() {
    let (_server, host) = setup();
    let (head, _) = exchange(&host.client, "OPTIONS /v1/strings/k", "");
    assert!(head.starts_with("http/1.1 204") && head.contains("\r\nallow: get,head,put,patch,delete"), "{head}");
    let (head, body) = exchange(&host.client, "REPORT /v1/strings/k", "content-length: 0\r\n");
    assert!(head.starts_with("http/1.1 405") && head.contains("\r\nallow: get,head,put,patch,delete"), "{head}");
    assert!(body.contains("\"status\":405"), "{body}");
}

#[test]
fn a_request_id_comes_back() {
    let (_server, host) = setup();
    let (head, _) = exchange(&host.client, "GET /v1/strings/k", "x-request-id: my-id\r\n");
    assert!(head.contains("\r\nx-request-id: my-id"), "{head}");
}
