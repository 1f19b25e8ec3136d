//! What can go wrong between Redstart and Redis, read from the texts that hosts give.
//!
//! A host hands on the text that the redis crate 0.32 makes of an error: for an error reply either `CODE: message`, or,
//! for the codes that the crate knows, `An error was signalled by the server - Kind: message`.

use std::fmt;

use super::Reply;

/// An error reply of Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorReply {
    /// The first word, such as `WRONGTYPE` or `ERR`.
    pub code: String,
    /// The rest.
    pub message: String,
}

impl fmt::Display for ErrorReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message.as_str() {
            "" => f.write_str(&self.code),
            message => write!(f, "{} {message}", self.code),
        }
    }
}

/// Why a command has no reply other than an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisError {
    /// Redis answered with an error.
    Server(ErrorReply),
    /// The host does not let this application open this address, or cannot read it.
    AddressRefused(String),
    /// The host has no connection left to give.
    TooManyConnections,
    /// No connection could be opened, so nothing was sent. The text is the host's.
    Unreachable(String),
    /// Redis did not accept the user name, the password or the database when the connection was opened.
    LoginRefused(String),
    /// The connection broke after the command was handed to it: it may have run or not.
    Lost(String),
    /// No answer in the configured time.
    TimedOut {
        /// Whether the command was handed to a connection: then it may have run, or may still run.
        sent: bool,
    },
    /// The reply is larger than the host takes.
    ReplyTooLarge(String),
    /// The host has no memory for the reply just now.
    NoRoom(String),
    /// An answer that fits nothing known.
    Unexpected(String),
}

impl fmt::Display for RedisError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(reply) => write!(f, "Redis answered: {reply}"),
            Self::AddressRefused(address) => write!(f, "the host does not allow {address}"),
            Self::TooManyConnections => f.write_str("too many connections"),
            Self::LoginRefused(text) => write!(f, "signing in to Redis: {text}"),
            Self::TimedOut { sent: true } => f.write_str("no answer to the command"),
            Self::TimedOut { sent: false } => f.write_str("no connection was opened"),
            Self::Unreachable(text)
            | Self::Lost(text)
            | Self::ReplyTooLarge(text)
            | Self::NoRoom(text)
            | Self::Unexpected(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for RedisError {}

/// What a host says instead of a connection or a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostError {
    /// `invalid-address`
    InvalidAddress,
    /// `too-many-connections`
    TooManyConnections,
    /// `type-error`
    TypeError,
    /// `other`, with its text
    Other(String),
}

/// The words with which the redis crate introduces an error reply whose code it knows. It goes on with ` - `, or,
/// where the reply had no message, with `- `.
const SIGNALLED: &str = "An error was signalled by the server";

/// The redis crate's name of each error code that it knows, and the code
/// (`ServerErrorKind::code` of the crate's version 0.32).
const KNOWN: [(&str, &str); 13] = [
    ("ResponseError", "ERR"),
    ("ExecAbortError", "EXECABORT"),
    ("BusyLoadingError", "LOADING"),
    ("NoScriptError", "NOSCRIPT"),
    ("Moved", "MOVED"),
    ("Ask", "ASK"),
    ("TryAgain", "TRYAGAIN"),
    ("ClusterDown", "CLUSTERDOWN"),
    ("CrossSlot", "CROSSSLOT"),
    ("MasterDown", "MASTERDOWN"),
    ("ReadOnly", "READONLY"),
    ("NotBusy", "NOTBUSY"),
    ("NoSub", "NOSUB"),
];

impl ErrorReply {
    /// An error without a code of its own.
    pub fn err(message: impl Into<String>) -> Self {
        Self { code: "ERR".to_owned(), message: message.into() }
    }

    /// The error of a line in the protocol, without its `-`.
    pub fn of_line(line: &str) -> Self {
        let (code, message) = line.split_once(' ').unwrap_or((line, ""));
        Self { code: code.to_owned(), message: message.to_owned() }
    }

    /// The error reply that a host's text stands for, if it stands for one.
    fn from_host_text(text: &str) -> Option<Self> {
        let (code, message) = if let Some(known) = text.strip_prefix(SIGNALLED) {
            let known = known.trim_start().strip_prefix("- ")?;
            let (kind, message) = known.split_once(": ").unwrap_or((known, ""));
            (KNOWN.iter().find(|(name, _)| *name == kind)?.1, message)
        } else {
            let (code, message) = text.split_once(": ")?;
            let is_code = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            let has_code = !code.is_empty() && code.chars().all(is_code);
            if !has_code && !is_raised(message) {
                return None;
            }
            (code, message)
        };
        Some(Self { code: code.to_owned(), message: message.to_owned() })
    }
}

/// Whether these are the words with which Redis tells where a script raised an error, in which the code may be any word.
fn is_raised(message: &str) -> bool {
    let place = message.rsplit_once("script: ").and_then(|(_, place)| place.split_once(", on @"));
    place.is_some_and(|(_, place)| place.starts_with("user_script:") || place.starts_with("user_function:"))
}

/// What a host says whose own time limit is over.
const TIMED_OUT: &str = "timed out";

