//! A command about to be sent, and where its keys are.

use std::borrow::Cow;

use bytes::Bytes;

use super::commands::Row;
use super::reply::Shape;

/// What a command does to the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Changes nothing; may be repeated.
    Read,
    /// Changes something, or may; must not be repeated unasked.
    Write,
}

/// Which of a command's arguments are keys. Positions count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// None.
    None,
    /// The first.
    First,
    /// The one at this position.
    At(usize),
    /// The first two.
    FirstTwo,
    /// Every one from this position on.
    From(usize),
    /// Every one but the last.
    AllButLast,
    /// The first and every other one: between them stand values.
    Alternate,
    /// As many as the number at this position says, behind it.
    Counted(usize),
    /// The first, and as many as the number behind it says.
    FirstAndCounted,
    /// The first half of those behind `STREAMS`.
    AfterStreams,
    /// The first, and the one behind `STORE` or `STOREDIST`.
    FirstAndStore,
    /// The first, the one behind `STORE`, and what the patterns behind `BY` and `GET` reach.
    Sort,
    /// Cannot be told.
    Unknown,
}

impl Keys {
    /// The keys among `arguments`; nothing where they cannot be told.
    pub fn of(self, arguments: &[Bytes]) -> Option<Vec<&Bytes>> {
        let counted = |position: usize| {
            let count: usize = std::str::from_utf8(arguments.get(position)?).ok()?.parse().ok()?;
            arguments.get(position + 1..(position + 1).checked_add(count)?)
        };
        let behind = |names: &[&str]| {
            let is_name = |argument: &Bytes| names.iter().any(|name| argument.eq_ignore_ascii_case(name.as_bytes()));
            let positions = arguments.iter().enumerate().skip(1).filter(move |(_, argument)| is_name(argument));
            positions.filter_map(|(position, _)| arguments.get(position + 1)).collect::<Vec<_>>()
        };
        let first = arguments.first();
        // Too few arguments: Redis will say so, and touches no key.
        Some(match self {
            Self::None => vec![],
            Self::First => first.into_iter().collect(),
            Self::At(position) => arguments.get(position).into_iter().collect(),
            Self::FirstTwo => arguments.iter().take(2).collect(),
            Self::From(position) => arguments.iter().skip(position).collect(),
            Self::AllButLast => arguments.iter().take(arguments.len().saturating_sub(1)).collect(),
            Self::Alternate => arguments.iter().step_by(2).collect(),
            Self::Counted(position) if arguments.len() <= position => vec![],
            Self::Counted(position) => counted(position)?.iter().collect(),
            Self::FirstAndCounted if arguments.len() < 2 => first.into_iter().collect(),
            Self::FirstAndCounted => first.into_iter().chain(counted(1)?).collect(),
            Self::AfterStreams => {
                let behind = after_streams(arguments).unwrap_or_default();
                behind.iter().take(behind.len() / 2).collect()
            }
            Self::FirstAndStore => first.into_iter().chain(behind(&["STORE", "STOREDIST"])).collect(),
            Self::Sort if !behind(&["BY", "GET"]).is_empty() => return None,
            Self::Sort => first.into_iter().chain(behind(&["STORE"])).collect(),
            Self::Unknown => return None,
        })
    }
}

/// What stands behind `STREAMS`, where nothing but the options of `XREAD` and `XREADGROUP` stands before it: a group or a
/// consumer may have that name, too.
fn after_streams(mut arguments: &[Bytes]) -> Option<&[Bytes]> {
    const OPTIONS: [(&str, usize); 5] = [("STREAMS", 0), ("COUNT", 1), ("BLOCK", 1), ("GROUP", 2), ("NOACK", 0)];
    loop {
        let (first, rest) = arguments.split_first()?;
        let (name, values) = OPTIONS.iter().find(|(name, _)| first.eq_ignore_ascii_case(name.as_bytes()))?;
        if *name == "STREAMS" {
            return Some(rest);
        }
        arguments = rest.get(*values..)?;
    }
}

