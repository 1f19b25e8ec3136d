//! Secrets are told to nobody, and can be changed while requests go on.

use redstart_tests::commands::run;
use redstart_tests::host::{Host, TOKEN};
use redstart_tests::secrets::{SECRETS, told};
use redstart_tests::server::Server;
use redstart_tests::{PASSWORD, setup};
use serde_json::json;

#[test]
fn no_secret_is_told_whatever_is_asked() {
    let (server, _) = setup();
    let document = serde_json::to_value(redstart::openapi::document()).unwrap();
    for format in ["text", "json"] {
        let config = format!("[log]\nlevel = trace\nformat = {format}\n[commands]\ndeny =");
        let host = Host::with(server.port, &[("config", &config)], |_| {});
        let mut answers = Vec::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for method in operations.as_object().unwrap().keys() {
                let body: &[u8] = if ["post", "put", "patch"].contains(&method.as_str()) { b"{}" } else { b"" };
                let answer = host.client.send(&method.to_uppercase(), path, &[], body);
                answers.push(format!("{answer:?}{}", String::from_utf8_lossy(&answer.body)));
            }
        }
        // What callers send themselves is not written down either: it may be a secret of theirs.
        for command in [json!(["AUTH", SECRETS[0]]), json!(["SET", TOKEN, PASSWORD]), json!(["ECHO", TOKEN])] {
            run(&host.client, command);
        }
        assert_eq!(host.client.delete(&format!("/v1/strings/{TOKEN}")).status, 204);
        host.client.get(&format!("/get/{TOKEN}?_token={TOKEN}"));
        assert_eq!(told(&answers.concat()), [""; 0], "{answers:?}");
        let log = host.log();
        assert!(log.lines().count() > 90, "{log}");
        assert_eq!(told(&log), [""; 0], "{log}");
    }
}

#[test]
fn tokens_change_without_a_gap() {
    let (server, _) = setup();
    let [old, both, new] = [&["old"][..], &["old", "new"], &["new"]].map(|tokens| {
        let tokens: Vec<_> = tokens.iter().map(|name| json!({"name": name, "token": name, "access": "read"})).collect();
        Host::with(server.port, &[("api_tokens", &json!(tokens).to_string())], |_| {})
    });
    let status = |host: &Host, token| host.client.with_token(Some(token)).get("/v1/keys").status;
    assert_eq!([status(&old, "old"), status(&old, "new")], [200, 401]);
    assert_eq!([status(&both, "old"), status(&both, "new")], [200, 200]);
    assert_eq!([status(&new, "old"), status(&new, "new")], [401, 200]);
}

#[test]
fn the_password_of_redis_changes_without_a_gap() {
    let server = Server::new();
    let old = Host::new(server.port);
    let status = |host: &Host| host.client.get("/v1/keys").status;
    assert_eq!(status(&old), 200);
    // Redis takes both for a while.
    server.command::<String>(&[b"ACL", b"SETUSER", b"default", b">another password"]);
    let new = Host::with(server.port, &[("redis_password", "another password")], |_| {});
    assert_eq!([status(&old), status(&new)], [200, 200]);
    server.command::<String>(&[b"ACL", b"SETUSER", b"default", format!("<{PASSWORD}").as_bytes()]);
    assert_eq!(status(&new), 200);
    // Connections that are open stay so.
    assert_eq!(status(&old), 200);
    assert_eq!(status(&Host::new(server.port)), 502);
}
