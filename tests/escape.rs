//! A token with prefixes cannot tell what lies outside of them, nor change it.
//!
//! Two servers hold the same keys in its reach; one holds other keys beside them, the other none. Whatever the token
//! asks for, both give the same answer, and what lies outside stays as it was.

use std::collections::BTreeSet;

use redstart::redis::Reply;
use redstart_tests::client::Client;
use redstart_tests::commands::{run, run_all};
use redstart_tests::grammar::Grammar;
use redstart_tests::host::Host;
use redstart_tests::plain::{Plain, Words, shown, words};
use redstart_tests::pools::seeds;
use redstart_tests::random::Random;
use redstart_tests::server::Server;
use serde_json::{Value, json};

const TOKENS: &str = r#"[{"name": "mine", "token": "mine", "access": "write", "prefixes": ["mine:"]}]"#;
/// Nothing is denied to all, so that only the prefixes are in the way; but what ends the server, or waits.
const RULES: &str = "[commands]\ndeny = SHUTDOWN, DEBUG, MIGRATE";
/// What answers otherwise each time, whoever asks.
const RANDOM: [&str; 3] = ["TIME", "ACL|GENPASS", "LOLWUT"];
/// How many calls are made of each command.
const CALLS: usize = 8;

/// The two servers, the first of which holds keys that are out of reach.
struct Worlds {
    plain: [Plain; 2],
    hosts: [Host; 2],
    outside: Vec<Reply>,
    servers: [Server; 2],
}

impl Worlds {
    fn new() -> Self {
        let servers = [Server::new(), Server::new()];
        let variables = [("api_tokens", TOKENS), ("config", RULES)];
        let hosts = servers.each_ref().map(|server| {
            let mut host = Host::with(server.port, &variables, |_| {});
            host.client = host.client.with_token(Some("mine"));
            host
        });
        let mut worlds =
            Self { plain: servers.each_ref().map(|server| Plain::new(server.port)), hosts, outside: vec![], servers };
        for (index, plain) in worlds.plain.iter_mut().enumerate() {
            plain.ask_all(&seeds());
            let Reply::Array(keys) = plain.ask(&words(&["KEYS", "*"])) else { panic!("no keys") };
            for key in keys {
                let Reply::Bulk(key) = key else { panic!("no key") };
                let key = key.to_vec();
                plain.ask(&[b"COPY".to_vec(), key.clone(), mine(&key)]);
                if index == 1 {
                    plain.ask(&[b"DEL".to_vec(), key]);
                }
            }
            plain.ask(&words(&["SCRIPT", "LOAD", "return 1"]));
        }
        worlds.outside = worlds.outside();
        assert!(worlds.outside.len() > 40, "{:?}", worlds.outside);
        worlds
    }

    /// All that the first server holds beside what is in reach, in any database, and how it is set up.
    fn outside(&mut self) -> Vec<Reply> {
        let plain = &mut self.plain[0];
        let mut found = Vec::new();
        for database in ["1", "0"] {
            plain.ask(&words(&["SELECT", database]));
            let Reply::Array(keys) = plain.ask(&words(&["KEYS", "*"])) else { panic!("no keys") };
            let mut keys: Vec<_> = keys
                .into_iter()
                .filter_map(|key| match key {
                    Reply::Bulk(key) if !key.starts_with(b"mine:") => Some(key.to_vec()),
                    _ => None,
                })
                .collect();
            keys.sort();
            for key in keys {
                found.extend([plain.ask(&[b"DUMP".to_vec(), key.clone()]), Reply::Bulk(key.into())]);
            }
        }
        let facts = [
            words(&["ACL", "LIST"]),
            words(&["CONFIG", "GET", "maxmemory*"]),
            words(&["FUNCTION", "LIST"]),
            words(&["SCRIPT", "EXISTS", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"]),
            words(&["LASTSAVE"]),
        ];
        found.extend(plain.ask_all(&facts));
        found
    }

    /// The answers of both; the same request each time.
    fn both(&self, ask: impl Fn(&Client) -> Value) -> [Value; 2] {
        self.hosts.each_ref().map(|host| sorted(ask(&host.client)))
    }

    fn assert_whole(&mut self, what: &str) {
        let outside = self.outside();
        assert_eq!(outside, self.outside, "after {what}");
    }
}

fn mine(key: &[u8]) -> Vec<u8> {
    [b"mine:", key].concat()
}

/// With lists in one order: each server has a random order of its own.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<_> = items.into_iter().map(sorted).collect();
            items.sort_by_key(Value::to_string);
            items.into()
        }
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, sorted(value))).collect(),
        other => other,
    }
}

