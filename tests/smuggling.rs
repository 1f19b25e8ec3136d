//! Requests that two readers could tell apart differently. Behind each stands another one: where it is clear how they are
//! framed, both are answered; where it is not, the connection ends, and what stands behind is never taken for a request.

use redstart_tests::host::Host;
use redstart_tests::server::Server;
use redstart_tests::setup;

/// What came of a request and of the one behind it.
struct Outcome {
    /// The statuses of all answers, in order.
    statuses: Vec<u16>,
    /// All that came.
    answers: String,
    /// What the request wrote at `k`.
    written: Option<String>,
}

/// The head of a request that writes `k`.
fn put(host: &Host, headers: &str) -> String {
    format!("PUT /v1/strings/k HTTP/1.1\r\nhost: localhost\r\n{}{headers}\r\n", host.client.authorization())
}

/// Sends a request with another behind it, which writes `second`, and sees that this happens only where it was answered; then
/// that others are served as before. The host closes the connection in each case: the second one asks for it.
fn send(server: &Server, host: &Host, request: impl AsRef<[u8]>) -> Outcome {
    server.command::<()>(&[b"DEL", b"k", b"second"]);
    let second = format!(
        "PUT /v1/strings/second HTTP/1.1\r\nhost: localhost\r\n{}connection: close\r\ncontent-length: 1\r\n\r\ny",
        host.client.authorization()
    );
    let answers = host.client.raw(&[request.as_ref(), second.as_bytes()].concat());
    let statuses: Vec<u16> =
        answers.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].parse().expect("a status")).collect();

    let shown = || format!("{}\n{answers}", String::from_utf8_lossy(request.as_ref()));
    let second = server.command::<Option<String>>(&[b"GET", b"second"]);
    let both = matches!(statuses[..], [_, 201]);
    assert_eq!(second.as_deref(), both.then_some("y"), "{}", shown());
    assert_eq!(host.client.get("/healthz").status, 200, "{}", shown());
    assert!(!host.log().contains("trap"), "{}", host.log());
    Outcome { statuses, answers, written: server.command(&[b"GET", b"k"]) }
}

/// The host answers a bare 400 before anything of it reaches the component, and closes the connection.
fn is_refused(server: &Server, host: &Host, request: impl AsRef<[u8]>) {
    let outcome = send(server, host, request.as_ref());
    let shown = String::from_utf8_lossy(request.as_ref()).into_owned();
    assert_eq!((outcome.statuses, outcome.written), (vec![400], None), "{shown}");
    assert!(outcome.answers.to_ascii_lowercase().contains("\r\nconnection: close"), "{}", outcome.answers);
}

#[test]
fn a_length_that_is_no_number_or_two_is_400_and_ends_the_connection() {
    let (server, host) = setup();
    for length in
        ["1\r\ncontent-length: 2", "2\r\ncontent-length: 1", "1, 2", "1, 1", "+1", "-1", "0x1", "1e0", "1 1", "1;a", ""]
    {
        is_refused(&server, &host, put(&host, &format!("content-length: {length}\r\n")) + "x");
    }
    for length in ["18446744073709551616", &"9".repeat(400), "\u{0}1", "\u{b}1", "\u{661}"] {
        is_refused(&server, &host, put(&host, &format!("content-length: {length}\r\n")) + "x");
    }
    // It fits into 64 bits, and yet no body has it: hyper says so with the status of a head that is too large.
    let endless = send(&server, &host, put(&host, "content-length: 18446744073709551615\r\n") + "x");
    assert_eq!((endless.statuses, endless.written), (vec![431], None));
}

#[test]
fn a_length_that_is_one_number_in_other_words_is_taken() {
    let (server, host) = setup();
    for length in ["01", " 1 ", "1\r\ncontent-length: 1"] {
        let outcome = send(&server, &host, put(&host, &format!("content-length: {length}\r\n")) + "x");
        assert_eq!((outcome.statuses, outcome.written.as_deref()), (vec![201, 201], Some("x")), "{length}");
    }
}

