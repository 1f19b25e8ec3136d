//! Commands made from what Redis documents of its own (`COMMAND DOCS`): mostly right, and then bent.

use std::collections::BTreeMap;

use redis::Value;

use crate::plain::Words;
use crate::pools;
use crate::random::Random;
use crate::server::Server;

/// What Redis says of each command and subcommand, by its name in capitals.
pub struct Grammar(BTreeMap<String, Command>);

struct Command {
    group: String,
    arguments: Vec<Argument>,
}

#[derive(Debug, Default)]
struct Argument {
    name: String,
    kind: String,
    token: Option<String>,
    flags: Vec<String>,
    arguments: Vec<Argument>,
}

impl Grammar {
    /// What this server says.
    ///
    /// # Panics
    /// When it says nothing that can be read.
    pub fn of(server: &Server) -> Self {
        let mut commands = BTreeMap::new();
        read_commands(&server.command(&[b"COMMAND", b"DOCS"]), &mut commands);
        assert!(commands.len() > 300, "Redis documents its commands");
        Self(commands)
    }

    /// A call of this command.
    pub fn call(&self, name: &str, random: &mut Random) -> Words {
        let mut words: Words = name.split('|').map(|word| word.as_bytes().to_vec()).collect();
        let Some(command) = self.0.get(name) else { return words };
        let mut call = Call { group: &command.group, random, words: Vec::new(), count: None };
        call.add_all(&command.arguments);
        let mut arguments = call.words;
        bend(&mut arguments, random);
        words.extend(arguments);
        words
    }
}

/// A third of all calls are wrong somewhere.
fn bend(arguments: &mut Words, random: &mut Random) {
    if !random.one_in(3) {
        return;
    }
    let position = random.below(arguments.len().max(1));
    match random.below(4) {
        0 if !arguments.is_empty() => drop(arguments.remove(position)),
        1 => arguments.push(random.of(pools::ANYTHING).to_vec()),
        _ if !arguments.is_empty() => arguments[position] = random.of(pools::ANYTHING).to_vec(),
        _ => {}
    }
}

struct Call<'a> {
    group: &'a str,
    random: &'a mut Random,
    words: Words,
    /// How many keys were announced.
    count: Option<usize>,
}

impl Call<'_> {
    fn add_all(&mut self, arguments: &[Argument]) {
        for argument in arguments {
            // It would hold up the connection on which the replies are compared.
            let waits = argument.token.as_deref() == Some("BLOCK");
            if waits || (argument.is("optional") && self.random.one_in(2)) {
                continue;
            }
            let announced = if argument.kind == "key" { self.count.take() } else { None };
            let times = match announced {
                Some(count) if argument.is("multiple") => count,
                _ if argument.is("multiple") => 1 + self.random.below(3),
                _ => 1,
            };
            for time in 0..times {
                if time == 0 || argument.is("multiple_token") {
                    self.words.extend(argument.token.as_ref().map(|token| token.as_bytes().to_vec()));
                }
                self.add(argument);
            }
        }
    }

    fn add(&mut self, argument: &Argument) {
        match argument.kind.as_str() {
            "pure-token" => {}
            "block" => self.add_all(&argument.arguments),
            "oneof" => {
                let chosen = self.random.below(argument.arguments.len());
                self.add_all(&argument.arguments[chosen..=chosen]);
            }
            "key" => self.words.push(self.random.of(pools::keys(self.group, self.random.0)).to_vec()),
            _ if argument.name == "numkeys" => {
                let count = self.random.below(3) + usize::from(!self.random.one_in(8));
                self.count = Some(count);
                self.words.push(count.to_string().into_bytes());
            }
            kind => self.words.push(self.random.of(pools::values(&argument.name, kind)).to_vec()),
        }
    }
}

impl Argument {
    fn is(&self, flag: &str) -> bool {
        self.flags.iter().any(|own| own == flag)
    }
}

fn read_commands(docs: &Value, commands: &mut BTreeMap<String, Command>) {
    for (name, fields) in pairs(docs) {
        let mut command = Command { group: String::new(), arguments: Vec::new() };
        for (field, value) in pairs(fields) {
            match field.as_str() {
                "group" => command.group = text(value),
                "arguments" => command.arguments = read_arguments(value),
                "subcommands" => read_commands(value, commands),
                _ => {}
            }
        }
        commands.insert(name.to_uppercase(), command);
    }
}

fn read_arguments(value: &Value) -> Vec<Argument> {
    items(value).iter().map(read_argument).collect()
}

fn read_argument(value: &Value) -> Argument {
    let mut argument = Argument::default();
    for (field, value) in pairs(value) {
        match field.as_str() {
            "name" => argument.name = text(value),
            "type" => argument.kind = text(value),
            "token" => argument.token = Some(text(value)),
            "flags" => argument.flags = items(value).iter().map(text).collect(),
            "arguments" => argument.arguments = read_arguments(value),
            _ => {}
        }
    }
    argument
}

fn items(value: &Value) -> &[Value] {
    if let Value::Array(items) = value { items } else { &[] }
}

fn pairs(value: &Value) -> impl Iterator<Item = (String, &Value)> {
    items(value).chunks_exact(2).map(|pair| (text(&pair[0]), &pair[1]))
}

fn text(value: &Value) -> String {
    match value {
        Value::BulkString(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::SimpleString(text) => text.clone(),
        _ => String::new(),
    }
}