/// The call with one key in reach and the others not, where it has several.
fn mixed(plain: &mut Plain, call: &[Vec<u8>], random: &mut Random) -> Words {
    let keys = plain.ask(&[&[b"COMMAND".to_vec(), b"GETKEYS".to_vec()], call].concat());
    let Reply::Array(keys) = keys else { return call.to_vec() };
    let is_key = |word: &Vec<u8>| keys.contains(&Reply::Bulk(word.clone().into()));
    let positions: Vec<_> = (1..call.len()).filter(|position| is_key(&call[*position])).collect();
    let mut call = call.to_vec();
    if positions.len() > 1 {
        let position = *random.of(&positions);
        call[position] = mine(&call[position]);
    }
    call
}

/// Calls whose keys cannot be had from `COMMAND GETKEYS`, or that go another way.
const BY_HAND: &[&str] = &[
    "SORT mine:l BY w_* GET w_* ALPHA",
    "SORT mine:l GET #",
    "SORT_RO mine:l BY w_*",
    "SORT mine:l STORE l2",
    "COPY mine:s s2",
    "COPY mine:s mine:s DB 1",
    "MOVE mine:s 1",
    "SWAPDB 0 1",
    "GEORADIUS mine:g 15 37 200 km STORE g2",
    "EVAL return{redis.call('GET','s')} 1 mine:s",
    "EVAL_RO return{redis.call('GET','s')} 0",
    "EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0",
    "FCALL f 1 mine:s",
    "SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db",
    "SCRIPT FLUSH",
    "PUBLISH other hello",
    "SPUBLISH other hello",
    "PUBSUB CHANNELS",
    "PUBSUB NUMSUB other",
    "KEYS s*",
    "DBSIZE",
    "RANDOMKEY",
    "INFO keyspace",
    "FLUSHDB",
    "FLUSHALL",
    "OBJECT ENCODING s",
    "MEMORY USAGE s",
    "XREAD STREAMS mine:x x 0 0",
    "XREADGROUP GROUP grp STREAMS STREAMS x >",
    "LMPOP 2 l mine:l LEFT",
    "NEWER.COMMAND s",
    "CLIENT LIST",
    "CONFIG GET requirepass",
    "ACL LIST",
    "SLOWLOG GET",
    "LATENCY RESET",
    "WAIT 0 0",
];

#[test]
fn no_command_tells_or_changes_what_is_out_of_reach() {
    let mut worlds = Worlds::new();
    let (grammar, mut random) = (Grammar::of(&worlds.servers[0]), Random(23));
    let mut names: Vec<String> = worlds.servers[0].command(&[b"COMMAND", b"LIST"]);
    names.sort();
    let mut calls: Vec<(String, Words)> = Vec::new();
    for name in names.iter().map(|name| name.to_uppercase()) {
        for _ in 0..CALLS {
            let call = grammar.call(&name, &mut random);
            let call = mixed(&mut worlds.plain[0], &call, &mut random);
            calls.push((name.clone(), call));
        }
    }
    calls.extend(BY_HAND.iter().map(|call| ((*call).to_owned(), words(&call.split(' ').collect::<Vec<_>>()))));

    let mut tried = BTreeSet::new();
    for (name, call) in &calls {
        let Ok(text) = call.iter().map(|word| str::from_utf8(word)).collect::<Result<Vec<_>, _>>() else { continue };
        tried.insert(name.clone());
        if RANDOM.contains(&name.as_str()) {
            continue;
        }
        for path in ["/", "/pipeline", "/multi-exec"] {
            let answers = worlds.both(|client| match path {
                "/" => run(client, json!(text)).json(),
                path => run_all(client, path, json!([["PING"], text])).json(),
            });
            let [with, without] = &answers;
            if name == "SCAN" {
                // The cursor tells how large the table is, and no more.
                assert!(!with.to_string().contains("\"s\""), "{path} {}: {with}", shown(call));
            } else {
                assert_eq!(with, without, "{path} {}", shown(call));
            }
        }
        if tried.len() % 40 == 0 {
            worlds.assert_whole(&shown(call));
        }
    }
    worlds.assert_whole("all");
    let missed: Vec<_> = names.iter().filter(|name| !tried.contains(&name.to_uppercase())).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn options_of_newer_servers_are_no_way_out() {
    let worlds = Worlds::new();
    for call in ["XREADGROUP GROUP grp c CLAIM 0 STREAMS x >", "XREAD MAXCOUNT 5 STREAMS x 0"] {
        let answer = run(&worlds.hosts[0].client, json!(call.split(' ').collect::<Vec<_>>())).json();
        assert!(answer["error"].as_str().unwrap().starts_with("NOPERM"), "{call}: {answer}");
    }
}

#[test]
fn what_is_in_reach_is_served() {
    let worlds = Worlds::new();
    let client = &worlds.hosts[0].client;
    for (call, result) in [
        (json!(["GET", "mine:s"]), json!("hello")),
        (json!(["SET", "mine:new", "v"]), json!("OK")),
        (json!(["MGET", "mine:s", "mine:int"]), json!(["hello", "42"])),
        (json!(["SORT", "mine:nums"]), json!(["1", "2", "3", "10"])),
        (json!(["COPY", "mine:s", "mine:s2"]), json!(1)),
        (json!(["PUBLISH", "mine:channel", "hello"]), json!(0)),
        (json!(["PUBSUB", "NUMSUB", "mine:channel"]), json!(["mine:channel", 0])),
        (json!(["KEYS", "*:s*"]), json!(["mine:s", "mine:s2", "mine:set"])),
        (json!(["PING"]), json!("PONG")),
    ] {
        let answer = run(client, call.clone()).json();
        assert_eq!(sorted(answer["result"].clone()), sorted(result), "{call}: {answer}");
    }
    assert_eq!(client.get("/v1/strings/mine:s").json()["value"], "hello");
    let page = client.get("/v1/keys?limit=1000").json();
    let keys = page["items"].as_array().unwrap();
    let is_mine = |key: &Value| key["base64"].is_string() || key.as_str().is_some_and(|key| key.starts_with("mine:"));
    assert!(keys.len() > 10 && keys.iter().all(is_mine), "{page}");
    let told = client.get("/v1/strings/s").problem(403);
    assert_eq!(told, "this token only reaches keys and channels that begin with `mine:`");
    let told = run(client, json!(["GET", "s"])).json();
    assert_eq!(told["error"], "NOPERM this token only reaches keys and channels that begin with `mine:`");
}

/// A key of the type that a path is for.
fn key_for(path: &str) -> &'static str {
    match path.split('/').nth(2) {
        Some("hashes") => "h",
        Some("lists") => "l",
        Some("sets") => "set",
        Some("sorted-sets") => "z",
        Some("streams") => "x",
        _ => "s",
    }
}

