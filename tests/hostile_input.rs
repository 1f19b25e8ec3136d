//! Bytes, depths and numbers that no sane client sends: each is taken as what it is, or refused in words.

use std::fmt::Write;

use redstart_tests::commands::{error, result, run};
use redstart_tests::host::Host;
use redstart_tests::setup;
use serde_json::json;

/// UTF-8 in more bytes than there may be, and halves of surrogate pairs.
const NO_UTF8: [&[u8]; 5] = [b"\xc0\x80", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xed\xa0\x80"];

const JSON: (&str, &str) = ("content-type", "application/json");

fn encoded(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "%{byte:02x}").expect("text takes all");
        text
    })
}

/// Others are served as before, and no instance was lost.
fn is_well(host: &Host) {
    assert_eq!(host.client.get("/readyz").status, 200);
    let log = host.log();
    assert!(!log.contains("trap") && !log.contains("panicked"), "{log}");
}

#[test]
fn what_is_no_utf8_is_a_key_of_these_bytes_and_no_other() {
    let (server, host) = setup();
    host.client.put_raw("/v1/strings/%2F", b"slash");
    host.client.put_raw("/v1/strings/%00", b"zero");
    for bytes in NO_UTF8 {
        let path = format!("/v1/strings/{}", encoded(bytes));
        assert_eq!(host.client.get_raw(&path).status, 404, "{bytes:?}");
        assert_eq!(host.client.put_raw(&path, bytes).status, 201);
        assert_eq!(server.command::<Vec<u8>>(&[b"GET", bytes]), bytes);
        assert_eq!(host.client.get_raw(&format!("/v1/strings?key={}", encoded(bytes))).body, bytes);
        assert_eq!(run(&host.client, json!(["DEL", "/", "\u{0}"])).json()["result"], 2);
        host.client.put_raw("/v1/strings/%2F", b"slash");
        host.client.put_raw("/v1/strings/%00", b"zero");
    }
    assert_eq!(server.command::<usize>(&[b"DBSIZE"]), 2 + NO_UTF8.len());
    is_well(&host);
}

#[test]
fn what_is_no_utf8_is_no_way_around_a_route_or_a_token() {
    let (_server, host) = setup();
    let stranger = host.client.with_token(None);
    for path in [
        "/healthz%00",
        "/%00healthz",
        "/healthz%C0%80",
        "/v1%C0%AFhealthz",
        "/docs%C0%AF",
        "/v1/..%2Fhealthz",
        "/%68ealthz/",
    ] {
        assert_eq!(stranger.get(path).status, 401, "{path}");
    }
    let token = redstart_tests::host::TOKEN;
    for value in [&b"Bearer \xc0\x80"[..], b"Bearer \xff", &[b"Bearer ", token.as_bytes(), b"\xc0\x80"].concat()] {
        let request = [
            b"GET /v1/strings/k HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: ",
            value,
            b"\r\n\r\n",
        ];
        let answer = host.client.raw(&request.concat());
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    }
    is_well(&host);
}

#[test]
fn a_parameter_that_has_to_be_text_is_422_where_it_is_none() {
    let (_server, host) = setup();
    for bytes in NO_UTF8 {
        for name in ["type", "cursor", "limit"] {
            host.client.get(&format!("/v1/keys?{name}={}", encoded(bytes))).problem(422);
        }
        host.client.get(&format!("/v1/keys?{}=1", encoded(bytes))).problem(422);
    }
    is_well(&host);
}

#[test]
fn json_that_is_no_utf8_is_400_and_nothing_is_written() {
    let (server, host) = setup();
    for bytes in NO_UTF8.into_iter().chain([&b"\xff"[..], b"\x00", b"\x1f"]) {
        for (method, path, before, behind) in [
            ("PUT", "/v1/strings/k", "{\"value\":\"", "\"}"),
            ("POST", "/v1/strings", "{\"value\":1,\"key\":\"", "\"}"),
            ("PUT", "/v1/hashes/k", "{\"fields\":{\"", "\":1}}"),
            ("PUT", "/v1/sets/k", "{\"members\":[\"", "\"]}"),
        ] {
            let body = [before.as_bytes(), bytes, behind.as_bytes()].concat();
            host.client.send(method, path, &[JSON], &body).problem(400);
        }
        for path in ["/", "/pipeline", "/multi-exec"] {
            let words = [b"[\"SET\",\"k\",\"", bytes, b"\"]"].concat();
            let body = if path == "/" { words } else { [b"[", &words[..], b"]"].concat() };
            error(&host.client.send("POST", path, &[], &body), 400);
        }
    }
    for body in [&b"\xef\xbb\xbf{\"value\":1}"[..], b"\xff\xfe{\0\"\0", b""] {
        let status = host.client.send("PUT", "/v1/strings/k", &[JSON], body).status;
        assert_eq!(status, 400, "{body:?}");
    }
    assert_eq!(server.command::<i64>(&[b"DBSIZE"]), 0);
    is_well(&host);
}

