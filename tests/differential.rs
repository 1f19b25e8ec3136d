//! Every command of the server, through the command API and past it: the answers are the same, errors as well.
//!
//! Two servers hold the same. One is asked in Redis's protocol, the other through Redstart, with arguments made from
//! what Redis documents of each command. `differential/exceptions.rs` holds what cannot be the same, with the
//! reasons, and `differential/examples.rs` calls that are right, so that every command is once.

mod examples;
mod exceptions;

use std::collections::BTreeSet;

use redstart::redis::commands::{self, Row, Way};
use redstart::redis::{Access, Reply};
use redstart_tests::grammar::Grammar;
use redstart_tests::host::Host;
use redstart_tests::plain::{Plain, Words, answer, shown, words};
use redstart_tests::pools::{LIBRARIES, LIBRARY, SCRIPTS, seeds};
use redstart_tests::random::Random;
use redstart_tests::server::Server;
use serde_json::{Value, json};

use examples::{can_be_right, examples};
use exceptions::{Compare, compare, given};

/// How many calls are generated for each command.
const CALLS: usize = 30;
/// How many pipelines and transactions are sent.
const GROUPS: usize = 150;

/// The two.
struct Both {
    plain: Plain,
    /// Behind Redstart.
    other: Plain,
    host: Host,
    grammar: Grammar,
    names: BTreeSet<String>,
    /// Whether they know a script, for which Redstart keeps a key of its own.
    with_script: bool,
    calls: usize,
    /// Commands that were answered with no error.
    right: BTreeSet<String>,
    differences: Vec<String>,
    _servers: [Server; 2],
}

impl Both {
    fn new() -> Self {
        let servers = [Server::new(), Server::new()];
        let names: Vec<String> = servers[0].command(&[b"COMMAND", b"LIST"]);
        Self {
            plain: Plain::new(servers[0].port),
            other: Plain::new(servers[1].port),
            host: Host::with(servers[1].port, &[("config", "[commands]\ndeny =")], |_| {}),
            grammar: Grammar::of(&servers[0]),
            names: names.iter().map(|name| name.to_uppercase()).collect(),
            with_script: false,
            calls: 0,
            right: BTreeSet::new(),
            differences: Vec::new(),
            _servers: servers,
        }
    }

    /// Gives both the same data.
    fn seed(&mut self) {
        let seeds = seeds();
        self.plain.ask_all(&seeds);
        self.other.ask_all(&seeds);
        let load = words(&["FUNCTION", "LOAD", LIBRARY]);
        assert_eq!(answer(&self.plain.ask(&load)), self.redstart(&load));
        if self.with_script {
            let load = words(&["SCRIPT", "LOAD", "return {1, {2}}"]);
            assert_eq!(answer(&self.plain.ask(&load)), self.redstart(&load));
        }
    }

    /// What Redstart answers, in the one form or the other.
    fn redstart(&mut self, words: &[Vec<u8>]) -> Value {
        self.calls += 1;
        match in_json(words) {
            Some(json) if !self.calls.is_multiple_of(4) => self.post("/", &json),
            _ => {
                let path = words.iter().fold(String::new(), |path, word| path + "/" + &percent_encoded(word));
                self.send("GET", &path, b"")
            }
        }
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.send("POST", path, body.to_string().as_bytes())
    }

    fn send(&self, method: &str, path: &str, body: &[u8]) -> Value {
        self.host.client.send(method, path, &[("upstash-encoding", "base64")], body).json()
    }

    fn note(&mut self, what: &str, plain: &Value, ours: &Value) {
        let short = |value: &Value| value.to_string().chars().take(300).collect::<String>();
        self.differences.push(format!("{what}\n  Redis:    {}\n  Redstart: {}", short(plain), short(ours)));
    }

