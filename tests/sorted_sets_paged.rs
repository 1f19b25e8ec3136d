//! Pages of `/v1/sorted-sets`, while others change what is on them.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use redstart_tests::client::Client;
use redstart_tests::host::Host;
use redstart_tests::server::Server;
use redstart_tests::setup;
use serde_json::{Value, json};

const Z: &str = "/v1/sorted-sets/z";

/// The bytes of each member on a page.
fn members(page: &Value) -> Vec<Vec<u8>> {
    let bytes = |item: &Value| match &item["member"] {
        Value::String(text) => text.clone().into_bytes(),
        other => STANDARD.decode(other["base64"].as_str().unwrap()).unwrap(),
    };
    page["items"].as_array().unwrap_or_else(|| panic!("{page}")).iter().map(bytes).collect()
}

/// Reads all pages; `between` happens after each. The members in the order in which they came.
fn pass(client: &Client, query: &str, mut between: impl FnMut(&[Vec<u8>])) -> Vec<Vec<u8>> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{Z}?{query}{cursor}")).json();
        let on_page = members(&page);
        between(&on_page);
        seen.extend(on_page);
        match &page["next_cursor"] {
            Value::Null => return seen,
            next => cursor = format!("&cursor={}", next.as_str().unwrap()),
        }
    }
}

fn texts(members: &[Vec<u8>]) -> String {
    members.iter().map(|member| String::from_utf8_lossy(member).into_owned()).collect::<Vec<_>>().join(" ")
}

fn add(server: &Server, pairs: &[(&str, &[u8])]) {
    let mut command: Vec<&[u8]> = vec![b"ZADD", b"z"];
    command.extend(pairs.iter().flat_map(|(score, member)| [score.as_bytes(), member]));
    server.command::<i64>(&command);
}

#[test]
fn a_page_is_of_the_members_between_two_ranks_scores_or_members() {
    let (server, Host { ref client, .. }) = setup();
    add(&server, &[("-inf", b"a"), ("1", b"b"), ("1.5", b"c"), ("2", b"d"), ("2", b"e"), ("inf", b"f")]);
    for (query, expected) in [
        ("by=rank", "a b c d e f"),
        ("rev=true", "f e d c b a"),
        ("rev=false", "a b c d e f"),
        ("min=1&max=2", "b c"),
        ("min=-2", "e f"),
        ("max=-5&rev=true", "b a"),
        ("min=-100&max=100", "a b c d e f"),
        ("min=3&max=2", ""),
        ("min=6", ""),
        ("max=-7", ""),
        ("min=-9223372036854775808&max=9223372036854775807", "a b c d e f"),
        ("min=9223372036854775807", ""),
        ("by=score", "a b c d e f"),
        ("by=score&min=1&max=2", "b c d e"),
        ("by=score&min=(1&max=(2", "c"),
        ("by=score&min=(-inf&max=(inf", "b c d e"),
        ("by=score&max=1e0&rev=true", "b a"),
        ("by=score&min=%2Binf", "f"),
        ("by=score&min=3&max=2", ""),
    ] {
        assert_eq!(texts(&pass(client, query, |_| {})), expected, "{query}");
        assert_eq!(texts(&pass(client, &format!("{query}&limit=1"), |_| {})), expected, "{query}, one by one");
    }
    let page = client.get("/v1/sorted-sets/z?limit=2").json();
    assert_eq!(page["items"], json!([{"member": "a", "score": "-inf"}, {"member": "b", "score": 1}]));
    assert_eq!(client.get("/v1/sorted-sets/z?limit=2").header("etag"), "");
    assert_eq!(client.get("/v1/sorted-sets/z/members?limit=2").json(), page);
    assert_eq!(client.send("HEAD", "/v1/sorted-sets/z?limit=2", &[], b"").status, 200);
    let empty = client.get("/v1/sorted-sets/z/members?min=6").json();
    assert_eq!(empty, json!({"items": [], "next_cursor": null}));
}

