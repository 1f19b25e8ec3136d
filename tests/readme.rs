//! The README and the documents are promises.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use redstart_tests::host::{Host, TOKEN, project};
use redstart_tests::setup;

/// Runs each line of a file that calls curl, as it stands; gives the lines and what they printed.
fn run_curl_lines(file: &str, host: &Host) -> Vec<(String, Vec<u8>)> {
    let text = std::fs::read_to_string(project().join(file)).unwrap();
    // Only what differs between the reader's machine and this test is put in its place.
    let command = |line: &str| {
        let line = line.replace("127.0.0.1:3000", &host.address.to_string()).replace("local-only-token", TOKEN);
        line.replace("curl ", "curl --silent --show-error --fail ")
    };
    let lines: Vec<_> = text.lines().filter(|line| line.starts_with("curl ") || line.contains("$(curl ")).collect();
    let mut ran = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        // A line may use what the one before it assigned.
        let before = number.checked_sub(1).map(|number| lines[number]).filter(|line| line.contains("$(curl "));
        let script = before.into_iter().chain([*line]).map(command).collect::<Vec<_>>().join("\n");
        let output = Command::new("sh").args(["-e", "-c", &script]).current_dir(project()).output().unwrap();
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        ran.push(((*line).to_owned(), output.stdout));
    }
    ran
}

#[test]
fn each_curl_line_of_the_readme_works_as_it_stands() {
    let (server, host) = setup();
    let ran = run_curl_lines("README.md", &host);
    assert!(ran.len() >= 5, "{ran:?}");
    for (line, output) in ran {
        if line.starts_with("curl http://127.0.0.1:3000/v1/strings/greeting") {
            assert_eq!(output, b"{\"key\":\"greeting\",\"value\":\"hello\",\"ttl\":null}", "{line}");
        }
    }
    assert_eq!(
        server.command::<Vec<u8>>(&[b"GET", b"files/licence"]),
        std::fs::read(project().join("LICENSE")).unwrap()
    );
}

#[test]
fn each_curl_line_of_the_rest_page_works_as_it_stands() {
    let (server, host) = setup();
    let ran = run_curl_lines("docs/rest.md", &host);
    assert!(ran.len() >= 6, "{ran:?}");
    assert_eq!(server.command::<String>(&[b"GET", b"pixel"]), "changed");
    assert!(server.command::<i64>(&[b"TTL", b"licence"]) > 500);
}

#[test]
fn each_curl_line_of_the_commands_page_works_as_it_stands() {
    let (server, host) = setup();
    let ran = run_curl_lines("docs/commands.md", &host);
    let expected = [
        r#"{"result":"OK"}"#,
        r#"{"result":"hello"}"#,
        r#"{"result":"OK"}"#,
        r#"[{"result":1},{"result":"hello"}]"#,
        r#"[{"result":"OK"},{"result":2}]"#,
    ];
    assert_eq!(ran.iter().map(|(_, output)| String::from_utf8_lossy(output)).collect::<Vec<_>>(), expected);
    assert!(server.command::<i64>(&[b"TTL", b"greeting"]) > 50);
}

#[test]
fn the_korean_readme_has_the_same_commands() {
    let mut english = Page::read("README.md");
    let mut korean = Page::read("README.ko.md");
    assert!(english.commands.len() > 30, "{:?}", english.commands);
    assert!(english.links.remove("README.ko.md") && korean.links.remove("README.md"));
    assert_eq!(english.commands, korean.commands);
    assert_eq!(english.outline, korean.outline);
    assert_eq!(english.links, korean.links);
    // Paths, settings and file names, which a sentence may put in another order.
    english.code_spans.sort();
    korean.code_spans.sort();
    assert_eq!(english.code_spans, korean.code_spans);
}

/// What a page has in any language.
#[derive(Default)]
struct Page {
    /// The lines of code blocks, and the code spans that are commands or their flags.
    commands: Vec<String>,
    /// The marks of headings, and `|` for each row of a table.
    outline: Vec<String>,
    links: BTreeSet<String>,
    code_spans: Vec<String>,
}

impl Page {
    fn read(file: &str) -> Self {
        let text = std::fs::read_to_string(project().join(file)).unwrap();
        let mut page = Self::default();
        let mut is_fenced = false;
        for line in text.lines() {
            if line.starts_with("```") {
                is_fenced = !is_fenced;
            } else if is_fenced || line.starts_with("    ") {
                if !line.is_empty() && !line.starts_with('#') {
                    page.commands.push(line.to_owned());
                }
            } else {
                page.read_prose(line);
            }
        }
        page
    }

    fn read_prose(&mut self, line: &str) {
        let parts: Vec<_> = line.split('`').collect();
        assert!(parts.len() % 2 == 1, "a code span goes on in another line: {line}");
        for span in parts.iter().skip(1).step_by(2) {
            let starts = ["make ", "spin ", "target/", "scripts/", "redstart-host", "./redstart-host", "--"];
            if starts.iter().any(|start| span.starts_with(start)) {
                self.commands.push((*span).to_owned());
            }
            self.code_spans.push((*span).to_owned());
        }
        match line.split(' ').next() {
            Some("|") => self.outline.push("|".to_owned()),
            Some(marks) if marks.starts_with('#') => self.outline.push(marks.to_owned()),
            _ => {}
        }
        for (before, after) in [("](", ')'), ("<http", '>')] {
            let targets = line.split(before).skip(1).filter_map(|rest| rest.split_once(after));
            self.links.extend(targets.map(|(target, _)| target.to_owned()));
        }
    }
}

#[test]
fn each_promise_names_a_test_that_is_there() {
    let mut sources = String::new();
    for folder in ["src", "tests", "host/src"] {
        read_sources(&project().join(folder), &mut sources);
    }
    for (page, least) in [("docs/operations.md", 40), ("docs/security.md", 20)] {
        let page = std::fs::read_to_string(project().join(page)).unwrap();
        let names: Vec<_> = page.split('`').filter_map(|part| part.rsplit_once("::")).map(|(_, name)| name).collect();
        assert!(names.len() > least, "{names:?}");
        for name in names {
            let is_there = sources.contains(&format!("fn {name}(")) || sources.contains(&format!(" {name}: "));
            assert!(is_there, "there is no test {name}");
        }
    }
}

/// All Rust in a folder and those below.
fn read_sources(folder: &Path, sources: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("node_modules") {
            read_sources(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}
