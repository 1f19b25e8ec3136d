//! What web pages may do, and what an answer may become in a browser.

use redstart_tests::host::Host;
use redstart_tests::server::Server;
use redstart_tests::setup;

const OURS: (&str, &str) = ("origin", "https://app.example");
const FOREIGN: (&str, &str) = ("origin", "https://evil.example");
const ASKED: (&str, &str) = ("access-control-request-method", "PUT");

#[test]
fn unless_configured_no_page_of_another_origin_is_let_in() {
    let (_server, host) = setup();
    for (method, headers) in [("OPTIONS", &[OURS, ASKED][..]), ("GET", &[OURS])] {
        let answer = host.client.send(method, "/v1/strings/k", headers, b"");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{answer:?}");
    }
}

#[test]
fn a_page_of_a_configured_origin_may_ask_first_without_a_token_and_read_answers_and_errors() {
    let server = Server::new();
    let host = Host::with(server.port, &[("config", "[cors]\norigins = https://app.example")], |_| {});
    let (client, nobody) = (&host.client, host.client.with_token(None));
    for path in ["/v1/strings/k", "/pipeline", "/set/k/v"] {
        let wanted = ("access-control-request-headers", "authorization,upstash-telemetry-sdk");
        let answer = nobody.send("OPTIONS", path, &[OURS, ASKED, wanted], b"");
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), OURS.1);
        assert!(answer.header("access-control-allow-methods").contains("PUT"));
        assert_eq!(answer.header("access-control-allow-headers"), wanted.1);
        let answer = nobody.send("OPTIONS", path, &[FOREIGN, ASKED], b"");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{answer:?}");
    }
    let answer = client.send("PUT", "/v1/strings/k", &[OURS], b"v");
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (201, OURS.1));
    assert!(answer.header("access-control-expose-headers").contains("etag"));
    assert!(answer.header("vary").contains("origin"));
    for refused in [nobody.send("GET", "/v1/strings/k", &[OURS], b""), nobody.send("GET", "/get/k", &[OURS], b"")] {
        assert_eq!((refused.status, refused.header("access-control-allow-origin")), (401, OURS.1));
    }
    assert_eq!(client.send("GET", "/v1/strings/k", &[FOREIGN], b"").header("access-control-allow-origin"), "");
}

#[test]
fn without_tokens_only_known_origins_get_through() {
    let server = Server::new();
    let config = "[auth]\nmode = none\n[cors]\norigins = https://app.example";
    let host = Host::with(server.port, &[("config", config)], |_| {});
    let nobody = host.client.with_token(None);
    assert_eq!(nobody.send("PUT", "/v1/strings/k", &[OURS], b"v").status, 201);
    nobody.send("PUT", "/v1/strings/k", &[FOREIGN], b"w").problem(403);
    assert_eq!(server.command::<String>(&[b"GET", b"k"]), "v");
}

#[test]
fn no_answer_can_run_as_a_page_be_framed_or_be_kept() {
    let (server, host) = setup();
    server.command::<()>(&[b"SET", b"page", b"<script>alert(1)</script>"]);
    let raw = host.client.get_raw("/v1/strings/page");
    assert_eq!(raw.header("content-type"), "application/octet-stream");
    let nobody = host.client.with_token(None);
    for answer in [
        raw,
        host.client.get("/v1/strings/page"),
        host.client.get("/get/page"),
        host.client.get("/v1/nothing"),
        host.client.send("OPTIONS", "/v1/strings/page", &[], b""),
        nobody.get("/v1/strings/page"),
        nobody.get("/healthz"),
        nobody.get("/docs"),
        nobody.get("/openapi.json"),
    ] {
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{answer:?}");
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'; "), "{answer:?}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{answer:?}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{answer:?}");
        assert!(answer.header("cache-control").starts_with("no-"), "{answer:?}");
    }
}
