//! Who gets in, and who does not.

use redstart_tests::host::{Host, READ_ONLY_TOKEN};
use redstart_tests::server::Server;
use redstart_tests::setup;

#[test]
fn without_a_token_and_with_a_wrong_one_nothing_is_done() {
    let (server, host) = setup();
    for token in [None, Some("wrong"), Some(""), Some("test-token-and-more")] {
        let stranger = host.client.with_token(token);
        for answer in [
            stranger.get("/v1/strings/k"),
            stranger.put_raw("/v1/strings/k", b"v"),
            stranger.delete("/v1/strings/k"),
            stranger.get("/v1/nothing"),
        ] {
            answer.problem(401);
            assert!(answer.header("www-authenticate").starts_with("Bearer realm=\"redstart\""));
        }
    }
    assert_eq!(server.command::<i64>(&[b"DBSIZE"]), 0);
    let log = host.log();
    assert!(log.contains("level=warn msg=request method=GET route=- status=401"), "{log}");
}

#[test]
fn a_missing_token_and_a_wrong_one_are_told_apart() {
    let (_server, host) = setup();
    let missing = host.client.with_token(None).get("/v1/strings/k").problem(401);
    let wrong = host.client.with_token(Some("wrong")).get("/v1/strings/k").problem(401);
    assert!(missing.contains("is needed") && wrong.contains("not a valid one"), "{missing} / {wrong}");
}

#[test]
fn a_read_only_token_reads_and_does_not_write() {
    let (_server, host) = setup();
    host.client.put_raw("/v1/strings/k", b"v");
    let reader = host.client.with_token(Some(READ_ONLY_TOKEN));
    assert_eq!(reader.get("/v1/strings/k").status, 200);
    for answer in [
        reader.put_raw("/v1/strings/k", b"w"),
        reader.send("POST", "/v1/strings", &[], b"w"),
        reader.delete("/v1/strings/k"),
    ] {
        assert!(answer.problem(403).contains("only reads"));
    }
    assert_eq!(host.client.get_raw("/v1/strings/k").body, b"v");
    assert!(host.log().contains("status=403"));
    assert!(host.log().contains("token=read-only"));
}

#[test]
fn without_a_configured_token_all_but_the_health_checks_say_what_to_set() {
    let server = Server::new();
    let host = Host::with(server.port, &[("api_token", ""), ("api_read_only_token", "")], |_| {});
    let detail = host.client.get("/v1/strings/k").problem(503);
    assert!(detail.contains("`api_token`"), "{detail}");
    for token in [None, Some("")] {
        host.client.with_token(token).put_raw("/v1/strings/k", b"v").problem(503);
    }
    assert_eq!(host.client.get("/healthz").status, 200);
    assert_eq!(host.client.get("/readyz").status, 200);
}

#[test]
fn without_tokens_at_all_a_web_page_gets_nowhere() {
    let server = Server::new();
    let host = Host::with(server.port, &[("config", "[auth]\nmode = none")], |_| {});
    let anyone = host.client.with_token(None);
    assert_eq!(anyone.put_raw("/v1/strings/k", b"v").status, 201);
    let page = |headers: &[(&str, &str)]| anyone.send("GET", "/v1/strings/k", headers, b"");
    assert_eq!(page(&[("origin", "http://localhost:3000")]).status, 200);
    page(&[("origin", "https://evil.example")]).problem(403);
    page(&[("origin", "null")]).problem(403);
    let rebound = anyone.raw("GET /v1/strings/k HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n");
    assert!(rebound.starts_with("HTTP/1.1 403"), "{rebound}");
}

#[test]
fn redstarts_own_keys_are_out_of_reach() {
    let server = Server::new();
    server.command::<String>(&[b"SET", b"redstart:x", b"v"]);
    let host = Host::new(server.port);
    host.client.get("/v1/strings/redstart:x").problem(403);
    host.client.get("/v1/strings?key=redstart%3Ax").problem(403);
    host.client.put_raw("/v1/strings/redstart:x", b"w").problem(403);
    host.client.send("POST", "/v1/strings?key=redstart:y", &[], b"w").problem(403);
    host.client.delete("/v1/strings/redstart:x").problem(403);
    assert_eq!(server.command::<String>(&[b"GET", b"redstart:x"]), "v");
}

#[test]
fn health_checks_need_no_token() {
    let (_server, host) = setup();
    let anyone = host.client.with_token(None);
    assert_eq!(anyone.get("/healthz").body, b"{\"status\":\"ok\"}");
    assert_eq!(anyone.get("/readyz").body, b"{\"status\":\"ready\"}");
}
