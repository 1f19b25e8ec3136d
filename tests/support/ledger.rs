//! What one client wrote, what became of it, and whether Redis has it.

use redis::Connection;
use serde_json::{Value, json};

use crate::client::{Client, Response};
use crate::random::Random;

/// Keys of each kind that a client writes to in turn.
const KEYS: usize = 8;

/// All that one client wrote.
pub struct Ledger {
    client: Client,
    random: Random,
    name: usize,
    /// Numbers that are used up: each key and each value has another.
    numbers: usize,
    registers: Vec<Register>,
    /// Registers that are left alone since nobody knows what they hold.
    doubtful: Vec<Register>,
    counters: Vec<Counter>,
    /// What reads showed that should not be.
    wrong: Vec<String>,
}

/// What a request was, and the answer.
pub struct Done {
    /// Whether it writes.
    pub writes: bool,
    /// Whether it went to the command API, which answers in Redis's words where Redis has some.
    pub is_command: bool,
    /// The answer.
    pub answer: Response,
}

/// How many writes there were, by what became of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Acknowledged.
    pub acknowledged: usize,
    /// May have happened or not.
    pub unknown: usize,
    /// Did not happen.
    pub refused: usize,
}

#[derive(Clone, Copy)]
enum Kind {
    String,
    Field,
    Command,
}

/// A key, or a field, that holds the value written last.
struct Register {
    kind: Kind,
    key: String,
    acknowledged: Option<usize>,
    unknown: Option<usize>,
    counts: Counts,
}

/// Keys to which each write adds one, in one step.
struct Counter {
    keys: Vec<String>,
    counts: Counts,
}

#[derive(PartialEq, Eq)]
enum Outcome {
    Acknowledged,
    Unknown,
    Refused,
}

impl Ledger {
    /// An empty one.
    pub fn new(client: Client, name: usize, seed: u64) -> Self {
        let registers = [Kind::String, Kind::Field, Kind::Command].into_iter().cycle().take(3 * KEYS).enumerate();
        let registers = registers.map(|(number, kind)| Register::new(kind, format!("{name}-{number}"))).collect();
        let counter = |keys: &[&str]| Counter {
            keys: keys.iter().map(|key| format!("{name}-{key}")).collect(),
            counts: Counts::default(),
        };
        Self {
            client,
            random: Random(seed.wrapping_add(name as u64)),
            name,
            numbers: 3 * KEYS,
            registers,
            doubtful: Vec::new(),
            counters: vec![counter(&["alone"]), counter(&["one", "other"])],
            wrong: Vec::new(),
        }
    }

    /// Sends one request of any kind, and takes down what came of it.
    ///
    /// # Errors
    /// Why there was no answer.
    pub fn step(&mut self) -> Result<Done, String> {
        match self.random.below(10) {
            0..4 => self.read(),
            4..8 => self.write(),
            _ => self.count(),
        }
    }

    fn read(&mut self) -> Result<Done, String> {
        let register = self.random.of(&self.registers);
        let is_command = matches!(register.kind, Kind::Command);
        let answer = match register.kind {
            Kind::String => {
                let accept = [("accept", "application/octet-stream")];
                self.client.try_send("GET", &format!("/v1/strings/{}", register.key), &accept, b"")
            }
            Kind::Field => self.client.try_send("GET", &format!("/v1/hashes/{}/fields/f", register.key), &[], b""),
            Kind::Command => self.client.try_send("GET", &format!("/get/{}", register.key), &[], b""),
        };
        let answer = answer.map_err(|error| error.to_string())?;
        let expected = register.acknowledged.map(value);
        let shown = match (answer.status, register.kind) {
            (404, _) => Some(None),
            (200, Kind::String) => Some(String::from_utf8(answer.body.clone()).ok()),
            (200, Kind::Field) => Some(answer.json()["value"].as_str().map(str::to_owned)),
            (200, Kind::Command) => Some(answer.json()["result"].as_str().map(str::to_owned)),
            _ => None,
        };
        if shown.is_some_and(|shown| shown != expected) {
            self.wrong.push(format!("{} does not hold number {:?}", register.key, register.acknowledged));
        }
        Ok(Done { writes: false, is_command, answer })
    }

    fn write(&mut self) -> Result<Done, String> {
        let place = self.random.below(self.registers.len());
        let register = &mut self.registers[place];
        let number = self.numbers;
        self.numbers += 1;
        let (key, value) = (&register.key, value(number));
        let is_command = matches!(register.kind, Kind::Command);
        let answer = match register.kind {
            Kind::String => {
                let bytes = [("content-type", "application/octet-stream")];
                self.client.try_send("PUT", &format!("/v1/strings/{key}"), &bytes, value.as_bytes())
            }
            Kind::Field => {
                let path = format!("/v1/hashes/{key}/fields/f");
                send_json(&self.client, "PUT", &path, &json!({ "value": value }))
            }
            Kind::Command => send_json(&self.client, "POST", "/", &json!(["SET", key, value])),
        };
        let answer = answer.map_err(|error| error.to_string())?;
        match register.counts.add(&answer) {
            Outcome::Acknowledged => register.acknowledged = Some(number),
            Outcome::Unknown => {
                // It may still happen at any time, after writes that come later too.
                register.unknown = Some(number);
                let fresh = Register::new(register.kind, format!("{}-{}", self.name, self.numbers));
                self.doubtful.push(std::mem::replace(register, fresh));
            }
            Outcome::Refused => {}
        }
        Ok(Done { writes: true, is_command, answer })
    }

