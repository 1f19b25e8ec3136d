//! The real clients of the command API. Their suites are in `clients/`; `scripts/clients.sh` installs what they need.

use std::process::Command;

use redstart_tests::host::{READ_ONLY_TOKEN, TOKEN, project};
use redstart_tests::setup;

/// Runs a suite where its folder is, and says how to reach a host of its own.
fn pass(suite: &str, command: &mut Command) {
    let (_server, host) = setup();
    let status = command
        .current_dir(project().join("tests/clients").join(suite))
        .env("UPSTASH_REDIS_REST_URL", format!("http://{}", host.address))
        .env("UPSTASH_REDIS_REST_TOKEN", TOKEN)
        .env("READ_ONLY_TOKEN", READ_ONLY_TOKEN)
        .env("UPSTASH_DISABLE_TELEMETRY", "1")
        // No proxy of the machine stands between.
        .env("no_proxy", "127.0.0.1")
        .status()
        .expect("the suite starts");
    assert!(status.success(), "{}", host.log());
}

#[test]
#[ignore = "needs Node.js: `make test` runs it where there is one, or can be had"]
fn those_for_javascript_work_unchanged() {
    pass("node", Command::new("node").args(["--test", "--test-reporter", "spec"]));
}

#[test]
#[ignore = "needs Python: `make test` runs it where there is one, or can be had"]
fn those_for_python_work_unchanged() {
    let python = project().join(".data/clients/python/bin/python");
    pass("python", Command::new(python).args(["-B", "-m", "unittest"]));
}