#[test]
fn a_page_by_lex_is_of_the_members_between_two_in_the_order_of_their_bytes() {
    let (server, Host { ref client, .. }) = setup();
    add(
        &server,
        &[("0", b""), ("0", b"B"), ("0", b"a"), ("0", b"aa"), ("-0", b"b"), ("0", b"\xc3\xa4"), ("0", b"\xff")],
    );
    for (query, expected) in [
        ("", &[&b""[..], b"B", b"a", b"aa", b"b", b"\xc3\xa4", b"\xff"][..]),
        ("&min=-&max=%2B", &[b"", b"B", b"a", b"aa", b"b", b"\xc3\xa4", b"\xff"]),
        ("&min=[a&max=(b", &[b"a", b"aa"]),
        ("&min=(a&max=[b&rev=true", &[b"b", b"aa"]),
        ("&min=[%c3", &[b"\xc3\xa4", b"\xff"]),
        ("&max=[", &[b""]),
        ("&min=[c&max=[b", &[]),
        ("&min=%2B", &[]),
    ] {
        assert_eq!(pass(client, &format!("by=lex{query}"), |_| {}), expected, "{query}");
        assert_eq!(pass(client, &format!("by=lex{query}&limit=1"), |_| {}), expected, "{query}, one by one");
    }
}

#[test]
fn what_is_wrong_with_a_page_is_said() {
    let (server, Host { ref client, .. }) = setup();
    add(&server, &[("1", b"a")]);
    for query in [
        "by=name",
        "by=",
        "min=a",
        "min=1.5",
        "min=(1",
        "max=9223372036854775808",
        "by=score&min=x",
        "by=score&max=nan",
        "by=score&min=[1",
        "by=score&min=1e400",
        "by=lex&min=a",
        "by=lex&max=+",
        "rev=yes",
        "limit=0",
        "limit=1001",
        "cursor=",
        "cursor=0",
        "cursor=1.5",
        "cursor=bm9uc2Vuc2U",
        "limit=1&match=x",
        "limit=1&limit=2",
    ] {
        client.get(&format!("{Z}?{query}")).problem(422);
        client.get(&format!("{Z}/members?{query}")).problem(422);
    }
    for name in ["if-match", "if-none-match"] {
        client.send("GET", "/v1/sorted-sets/z?by=rank", &[(name, "*")], b"").problem(422);
        client.send("GET", "/v1/sorted-sets/z/members", &[(name, "*")], b"").problem(422);
    }
    client.get("/v1/sorted-sets/none?by=rank").problem(404);
    client.get("/v1/sorted-sets/none/members").problem(404);
}

/// What others do between two pages.
#[derive(Clone, Debug)]
enum Change {
    Add(Vec<u8>, i32),
    RemoveSeen(usize),
    RemoveOther(usize),
}

#[test]
fn a_full_pass_sees_every_member_that_stays() {
    let (server, Host { ref client, .. }) = setup();
    // Few scores and few bytes, so that many scores are the same and many members begin alike.
    let member = || prop::collection::vec(prop::sample::select(vec![0, b' ', b'a', b'b', 0xc3, 0xff]), 0..4);
    let change = prop_oneof![
        (member(), 0..3).prop_map(|(member, score)| Change::Add(member, score)),
        any::<prop::sample::Index>().prop_map(|at| Change::RemoveSeen(at.index(100))),
        any::<prop::sample::Index>().prop_map(|at| Change::RemoveOther(at.index(100))),
    ];
    let case = (
        prop::collection::btree_map(member(), 0..3_i32, 1..40),
        prop::collection::vec(prop::collection::vec(change, 0..4), 0..20),
        1..6_usize,
        any::<bool>(),
        prop::sample::select(vec!["rank", "score"]),
    );
    let mut runner = TestRunner::new(Config { failure_persistence: None, cases: 60, ..Config::default() });
    let result = runner.run(&case, |(all, changes, limit, rev, by)| {
        server.command::<i64>(&[b"DEL", b"z"]);
        for (member, score) in &all {
            add(&server, &[(&score.to_string(), member)]);
        }
        let mut touched = BTreeSet::new();
        let mut changes = changes.into_iter();
        let seen = pass(client, &format!("by={by}&limit={limit}&rev={rev}"), |page| {
            for change in changes.next().unwrap_or_default() {
                let others: Vec<_> = all.keys().collect();
                let member = match change {
                    Change::Add(member, score) => {
                        add(&server, &[(&score.to_string(), &member)]);
                        touched.insert(member);
                        continue;
                    }
                    Change::RemoveSeen(at) if !page.is_empty() => page[at % page.len()].clone(),
                    Change::RemoveSeen(at) | Change::RemoveOther(at) => others[at % others.len()].clone(),
                };
                server.command::<i64>(&[b"ZREM", b"z", &member]);
                touched.insert(member);
            }
            // The pass must find something to go on with.
            add(&server, &[("9", b"last"), ("-9", b"first")]);
        });
        let stayed: BTreeSet<_> = all.keys().filter(|member| !touched.contains(*member)).collect();
        let missed: Vec<_> = stayed.iter().filter(|member| !seen.contains(**member)).collect();
        prop_assert!(missed.is_empty(), "missed {missed:?} of {all:?}");
        let twice = stayed.iter().any(|member| seen.iter().filter(|other| other == member).count() > 1);
        prop_assert!(!twice, "a member that stayed came twice");
        Ok(())
    });
    result.unwrap();
}