    /// Compares one call.
    fn check(&mut self, name: &str, words: &[Vec<u8>]) {
        let row = row_of(words);
        if let Some(Row { way: Way::Refused(_), .. }) = row {
            let ours = self.redstart(words);
            if !ours["error"].as_str().is_some_and(|error| error.contains("is not served here")) {
                self.note(&shown(words), &"refused".into(), &ours);
            }
            return;
        }
        let how = compare(name, &words[1..]);
        let plain = answer(&self.plain.ask(words));
        let ours = self.redstart(words);
        if plain["error"].is_null() {
            self.right.insert(name.to_owned());
        }
        if !how.holds(&plain, &ours) {
            self.note(&shown(words), &plain, &ours);
        }
        if how != Compare::Exact && row.is_none_or(|row| row.access == Access::Write) {
            self.seed();
        }
    }

    /// Compares what both hold.
    fn check_data(&mut self, after: &str) {
        self.other.ask(&words(&["DEL", "redstart:scripts"]));
        let digest = words(&["DEBUG", "DIGEST"]);
        let (plain, ours) = (self.plain.ask(&digest), self.other.ask(&digest));
        assert!(matches!(plain, Reply::Status(_)), "{plain:?}");
        if plain != ours {
            self.note(&format!("the data after {after}"), &answer(&plain), &answer(&ours));
        }
    }

    fn finish(self) {
        let Self { differences, calls, .. } = self;
        eprintln!("{calls} calls");
        assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
    }
}

fn row_of(words: &[Vec<u8>]) -> Option<&'static Row> {
    commands::find(&words[0], words.get(1).map(Vec::as_slice))
}

/// A command as a JSON array, where all of it is text.
fn in_json(words: &[Vec<u8>]) -> Option<Value> {
    words.iter().map(|word| std::str::from_utf8(word).ok()).collect::<Option<Vec<_>>>().map(|words| json!(words))
}

fn percent_encoded(word: &[u8]) -> String {
    word.iter().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"))
}

/// The words of a command's name with these arguments.
fn call(name: &str, arguments: &str) -> Words {
    words(&name.split('|').chain(arguments.split_whitespace()).collect::<Vec<_>>())
}

#[test]
fn every_command_answers_as_redis_does() {
    let mut both = Both::new();
    let mut random = Random(4);
    for name in both.names.clone() {
        let row = row_of(&call(&name, ""));
        assert!(row.is_some_and(|row| row.name == name), "the table of commands lacks {name}");
        both.with_script = name.starts_with("EVALSHA");
        both.seed();
        if let Some(given) = given(&name) {
            for arguments in given {
                both.check(&name, &call(&name, arguments));
            }
        } else {
            for arguments in ["", "s", "none", "s none 1 2 3 4 5 6 7 8"] {
                both.check(&name, &call(&name, arguments));
            }
            for words in examples().filter(|words| row_of(words).is_some_and(|row| row.name == name)) {
                both.check(&name, &words);
            }
            both.seed();
            for _ in 0..CALLS {
                let words = both.grammar.call(&name, &mut random);
                both.check(&name, &words);
            }
        }
        both.check_data(&name);
        let is_refused = matches!(row.map(|row| row.way), Some(Way::Refused(_)));
        let is_right = both.right.contains(&name);
        if !is_refused && is_right != can_be_right(&name) && !name.starts_with("CLUSTER|") {
            both.differences.push(format!("{name}: whether a call was right: {is_right}"));
        }
    }
    for line in ["NONSENSE", "NONSENSE a b", "CONFIG NONSENSE", "XINFO NONSENSE x", "config|get a", "GET|SET a"] {
        both.check(line, &call("", line)[1..]);
    }
    eprint!("{} commands, ", both.names.len());
    both.finish();
}

