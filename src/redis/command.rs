//! A command about to be sent.

use std::borrow::Cow;

use bytes::Bytes;

use super::commands::Row;
use super::keys::Keys;
use super::reply::Shape;

/// What a command does to the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Changes nothing; may be repeated.
    Read,
    /// Changes something, or may; must not be repeated unasked.
    Write,
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
        Self {
            name: name.into(),
            shape: Shape::Scalar,
            access,
            keys: Keys::LookedAt,
            arguments: Vec::new(),
            is_own: false,
        }
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
    #[test]
    fn a_command_begins_with_its_subcommand() {
        let command = command!("OBJECT|ENCODING").arg("k");
        assert_eq!((command.name.as_ref(), command.arguments), ("OBJECT", vec!["ENCODING".into(), "k".into()]));
    }
}
