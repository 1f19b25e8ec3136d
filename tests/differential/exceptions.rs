//! Where two servers cannot give the same reply, and which calls are not made.

use serde_json::Value;

/// How the answers of the two are compared. Errors are always the same, except with [`Self::Any`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// They are equal.
    Exact,
    /// So are their parts, in whatever order.
    Sorted,
    /// So they are but for their numbers, which lie close together: they tell a time.
    Near,
    /// They are of one kind, and so are the elements of a list.
    Shape,
    /// There is one.
    Any,
}

use Compare::{Any, Exact, Near, Shape, Sorted};

/// Commands whose replies are not compared byte by byte, and why.
const COMPARED: &[(Compare, &str, &[&str])] = &[
    (
        Sorted,
        "each server has a random order of its own for tables",
        &[
            "ACL|CAT",
            "COMMAND",
            "COMMAND|DOCS",
            "COMMAND|INFO",
            "COMMAND|LIST",
            "CONFIG|GET",
            "FUNCTION|LIST",
            "HGETALL",
            "HKEYS",
            "HVALS",
            "KEYS",
            "PUBSUB|CHANNELS",
            "SDIFF",
            "SINTER",
            "SMEMBERS",
            "SORT",
            "SORT_RO",
            "SUNION",
        ],
    ),
    (
        Near,
        "it tells a time",
        &["EXPIRETIME", "OBJECT|IDLETIME", "PEXPIRETIME", "PTTL", "TTL", "XINFO|CONSUMERS", "XINFO|STREAM", "XPENDING"],
    ),
    (
        Shape,
        "it is random, or of this one server",
        &[
            "ACL|GENPASS",
            "DUMP",
            "FUNCTION|DUMP",
            "HRANDFIELD",
            "INFO",
            "LASTSAVE",
            "LOLWUT",
            "MEMORY|DOCTOR",
            "MEMORY|MALLOC-STATS",
            "MEMORY|STATS",
            "MEMORY|USAGE",
            "RANDOMKEY",
            "SLOWLOG|LEN",
            "SPOP",
            "SRANDMEMBER",
            "TIME",
            "ZRANDMEMBER",
        ],
    ),
    (Near, "it counts the key of Redstart's own", &["DBSIZE"]),
    (Shape, "its order is random, and so is where a page ends", &["HSCAN", "SCAN", "SSCAN", "ZSCAN"]),
    (Any, "it tells what was slow on this one server", &["SLOWLOG|GET"]),
    (Any, "it depends on what runs in the background", &["BGREWRITEAOF", "BGSAVE", "SAVE"]),
    (Any, "a library holds each function twice", &["FUNCTION|RESTORE"]),
];

/// Commands of which only these calls are made, with what follows the name, and why.
const GIVEN: &[(&str, &str, &[&str])] = &[
    ("REPLICAOF", "it would make the server one that refuses writes", &["", "x", "NO ONE", "a b c"]),
    ("SLAVEOF", "it would make the server one that refuses writes", &["", "x", "NO ONE", "a b c"]),
    ("MIGRATE", "it would look for a host", &["", "x", "127.0.0.1 1 none 0 100", "127.0.0.1 x none 0 100"]),
    ("FAILOVER", "it would look for a replica", &["", "ABORT", "x"]),
    ("BGSAVE", "it starts a process", &["SCHEDULE", "x"]),
    ("BGREWRITEAOF", "it starts a process", &["x"]),
    ("SAVE", "it writes to the disk", &["", "x"]),
    ("LOLWUT", "it draws without end", &["", "x", "VERSION 5"]),
];

/// How this call's answers are compared.
pub fn compare(name: &str, arguments: &[Vec<u8>]) -> Compare {
    // The id is the time.
    if name == "XADD" && arguments.iter().any(|argument| argument == b"*" || argument.ends_with(b"-*")) {
        return Shape;
    }
    COMPARED.iter().find(|(_, _, names)| names.contains(&name)).map_or(Exact, |(compare, ..)| *compare)
}

/// The only calls that are made of this command.
pub fn given(name: &str) -> Option<&'static [&'static str]> {
    GIVEN.iter().find(|(command, ..)| *command == name).map(|(.., calls)| *calls)
}

impl Compare {
    /// Whether the answers are the same, as far as they can be.
    pub fn holds(self, plain: &Value, ours: &Value) -> bool {
        match self {
            Any => true,
            _ if ours["error"].as_str().is_some_and(|error| error.ends_with(NOT_TEXT)) => true,
            _ if in_ascii(&plain["error"]) != in_ascii(&ours["error"]) => false,
            _ if ours["error"].is_string() => true,
            Exact => is_near(plain, ours, 0),
            Sorted => sorted(plain) == sorted(ours),
            Near => is_near(plain, ours, 20_000),
            Shape => shape(&plain["result"], 0) == shape(&ours["result"], 0),
        }
    }
}

/// How commands are refused whose errors might repeat bytes that the host cannot read.
const NOT_TEXT: &str = "takes only UTF-8 here";

/// An error in which bytes that are no text stand as `?`, as Redstart sends them.
fn in_ascii(error: &Value) -> Option<String> {
    error.as_str().map(|error| error.replace('\u{fffd}', "?"))
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<_> = items.iter().map(sorted).collect();
            items.sort_by_key(Value::to_string);
            items.into()
        }
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), sorted(value))).collect(),
        other => other.clone(),
    }
}

fn is_near(plain: &Value, ours: &Value, tolerance: u64) -> bool {
    match (plain, ours) {
        (Value::Number(plain), Value::Number(ours)) => match (plain.as_i64(), ours.as_i64()) {
            (Some(plain), Some(ours)) => plain.abs_diff(ours) <= tolerance,
            _ => false,
        },
        (Value::Array(plain), Value::Array(ours)) => {
            plain.len() == ours.len() && plain.iter().zip(ours).all(|(plain, ours)| is_near(plain, ours, tolerance))
        }
        (Value::Object(plain), Value::Object(ours)) => {
            plain.len() == ours.len()
                && plain.iter().all(|(name, plain)| ours.get(name).is_some_and(|ours| is_near(plain, ours, tolerance)))
        }
        _ => plain == ours,
    }
}

/// The kind of a value, and of a list's elements.
fn shape(value: &Value, depth: usize) -> String {
    match value {
        Value::Null => "nil".to_owned(),
        Value::Number(_) => "integer".to_owned(),
        Value::Array(items) if depth == 0 => items.iter().map(|item| shape(item, 1) + ",").collect(),
        Value::Array(_) => "list".to_owned(),
        _ => "string".to_owned(),
    }
}
