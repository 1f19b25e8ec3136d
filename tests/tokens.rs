//! Tokens with names and rights of their own.

use redstart_tests::commands::{error, result, run};
use redstart_tests::host::{Host, TOKEN};
use redstart_tests::server::Server;
use redstart_tests::setup;
use serde_json::{Value, json};

fn host(server: &Server, tokens: &Value) -> Host {
    Host::with(server.port, &[("api_tokens", &tokens.to_string())], |_| {})
}

#[test]
fn each_token_does_what_it_is_for_and_the_log_names_it() {
    let (server, _) = setup();
    let host = host(
        &server,
        &json!([
            {"name": "reader", "token": "r", "access": "read"},
            {"name": "writer", "token": "w", "access": "write"},
        ]),
    );
    let [reader, writer] = ["r", "w"].map(|token| host.client.with_token(Some(token)));
    assert_eq!(writer.put_raw("/v1/strings/k", b"v").status, 201);
    assert_eq!(reader.get_raw("/v1/strings/k").body, b"v");
    assert!(reader.put_raw("/v1/strings/k", b"w").problem(403).contains("only reads"));
    assert!(error(&run(&reader, json!(["SET", "k", "w"])), 400).starts_with("NOPERM"));
    // The tokens with settings of their own are there as well.
    assert_eq!(host.client.with_token(Some(TOKEN)).get_raw("/v1/strings/k").body, b"v");
    assert_eq!(host.client.with_token(Some("x")).get("/v1/strings/k").status, 401);
    let log = host.log();
    assert!(log.contains("token=reader") && log.contains("token=writer") && log.contains("token=full"), "{log}");
}

#[test]
fn a_token_is_known_by_its_sha256() {
    let (server, _) = setup();
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let host = host(&server, &json!([{"name": "hashed", "sha256": sha256, "access": "read"}]));
    assert_eq!(host.client.with_token(Some("abc")).get("/v1/keys").status, 200);
    assert_eq!(host.client.with_token(Some(sha256)).get("/v1/keys").status, 401);
}

#[test]
fn a_token_that_has_expired_is_told_so() {
    let (server, _) = setup();
    let host = host(
        &server,
        &json!([
            {"name": "old", "token": "o", "access": "read", "expires": "2020-01-01T00:00:00Z"},
            {"name": "new", "token": "n", "access": "read", "expires": "2120-01-01T00:00:00Z"},
        ]),
    );
    let old = host.client.with_token(Some("o"));
    assert_eq!(old.get("/v1/keys").problem(401), "the token has expired");
    assert!(error(&run(&old, json!(["PING"])), 401).starts_with("WRONGPASS"));
    assert_eq!(host.client.with_token(Some("n")).get("/v1/keys").status, 200);
    assert!(host.log().contains("its name is old"), "{}", host.log());
}

#[test]
fn a_token_for_certain_commands_sends_no_other_one() {
    let (server, _) = setup();
    let commands = json!(["GET", "@hash", "CONFIG|GET"]);
    let tokens = json!([{"name": "few", "token": "f", "access": "write", "commands": commands}]);
    let host = host(&server, &tokens);
    let few = host.client.with_token(Some("f"));
    assert_eq!(result(&run(&few, json!(["HSET", "h", "f", "v"]))), 1);
    assert_eq!(result(&run(&few, json!(["get", "k"]))), Value::Null);
    for command in [
        json!(["SET", "k", "v"]),
        json!(["EVAL", "return 1", 0]),
        json!(["DEL", "h"]),
        json!(["NEWER.COMMAND"]),
        // What is denied to all is denied to it.
        json!(["CONFIG", "GET", "port"]),
    ] {
        let text = error(&run(&few, command.clone()), 400);
        assert!(text.starts_with("NOPERM"), "{command}: {text}");
    }
    assert!(few.get("/v1/strings/k").problem(403).contains("command API"));
    assert_eq!(server.command::<i64>(&[b"DBSIZE"]), 1);
}

#[test]
fn wrong_tokens_are_told_where_they_are_wrong_and_not_shown() {
    let (server, _) = setup();
    for (tokens, told) in [
        (json!([{"name": "a", "token": "hush"}]), "[auth] tokens in the variable `api_tokens`"),
        (json!([{"name": "a", "token": "hush", "access": "all"}]), "[0].access"),
        (
            json!([{"name": "a", "token": "hush", "access": "read"}, {"name": "a", "token": "hush!", "access": "read"}]),
            "another name for each token",
        ),
        (json!([{"name": "a", "token": TOKEN, "access": "read"}]), "another text for each token"),
    ] {
        let host = host(&server, &tokens);
        let detail = host.client.get("/v1/keys").problem(503);
        assert!(detail.contains(told), "{detail}");
        let log = host.log();
        assert!(!detail.contains("hush") && !log.contains("hush") && !log.contains(TOKEN), "{detail}\n{log}");
    }
}
