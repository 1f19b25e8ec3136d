//! Tokens: their names, and what each may do.

use std::fmt;
use std::time::SystemTime;

use jiff::Timestamp;
use serde::Deserialize;
use serde_path_to_error::{Path, Segment};
use subtle::{Choice, ConstantTimeEq};

use super::policy::Rules;
use crate::digest::sha256;
use crate::redis::Access;

/// One token. Its text is not kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// What the log calls it.
    pub name: String,
    digest: Digest,
    /// What it may do.
    pub rights: Rights,
    /// When it ends.
    expires: Option<SystemTime>,
}

/// The SHA-256 of a token.
pub type Digest = [u8; 32];

/// What a token may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Whether it writes, too.
    pub access: Access,
    /// How every key and channel begins that it reaches; nothing: however they like.
    pub prefixes: Option<Vec<String>>,
    /// What it may send; nothing: all.
    pub commands: Option<Rules>,
}

impl Rights {
    /// All there are.
    pub const ALL: Self = Self { access: Access::Write, prefixes: None, commands: None };
    /// To read everything.
    pub const READ: Self = Self { access: Access::Read, prefixes: None, commands: None };

    /// Whether this key or channel is in reach.
    pub fn reach(&self, name: &[u8]) -> bool {
        let Some(prefixes) = &self.prefixes else { return true };
        prefixes.iter().any(|prefix| name.starts_with(prefix.as_bytes()))
    }
}

/// The name of the token that may do everything.
pub const FULL: &str = "full";
/// The name of the token that reads everything.
pub const READ_ONLY: &str = "read-only";
/// Who asks where no token is needed.
pub(super) const ANYONE: &str = "anyone";
/// Who asks for what needs none.
pub(super) const UNNEEDED: &str = "unneeded";

impl Token {
    /// A token that does not end.
    ///
    /// # Errors
    /// What is needed, where a header could not carry it.
    pub fn new(name: &str, text: &str, rights: Rights) -> Result<Self, String> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("visible ASCII characters without spaces, as a header can carry them".to_owned());
        }
        Ok(Self { name: name.to_owned(), digest: sha256(text.as_bytes()), rights, expires: None })
    }

    /// Reads the list of tokens, a JSON array.
    ///
    /// # Errors
    /// What is needed in place of what is there, without showing it.
    pub fn list(json: &str) -> Result<Vec<Self>, String> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let forms: Vec<Form> = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let (place, error) = (place(error.path()), error.into_inner());
            match error.classify() {
                serde_json::error::Category::Data => format!("{place} as docs/security.md says"),
                _ => format!("JSON (it breaks off in line {}, column {})", error.line(), error.column()),
            }
        })?;
        deserializer.end().map_err(|_| "JSON, and nothing behind it".to_owned())?;
        let token = |(index, form): (usize, Form)| form.token().map_err(|wrong| format!("in [{index}]: {wrong}"));
        forms.into_iter().enumerate().map(token).collect()
    }

    /// Whether it is the same as another in what may be in a list only once; what that is.
    pub fn clash(&self, other: &Self) -> Option<&'static str> {
        match () {
            () if self.name == other.name => Some("another name for each token"),
            () if self.digest == other.digest => Some("another text for each token"),
            () => None,
        }
    }

    /// Whether the text with this digest is this token, in a time that tells nothing of either.
    pub fn matches(&self, digest: &Digest) -> Choice {
        // By words: by bytes it takes eight times as long.
        let words = |digest: &Digest| {
            let mut words = [0; 4];
            for (word, bytes) in words.iter_mut().zip(digest.as_chunks().0) {
                *word = u64::from_ne_bytes(*bytes);
            }
            words
        };
        words(&self.digest).ct_eq(&words(digest))
    }

    /// Whether its time is over.
    pub fn has_expired(&self) -> bool {
        self.expires.is_some_and(|time| time <= SystemTime::now())
    }

    /// What tells it from every other, and does not tell its text.
    pub fn identity(&self) -> String {
        base16ct::lower::encode_string(&self.digest)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.name)
    }
}

/// A token as an operator writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    name: String,
    token: Option<String>,
    sha256: Option<String>,
    access: Allowed,
    prefixes: Option<Vec<String>>,
    commands: Option<Vec<String>>,
    expires: Option<String>,
}

/// The names of a [`Form`]'s fields.
const FIELDS: [&str; 7] = ["name", "token", "sha256", "access", "prefixes", "commands", "expires"];

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Allowed {
    Read,
    Write,
}

/// The longest name, in bytes.
const MAX_NAME: usize = 64;

