//! The forms in which commands come: a path, a JSON array, an array of arrays.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use serde_json::value::RawValue;

use crate::redis::commands::{self, Row};
use crate::redis::{Access, ErrorReply};

/// A command as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its name, as it was written.
    pub name: Bytes,
    /// Its arguments.
    pub arguments: Vec<Bytes>,
    /// Its row in the table, if it has one.
    pub row: Option<&'static Row>,
}

impl Request {
    /// The command of its words, the name first.
    ///
    /// # Errors
    /// There is none, or none that could have such a name.
    pub fn of(words: impl IntoIterator<Item = Bytes>) -> Result<Self, ErrorReply> {
        let mut words = words.into_iter();
        let name = words.next().filter(|name| !name.is_empty()).ok_or_else(|| ErrorReply::err("empty command"))?;
        let arguments: Vec<_> = words.collect();
        let subcommand = arguments.first().map(|argument| &argument[..]);
        let row = commands::find(&name, subcommand);
        if !commands::is_name(&name) {
            return Err(unknown_command(&name, &arguments));
        }
        if let Some(subcommand) = subcommand.filter(|subcommand| !commands::is_name(subcommand))
            && let Some(row) = row.filter(|row| row.has_subcommands())
        {
            let text = format!("unknown subcommand '{}'. Try {} HELP.", repeated(subcommand, MAX_REPEATED), row.name);
            return Err(ErrorReply::err(text));
        }
        Ok(Self { name, arguments, row })
    }

    /// A command as a JSON array.
    ///
    /// # Errors
    /// It is no array, or an argument can be none.
    pub fn of_json(json: &[u8]) -> Result<Self, ErrorReply> {
        Self::of_raw(&array(json)?)
    }

    /// Commands as an array of arrays.
    ///
    /// # Errors
    /// It is none, or an argument can be none.
    pub fn many_of_json(json: &[u8]) -> Result<Vec<Self>, ErrorReply> {
        array(json)?.into_iter().map(|command| Self::of_raw(&array(command.get().as_bytes())?)).collect()
    }

    /// Whether a script that reads may run it. `PFCOUNT` keeps what it counted, which no such script may.
    pub fn fits_reading_script(&self) -> bool {
        self.row.is_some_and(|row| row.access == Access::Read && row.name != "PFCOUNT")
    }

    /// Its name in capitals, with that of its subcommand where the table knows it.
    pub fn full_name(&self) -> Cow<'static, str> {
        let upper = || String::from_utf8_lossy(&self.name).to_ascii_uppercase();
        self.row.map_or_else(|| upper().into(), |row| row.name.into())
    }

    /// The same as Redis writes it in errors.
    pub fn shown_name(&self) -> String {
        self.full_name().to_ascii_lowercase()
    }

    fn of_raw(values: &[&RawValue]) -> Result<Self, ErrorReply> {
        let words = values.iter().enumerate().map(|(position, value)| word(position, value.get()));
        Self::of(words.collect::<Result<Vec<_>, _>>()?)
    }
}

/// The most bytes of what was sent that Redis repeats in an error.
const MAX_REPEATED: usize = 128;

/// The error of Redis itself, which is not asked: it looks no further than a zero byte, and might find a command.
fn unknown_command(name: &[u8], arguments: &[Bytes]) -> ErrorReply {
    let mut args = String::new();
    for argument in arguments {
        if args.len() < MAX_REPEATED {
            args.extend(["'", &repeated(argument, MAX_REPEATED - args.len()), "' "]);
        }
    }
    let name = repeated(name, MAX_REPEATED);
    ErrorReply::err(format!("unknown command '{name}', with args beginning with: {args}"))
}

/// What was sent as Redis repeats it on one line: up to the first zero byte, and no longer than this.
fn repeated(word: &[u8], most: usize) -> String {
    let word = word.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(&word[..word.len().min(most)]).replace(['\r', '\n'], " ")
}