#[test]
fn a_chunked_body_with_a_length_is_read_by_its_chunks_and_ends_the_connection() {
    let (server, host) = setup();
    for headers in
        ["content-length: 5\r\ntransfer-encoding: chunked\r\n", "transfer-encoding: chunked\r\ncontent-length: 5\r\n"]
    {
        let outcome = send(&server, &host, put(&host, headers) + "1\r\nx\r\n0\r\n\r\n");
        assert_eq!((outcome.statuses, outcome.written.as_deref()), (vec![201], Some("x")), "{headers}");
    }
}

#[test]
fn a_body_whose_end_no_chunk_says_is_400_and_ends_the_connection() {
    let (server, host) = setup();
    for coding in [
        "identity",
        "gzip",
        "chunked, identity",
        "xchunked",
        "chunked;q=1",
        "\u{b}chunked",
        "'chunked'",
        "chunked,",
        "",
    ]
    .into_iter()
    .chain(["chunked\r\ntransfer-encoding: identity"])
    {
        let request = put(&host, &format!("transfer-encoding: {coding}\r\n")) + "1\r\nx\r\n0\r\n\r\n";
        is_refused(&server, &host, request);
    }
    // HTTP/1.0 knows no chunks.
    for headers in ["transfer-encoding: chunked\r\n", "content-length: 11\r\ntransfer-encoding: chunked\r\n"] {
        let request = put(&host, headers).replace("HTTP/1.1", "HTTP/1.0") + "1\r\nx\r\n0\r\n\r\n";
        is_refused(&server, &host, request);
    }
}

#[test]
fn a_coding_below_the_chunks_is_501_and_written_by_nobody() {
    let (server, host) = setup();
    for coding in ["gzip, chunked", "identity, chunked", "chunked, chunked", "identity\r\ntransfer-encoding: chunked"] {
        let request = put(&host, &format!("transfer-encoding: {coding}\r\n")) + "1\r\nx\r\n0\r\n\r\n";
        let outcome = send(&server, &host, request);
        assert_eq!((outcome.statuses, outcome.written), (vec![501, 201], None), "{coding}");
        assert!(outcome.answers.contains("transfer coding"), "{}", outcome.answers);
    }
    for coding in ["chunked", "CHUNKED", "chunked "] {
        let request = put(&host, &format!("transfer-encoding: {coding}\r\n")) + "1\r\nx\r\n0\r\n\r\n";
        let outcome = send(&server, &host, request);
        assert_eq!((outcome.statuses, outcome.written.as_deref()), (vec![201, 201], Some("x")), "{coding}");
    }
}

#[test]
fn a_chunk_that_cannot_be_read_is_400_and_ends_the_connection_with_nothing_written() {
    let (server, host) = setup();
    let long_extension = format!("1;{}\r\nx\r\n0\r\n\r\n", "a".repeat(65_536));
    for body in [
        "10000000000000001\r\nx\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nx\r\n0\r\n\r\n",
        "-1\r\nx\r\n0\r\n\r\n",
        "+1\r\nx\r\n0\r\n\r\n",
        "0x1\r\nx\r\n0\r\n\r\n",
        "g\r\nx\r\n0\r\n\r\n",
        "\r\nx\r\n0\r\n\r\n",
        " 1\r\nx\r\n0\r\n\r\n",
        "1\nx\r\n0\r\n\r\n",
        "1\r\nx\n0\r\n\r\n",
        "1\r\nxy\r\n0\r\n\r\n",
        "2\r\nx\r\n0\r\n\r\n",
        "1;a\nx\r\n0\r\n\r\n",
        "1;a\rb\r\nx\r\n0\r\n\r\n",
        "1\r\nx\r\n0\r\nno colon\r\n\r\n",
        &long_extension,
    ] {
        let outcome = send(&server, &host, put(&host, "transfer-encoding: chunked\r\n") + body);
        let shown = body.escape_debug().to_string();
        assert_eq!((outcome.statuses, outcome.written), (vec![400], None), "{shown:.80}");
        let (_, problem) = outcome.answers.split_once("\r\n\r\n").expect("a head");
        let problem: serde_json::Value = serde_json::from_str(problem).expect("a problem");
        assert_eq!(problem["detail"], "the body broke off or could not be read", "{shown:.80}");
    }
}