impl Form {
    fn token(self) -> Result<Token, String> {
        let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let is_name = (1..=MAX_NAME).contains(&self.name.len()) && self.name.bytes().all(is_of_name);
        if !is_name || [FULL, READ_ONLY, ANYONE, UNNEEDED].contains(&&*self.name) {
            let others = [FULL, READ_ONLY, ANYONE, UNNEEDED].join(", ");
            return Err(format!("a `name` of 1 to {MAX_NAME} letters, digits, `-`, `_` and `.`, none of {others}"));
        }
        let some = |list: &Vec<String>| !list.is_empty() && list.iter().all(|item| !item.trim().is_empty());
        if !self.prefixes.as_ref().is_none_or(some) {
            return Err("`prefixes` that are not empty, at least one".to_owned());
        }
        let commands = self.commands.map(|commands| Rules::of(&commands.join(",")).filter(|_| some(&commands)));
        let rights = Rights {
            access: match self.access {
                Allowed::Read => Access::Read,
                Allowed::Write => Access::Write,
            },
            prefixes: self.prefixes,
            commands: match commands {
                Some(None) => return Err("`commands` that are names of commands or ACL categories of Redis".to_owned()),
                other => other.flatten(),
            },
        };
        let expires = self.expires.map(|time| time.parse::<Timestamp>()).transpose();
        let expires = expires.map_err(|_| "`expires` as RFC 3339 writes a time, such as 2027-01-01T00:00:00Z")?;
        let token = match (self.token, self.sha256) {
            (Some(text), None) => Token::new(&self.name, &text, rights)?,
            (None, Some(digits)) => {
                let digest = digest(&digits).ok_or("a `sha256` of 64 hexadecimal digits")?;
                Token { name: self.name, digest, rights, expires: None }
            }
            _ => return Err("either a `token` or its `sha256`".to_owned()),
        };
        Ok(Token { expires: expires.map(SystemTime::from), ..token })
    }
}

fn digest(digits: &str) -> Option<Digest> {
    let mut digest = Digest::default();
    let whole = base16ct::mixed::decode(digits, &mut digest).ok()?.len() == digest.len();
    whole.then_some(digest)
}

/// Where something is wrong, with the names of known fields alone: another may be a token.
fn place(path: &Path) -> String {
    let segment = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("[{index}]"),
        Segment::Map { key } if FIELDS.contains(&key.as_str()) => format!(".{key}"),
        _ => format!(" with the fields {}", FIELDS.join(", ")),
    };
    let place: String = path.iter().map(segment).collect();
    if place.is_empty() { "a JSON array of tokens,".to_owned() } else { place }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn wrong(json: &str) -> String {
        Token::list(json).unwrap_err()
    }

    #[test]
    fn a_token_is_given_as_text_or_as_its_sha256() {
        let tokens = Token::list(
            r#"[{"name": "a", "token": "abc", "access": "read"},
                {"name": "b", "access": "write", "prefixes": ["b:", "c:"], "commands": ["@read", "SET"],
                 "sha256": "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"}]"#,
        )
        .unwrap();
        let [a, b] = &tokens[..] else { panic!("{tokens:?}") };
        assert_eq!(a.digest, b.digest);
        assert_eq!(a.rights, Rights::READ);
        assert_eq!(b.rights.access, Access::Write);
        assert!(b.rights.reach(b"c:x") && !b.rights.reach(b"c") && a.rights.reach(b""));
        assert_eq!(b.rights.commands, Rules::of("@read, set"));
        assert_eq!(a.clash(b), Some("another text for each token"));
        assert!(!format!("{tokens:?}").contains("abc"));
    }

    #[test]
    fn a_token_ends_when_it_says_so() {
        let expires = |text: &str| {
            let json = format!(r#"[{{"name": "a", "token": "t", "access": "read", "expires": "{text}"}}]"#);
            Token::list(&json).unwrap().swap_remove(0).has_expired()
        };
        assert!(expires("2020-01-01T00:00:00Z"));
        let soon = Timestamp::try_from(SystemTime::now() + Duration::from_mins(1)).unwrap();
        assert!(!expires(&soon.to_string()));
    }

    #[test]
    fn what_is_wrong_is_said_and_not_shown() {
        for (json, told) in [
            ("[{", "line 1, column 2"),
            (r#"{"secret": 1}"#, "a JSON array of tokens"),
            (r#"["secret"]"#, "[0]"),
            (r#"[{"secret": "read"}]"#, "[0] with the fields name, token"),
            (r#"[{"name": "a", "token": ["secret"], "access": "read"}]"#, "[0].token"),
            (r#"[{"name": "a", "token": "secret", "access": "secret"}]"#, "[0].access"),
            (r#"[{"name": "a", "token": "secret"}]"#, "[0]"),
            (r#"[{"name": "a secret", "token": "secret", "access": "read"}]"#, "in [0]: a `name`"),
            (r#"[{"name": "full", "token": "secret", "access": "read"}]"#, "none of full"),
            (r#"[{"name": "a", "token": "secret secret", "access": "read"}]"#, "without spaces"),
            (r#"[{"name": "a", "sha256": "secret", "access": "read"}]"#, "64 hexadecimal digits"),
            (r#"[{"name": "a", "access": "read"}]"#, "either a `token`"),
            (r#"[{"name": "a", "token": "secret", "access": "read", "prefixes": []}]"#, "`prefixes`"),
            (r#"[{"name": "a", "token": "secret", "access": "read", "prefixes": [""]}]"#, "`prefixes`"),
            (r#"[{"name": "a", "token": "secret", "access": "read", "commands": ["@secret"]}]"#, "`commands`"),
            (r#"[{"name": "a", "token": "secret", "access": "read", "commands": []}]"#, "`commands`"),
            (r#"[{"name": "a", "token": "secret", "access": "read", "expires": "secret"}]"#, "RFC 3339"),
            ("[] secret", "nothing behind it"),
        ] {
            let wrong = wrong(json);
            assert!(wrong.contains(told) && !wrong.contains("secret"), "{json}: {wrong}");
        }
    }
}
