//! What happens when Redis does not do what it should.

use std::time::{Duration, Instant};

use redstart_tests::PASSWORD_IN_URL;
use redstart_tests::host::Host;
use redstart_tests::scripted::{Answer, Scripted};
use redstart_tests::server::Server;

/// Redis may take so long in these tests.
const SHORT: (&str, &str) = ("config", "[redis]\ntimeout_ms = 300");
/// And three answers one after the other must have come by then, with as much again for a busy machine.
const BOUND: Duration = Duration::from_millis(1800);

#[test]
fn a_stopped_redis_is_503_at_once_and_a_restarted_one_serves_again() {
    let mut server = Server::new();
    let host = Host::new(server.port);
    let client = &host.client;
    assert_eq!(client.put_raw("/v1/strings/k", b"v").status, 201);

    server.stop();
    for answer in [client.get("/v1/strings/k"), client.put_raw("/v1/strings/k", b"w"), client.get("/readyz")] {
        answer.problem(503);
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert_eq!(client.get("/healthz").status, 200);

    server.start();
    assert_eq!(client.get_raw("/v1/strings/k").body, b"v");
    assert_eq!(client.get("/readyz").status, 200);
    assert_eq!(client.put_raw("/v1/strings/k", b"x").status, 200);
    assert_eq!(client.get_raw("/v1/strings/k").body, b"x");
}

#[test]
fn after_a_restart_that_nobody_noticed_at_most_one_write_fails() {
    let mut server = Server::new();
    let host = Host::new(server.port);
    assert_eq!(host.client.put_raw("/v1/strings/k", b"v").status, 201);
    server.stop();
    server.start();
    let statuses: Vec<_> = (0..10).map(|_| host.client.put_raw("/v1/strings/k", b"w")).collect();
    for failed in statuses.iter().filter(|answer| answer.status != 200) {
        failed.problem(503);
        assert_eq!(failed.json()["outcome"], "unknown");
    }
    assert!(statuses.iter().filter(|answer| answer.status != 200).count() <= 1);
    assert_eq!(statuses.last().unwrap().status, 200);
}

#[test]
fn a_paused_redis_is_504_within_the_configured_time_and_serves_again_when_it_goes_on() {
    let server = Server::new();
    let host = Host::with(server.port, &[SHORT], |_| {});
    let client = &host.client;
    client.put_raw("/v1/strings/k", b"v");
    server.pause();
    for _ in 0..2 {
        let start = Instant::now();
        let read = client.get("/v1/strings/k");
        read.problem(504);
        assert_eq!(read.header("retry-after"), "1");
        assert_eq!(read.json().get("outcome"), None);
        client.put_raw("/v1/strings/k", b"w").problem(504);
        client.get("/readyz").problem(504);
        assert!(start.elapsed() < BOUND, "{:?}", start.elapsed());
        assert_eq!(client.get("/healthz").status, 200);
    }
    server.resume();
    assert_eq!(client.put_raw("/v1/strings/k", b"x").status, 200);
    assert_eq!(client.get_raw("/v1/strings/k").body, b"x");
}

#[test]
fn a_write_that_was_sent_before_the_pause_has_an_unknown_outcome() {
    let scripted = Scripted::new(|_, command| match command[0].as_slice() {
        b"EVALSHA" => Answer::Silence,
        _ => Answer::bulk("v"),
    });
    let host = Host::with(scripted.port, &[SHORT], |_| {});
    let write = host.client.put_raw("/v1/strings/k", b"v");
    write.problem(504);
    assert_eq!(write.json()["outcome"], "unknown");
    assert_eq!(scripted.received().len(), 1);
}

#[test]
fn a_read_whose_connection_breaks_is_repeated_once() {
    let scripted = Scripted::new(|number, _| if number == 0 { Answer::HangUp } else { Answer::bulk("v") });
    let host = Host::new(scripted.port);
    assert_eq!(host.client.get_raw("/v1/strings/k").body, b"v");
    assert_eq!(scripted.received().len(), 2);
}

#[test]
fn a_read_is_not_repeated_for_ever() {
    let scripted = Scripted::new(|_, _| Answer::HangUp);
    let host = Host::new(scripted.port);
    let read = host.client.get_raw("/v1/strings/k");
    read.problem(503);
    assert_eq!(read.json().get("outcome"), None);
    assert_eq!(scripted.received().len(), 2);
}

#[test]
fn a_write_whose_connection_breaks_is_sent_once_and_its_outcome_is_unknown() {
    let scripted =
        Scripted::new(|number, _| if number == 0 { Answer::HangUp } else { Answer::Reply(":1\r\n".to_owned()) });
    let host = Host::new(scripted.port);
    let write = host.client.put_raw("/v1/strings/k", b"v");
    write.problem(503);
    assert_eq!(write.json()["outcome"], "unknown");
    assert_eq!(write.header("retry-after"), "1");
    assert_eq!(scripted.received().len(), 1);
    assert_eq!(host.client.put_raw("/v1/strings/k", b"v").status, 201);
}

#[test]
fn each_error_of_redis_is_the_status_that_the_contract_says() {
    for (text, status, code) in [
        ("LOADING Redis is loading the dataset in memory", 503, Some("LOADING")),
        ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 503, Some("MASTERDOWN")),
        ("CLUSTERDOWN The cluster is down", 503, Some("CLUSTERDOWN")),
        ("TRYAGAIN Multiple keys request during rehashing of slot", 503, Some("TRYAGAIN")),
        ("READONLY You can't write against a read only replica.", 503, Some("READONLY")),
        ("MISCONF Redis is configured to save RDB snapshots, but it's currently unable to", 503, Some("MISCONF")),
        ("OOM command not allowed when used memory > 'maxmemory'.", 507, Some("OOM")),
        ("NOAUTH Authentication required.", 502, None),
        ("NOPERM this user has no permissions to run the 'set' command", 502, None),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", 409, Some("WRONGTYPE")),
        ("ERR value is not an integer or out of range", 422, Some("ERR")),
        ("WHATEVER something new", 502, Some("WHATEVER")),
    ] {
        let scripted = Scripted::new(move |_, _| Answer::error(text));
        let host = Host::new(scripted.port);
        let answer = host.client.send("POST", "/v1/strings?key=k", &[], b"v");
        answer.problem(status);
        assert_eq!(answer.json().get("code").and_then(|code| code.as_str()), code, "{text}");
        assert_eq!(answer.header("retry-after"), if status == 503 { "1" } else { "" }, "{text}");
        assert_eq!(answer.json().get("outcome"), None, "{text}");
        let words = text.split_once(' ').unwrap().1;
        assert!(host.log().contains(words.split('\'').next().unwrap()), "{}", host.log());
    }
}

#[test]
fn a_redis_that_was_never_there_is_503() {
    let host = Host::new(redstart_tests::free_port());
    for answer in [host.client.get("/v1/strings/k"), host.client.put_raw("/v1/strings/k", b"v")] {
        answer.problem(503);
        assert_eq!(answer.header("retry-after"), "1");
        assert_eq!(answer.json().get("outcome"), None);
    }
    assert!(host.log().contains("Connection refused"), "{}", host.log());
    assert!(!host.log().contains(PASSWORD_IN_URL));
}