#[test]
fn members_that_go_and_come_between_pages_move_no_other_one() {
    let (server, Host { ref client, .. }) = setup();
    for rev in [false, true] {
        server.command::<i64>(&[b"DEL", b"z"]);
        for number in 0..100 {
            // Of equal scores, a hundred of each.
            let member = format!("{number:02}");
            add(&server, &[("1", member.as_bytes())]);
            for score in ["-inf", "2", "inf"] {
                add(&server, &[(score, format!("{member} {score}").as_bytes())]);
            }
        }
        let mut round = 0;
        let seen = pass(client, &format!("limit=7&rev={rev}"), |page| {
            // All of the page goes, and as many come at both ends.
            for member in page {
                server.command::<i64>(&[b"ZREM", b"z", member]);
                round += 1;
                let new = format!("new {round}");
                add(&server, &[(if rev { "inf" } else { "-inf" }, format!("~{new}").as_bytes())]);
            }
        });
        let old: BTreeSet<_> = seen.iter().filter(|member| !member.starts_with(b"~")).collect();
        assert_eq!(old.len(), 400, "rev={rev}");
    }
}

#[test]
fn a_large_sorted_set_is_written_whole_and_read_in_pages() {
    let (server, Host { ref client, .. }) = setup();
    let all: Vec<_> =
        (0..20_000).map(|number| json!({"member": format!("m{number:05}"), "score": number / 3000})).collect();
    assert_eq!(client.send_json("PUT", Z, &json!({"members": all})).status, 201);
    assert_eq!(server.command::<i64>(&[b"ZCARD", b"z"]), 20_000);
    assert!(client.get(Z).problem(406).contains("pages"));
    let conditional = [("content-type", "application/json"), ("if-match", "\"x-json\"")];
    client.send("PUT", Z, &conditional, br#"{"members":[{"member":"a","score":1}]}"#).problem(422);

    let mut expected: Vec<_> = (0..20_000).map(|number| format!("m{number:05}").into_bytes()).collect();
    assert_eq!(pass(client, "limit=1000", |_| {}), expected);
    assert_eq!(pass(client, "by=score&min=(0&max=2&limit=999", |_| {}), expected[3000..9000]);
    assert_eq!(pass(client, "min=100&max=-100&limit=1000", |_| {}), expected[100..19_901]);
    expected.reverse();
    assert_eq!(pass(client, "rev=true&limit=1000", |_| {}), expected);
}

#[test]
fn pages_with_large_members_are_bounded_and_their_cursors_short() {
    let (server, Host { ref client, .. }) = setup();
    let large = |end: u8| [vec![b'x'; 8000], vec![end; 3 << 20]].concat();
    add(&server, &[("1", &large(b'a')), ("1", &large(b'b')), ("2", &large(b'c'))]);
    client.get(Z).problem(406);
    client.get("/v1/sorted-sets/z/members").problem(406);
    for rev in [false, true] {
        let mut expected = vec![large(b'a'), large(b'b'), large(b'c')];
        if rev {
            expected.reverse();
        }
        assert!(pass(client, &format!("limit=1&rev={rev}"), |_| {}) == expected, "rev={rev}");
    }

    let alike = |end: &[u8]| [&vec![b'x'; 9000], end].concat();
    server.command::<i64>(&[b"DEL", b"z"]);
    add(&server, &[("1", &alike(b"a")), ("1", &alike(b"b")), ("2", &alike(b"c"))]);
    assert!(client.get("/v1/sorted-sets/z?limit=1").problem(406).contains("another `limit`"));
    assert_eq!(pass(client, "limit=2", |_| {}).len(), 3);
}
