//! `config.ini` and variables, through the manifest and the host.

use std::fs;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use redstart_tests::host::{Host, WORLD, World, project};
use redstart_tests::server::Server;
use redstart_tests::{PASSWORD, PASSWORD_IN_URL, wait_until};

/// A copy of the project's manifest beside another `config.ini`, without the API page.
fn beside(config: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let source = WORLD.wasm();
    let wasm = project().join(source).canonicalize().unwrap();
    let manifest = fs::read_to_string(project().join(WORLD.manifest())).unwrap();
    let page = ", { source = \"target/page\", destination = \"/page\" }";
    assert!(manifest.contains(source) && manifest.contains(page));
    let manifest = manifest.replace(source, wasm.to_str().unwrap()).replace(page, "");
    fs::write(folder.path().join("spin.toml"), manifest).unwrap();
    fs::write(folder.path().join("config.ini"), config).unwrap();
    folder
}

#[test]
fn the_manifests_of_both_worlds_differ_in_how_the_component_is_built_and_in_nothing_else() {
    let lines = |world: World| {
        let manifest = fs::read_to_string(project().join(world.manifest())).unwrap();
        let of_build = |line: &&str| {
            line.starts_with(['#'])
                || ["source = ", "cargo build"]
                    .iter()
                    .any(|part| line.trim_start().trim_start_matches('"').starts_with(part))
        };
        manifest.lines().filter(|line| !of_build(line)).map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lines(World::P2), lines(World::P3));
    let manifest = fs::read_to_string(project().join(World::P2.manifest())).unwrap();
    assert!(manifest.contains("--features p2") && manifest.contains(World::P2.wasm()));
}

#[test]
fn the_file_gives_what_no_variable_gives() {
    let server = Server::new();
    let config = format!("[redis]\nport = {}\ndatabase = 3\n[log]\nformat = json\n", server.port);
    let folder = beside(&config);
    let host = Host::with(0, &[("redis_port", "")], |settings| settings.manifest = folder.path().join("spin.toml"));
    assert_eq!(host.client.put_raw("/v1/strings/k", b"v").status, 201);
    assert_eq!(server.command::<String>(&[b"INFO", b"keyspace"]).matches("db3:keys=1").count(), 1);
    assert!(host.log().contains("\"msg\":\"request\""), "{}", host.log());
}

#[test]
fn a_wrong_file_answers_every_request_with_what_is_wrong() {
    let folder = beside("[redis]\nport = six\n");
    let host = Host::with(0, &[("redis_port", "")], |settings| settings.manifest = folder.path().join("spin.toml"));
    let expected = "[redis] port in config.ini: `six` is not allowed; allowed: a whole number from 1 to 65535";
    for path in ["/healthz", "/readyz", "/v1/strings/k"] {
        assert_eq!(host.client.get(path).problem(503), expected);
    }
    wait_until("the log has it", || host.log().contains("level=error msg=\"the configuration is wrong"));
    assert!(host.log().contains(expected), "{}", host.log());
}

#[test]
fn without_the_page_the_rest_works_and_what_is_missing_says_so() {
    let server = Server::new();
    let folder = beside("");
    let host = Host::with(server.port, &[], |settings| settings.manifest = folder.path().join("spin.toml"));
    for path in ["/docs", "/docs/page.js", "/openapi.json"] {
        assert!(host.client.get(path).problem(404).contains("`files`"), "{path}");
    }
    assert_eq!(host.client.put_raw("/v1/strings/k", b"v").status, 201);
}

#[test]
fn where_the_host_heeds_no_time_in_an_address_the_component_ends_a_call() {
    let (server, time) = (Server::new(), Duration::from_millis(300));
    let folder = beside("");
    let manifest = folder.path().join("spin.toml");
    let environment = "\n[component.redstart.environment]\nREDIS_URL_PARAMETERS = \"\"\n";
    fs::write(&manifest, fs::read_to_string(&manifest).unwrap() + environment).unwrap();
    let host = Host::with(server.port, &[("config", "[redis]\ntimeout_ms = 300")], |settings| {
        settings.manifest = manifest;
        if *WORLD == World::P2 {
            // There, nothing in the component can: the host does, by a time of its own.
            settings.redis_timeout = time;
        }
    });
    assert_eq!(host.client.put_raw("/v1/strings/k", b"v").status, 201);
    server.pause();
    let start = Instant::now();
    host.client.get("/v1/strings/k").problem(504);
    assert!((time..10 * time).contains(&start.elapsed()), "{:?}", start.elapsed());
    server.resume();
}

