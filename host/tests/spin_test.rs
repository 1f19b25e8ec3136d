//! `redstart-host test`, against an application whose build and tests are scripts.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;

const MANIFEST: &str = r#"
spin_manifest_version = 2
[application]
name = "a"
[[trigger.http]]
route = "/..."
component = "c"
[component.c]
source = "c.wasm"
[component.c.build]
command = ["echo component >>built", "pwd >>built"]
workdir = "inner"
[component.c.tool.spin-test]
source = "made/tests"
build = "echo tests >>inner/built; mkdir -p made; cp tests.sh made/tests"
"#;

/// What stands for the tests: it says what it was given, and ends as its last argument says.
const TESTS: &str = r#"#!/bin/sh
echo "manifest $SPIN_TEST_MANIFEST"
echo "redis $REDIS_SERVER"
for argument in "$@"; do echo "argument $argument"; done
exit "${argument:-0}"
"#;

fn application(manifest: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("it is written");
    fs::create_dir(folder.path().join("inner")).expect("it is made");
    write("app.toml", manifest);
    write("tests.sh", TESTS);
    write("redis-server", "#!/bin/sh\n");
    for program in ["tests.sh", "redis-server"] {
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.path().join(program), mode).expect("it can be run");
    }
    folder
}

fn test(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_redstart-host"));
    command.args(["test", "--from", "app.toml"]).args(arguments).current_dir(folder);
    command.env("REDIS_SERVER", "./redis-server").output().expect("the host runs")
}

#[test]
fn it_builds_the_component_and_the_tests_and_runs_them() {
    let folder = application(MANIFEST);
    let output = test(folder.path(), &["strings", "keys", "--", "--nocapture", "7"]);
    let root = folder.path().canonicalize().expect("a folder");
    let built = fs::read_to_string(root.join("inner/built")).expect("both were built");
    assert_eq!(built, format!("component\n{}\ntests\n", root.join("inner").display()));
    let expected = [
        format!("manifest {}", root.join("app.toml").display()),
        format!("redis {}", folder.path().join("redis-server").display()),
        "argument strings".to_owned(),
        "argument keys".to_owned(),
        "argument --nocapture".to_owned(),
        "argument 7".to_owned(),
    ];
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(stdout.lines().collect::<Vec<_>>(), expected);
    assert_eq!(output.status.code(), Some(7), "how the tests ended is how it ends");

    let again = test(folder.path(), &["--skip-build"]);
    assert!(again.status.success());
    assert_eq!(fs::read_to_string(root.join("inner/built")).expect("it is there"), built, "nothing was built anew");
}

#[test]
fn what_keeps_the_tests_from_running_is_said() {
    let changed = |from: &str, to: &str| {
        assert!(MANIFEST.contains(from), "{from}");
        MANIFEST.replace(from, to)
    };
    let other = "[component.d]\nsource = \"d.wasm\"\n[component.d.tool.spin-test]\nsource = \"d\"\n";
    for (manifest, arguments, part) in [
        (changed("echo component", "exit 3 #"), &[][..], "exit status: 3"),
        (changed("mkdir -p made", "exit 4"), &[], "exit status: 4"),
        (changed("cp tests.sh made/tests", "true"), &[], "did not make it"),
        (MANIFEST.to_owned(), &["--skip-build"], "leave out --skip-build"),
        (changed(".tool.spin-test]", ".tool.other]"), &[], "[component.COMPONENT.tool.spin-test]"),
        (MANIFEST.to_owned(), &["--component-id", "x"], "[component.x.tool.spin-test]"),
        (format!("{MANIFEST}{other}"), &[], "--component-id"),
        (changed("source = \"made/tests\"", "source = \"made/tests\"\nsauce = 1"), &[], "sauce"),
        (MANIFEST.to_owned(), &["--redis-server", "nowhere/redis-server"], "nowhere/redis-server"),
    ] {
        let folder = application(&manifest);
        let output = test(folder.path(), arguments);
        let stderr = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
        assert!(stderr.contains(part), "{arguments:?}: {stderr} has no {part}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn redis_is_found_by_name_as_a_shell_finds_it() {
    let folder = application(MANIFEST);
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    fs::rename(folder.path().join("redis-server"), elsewhere.path().join("my-redis")).expect("it is moved");
    let run = |name: &str| {
        let path = format!("{}:{}", elsewhere.path().display(), std::env::var("PATH").expect("a path"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_redstart-host"));
        command.args(["test", "--from", "app.toml"]).current_dir(folder.path());
        command.env("PATH", path).env("REDIS_SERVER", name).output().expect("the host runs")
    };
    let found = run("my-redis");
    let line = format!("redis {}", elsewhere.path().join("my-redis").display());
    assert!(String::from_utf8(found.stdout).expect("UTF-8").contains(&line));
    assert_eq!(run("./my-redis").status.code(), Some(1), "with a slash it is a file");
}

#[test]
fn under_the_plugins_name_it_is_the_plugin() {
    let folder = application(MANIFEST);
    let plugin = folder.path().join("test");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_redstart-host"), &plugin).expect("it is linked");
    let help = Command::new(&plugin).arg("--help").output().expect("the host runs");
    assert!(String::from_utf8(help.stdout).expect("UTF-8").contains("Usage: spin test "), "as it is called");
    let mut command = Command::new(plugin);
    command.args(["--from", "app.toml", "--redis-server", "./redis-server", "name"]).current_dir(folder.path());
    let output = command.output().expect("the host runs");
    assert!(String::from_utf8(output.stdout).expect("UTF-8").contains("argument name"));
}