#[test]
fn a_chunk_in_other_words_is_read_and_a_trailer_is_no_header() {
    let (server, host) = setup();
    for body in [
        "1;a=b;c=\"d\"\r\nx\r\n0\r\n\r\n",
        "0000000000000001\r\nx\r\n00\r\n\r\n",
        "1 \r\nx\r\n0\r\n\r\n",
        "1\r\nx\r\n0\r\nauthorization: Bearer wrong\r\ncontent-length: 5\r\n\r\n",
    ] {
        let outcome = send(&server, &host, put(&host, "transfer-encoding: chunked\r\n") + body);
        assert_eq!((outcome.statuses, outcome.written.as_deref()), (vec![201, 201], Some("x")), "{body:?}");
    }
}

#[test]
fn a_head_that_breaks_the_rules_of_lines_is_400_and_ends_the_connection() {
    let (server, host) = setup();
    let chunks = "1\r\nx\r\n0\r\n\r\n";
    for (headers, body) in [
        ("x: a\r\n b\r\ncontent-length: 1\r\n", "x"),
        ("transfer-encoding:\r\n chunked\r\n", chunks),
        ("transfer-encoding : chunked\r\n", chunks),
        ("content-length : 1\r\n", "x"),
        ("content-length\t: 1\r\n", "x"),
        (" content-length: 1\r\n", "x"),
        ("x: a\rcontent-length: 1\r\n", "x"),
        ("x: a\0b\r\ncontent-length: 1\r\n", "x"),
        ("x\0: a\r\ncontent-length: 1\r\n", "x"),
        ("x\u{e9}: a\r\ncontent-length: 1\r\n", "x"),
        (": a\r\ncontent-length: 1\r\n", "x"),
        ("no colon\r\ncontent-length: 1\r\n", "x"),
    ] {
        is_refused(&server, &host, put(&host, headers) + body);
    }
}

#[test]
fn a_line_feed_alone_ends_a_line_too() {
    let (server, host) = setup();
    // RFC 9112, section 2.2, lets a server do so: what hides behind one is a header.
    let hidden = send(&server, &host, put(&host, "x: a\ncontent-length: 1\r\n") + "x");
    assert_eq!((hidden.statuses, hidden.written.as_deref()), (vec![201, 201], Some("x")));
    let everywhere = put(&host, "content-length: 1\r\n").replace("\r\n", "\n") + "x";
    let everywhere = send(&server, &host, everywhere);
    assert_eq!((everywhere.statuses, everywhere.written.as_deref()), (vec![201, 201], Some("x")));
}

#[test]
fn a_first_line_that_is_none_is_400_and_ends_the_connection() {
    let (server, host) = setup();
    let rest = format!("\r\nhost: localhost\r\n{}content-length: 1\r\n\r\nx", host.client.authorization());
    for line in [
        "PUT /v1/strings/k a HTTP/1.1",
        "PUT  /v1/strings/k HTTP/1.1",
        "PUT\t/v1/strings/k HTTP/1.1",
        " PUT /v1/strings/k HTTP/1.1",
        "PUT /v1/strings/k HTTP/1.1 ",
        "PUT /v1/strings/k\0 HTTP/1.1",
        "PUT /v1/strings/\u{7f} HTTP/1.1",
        "P\u{1}T /v1/strings/k HTTP/1.1",
        "PUT /v1/strings/k",
        "PUT v1/strings/k HTTP/1.1",
        "PUT /v1/strings/k HTTP/0.9",
        "PUT /v1/strings/k HTTP/1.2",
        "PUT /v1/strings/k HTTP/2.0",
        "PUT /v1/strings/k HTTP/1.1x",
        "PUT /v1/strings/k http/1.1",
        "PUT /v1/strings/k HTTP/1.1\r",
    ] {
        is_refused(&server, &host, format!("{line}{rest}"));
    }
    // Bytes that are no UTF-8, as they are.
    for bytes in [&b"\xc0\x80"[..], b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xff"] {
        for target in [&b"PUT /v1/strings/"[..], b"PUT /v1/strings?key="] {
            is_refused(&server, &host, [target, bytes, b" HTTP/1.1", rest.as_bytes()].concat());
        }
    }
}