#[test]
fn a_wrong_variable_an_unknown_key_and_a_wrong_secret_each_say_so() {
    for (variable, value, expected) in [
        ("log_level", "loud", "[log] level in the variable `log_level`: `loud` is not allowed"),
        ("config", "[redis]\nhots = x", "the variable `config`: line 2: [redis] hots: there is no such setting"),
        ("config", "[limits]\nbody_bytes = 1\nbody_bytes = 2", "given twice"),
        ("api_token", "has a space", "[auth] token in the variable `api_token`: its value (not shown)"),
    ] {
        let host = Host::with(1, &[(variable, value)], |_| {});
        let detail = host.client.get("/v1/strings/k").problem(503);
        assert!(detail.contains(expected), "{detail}");
        assert!(!detail.contains("has a space") && !host.log().contains("has a space"));
    }
}

#[test]
fn an_address_that_is_not_allowed_says_which_variable_to_set() {
    let host = Host::with(6379, &[("redis_host", "192.0.2.1")], |_| {});
    let detail = host.client.get("/v1/strings/k").problem(503);
    assert!(detail.contains("`redis_allowed`"), "{detail}");
    let log = host.log();
    let line = log.lines().find(|line| line.contains("msg=request")).unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains("redis://192.0.2.1:6379") && line.contains("redis_allowed"), "{log}");
    assert!(!log.contains(PASSWORD) && !log.contains(PASSWORD_IN_URL), "{log}");
}

#[test]
fn a_wrong_password_is_the_operators_fault_and_not_told_to_the_caller() {
    let server = Server::new();
    let host = Host::with(server.port, &[("redis_password", "wrong-password")], |_| {});
    let detail = host.client.get("/v1/strings/k").problem(502);
    assert!(!detail.contains("assword"), "{detail}");
    host.client.get("/readyz").problem(502);
    let log = host.log();
    assert!(log.contains("level=error") && log.contains("signing in to Redis"), "{log}");
    assert!(!log.contains("wrong-password"), "{log}");
}

#[test]
fn a_wrong_database_is_the_operators_fault() {
    let server = Server::new();
    let host = Host::with(server.port, &[("redis_database", "99")], |_| {});
    host.client.get("/v1/strings/k").problem(502);
    assert!(host.log().contains("DB index is out of range"), "{}", host.log());
}

#[test]
fn a_token_for_a_developers_machine_is_warned_of_once_beyond_it() {
    let server = Server::new();
    // Once an instance, and each thread has one.
    let host = Host::with(server.port, &[("api_token", "local-only-x")], |settings| {
        settings.workers = NonZeroUsize::new(1);
    });
    let client = host.client.with_token(Some("local-only-x"));
    let warnings = || host.log().matches("level=warn msg=\"a token for a developer's machine").count();
    client.get("/v1/strings/k");
    assert_eq!(warnings(), 0, "{}", host.log());
    for _ in 0..3 {
        let token = client.authorization();
        client.raw(&format!("GET /v1/strings/k HTTP/1.1\r\nhost: redis.internal\r\n{token}connection: close\r\n\r\n"));
    }
    assert_eq!(warnings(), 1, "{}", host.log());
}

#[test]
fn no_secret_is_in_the_log_at_any_level() {
    let server = Server::new();
    let host = Host::with(server.port, &[("log_level", "trace")], |_| {});
    host.client.put_raw("/v1/strings/k", b"v");
    host.client.with_token(Some("some-other-secret")).get("/v1/strings/k");
    let nowhere = Host::with(redstart_tests::free_port(), &[("log_level", "trace")], |_| {});
    nowhere.client.get("/v1/strings/k").problem(503);
    let log = host.log() + &nowhere.log();
    for secret in [PASSWORD, PASSWORD_IN_URL, "test-token", "test-read-only-token", "some-other-secret"] {
        assert!(!log.contains(secret), "{log}");
    }
}
