//! The README is a promise.

use std::process::Command;

use redstart_tests::host::{TOKEN, project};
use redstart_tests::setup;

#[test]
fn each_curl_line_of_the_readme_works_as_it_stands() {
    let (server, host) = setup();
    let readme = std::fs::read_to_string(project().join("README.md")).unwrap();
    let lines: Vec<_> = readme.lines().filter(|line| line.starts_with("curl ")).collect();
    assert!(lines.len() >= 5, "{lines:?}");
    for line in lines {
        // Only what differs between the reader's machine and this test is put in its place.
        let command = line
            .replace("127.0.0.1:3000", &host.address.to_string())
            .replace("local-only-token", TOKEN)
            .replacen("curl ", "curl --silent --show-error --fail ", 1);
        let output = Command::new("sh").arg("-c").arg(&command).current_dir(project()).output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        if line.starts_with("curl http") && !line.contains("--output") {
            assert_eq!(output.stdout, b"{\"key\":\"greeting\",\"value\":\"hello\",\"ttl\":null}", "{command}");
        }
    }
    assert_eq!(server.command::<Vec<String>>(&[b"KEYS", b"*"]), ["files/licence"]);
}