/// The document with every text that may be a key in its place replaced.
fn about(key: &str, value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| match name.as_str() {
                "key" | "to" => (name.clone(), key.into()),
                "keys" => (name.clone(), json!([key, "s"])),
                _ => (name.clone(), value.clone()),
            })
            .collect(),
        other => other.clone(),
    }
}

#[test]
fn no_path_tells_or_changes_what_is_out_of_reach() {
    let mut worlds = Worlds::new();
    let document = serde_json::to_value(redstart::openapi::document()).unwrap();
    let mut tried = 0;
    for (path, operations) in document["paths"].as_object().unwrap().iter().filter(|(path, _)| path.starts_with("/v1/"))
    {
        for (method, operation) in operations.as_object().unwrap() {
            let foreign = key_for(path);
            let example = &operation["requestBody"]["content"]["application/json"]["example"];
            let takes_key =
                operation["parameters"].as_array().is_some_and(|all| all.iter().any(|one| one["name"] == "key"));
            // A body or a query that names a key out of reach, with the path's own key in reach.
            for key in [foreign.to_owned(), format!("mine:{foreign}")] {
                let path = path.replace("{key}", &key).replace("{channel}", "other").replace("{index}", "0");
                let path = path.replace("{field}", "f").replace("{member}", "a");
                let mut targets = vec![path.clone()];
                if takes_key && !path.contains(&key) {
                    targets.push(format!("{path}?key={key}"));
                    targets.push(format!("{path}?key={foreign}&key={key}"));
                    targets.push(format!("{path}?op=union&key={key}&key={foreign}"));
                    targets.push(format!("{path}?op=diff&key={key}&store={foreign}&replace=true"));
                }
                for target in targets {
                    tried += 1;
                    let body =
                        if example.is_null() { vec![] } else { about(foreign, example).to_string().into_bytes() };
                    let headers: &[_] = if body.is_empty() { &[] } else { &[("content-type", "application/json")] };
                    let headers = [headers, &[("x-request-id", "the-same")]].concat();
                    let answers = worlds.hosts.each_ref().map(|host| {
                        let answer = host.client.send(&method.to_uppercase(), &target, &headers, &body);
                        (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
                    });
                    let [(status, with), (_, without)] = &answers;
                    let is_foreign = target != "/v1/keys"
                        && (key == foreign || target.contains("&key=") || target.contains("store="));
                    if is_foreign {
                        assert!((400..500).contains(status), "{method} {target}: {status} {with}");
                        assert_eq!(with, without, "{method} {target}");
                    }
                    worlds.assert_whole(&format!("{method} {target}"));
                }
            }
        }
    }
    assert!(tried > 150, "{tried} requests");
}
