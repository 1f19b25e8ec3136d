//! Which commands of the command API a token may send: `[commands]` in `config.ini`.

use bytes::Bytes;

use super::{Denial, Grant};
use crate::redis::ErrorReply;
use crate::redis::commands::{CATEGORIES, Row, Way};
use crate::redis::keys::Keys;

/// What `[commands]` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commands {
    /// What nobody may send.
    pub deny: Rules,
    /// What may be sent although a category in `deny` holds it.
    pub allow: Rules,
}

/// Names of commands, and ACL categories of Redis.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    names: Vec<String>,
    categories: u32,
}

impl Rules {
    /// Reads a list such as `@admin, FLUSHALL, CONFIG|GET`.
    ///
    /// # Errors
    /// `None` where a category is not one of Redis's, or a name none that a command could have.
    pub fn of(text: &str) -> Option<Self> {
        let mut rules = Self::default();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let upper = item.to_ascii_uppercase();
            match upper.strip_prefix('@') {
                Some(name) => rules.categories |= CATEGORIES.iter().find(|(category, _)| *category == name)?.1,
                None if upper.bytes().all(|byte| byte.is_ascii_graphic()) => rules.names.push(upper),
                None => return None,
            }
        }
        Some(rules)
    }

    /// Whether a name is listed: that of the command, or, for all its subcommands, what stands before the `|`.
    fn names(&self, name: &str) -> bool {
        let command = name.split('|').next().unwrap_or(name);
        self.names.iter().any(|listed| listed == name || listed == command)
    }

    /// Whether a category is listed that the command is in.
    fn categorises(&self, row: Option<&Row>) -> bool {
        row.is_some_and(|row| row.categories & self.categories != 0)
    }

    /// Whether the command is in the list.
    fn hold(&self, name: &str, row: Option<&Row>) -> bool {
        self.names(name) || self.categorises(row)
    }
}

impl Commands {
    /// Whether nobody may send it. A name says more than a category.
    fn forbid(&self, name: &str, row: Option<&Row>) -> bool {
        self.deny.names(name) || (self.deny.categorises(row) && !self.allow.hold(name, row))
    }
}

impl Grant {
    /// Whether this command may be sent with these arguments; Redis's words where not. One that is not in the table may
    /// write, for all that is known.
    ///
    /// # Errors
    /// Why not.
    pub fn permit(&self, name: &str, row: Option<&Row>, arguments: &[Bytes]) -> Result<(), ErrorReply> {
        let no_permission = || {
            let message = format!("this user has no permissions to run the '{}' command", name.to_lowercase());
            ErrorReply { code: "NOPERM".to_owned(), message }
        };
        let rights = self.rights();
        if self.config.commands.forbid(name, row) || rights.commands.as_ref().is_some_and(|list| !list.hold(name, row))
        {
            return Err(no_permission());
        }
        // Redis itself lets a command that the table does not know write nothing, in the script that runs it.
        if row.is_some_and(|row| self.check_access(row.access).is_err()) || self.needs_no_token() {
            return Err(no_permission());
        }
        let told = row.and_then(|row| row.keys.of(arguments));
        let is_sort = row.is_some_and(|row| row.keys == Keys::Sort);
        if told.is_none() && is_sort && arguments.iter().any(|argument| self.may_hide(argument)) {
            return Err(no_permission());
        }
        // A script reaches more than it names.
        if self.is_confined() && row.is_none_or(|row| row.way == Way::Wrapped) {
            return Err(no_permission());
        }
        // Where the keys cannot be told, any argument may be one.
        let keys = told.unwrap_or_else(|| arguments.iter().filter(|argument| self.is_own(argument)).collect());
        let checked = self.check_keys(&keys);
        let reach = || row.map_or(Ok(()), |row| self.check_reach(row.keys, arguments));
        checked.and_then(|()| reach()).map_err(|denial| {
            let code = if matches!(denial, Denial::KeyTooLong(_)) { "ERR" } else { "NOPERM" };
            ErrorReply { code: code.to_owned(), message: denial.to_string() }
        })
    }

    /// Whether a pattern of `SORT`, in which an element takes the place of the `*`, may become a key of Redstart's own.
    fn may_hide(&self, pattern: &[u8]) -> bool {
        let star = pattern.iter().position(|byte| *byte == b'*');
        star.is_some_and(|star| self.config.server.key_prefix.as_bytes().starts_with(&pattern[..star]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::commands::find;

    fn forbids(deny: &str, allow: &str, name: &str, subcommand: Option<&str>) -> bool {
        let row = find(name.as_bytes(), subcommand.map(str::as_bytes));
        let commands = Commands { deny: Rules::of(deny).unwrap(), allow: Rules::of(allow).unwrap() };
        commands.forbid(row.map_or(name, |row| row.name), row)
    }

    fn holds(rules: &str, name: &str, subcommand: Option<&str>) -> bool {
        forbids(rules, "", name, subcommand)
    }

    #[test]
    fn what_a_category_denies_may_be_allowed_and_what_a_name_denies_not() {
        assert!(!forbids("@admin", "CONFIG|GET", "CONFIG", Some("get")));
        assert!(forbids("@admin", "CONFIG|GET", "CONFIG", Some("set")));
        assert!(!forbids("@write", "@string", "SET", None));
        assert!(forbids("FLUSHALL", "FLUSHALL, @write", "FLUSHALL", None));
    }

    #[test]
    fn a_subcommand_that_is_not_known_is_denied_as_the_known_ones_are() {
        assert!(holds("@admin", "SLOWLOG", Some("NEWER")));
        assert!(!holds("@admin", "XGROUP", Some("NEWER")));
    }

    #[test]
    fn rules_name_commands_subcommands_and_categories() {
        assert!(holds("flushall", "FLUSHALL", None));
        assert!(!holds("flush", "FLUSHALL", None));
        assert!(holds("config", "CONFIG", Some("get")));
        assert!(holds("config|get", "CONFIG", Some("GET")));
        assert!(!holds("config|get", "CONFIG", Some("SET")));
        assert!(holds("@admin", "CONFIG", Some("SET")));
        assert!(!holds("@admin", "GET", Some("k")));
        assert!(holds("json.get", "JSON.GET", None));
        assert!(!holds("@admin", "JSON.GET", None));
    }

    #[test]
    fn what_is_no_category_is_refused() {
        assert_eq!(Rules::of("@nothing"), None);
        assert_eq!(Rules::of("a b"), None);
        assert_eq!(Rules::of(" "), Some(Rules::default()));
    }
}
