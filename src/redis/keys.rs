//! Which of a command's arguments name what it reaches: keys and channels.

use bytes::Bytes;

/// Which of a command's arguments are keys. Positions count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// None: it tells nothing of the data, and changes none.
    None,
    /// None that is not looked at already, by whoever makes the command.
    LookedAt,
    /// None: it is about all of a database, or about the server.
    Server,
    /// None, and its reply lists keys.
    InReply,
    /// The first.
    First,
    /// The one at this position.
    At(usize),
    /// The first two.
    FirstTwo,
    /// The first two, unless an option takes the second one to another database.
    Copy,
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
    /// None, and the first is a channel.
    Channel,
    /// None, and every one from this position on is a channel.
    ChannelsFrom(usize),
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
            Self::None | Self::LookedAt | Self::Server | Self::InReply | Self::Channel | Self::ChannelsFrom(_) => {
                vec![]
            }
            Self::First => first.into_iter().collect(),
            Self::At(position) => arguments.get(position).into_iter().collect(),
            Self::Copy if arguments.iter().skip(2).any(|option| option.eq_ignore_ascii_case(b"DB")) => return None,
            Self::FirstTwo | Self::Copy => arguments.iter().take(2).collect(),
            Self::From(position) => arguments.iter().skip(position).collect(),
            Self::AllButLast => arguments.iter().take(arguments.len().saturating_sub(1)).collect(),
            Self::Alternate => arguments.iter().step_by(2).collect(),
            Self::Counted(position) if arguments.len() <= position => vec![],
            Self::Counted(position) => counted(position)?.iter().collect(),
            Self::FirstAndCounted if arguments.len() < 2 => first.into_iter().collect(),
            Self::FirstAndCounted => first.into_iter().chain(counted(1)?).collect(),
            Self::AfterStreams => {
                let behind = after_streams(arguments)?;
                behind.iter().take(behind.len() / 2).collect()
            }
            Self::FirstAndStore => first.into_iter().chain(behind(&["STORE", "STOREDIST"])).collect(),
            Self::Sort if !behind(&["BY", "GET"]).is_empty() => return None,
            Self::Sort => first.into_iter().chain(behind(&["STORE"])).collect(),
            Self::Unknown => return None,
        })
    }

    /// The channels among `arguments`.
    pub fn channels(self, arguments: &[Bytes]) -> &[Bytes] {
        match self {
            Self::Channel => arguments.get(..1),
            Self::ChannelsFrom(position) => arguments.get(position..),
            _ => None,
        }
        .unwrap_or_default()
    }
}

/// What stands behind `STREAMS`, where nothing but the options of `XREAD` and `XREADGROUP` stands before it: a group or a
/// consumer may have that name, too. Options that are not known here may be of a newer Redis, and take any number of words.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_where_the_table_says() {
        for (keys, arguments, expected) in [
            (Keys::None, "a b", Some("")),
            (Keys::First, "k v", Some("k")),
            (Keys::First, "", Some("")),
            (Keys::At(1), "USAGE k", Some("k")),
            (Keys::FirstTwo, "a b c", Some("a b")),
            (Keys::Copy, "a DB REPLACE", Some("a DB")),
            (Keys::Copy, "a b REPLACE db 1", None),
            (Keys::Server, "a", Some("")),
            (Keys::Channel, "a", Some("")),
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
            (Keys::AfterStreams, "COUNT 1", None),
            (Keys::AfterStreams, "CLAIM 0 STREAMS a 0", None),
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