fn array(json: &[u8]) -> Result<Vec<&RawValue>, ErrorReply> {
    serde_json::from_slice(json).map_err(|error| {
        if json.trim_ascii().is_empty() {
            return ErrorReply::err("the body is empty: a JSON array of the command and its arguments is expected");
        }
        let reason = if error.is_data() { "it is none".to_owned() } else { error.to_string() };
        ErrorReply::err(format!("expected a JSON array: {reason}"))
    })
}

/// An argument: a string's bytes, a number or a boolean as it is written.
fn word(position: usize, json: &str) -> Result<Bytes, ErrorReply> {
    match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<AnyString>(json)
            .map(|AnyString(bytes)| bytes.into())
            .map_err(|error| ErrorReply::err(format!("argument {position} is not a string: {error}"))),
        Some(b'n') => Err(ErrorReply::err(format!("null args are not supported: argument {position} is null"))),
        Some(b'[' | b'{') => {
            Err(ErrorReply::err(format!("unsupported arg type: argument {position} is an array or an object")))
        }
        _ => Ok(Bytes::copy_from_slice(json.as_bytes())),
    }
}

/// A JSON string, in which half of a surrogate pair may stand alone, as JavaScript's strings may hold it.
struct AnyString(Vec<u8>);

impl<'de> Deserialize<'de> for AnyString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyStringVisitor;

        impl Visitor<'_> for AnyStringVisitor {
            type Value = AnyString;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<AnyString, E> {
                Ok(AnyString(bytes.to_vec()))
            }
        }

        deserializer.deserialize_bytes(AnyStringVisitor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(json: &str) -> Result<Vec<Bytes>, String> {
        let request = Request::of_json(json.as_bytes()).map_err(|error| error.to_string())?;
        Ok([vec![request.name], request.arguments].concat())
    }

    #[test]
    fn arguments_are_taken_as_they_are_written() {
        let expected = ["SET", "k", "1.0", "-12345678901234567890123", "1e+21", "true", ""];
        let json = r#" ["SET", "k", 1.0, -12345678901234567890123, 1e+21, true, ""] "#;
        assert_eq!(words(json).unwrap(), expected.map(Bytes::from));
        assert_eq!(words(r#"["GET", "\u00e9\ud83d\ude00"]"#).unwrap()[1], "é😀");
        assert_eq!(words(r#"["GET", "\ud83d"]"#).unwrap()[1], b"\xed\xa0\xbd"[..]);
    }

    #[test]
    fn what_can_be_no_command_says_where_and_why() {
        for (json, text) in [
            ("", "ERR the body is empty"),
            ("[]", "ERR empty command"),
            ("[\"\"]", "ERR empty command"),
            (r#"["GET\u0000", "k"]"#, "ERR unknown command"),
            (r#"["é", "k"]"#, "ERR unknown command"),
            (r#"["XGROUP", "CREATE\u0000", "k"]"#, "ERR unknown subcommand 'CREATE'. Try XGROUP HELP."),
            ("{}", "ERR expected a JSON array"),
            ("nonsense", "ERR expected a JSON array"),
            ("[\"GET\", null]", "ERR null args are not supported: argument 1"),
            ("[\"GET\", [\"k\"]]", "ERR unsupported arg type: argument 1"),
            ("[\"GET\", {}]", "ERR unsupported arg type: argument 1"),
        ] {
            let error = words(json).unwrap_err();
            assert!(error.starts_with(text), "{json}: {error}");
        }
        assert!(Request::many_of_json(b"[[\"GET\",\"k\"],\"GET\"]").is_err());
        assert_eq!(Request::many_of_json(b"[]"), Ok(vec![]));
    }

    proptest! {
        #[test]
        fn strings_survive(strings in proptest::collection::vec(".+", 1..5)) {
            let json = serde_json::to_string(&[vec!["ECHO".to_owned()], strings.clone()].concat()).unwrap();
            prop_assert_eq!(&words(&json).unwrap()[1..], strings);
        }
    }
}