impl RedisError {
    /// A reply that the command cannot have.
    pub fn unexpected(reply: &Reply) -> Self {
        let kind = match reply {
            Reply::Status(_) => "a status",
            Reply::Bulk(_) => "a string",
            Reply::Integer(_) => "an integer",
            Reply::Nil => "nothing",
            Reply::Array(_) => "an array",
            Reply::Error(_) => "an error",
        };
        Self::Unexpected(format!("{kind} is no reply to this command"))
    }

    /// What a failed opening of `address` means.
    pub fn from_open(error: HostError, address: &str) -> Self {
        match error {
            HostError::InvalidAddress => Self::AddressRefused(address.to_owned()),
            HostError::TooManyConnections => Self::TooManyConnections,
            HostError::TypeError => Self::Unexpected("type error".to_owned()),
            HostError::Other(text) if text == TIMED_OUT => Self::TimedOut { sent: false },
            HostError::Other(text)
                if text.contains("AuthenticationFailed") || text.contains("refused to switch database") =>
            {
                Self::LoginRefused(text)
            }
            HostError::Other(text) => match ErrorReply::from_host_text(&text) {
                Some(reply) => Self::Server(reply),
                None => Self::Unreachable(text),
            },
        }
    }

    /// What a failed command means. A text that nothing explains counts as a broken connection, the one reading under
    /// which nobody is told that a write did not happen when it did.
    pub fn from_execute(error: HostError) -> Self {
        match error {
            // Not what a command can come to, by the interface.
            HostError::InvalidAddress => Self::Unexpected("invalid address".to_owned()),
            HostError::TooManyConnections => Self::TooManyConnections,
            HostError::TypeError => Self::Unexpected("type error".to_owned()),
            HostError::Other(text) => {
                if let Some(reply) = ErrorReply::from_host_text(&text) {
                    Self::Server(reply)
                } else if text == TIMED_OUT {
                    Self::TimedOut { sent: true }
                } else if text.starts_with("query result exceeds limit") {
                    Self::ReplyTooLarge(text)
                } else if text.starts_with("no memory for a reply") {
                    Self::NoRoom(text)
                } else if text.contains("type is not supported") || text.contains("TypeError") {
                    Self::Unexpected(text)
                } else {
                    Self::Lost(text)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(text: &str) -> HostError {
        HostError::Other(text.to_owned())
    }

    fn server(code: &str, message: &str) -> RedisError {
        RedisError::Server(ErrorReply { code: code.to_owned(), message: message.to_owned() })
    }

    #[test]
    fn error_replies_are_read_from_the_hosts_texts() {
        let read = |text| RedisError::from_execute(other(text));
        assert_eq!(read("WRONGTYPE: Operation against a key"), server("WRONGTYPE", "Operation against a key"));
        assert_eq!(read("OOM: command: not allowed"), server("OOM", "command: not allowed"));
        assert_eq!(
            read("An error was signalled by the server - ResponseError: unknown command 'X', with args"),
            server("ERR", "unknown command 'X', with args")
        );
        assert_eq!(
            read("An error was signalled by the server - NoScriptError: No matching script."),
            server("NOSCRIPT", "No matching script.")
        );
        assert_eq!(read("An error was signalled by the server- BusyLoadingError"), server("LOADING", ""));
        assert_eq!(
            read("An error was signalled by the server - ReadOnly: You can't write against a read only replica."),
            server("READONLY", "You can't write against a read only replica.")
        );
        let raised = "bad thing script: f, on @user_function:3.";
        assert_eq!(read(&format!("my: {raised}")), server("my", raised));
    }

    #[test]
    fn where_the_hosts_own_time_is_over_the_command_was_sent_and_the_opening_was_not() {
        assert_eq!(RedisError::from_execute(other("timed out")), RedisError::TimedOut { sent: true });
        assert_eq!(RedisError::from_open(other("timed out"), "redis://h:1"), RedisError::TimedOut { sent: false });
    }

    #[test]
    fn broken_connections_and_unknown_texts_are_lost() {
        for text in ["broken pipe", "Connection reset by peer (os error 104)", "something new", ""] {
            assert_eq!(RedisError::from_execute(other(text)), RedisError::Lost(text.to_owned()));
        }
    }

    #[test]
    fn a_reply_too_large_is_told_from_a_broken_connection() {
        let text = "query result exceeds limit of 134217728 bytes";
        assert_eq!(RedisError::from_execute(other(text)), RedisError::ReplyTooLarge(text.to_owned()));
        let text = "no memory for a reply of 100000000 bytes just now";
        assert_eq!(RedisError::from_execute(other(text)), RedisError::NoRoom(text.to_owned()));
    }

    #[test]
    fn opening_tells_a_refused_address_a_refused_login_and_an_absent_server_apart() {
        let read = |error| RedisError::from_open(error, "redis://h:1");
        assert_eq!(read(HostError::InvalidAddress), RedisError::AddressRefused("redis://h:1".to_owned()));
        for text in [
            "Password authentication failed- AuthenticationFailed",
            "Redis server refused to switch database - ResponseError: DB index is out of range",
        ] {
            assert_eq!(read(other(text)), RedisError::LoginRefused(text.to_owned()));
        }
        let text = "Connection refused (os error 111)";
        assert_eq!(read(other(text)), RedisError::Unreachable(text.to_owned()));
    }
}