#[test]
fn http_2_is_spoken_from_the_first_byte_or_not_at_all() {
    let (server, host) = setup();
    let later = send(
        &server,
        &host,
        put(&host, "content-length: 1\r\n") + "xPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0",
    );
    assert_eq!((later.statuses, later.written.as_deref()), (vec![201], Some("x")));
    let upgrade =
        "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\ncontent-length: 1\r\n";
    let upgrade = send(&server, &host, put(&host, upgrade) + "x");
    assert_eq!((upgrade.statuses, upgrade.written.as_deref()), (vec![201, 201], Some("x")));
}

#[test]
fn a_request_names_one_host() {
    let (server, host) = setup();
    let token = host.client.authorization();
    for (line, hosts, status) in [
        ("PUT /v1/strings/k", "host: localhost\r\n", 201),
        ("PUT http://localhost/v1/strings/k", "host: localhost\r\n", 201),
        ("PUT http://localhost/v1/strings/k", "", 201),
        ("PUT http://evil.example/v1/strings/k", "host: localhost\r\n", 400),
        ("PUT http://localhost@evil.example/v1/strings/k", "host: localhost\r\n", 400),
        ("PUT /v1/strings/k", "", 400),
        ("PUT /v1/strings/k", "host: localhost\r\nhost: localhost\r\n", 400),
        ("PUT /v1/strings/k", "host: localhost, evil.example\r\n", 400),
        ("PUT /v1/strings/k", "host: a b\r\n", 400),
        ("CONNECT localhost:80", "host: localhost\r\n", 400),
        ("OPTIONS *", "host: localhost\r\n", 404),
    ] {
        let request = format!("{line} HTTP/1.1\r\n{hosts}{token}content-length: 1\r\n\r\nx");
        let outcome = send(&server, &host, request);
        assert_eq!(outcome.statuses, [status, 201], "{line} {hosts}");
        assert_eq!(outcome.written.is_some(), status == 201, "{line} {hosts}");
    }
}

#[test]
fn the_body_of_a_get_is_no_request() {
    let (server, host) = setup();
    let inner = put(&host, "content-length: 1\r\n") + "x";
    let token = host.client.authorization();
    let get = format!("GET /v1/strings/none HTTP/1.1\r\nhost: localhost\r\n{token}");
    let with_length = format!("{get}content-length: {}\r\n\r\n{inner}", inner.len());
    let chunked = format!("{get}transfer-encoding: chunked\r\n\r\n{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len());
    for request in [with_length, chunked] {
        let outcome = send(&server, &host, request);
        assert_eq!((outcome.statuses, outcome.written), (vec![404, 201], None));
    }
}

#[test]
fn a_chunk_without_end_is_waited_for_no_longer_than_any_body() {
    let server = Server::new();
    let host =
        Host::with(server.port, &[], |settings| settings.body_read_timeout = std::time::Duration::from_millis(300));
    let outcome =
        send(&server, &host, put(&host, "transfer-encoding: chunked\r\n") + "ffffffffffffffff\r\nx\r\n0\r\n\r\n");
    assert_eq!((outcome.statuses, outcome.written), (vec![408], None));
}
