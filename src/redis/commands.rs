//! The table of every command of Redis 7.0: how it is sent, whether it writes, where its keys are, its ACL categories.
//!
//! One file a group, as Redis's own documentation has them. Commands that the table does not know, newer ones and those of
//! modules, go through the script.

#![allow(clippy::wildcard_imports, reason = "the files of the table share its vocabulary")]

mod bitmap;
mod cluster;
mod connection;
mod generic;
mod geo;
mod hash;
mod hyperloglog;
mod list;
mod pubsub;
mod scripting;
mod server;
mod set;
mod sorted_set;
mod stream;
mod string;
mod transactions;

use super::command::Access;
use super::keys::Keys;
use super::reply::Shape;

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// The name, in capitals; a subcommand's behind a `|`.
    pub name: &'static str,
    /// How it is sent.
    pub way: Way,
    /// Whether it changes data.
    pub access: Access,
    /// Which of its arguments are keys; a subcommand counts as the first argument.
    pub keys: Keys,
    /// Its ACL categories, as bits of [`CATEGORIES`].
    pub categories: u32,
}

/// How a command is sent, so that its reply comes back whole and the connection, which all requests share, stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As it is: it has exactly one reply, of this shape, and changes nothing of the connection.
    Direct(Shape),
    /// The same, and in a pipeline apart: in a script its integers would lose digits, or it is sent several times.
    Precise(Shape),
    /// The same, and never in a script: none may run it.
    Alone(Shape),
    /// Within a script that packs the reply.
    Script,
    /// In a way of its own, since no script may run it, or since it is a script.
    Wrapped,
    /// Not at all; why.
    Refused(&'static str),
}

use Access::{Read, Write};
use Shape::{Array, Cursor, Scalar, ScalarOrArray};
use Way::{Alone, Direct, Precise, Refused, Script, Wrapped};

/// Why a command is refused.
const SHARED_CONNECTION: &str =
    "it speaks of the connection to Redis, or changes it, and all requests share that connection";
const OPEN_TRANSACTION: &str = "a transaction cannot stay open between requests: send it whole to /multi-exec";
const WOULD_BLOCK: &str = "it would hold up all who share the connection to Redis: ask again without blocking";
const WOULD_STREAM: &str = "the connection to Redis cannot wait for messages: use a stream (XADD, XREAD) instead";
const NOT_FOR_CLIENTS: &str =
    "it is for Redis servers and their developers, and would harm the connection that all requests share";
const NESTED_REPLY: &str = "no script may run it, and its reply cannot be had whole in any other way";

/// Commands whose errors repeat what they were given. The client in hosts cannot read an error that is not UTF-8, and gives
/// up the connection that all requests share.
pub const REPEATING: [&str; 14] = [
    "ACL|CAT",
    "ACL|DRYRUN",
    "ACL|SETUSER",
    "CONFIG|SET",
    "EXPIRE",
    "EXPIREAT",
    "FUNCTION|LIST",
    "FUNCTION|LOAD",
    "PEXPIRE",
    "PEXPIREAT",
    "SCRIPT|LOAD",
    "XGROUP|CREATECONSUMER",
    "XGROUP|DELCONSUMER",
    "XGROUP|SETID",
];

/// Makes a constant of each ACL category, a bit, and the list of their names.
macro_rules! categories {
    ($($name:ident $bit:literal;)*) => {
        $(const $name: u32 = 1 << $bit;)*

        /// The names of the ACL categories, each with its bit.
        pub const CATEGORIES: &[(&str, u32)] = &[$((stringify!($name), $name),)*];
    };
}

categories! {
    KEYSPACE 0;
    READ 1;
    WRITE 2;
    SET 3;
    SORTEDSET 4;
    LIST 5;
    HASH 6;
    STRING 7;
    BITMAP 8;
    HYPERLOGLOG 9;
    GEO 10;
    STREAM 11;
    PUBSUB 12;
    ADMIN 13;
    FAST 14;
    SLOW 15;
    BLOCKING 16;
    DANGEROUS 17;
    CONNECTION 18;
    TRANSACTION 19;
    SCRIPTING 20;
}

const fn row(name: &'static str, way: Way, access: Access, keys: Keys, categories: u32) -> Row {
    Row { name, way, access, keys, categories }
}

/// Every group, each sorted by name.
static GROUPS: [&[Row]; 16] = [
    bitmap::ROWS,
    cluster::ROWS,
    connection::ROWS,
    generic::ROWS,
    geo::ROWS,
    hash::ROWS,
    hyperloglog::ROWS,
    list::ROWS,
    pubsub::ROWS,
    scripting::ROWS,
    server::ROWS,
    set::ROWS,
    sorted_set::ROWS,
    stream::ROWS,
    string::ROWS,
    transactions::ROWS,
];

/// How many rows there are.
const ROWS: usize = {
    let (mut rows, mut group) = (0, 0);
    while group < GROUPS.len() {
        rows += GROUPS[group].len();
        group += 1;
    }
    rows
};

/// Every row, sorted by name: a subcommand stands behind its command.
static BY_NAME: [&Row; ROWS] = {
    let mut rows = [&GROUPS[0][0]; ROWS];
    // How far each group is taken.
    let mut taken = [0; GROUPS.len()];
    let mut place = 0;
    while place < ROWS {
        let mut next: Option<usize> = None;
        let mut group = 0;
        while group < GROUPS.len() {
            if taken[group] < GROUPS[group].len() {
                let row = &GROUPS[group][taken[group]];
                let is_first = match next {
                    None => true,
                    Some(_) => is_before(row.name.as_bytes(), rows[place].name.as_bytes()),
                };
                if is_first {
                    (rows[place], next) = (row, Some(group));
                }
            }
            group += 1;
        }
        if let Some(group) = next {
            taken[group] += 1;
        }
        place += 1;
    }
    rows
};