    fn count(&mut self) -> Result<Done, String> {
        let place = self.random.below(self.counters.len());
        let counter = &mut self.counters[place];
        let is_command = counter.keys.len() > 1;
        let answer = if is_command {
            let commands: Vec<_> = counter.keys.iter().map(|key| json!(["INCR", key])).collect();
            send_json(&self.client, "POST", "/multi-exec", &Value::Array(commands))
        } else {
            self.client.try_send("POST", &format!("/v1/strings/{}/increment", counter.keys[0]), &[], b"")
        };
        let mut answer = answer.map_err(|error| error.to_string())?;
        if is_command && answer.status == 200 {
            // Each command of a transaction has an answer of its own.
            let answers = answer.json();
            let refused = answers.as_array().into_iter().flatten().filter(|answer| answer["error"].is_string()).count();
            if refused == counter.keys.len() {
                answer.status = 400;
            } else if refused > 0 {
                self.wrong.push(format!("half a transaction: {answers}"));
            }
        }
        counter.counts.add(&answer);
        Ok(Done { writes: true, is_command, answer })
    }

    /// Asks Redis for all of it: what is missing or wrong, and how many writes there were.
    ///
    /// # Panics
    /// When Redis does not answer.
    pub fn check(mut self, redis: &mut Connection) -> (Vec<String>, Counts) {
        let mut counts = Counts::default();
        for register in self.registers.iter().chain(&self.doubtful) {
            counts.add_all(register.counts);
            let held: Option<String> = match register.kind {
                Kind::Field => redis::Cmd::hget(&register.key, "f").query(redis),
                Kind::String | Kind::Command => redis::Cmd::get(&register.key).query(redis),
            }
            .expect("Redis answers");
            let may_hold = [register.acknowledged, register.unknown];
            let may_hold = &may_hold[..if register.unknown.is_some() { 2 } else { 1 }];
            if !may_hold.iter().any(|number| number.map(value) == held) {
                let held = held.map(|held| held.chars().take(20).collect::<String>());
                self.wrong.push(format!("{} holds {held:?}, not one of {may_hold:?}", register.key));
            }
        }
        for counter in &self.counters {
            counts.add_all(counter.counts);
            let held: Vec<Option<usize>> = redis::cmd("MGET").arg(&counter.keys).query(redis).expect("Redis answers");
            let Counts { acknowledged, unknown, .. } = counter.counts;
            let possible = acknowledged..=acknowledged + unknown;
            // Each step adds to all of them or to none.
            if !possible.contains(&held[0].unwrap_or_default()) || held.iter().any(|one| *one != held[0]) {
                self.wrong.push(format!("{:?} hold {held:?} after {:?}", counter.keys, counter.counts));
            }
        }
        (self.wrong, counts)
    }
}

impl Register {
    fn new(kind: Kind, key: String) -> Self {
        Self { kind, key, acknowledged: None, unknown: None, counts: Counts::default() }
    }
}

impl Counts {
    fn add(&mut self, answer: &Response) -> Outcome {
        let outcome = Outcome::of(answer);
        match outcome {
            Outcome::Acknowledged => self.acknowledged += 1,
            Outcome::Unknown => self.unknown += 1,
            Outcome::Refused => self.refused += 1,
        }
        outcome
    }

    /// Adds those of another.
    pub fn add_all(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.unknown += other.unknown;
        self.refused += other.refused;
    }
}

impl Outcome {
    fn of(answer: &Response) -> Self {
        if matches!(answer.status, 200 | 201) {
            return Self::Acknowledged;
        }
        let body = answer.json();
        // The command API has no place for the outcome but its words.
        let words = body["error"].as_str().unwrap_or_default();
        let is_unknown =
            body["outcome"] == "unknown" || words.contains("broke") || words.contains("within the configured time");
        if is_unknown { Self::Unknown } else { Self::Refused }
    }
}

/// The value with this number: a few bytes, mostly, and sometimes many.
fn value(number: usize) -> String {
    let length = if number % 500 == 499 { 200_000 } else { number * 37 % 1000 };
    format!("{number}-{}", "x".repeat(length))
}

fn send_json(client: &Client, method: &str, path: &str, body: &Value) -> Result<Response, ureq::Error> {
    client.try_send(method, path, &[("content-type", "application/json")], body.to_string().as_bytes())
}
