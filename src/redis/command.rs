//! A command about to be sent, and the table of what each command is.

use bytes::Bytes;

use super::reply::Shape;

/// What a command does to the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Changes nothing; may be repeated.
    Read,
    /// Changes something; must not be repeated unasked.
    Write,
}

/// Which of a command's arguments are keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// None.
    None,
    /// The first.
    First,
    /// The second: the first is a subcommand.
    Second,
    /// Every one.
    All,
    /// As in `EVALSHA sha count key…`: the second argument counts the keys after it.
    Counted,
}

/// One row of the command table: all that Redstart has to know of a command.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// The name, in capitals.
    pub name: &'static str,
    /// The shape of its reply.
    pub shape: Shape,
    /// Whether it changes data.
    pub access: Access,
    /// Where its keys are.
    pub keys: Keys,
}

/// Makes a constant of each row, and [`TABLE`] of them all.
macro_rules! table {
    ($($name:ident $shape:ident $access:ident $keys:ident: $doc:literal;)*) => {
        $(
            #[doc = $doc]
            pub static $name: Row = Row {
                name: stringify!($name),
                shape: Shape::$shape,
                access: Access::$access,
                keys: Keys::$keys,
            };
        )*
        /// Every command that Redstart sends, by name. All of them go the direct way: each sends exactly one reply
        /// and changes nothing of the connection, so that they may share it.
        pub static TABLE: &[&Row] = &[$(&$name),*];
    };
}

table! {
    BGREWRITEAOF Scalar   Write None:    "<https://redis.io/commands/bgrewriteaof/>";
    BGSAVE      Scalar    Write None:    "<https://redis.io/commands/bgsave/>";
    EVAL        Scalar    Write Counted: "<https://redis.io/commands/eval/>: only for scripts of ours, which return one scalar.";
    EVALSHA     Scalar    Write Counted: "<https://redis.io/commands/evalsha/>: likewise.";
    EVALSHA_RO  FlatArray Read  Counted: "<https://redis.io/commands/evalsha_ro/>: only for scripts of ours, which return a flat array.";
    EVAL_RO     FlatArray Read  Counted: "<https://redis.io/commands/eval_ro/>: likewise.";
    GET         Scalar    Read  First:   "<https://redis.io/commands/get/>";
    HDEL        Scalar    Write First:   "<https://redis.io/commands/hdel/>";
    HGET        Scalar    Read  First:   "<https://redis.io/commands/hget/>";
    HINCRBY     Scalar    Write First:   "<https://redis.io/commands/hincrby/>";
    HINCRBYFLOAT Scalar   Write First:   "<https://redis.io/commands/hincrbyfloat/>";
    HSET        Scalar    Write First:   "<https://redis.io/commands/hset/>";
    INCRBY      Scalar    Write First:   "<https://redis.io/commands/incrby/>";
    INCRBYFLOAT Scalar    Write First:   "<https://redis.io/commands/incrbyfloat/>";
    INFO        Scalar    Read  None:    "<https://redis.io/commands/info/>";
    LINDEX      Scalar    Read  First:   "<https://redis.io/commands/lindex/>";
    LPUSH       Scalar    Write First:   "<https://redis.io/commands/lpush/>";
    MEMORY      Scalar    Read  Second:  "<https://redis.io/commands/memory-usage/>: only `USAGE`.";
    OBJECT      Scalar    Read  Second:  "<https://redis.io/commands/object-encoding/>: only `ENCODING`.";
    PING        Scalar    Read  None:    "<https://redis.io/commands/ping/>";
    PTTL        Scalar    Read  First:   "<https://redis.io/commands/pttl/>";
    PUBLISH     Scalar    Write None:    "<https://redis.io/commands/publish/>";
    RPUSH       Scalar    Write First:   "<https://redis.io/commands/rpush/>";
    SADD        Scalar    Write First:   "<https://redis.io/commands/sadd/>";
    SCAN        FlatArray Read  None:    "<https://redis.io/commands/scan/>: the cursor, then the keys.";
    SET         Scalar    Write First:   "<https://redis.io/commands/set/>: without `GET`.";
    SISMEMBER   Scalar    Read  First:   "<https://redis.io/commands/sismember/>";
    SREM        Scalar    Write First:   "<https://redis.io/commands/srem/>";
    TYPE        Scalar    Read  First:   "<https://redis.io/commands/type/>";
    UNLINK      Scalar    Write All:     "<https://redis.io/commands/unlink/>";
    XADD        Scalar    Write First:   "<https://redis.io/commands/xadd/>: without `NOMKSTREAM`.";
    ZADD        Scalar    Write First:   "<https://redis.io/commands/zadd/>: without `INCR`.";
    ZINCRBY     Scalar    Write First:   "<https://redis.io/commands/zincrby/>";
    ZREM        Scalar    Write First:   "<https://redis.io/commands/zrem/>";
}

/// A command with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Its row in the table.
    pub row: &'static Row,
    /// Its arguments, without the name.
    pub arguments: Vec<Bytes>,
}

impl Command {
    /// The command of a row, without arguments yet.
    pub fn new(row: &'static Row) -> Self {
        Self { row, arguments: Vec::new() }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<Bytes>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = Bytes>) -> Self {
        self.arguments.extend(arguments);
        self
    }

    /// The keys among the arguments.
    pub fn keys(&self) -> &[Bytes] {
        let arguments = self.arguments.as_slice();
        match self.row.keys {
            Keys::None => &[],
            Keys::First => arguments.get(..1).unwrap_or_default(),
            Keys::Second => arguments.get(1..2).unwrap_or_default(),
            Keys::All => arguments,
            Keys::Counted => {
                let count = arguments.get(1).and_then(|count| std::str::from_utf8(count).ok()?.parse::<usize>().ok());
                let end = count.and_then(|count| count.checked_add(2));
                end.and_then(|end| arguments.get(2..end)).unwrap_or_default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_without_duplicates() {
        assert!(TABLE.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn keys_are_found_where_the_table_says() {
        assert_eq!(Command::new(&GET).arg("k").keys(), ["k"]);
        assert!(Command::new(&PING).arg("k").keys().is_empty());
        assert_eq!(Command::new(&UNLINK).arg("a").arg("b").keys(), ["a", "b"]);
        assert_eq!(Command::new(&MEMORY).arg("USAGE").arg("k").keys(), ["k"]);
        assert_eq!(Command::new(&OBJECT).arg("ENCODING").arg("k").keys(), ["k"]);
        let script = Command::new(&EVALSHA).arg("sha").arg("2").arg("a").arg("b").arg("value");
        assert_eq!(script.keys(), ["a", "b"]);
        assert!(Command::new(&EVALSHA).arg("sha").arg("9").arg("a").keys().is_empty());
    }
}
