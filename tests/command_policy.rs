//! Who may send what by the command API, and about which keys.

use redstart::redis::Reply;
use redstart_tests::commands::{error, result, run, run_all};
use redstart_tests::grammar::Grammar;
use redstart_tests::host::{Host, READ_ONLY_TOKEN, TOKEN};
use redstart_tests::plain::{Plain, Words, shown};
use redstart_tests::random::Random;
use redstart_tests::server::Server;
use redstart_tests::setup;
use serde_json::{Value, json};

#[test]
fn a_token_is_needed_and_one_that_reads_does_not_write() {
    let (_server, Host { ref client, .. }) = setup();
    assert_eq!(result(&client.get("/set/k/v")), "OK");
    assert!(error(&client.with_token(None).get("/get/k"), 401).starts_with("WRONGPASS"));
    assert!(error(&client.with_token(Some("x")).get("/get/k"), 401).starts_with("WRONGPASS"));
    assert!(error(&client.with_token(None).get(&format!("/get/k?_token={TOKEN}")), 401).starts_with("WRONGPASS"));

    let reader = client.with_token(Some(READ_ONLY_TOKEN));
    assert_eq!(result(&reader.get("/get/k")), "v");
    assert_eq!(result(&reader.get("/lcs/k/k")), "v");
    assert_eq!(error(&reader.get("/set/k/w"), 400), "NOPERM this user has no permissions to run the 'set' command");
    assert!(error(&reader.get("/eval/return%201/0"), 400).starts_with("NOPERM"));
    let unknown = error(&run(&reader, json!(["SPELLING.MISTAKE", "k"])), 400);
    assert!(unknown.starts_with("ERR unknown command"), "{unknown}");
    let mixed = reader.send("POST", "/pipeline", &[], br#"[["GET","k"],["SET","k","w"],["GET","k"]]"#);
    assert_eq!(mixed.json()[0], json!({"result": "v"}));
    assert!(mixed.json()[1]["error"].as_str().unwrap().starts_with("NOPERM"));
    assert_eq!(mixed.json()[2], json!({"result": "v"}));
    assert!(error(&reader.send("POST", "/multi-exec", &[], br#"[["SET","k","w"]]"#), 400).starts_with("NOPERM"));
    assert_eq!(reader.send("POST", "/multi-exec", &[], br#"[["GET","k"]]"#).json(), json!([{"result": "v"}]));
}

#[test]
fn redstarts_own_keys_and_denied_commands_are_out_of_reach() {
    let (server, Host { ref client, .. }) = setup();
    server.command::<String>(&[b"SET", b"redstart:x", b"v"]);
    for command in [
        json!(["GET", "redstart:x"]),
        json!(["MGET", "k", "redstart:x"]),
        json!(["COPY", "redstart:x", "k"]),
        json!(["EVAL", "return 1", 1, "redstart:x"]),
        json!(["XREAD", "STREAMS", "redstart:x", "0"]),
        json!(["SORT", "k", "GET", "redstart:*"]),
        json!(["SORT", "k", "STORE", "redstart:x"]),
        json!(["LCS", "redstart:x", "k"]),
        json!(["NEWER.COMMAND", "redstart:x"]),
        json!(["CONFIG", "GET", "*"]),
        json!(["config", "set", "maxmemory", "1"]),
        json!(["SHUTDOWN"]),
        json!(["DEBUG", "SLEEP", "1"]),
        json!(["ACL", "LIST"]),
        json!(["REPLICAOF", "NO", "ONE"]),
    ] {
        let text = error(&run(client, command.clone()), 400);
        assert!(text.starts_with("NOPERM"), "{command}: {text}");
    }
    for command in [json!(["MULTI"]), json!(["SUBSCRIBE", "c"]), json!(["BLPOP", "k", "0"]), json!(["SELECT", "1"])] {
        assert!(error(&run(client, command.clone()), 400).contains("is not served here"), "{command}");
    }
    assert_eq!(server.command::<String>(&[b"GET", b"redstart:x"]), "v");
}

#[test]
fn lists_of_keys_leave_out_redstarts_own() {
    let (server, Host { ref client, .. }) = setup();
    server.command::<String>(&[b"SET", b"redstart:x", b"v"]);
    assert_eq!(result(&run(client, json!(["RANDOMKEY"]))), json!(null));
    server.command::<String>(&[b"SET", b"k", b"v"]);
    let (keys, page) = (json!(["keys", "*"]), json!(["SCAN", 0, "COUNT", 100]));
    assert_eq!(result(&run(client, keys.clone())), json!(["k"]));
    assert_eq!(result(&run(client, page.clone())), json!(["0", ["k"]]));
    for path in ["/pipeline", "/multi-exec"] {
        let answer = client.send("POST", path, &[], json!([keys, page]).to_string().as_bytes()).json();
        assert_eq!(answer, json!([{"result": ["k"]}, {"result": ["0", ["k"]]}]), "{path}");
    }
}

#[test]
fn a_token_in_the_query_is_taken_where_the_operator_allows_it_and_is_never_logged() {
    let (server, _) = setup();
    let host = Host::with(server.port, &[("config", "[auth]\nquery_token = true")], |_| {});
    let nobody = host.client.with_token(None);
    assert_eq!(result(&nobody.get(&format!("/set/k/v?_token={TOKEN}"))), "OK");
    assert_eq!(result(&nobody.get(&format!("/get/k?_token={TOKEN}"))), "v");
    nobody.get(&format!("/v1/strings/k?_token={TOKEN}")).problem(401);
    assert!(!host.log().contains(TOKEN), "{}", host.log());
}

#[test]
fn no_name_is_written_so_that_a_rule_does_not_know_it() {
    let (server, Host { ref client, .. }) = setup();
    for command in [
        json!(["SLOWLOG", "GET\0a", "1"]),
        json!(["GET\0a", "redstart:x"]),
        json!(["XGROUP", "CREATE\0a", "redstart:x", "g", "$", "MKSTREAM"]),
        json!(["XGROUP", "CREATE a", "redstart:x", "g", "$", "MKSTREAM"]),
        json!(["SlowLog", "Get", "1"]),
        json!(["slowlog|get", "1"]),
        json!(["SLOWLOG", "NEWER"]),
    ] {
        error(&run(client, command.clone()), 400);
        let answer = run_all(client, "/pipeline", json!([command, ["PING"]]));
        assert!(answer.status == 400 || answer.json()[0]["error"].is_string(), "{command}: {answer:?}");
    }
    assert_eq!(server.command::<i64>(&[b"EXISTS", b"redstart:x"]), 0);
}

#[test]
fn a_token_that_reads_runs_no_script() {
    let (server, host) = setup();
    let reader = host.client.with_token(Some(READ_ONLY_TOKEN));
    for command in [
        json!(["EVAL_RO", "return 1", 0]),
        json!(["EVALSHA_RO", "ffff", 0]),
        json!(["FCALL_RO", "f", 0]),
        json!(["EVAL", "return 1", 0]),
        json!(["SCRIPT", "LOAD", "return 1"]),
    ] {
        assert!(error(&run(&reader, command.clone()), 400).starts_with("NOPERM"), "{command}");
    }
    assert_eq!(server.command::<i64>(&[b"DBSIZE"]), 0);
    assert_eq!(result(&run(&reader, json!(["GET", "k"]))), Value::Null);
}

/// What a key is called that Redstart keeps to itself.
const OWN: &str = "redstart:x";

/// The keys that Redis finds in a call.
fn keys(plain: &mut Plain, words: &[Vec<u8>]) -> Vec<Reply> {
    match plain.ask(&[&[b"COMMAND".to_vec(), b"GETKEYS".to_vec()], words].concat()) {
        Reply::Array(keys) => keys,
        _ => vec![],
    }
}

/// The call with a key of Redstart's own in place of each key, where Redis finds it there.
fn about_own_key(plain: &mut Plain, words: &[Vec<u8>]) -> Option<Words> {
    let own = || Reply::Bulk(OWN.into());
    let found = keys(plain, words);
    let is_key = |word: &Vec<u8>| found.contains(&Reply::Bulk(word.clone().into()));
    let put = |(at, word): (usize, &Vec<u8>)| if at > 0 && is_key(word) { OWN.into() } else { word.clone() };
    let replaced: Words = words.iter().enumerate().map(put).collect();
    keys(plain, &replaced).contains(&own()).then_some(replaced)
}

#[test]
fn no_command_reaches_a_key_of_redstarts_own() {
    let server = Server::new();
    let host = Host::with(server.port, &[("config", "[commands]\ndeny = SHUTDOWN, DEBUG, MIGRATE, @blocking")], |_| {});
    let (mut plain, grammar, mut random) = (Plain::new(server.port), Grammar::of(&server), Random(7));
    let names: Vec<String> = server.command(&[b"COMMAND", b"LIST"]);
    let mut reached = std::collections::BTreeSet::new();
    for name in names.iter().map(|name| name.to_uppercase()) {
        for _ in 0..20 {
            let Some(words) = about_own_key(&mut plain, &grammar.call(&name, &mut random)) else { continue };
            let Ok(words) = words.iter().map(|word| str::from_utf8(word)).collect::<Result<Vec<_>, _>>() else {
                continue;
            };
            reached.insert(name.clone());
            let denied = |answer: &Value| {
                let text = answer["error"].as_str().unwrap_or_default();
                text.starts_with("NOPERM") || text.contains("is not served here")
            };
            let shown = || shown(&words.iter().map(|word| word.as_bytes().to_vec()).collect::<Words>());
            let answer = run(&host.client, json!(words)).json();
            assert!(denied(&answer), "{}: {answer}", shown());
            let answer = run_all(&host.client, "/pipeline", json!([["PING"], words, ["PING"]])).json();
            assert!(denied(&answer[1]), "in a pipeline: {}: {answer}", shown());
            let answer = run_all(&host.client, "/multi-exec", json!([["PING"], words])).json();
            assert!(denied(&answer), "in a transaction: {}: {answer}", shown());
        }
    }
    assert_eq!(server.command::<i64>(&[b"EXISTS", OWN.as_bytes()]), 0);
    assert!(reached.len() > 150, "{} commands were tried: {reached:?}", reached.len());
}
