//! The binary's start: what is wrong is said in one line, before anything listens, with the right exit code.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

const MANIFEST: &str = r#"
spin_manifest_version = 2
[application]
name = "a"
[variables]
token = { default = "local-only-token", secret = true }
[[trigger.http]]
route = "/..."
component = "c"
[component.c]
source = "c.wasm"
"#;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_redstart-host"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .expect("the host runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

#[test]
fn what_keeps_it_from_starting_is_one_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("spin.toml"), MANIFEST).expect("the manifest is written");
    fs::write(folder.path().join("text.toml"), MANIFEST.replace("c.wasm", "spin.toml"))
        .expect("the manifest is written");
    for (arguments, code, part) in [
        (&["--listen", "nowhere"][..], 2, "--listen"),
        (&["--no-such-flag"], 2, "--no-such-flag"),
        (&["--variable", "hush"], 1, "KEY=VALUE"),
        (&["--variable", "tokn=hush"], 1, "tokn"),
        (&["--from", "absent.toml"], 1, "absent.toml"),
        (&["--runtime-config-file", "absent.toml"], 1, "absent.toml"),
        (&["--max-requests", "0"], 1, "--max-requests"),
        (&[], 1, "c.wasm"),
        (&["--from", "text.toml", "--cache-dir", "cache"], 1, "spin.toml"),
    ] {
        let output = run(folder.path(), arguments);
        let stderr = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(part) && !stderr.contains("hush"), "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
    }
}

#[test]
fn help_and_version_are_no_errors() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for flag in ["--help", "--version"] {
        let output = run(folder.path(), &[flag]);
        assert!(output.status.success() && output.stderr.is_empty(), "{flag}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("redstart-host"), "{flag}");
    }
}