const fn is_before(a: &[u8], b: &[u8]) -> bool {
    let mut index = 0;
    while index < a.len() && index < b.len() && a[index] == b[index] {
        index += 1;
    }
    index < b.len() && (index == a.len() || a[index] < b[index])
}

/// The row with this name and the shape of its reply, while the project is compiled.
///
/// # Panics
/// Where there is no such row, or it is not sent directly.
pub const fn direct(name: &str) -> (&'static Row, Shape) {
    let name = name.as_bytes();
    let mut place = 0;
    while place < ROWS {
        let row = BY_NAME[place];
        let is_other = is_before(row.name.as_bytes(), name) || is_before(name, row.name.as_bytes());
        if let (false, Direct(shape) | Precise(shape) | Alone(shape)) = (is_other, row.way) {
            return (row, shape);
        }
        place += 1;
    }
    panic!("no such command is sent directly")
}

/// Every row.
pub fn all() -> impl Iterator<Item = &'static Row> {
    BY_NAME.iter().copied()
}

/// The row of a command with this name, and this first argument: that of its subcommand where it has such. Neither minds the
/// case. A subcommand that is not in the table has the row of its command, which holds the categories of all of them.
pub fn find(name: &[u8], first_argument: Option<&[u8]>) -> Option<&'static Row> {
    if name.contains(&SEPARATOR) {
        return None;
    }
    let mut name = name.to_ascii_uppercase();
    let (command, next) = named(&name)?;
    let has_subcommands = next.is_some_and(|next| next.is_of(command));
    let Some(argument) = first_argument.filter(|_| has_subcommands) else { return Some(command) };
    name.push(SEPARATOR);
    name.extend(argument.to_ascii_uppercase());
    Some(named(&name).map_or(command, |(row, _)| row))
}

/// What stands between a command's name and its subcommand's.
const SEPARATOR: u8 = b'|';

/// The row with this name, in capitals, and the one behind it.
fn named(name: &[u8]) -> Option<(&'static Row, Option<&'static Row>)> {
    let place = BY_NAME.binary_search_by(|row| row.name.as_bytes().cmp(name)).ok()?;
    Some((BY_NAME[place], BY_NAME.get(place + 1).copied()))
}

/// Whether a command could have this name. Redis itself looks no further than a zero byte.
pub fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(u8::is_ascii_graphic)
}

impl Row {
    /// Whether it is the row of a command that has subcommands.
    pub fn has_subcommands(&self) -> bool {
        // They stand right behind it.
        named(self.name.as_bytes()).and_then(|(_, next)| next).is_some_and(|next| next.is_of(self))
    }

    /// Whether it is the row of a subcommand of this command.
    fn is_of(&self, command: &Self) -> bool {
        self.name.strip_prefix(command.name).is_some_and(|rest| rest.starts_with('|'))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_table_has_every_row_of_the_groups_and_is_sorted_without_a_name_that_stands_there_twice() {
        assert!(BY_NAME.is_sorted_by(|a, b| a.name < b.name));
        let names: HashSet<_> = GROUPS.iter().copied().flatten().map(|row| row.name).collect();
        assert!(all().all(|row| names.contains(row.name)));
        assert!(names.len() > 350 && names.len() == all().count());
    }

    #[test]
    fn a_subcommand_is_found_by_the_first_argument_in_any_case() {
        let name = |name: &str, argument: Option<&[u8]>| find(name.as_bytes(), argument).map(|row| row.name);
        assert_eq!(name("get", Some(b"k")), Some("GET"));
        assert_eq!(name("GET\0", Some(b"k")), None);
        assert_eq!(name("CONFIG", Some(b"get\0")), Some("CONFIG"));
        assert_eq!(name("CONFIG", Some(b"get")), Some("CONFIG|GET"));
        assert_eq!(name("CONFIG", Some(b"nothing")), Some("CONFIG"));
        assert_eq!(name("CONFIG", None), Some("CONFIG"));
        assert_eq!(name("CONFIG|GET", None), None);
        assert_eq!(name("JSON.GET", Some(b"k")), None);
    }

    #[test]
    fn what_may_be_an_unknown_subcommand_is_in_every_category_of_the_known_ones_and_may_be_about_any_key() {
        for (container, _) in all().filter_map(|row| row.name.split_once('|')) {
            assert!(find(container.as_bytes(), None).is_some_and(Row::has_subcommands), "{container}");
        }
        for container in all().filter(|row| row.has_subcommands() && row.name != "COMMAND") {
            let is_its = |row: &&Row| row.name.split_once('|').is_some_and(|(command, _)| command == container.name);
            let categories = all().filter(is_its).fold(0, |categories, row| categories | row.categories);
            assert_eq!(categories & !container.categories & !READ, 0, "{}", container.name);
            assert_eq!((container.access, container.keys), (Write, Keys::Unknown), "{}", container.name);
        }
    }

    #[test]
    fn what_writes_is_in_the_category_and_what_reads_changes_nothing() {
        for row in all() {
            let expected = if row.categories & WRITE != 0 { Write } else { row.access };
            assert_eq!(row.access, expected, "{}", row.name);
            assert!(row.categories & READ == 0 || row.access == Read, "{}", row.name);
        }
    }
}