#[test]
fn every_script_and_library_answers_as_in_redis() {
    let mut both = Both::new();
    both.seed();
    for script in SCRIPTS {
        let sha = redstart::digest::sha1_hex(script).into_bytes();
        let arguments = words(&["2", "s", "int", "a", "b"]);
        let with = |name: &str, script: &[u8]| [words(&[name]), vec![script.to_vec()], arguments.clone()].concat();
        for words in [
            with("EVALSHA", &sha),
            with("EVAL", script),
            with("EVAL_RO", script),
            with("EVALSHA", &sha),
            with("EVALSHA_RO", &sha.to_ascii_uppercase()),
            vec![b"SCRIPT".to_vec(), b"EXISTS".to_vec(), sha.clone()],
            vec![b"SCRIPT".to_vec(), b"LOAD".to_vec(), script.to_vec()],
        ] {
            both.check("EVAL", &words);
        }
    }
    for library in LIBRARIES {
        both.seed();
        both.check("FUNCTION|LOAD", &[words(&["FUNCTION", "LOAD"]), vec![library.to_vec()]].concat());
        for name in ["f", "g", "e", "n", "p", "o"] {
            for call in ["FCALL", "FCALL_RO"] {
                both.check(call, &words(&[call, name, "1", "s", "a"]));
            }
        }
        both.check("FUNCTION|LIST", &words(&["FUNCTION", "LIST", "WITHCODE"]));
        both.check("FUNCTION|STATS", &words(&["FUNCTION", "STATS"]));
    }
    both.finish();
}

/// A command that answers the same on every server, of such as `holds` says.
fn comparable(both: &Both, random: &mut Random, names: &[&String], only_reads: bool) -> Words {
    loop {
        let name = *random.of(names);
        let words = both.grammar.call(name, random);
        let row = row_of(&words);
        let name = row.map_or("", |row| row.name);
        if only_reads && row.is_none_or(|row| row.access == Access::Write) {
            continue;
        }
        if in_json(&words).is_some() && compare(name, &words[1..]) == Compare::Exact {
            return words;
        }
    }
}

#[test]
fn pipelines_answer_as_their_commands_do() {
    let mut both = Both::new();
    let all = both.names.clone();
    let is_served = |name: &&String| {
        given(name).is_none() && !matches!(row_of(&call(name, "")).map(|row| row.way), Some(Way::Refused(_)))
    };
    let names: Vec<_> = all.iter().filter(is_served).collect();
    let mut random = Random(5);
    for group in 0..GROUPS {
        // What only reads goes in another script.
        let only_reads = group % 2 == 0;
        both.seed();
        let commands: Vec<_> =
            (0..=random.below(20)).map(|_| comparable(&both, &mut random, &names, only_reads)).collect();
        let plain = both.plain.ask_all(&commands);
        let ours = both.post("/pipeline", &commands.iter().filter_map(|words| in_json(words)).collect());
        both.calls += commands.len();
        for (position, (words, plain)) in commands.iter().zip(&plain).enumerate() {
            if !Compare::Exact.holds(&answer(plain), &ours[position]) {
                both.note(&format!("in a pipeline: {}", shown(words)), &answer(plain), &ours[position]);
            }
        }
        let last = commands.iter().map(|words| shown(words)).collect::<Vec<_>>().join(" | ");
        both.check_data(&last);
    }
    both.finish();
}

#[test]
fn transactions_answer_as_multi_and_exec_do() {
    let mut both = Both::new();
    let all = both.names.clone();
    let by_script = |name: &&String| {
        let way = row_of(&call(name, "")).map(|row| row.way);
        given(name).is_none() && matches!(way, Some(Way::Direct(_) | Way::Precise(_) | Way::Script))
    };
    let names: Vec<_> = all.iter().filter(by_script).collect();
    let mut random = Random(6);
    for group in 0..GROUPS {
        // What only reads goes in another script.
        let only_reads = group % 2 == 0;
        both.seed();
        // Most of them long enough to find something, and short enough not to be discarded.
        let commands: Vec<_> =
            (0..=random.below(8)).map(|_| comparable(&both, &mut random, &names, only_reads)).collect();
        both.plain.ask(&words(&["MULTI"]));
        both.plain.ask_all(&commands);
        let plain = match both.plain.ask(&words(&["EXEC"])) {
            Reply::Array(replies) => replies.iter().map(answer).collect(),
            discarded => answer(&discarded),
        };
        let ours = both.post("/multi-exec", &commands.iter().filter_map(|words| in_json(words)).collect());
        both.calls += commands.len();
        let all = commands.iter().map(|words| shown(words)).collect::<Vec<_>>().join(" | ");
        if !Compare::Exact.holds(&plain, &ours) {
            both.note(&format!("in a transaction: {all}"), &plain, &ours);
        }
        both.check_data(&all);
    }
    both.finish();
}