#[test]
fn a_zero_byte_ends_nothing() {
    let (server, host) = setup();
    assert_eq!(host.client.send("PUT", "/v1/strings/a%00b", &[JSON], br#"{"value":"c\u0000d"}"#).status, 201);
    assert_eq!(server.command::<Vec<u8>>(&[b"GET", b"a\0b"]), b"c\0d");
    assert_eq!(host.client.get("/v1/strings/a").status, 404);
    assert_eq!(result(&run(&host.client, json!(["GET", "a\u{0}b"]))), "c\u{0}d");
    assert_eq!(result(&host.client.get("/GET/a%00b")), "c\u{0}d");
    assert!(error(&host.client.get("/GET%00/a%00b"), 400).contains("unknown command"));
    is_well(&host);
}

#[test]
fn deep_json_is_refused_and_costs_no_instance() {
    let (server, host) = setup();
    for depth in [127, 128, 129, 10_000, 1_000_000] {
        let list = "[".repeat(depth) + &"]".repeat(depth);
        let object = "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
        for deep in [&list, &object] {
            for (method, path, body) in [
                ("PUT", "/v1/strings/k", format!("{{\"value\":{deep}}}")),
                ("PUT", "/v1/strings/k", format!("{{\"value\":1,\"other\":{deep}}}")),
                ("PUT", "/v1/strings/k", deep.clone()),
                ("PUT", "/v1/hashes/k", format!("{{\"fields\":{deep}}}")),
                ("PUT", "/v1/lists/k", format!("{{\"items\":{deep}}}")),
                ("PUT", "/v1/sorted-sets/k", format!("{{\"members\":[{{\"member\":\"a\",\"score\":{deep}}}]}}")),
                ("POST", "/v1/strings/k/increment", format!("{{\"by\":{deep}}}")),
            ] {
                let answer = host.client.send(method, path, &[JSON], body.as_bytes());
                assert!(matches!(answer.status, 400 | 422), "{path} {depth}: {}", answer.status);
                let detail = answer.problem(answer.status);
                assert!((1..500).contains(&detail.len()), "{path} {depth}: {detail:.200}");
            }
            for (path, body) in [
                ("/", format!("[\"SET\",\"k\",{deep}]")),
                ("/", deep.clone()),
                ("/pipeline", format!("[[\"SET\",\"k\",{deep}]]")),
                ("/multi-exec", format!("[{deep}]")),
            ] {
                error(&host.client.send("POST", path, &[], body.as_bytes()), 400);
            }
        }
        // Never closed.
        host.client.send("PUT", "/v1/strings/k", &[JSON], "[".repeat(depth).as_bytes()).problem(400);
        error(&host.client.send("POST", "/", &[], "[".repeat(depth).as_bytes()), 400);
    }
    assert_eq!(server.command::<i64>(&[b"DBSIZE"]), 0);
    is_well(&host);
}

#[test]
fn a_number_of_any_size_is_a_value_digit_by_digit() {
    let (server, host) = setup();
    let digits = "9".repeat(400);
    for number in ["1e999", "-1e999", "1e-999", "-0", "-0.0", "9223372036854775808", "18446744073709551616", &digits] {
        let body = format!("{{\"value\":{number}}}");
        assert_eq!(host.client.send("PUT", "/v1/strings/k", &[JSON], body.as_bytes()).status / 100, 2, "{number}");
        assert_eq!(server.command::<String>(&[b"GET", b"k"]), number);
        let body = format!("[\"ECHO\",{number}]");
        assert_eq!(result(&host.client.send("POST", "/", &[], body.as_bytes())), number);
    }
    for number in ["01", "+1", ".5", "1.", "0x1", "1e", "NaN", "Infinity", "--1", "1_000"] {
        let body = format!("{{\"value\":{number}}}");
        host.client.send("PUT", "/v1/strings/other", &[JSON], body.as_bytes()).problem(400);
    }
    assert_eq!(server.command::<i64>(&[b"DBSIZE"]), 1);
    is_well(&host);
}

#[test]
fn a_number_that_is_counted_with_is_422_where_it_does_not_fit() {
    let (server, host) = setup();
    let digits = "9".repeat(400);
    for number in ["1e999", "9223372036854775808", "18446744073709551616", &digits] {
        for (method, path, body) in [
            ("PUT", "/v1/strings/k", format!("{{\"value\":1,\"ttl\":{number}}}")),
            ("POST", "/v1/strings/k/increment", format!("{{\"by\":{number}}}")),
            ("POST", "/v1/lists/k/pop", format!("{{\"side\":\"left\",\"count\":{number}}}")),
            ("POST", "/v1/streams/k", format!("{{\"fields\":{{\"a\":1}},\"max_length\":{number}}}")),
        ] {
            let answer = host.client.send(method, path, &[JSON], body.as_bytes());
            let detail = answer.problem(422);
            assert!(detail.len() < 500, "{detail}");
        }
        for path in ["/v1/keys?limit=", "/v1/keys?cursor=", "/v1/lists/k?start=", "/v1/lists/k/items/"] {
            let answer = host.client.get(&format!("{path}{number}"));
            // A cursor may have 64 bits.
            let is_cursor = path.ends_with("cursor=") && number == "9223372036854775808";
            assert_eq!(answer.status, if is_cursor { 200 } else { 422 }, "{path}{number}");
        }
    }
    for score in ["1e999", &digits] {
        let body = format!("{{\"members\":[{{\"member\":\"a\",\"score\":{score}}}]}}");
        host.client.send("PUT", "/v1/sorted-sets/k", &[JSON], body.as_bytes()).problem(422);
    }
    for ttl in ["0", "-0", "-1", "1e-999"] {
        let body = format!("{{\"value\":1,\"ttl\":{ttl}}}");
        host.client.send("PUT", "/v1/strings/k", &[JSON], body.as_bytes()).problem(422);
        host.client.put_raw(&format!("/v1/strings/k?ttl={ttl}"), b"v").problem(422);
    }
    assert_eq!(server.command::<i64>(&[b"DBSIZE"]), 0);
    is_well(&host);
}
