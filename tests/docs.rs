//! The API page, and the document that it shows.

use std::process::Command;

use redstart_tests::host::{Host, TOKEN, project};
use redstart_tests::server::Server;
use redstart_tests::setup;

#[test]
fn the_document_is_the_one_of_the_code() {
    let (_server, host) = setup();
    let answer = host.client.with_token(None).get("/openapi.json");
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let expected = serde_json::to_value(redstart::openapi::document()).unwrap();
    assert!(
        answer.json() == expected,
        "the folder target/page is not of this code: `make test` and `spin build` write it"
    );
    assert_eq!(answer.json()["openapi"].as_str().unwrap().get(..4), Some("3.1."));
}

#[test]
fn the_page_and_its_parts_need_no_token_and_let_nothing_else_in() {
    let (_server, host) = setup();
    let anyone = host.client.with_token(None);
    let page = anyone.get("/docs");
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{policy}");

    let text = String::from_utf8(page.body).unwrap();
    let parts: Vec<_> = text.split('"').filter(|text| text.starts_with("/docs/")).collect();
    assert!(parts.len() > 4, "{text}");
    for part in parts {
        let answer = anyone.get(part);
        assert_eq!(answer.status, 200, "{part}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{part}");
        assert!(!answer.body.is_empty(), "{part}");
    }
    for path in ["/docs/index.html", "/docs/openapi.json", "/docs/..%2Fconfig.ini", "/docs/", "/docs/x/y"] {
        anyone.get(path).problem(404);
    }
    assert!(host.log().contains("route=\"/docs/{file}\" status=404"), "{}", host.log());
}

#[test]
fn who_has_a_file_already_is_told_so() {
    let (_server, host) = setup();
    for path in ["/docs", "/docs/swagger-ui-bundle.js", "/openapi.json"] {
        let first = host.client.get(path);
        assert_eq!(first.header("cache-control"), "no-cache");
        let again = host.client.send("GET", path, &[("if-none-match", first.header("etag"))], b"");
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("etag"), first.header("etag"));
        assert_eq!(host.client.send("GET", path, &[("if-none-match", "\"other\"")], b"").status, 200);
        let head = host.client.send("HEAD", path, &[], b"");
        assert_eq!((head.status, head.header("etag")), (200, first.header("etag")));
    }
}

#[test]
fn without_tokens_at_all_the_page_of_a_foreign_name_is_refused() {
    let server = Server::new();
    let host = Host::with(server.port, &[("config", "[auth]\nmode = none")], |_| {});
    for path in ["/docs", "/docs/page.js", "/openapi.json"] {
        assert_eq!(host.client.with_token(None).get(path).status, 200, "{path}");
        let rebound = format!("GET {path} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n");
        assert!(host.client.raw(&rebound).starts_with("HTTP/1.1 403"), "{path}");
    }
}

#[test]
#[ignore = "needs Chromium: `make test` runs it where there is one, or can be had"]
fn a_person_tries_each_call_in_a_browser() {
    let (_server, host) = setup();
    let status = Command::new("node")
        .arg("--test")
        .arg(project().join("tests/browser/docs.test.mjs"))
        .env("API_URL", format!("http://{}", host.address))
        .env("API_TOKEN", TOKEN)
        .status()
        .expect("node starts");
    assert!(status.success(), "{}", host.log());
}