/// A command with its arguments, which leaves as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Its name.
    pub name: Cow<'static, str>,
    /// The shape of its reply.
    pub shape: Shape,
    /// Whether it changes data.
    pub access: Access,
    /// Which of its arguments are keys.
    pub keys: Keys,
    /// Its arguments, without the name.
    pub arguments: Vec<Bytes>,
    /// Whether it is about a key of Redstart's own, and so no caller's doing.
    pub is_own: bool,
}

/// Makes a [`Command`] without arguments of a name in the table, `"GET"` or `"OBJECT|ENCODING"`, that is sent directly.
macro_rules! command {
    ($name:literal) => {
        $crate::redis::Command::new(const { $crate::redis::commands::direct($name) })
    };
}
pub(crate) use command;

impl Command {
    /// The command of a row that is sent directly, with its shape.
    pub fn new((row, shape): (&'static Row, Shape)) -> Self {
        let (name, subcommand) = row.name.split_once('|').map_or((row.name, None), |(name, sub)| (name, Some(sub)));
        Self {
            name: name.into(),
            shape,
            access: row.access,
            keys: row.keys,
            arguments: subcommand.into_iter().map(Bytes::from).collect(),
            is_own: false,
        }
    }

    /// A command with a scalar reply, whose keys whoever makes it has looked at.
    pub fn scalar(name: impl Into<Cow<'static, str>>, access: Access) -> Self {
        Self { name: name.into(), shape: Shape::Scalar, access, keys: Keys::None, arguments: Vec::new(), is_own: false }
    }

    /// The same with a list for a reply.
    pub fn array(name: impl Into<Cow<'static, str>>, access: Access) -> Self {
        Self { shape: Shape::Array, ..Self::scalar(name, access) }
    }

    /// The same about a key of Redstart's own.
    #[must_use]
    pub fn on_own_key(self) -> Self {
        Self { is_own: true, ..self }
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_begins_with_its_subcommand() {
        let command = command!("OBJECT|ENCODING").arg("k");
        assert_eq!((command.name.as_ref(), command.arguments), ("OBJECT", vec!["ENCODING".into(), "k".into()]));
    }

    #[test]
    fn keys_are_found_where_the_table_says() {
        for (keys, arguments, expected) in [
            (Keys::None, "a b", Some("")),
            (Keys::First, "k v", Some("k")),
            (Keys::First, "", Some("")),
            (Keys::At(1), "USAGE k", Some("k")),
            (Keys::FirstTwo, "a b c", Some("a b")),
            (Keys::From(1), "AND a b", Some("a b")),
            (Keys::AllButLast, "a b 0", Some("a b")),
            (Keys::Alternate, "a 1 b 2", Some("a b")),
            (Keys::Counted(1), "script 2 a b v", Some("a b")),
            (Keys::Counted(1), "script 9 a", None),
            (Keys::Counted(1), "script 1.5 a", None),
            (Keys::Counted(1), "script", Some("")),
            (Keys::FirstAndCounted, "d 2 a b WEIGHTS 1 2", Some("d a b")),
            (Keys::AfterStreams, "COUNT 1 streams a b 0 0", Some("a b")),
            (Keys::AfterStreams, "GROUP streams c STREAMS a >", Some("a")),
            (Keys::AfterStreams, "COUNT 1 GROUP streams a NOACK streams b >", Some("b")),
            (Keys::AfterStreams, "COUNT 1", Some("")),
            (Keys::AfterStreams, "NONSENSE STREAMS a 0", Some("")),
            (Keys::FirstAndStore, "k 1 2 3 m store d", Some("k d")),
            (Keys::Sort, "k LIMIT 0 1 STORE d", Some("k d")),
            (Keys::Sort, "k BY w_*", None),
            (Keys::Unknown, "k", None),
        ] {
            let arguments: Vec<_> = arguments.split_whitespace().map(|text| Bytes::from(text.to_owned())).collect();
            let found = keys.of(&arguments).map(|keys| {
                keys.iter().map(|key| String::from_utf8_lossy(key).into_owned()).collect::<Vec<_>>().join(" ")
            });
            assert_eq!(found.as_deref(), expected, "{keys:?} {arguments:?}");
        }
    }
}
