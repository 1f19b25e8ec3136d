//! A client that speaks the protocol itself: what Redis answers, byte for byte, with no library between.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use base64::{Engine, engine::general_purpose::STANDARD};
use redstart::redis::{ErrorReply, Reply};
use serde_json::{Value, json};

use crate::{PASSWORD, PATIENCE};

/// A command: its name, then its arguments.
pub type Words = Vec<Vec<u8>>;

/// A connection to Redis.
pub struct Plain(BufReader<TcpStream>);

impl Plain {
    /// Connects to the Redis at this port and signs in.
    ///
    /// # Panics
    /// When it cannot.
    pub fn new(port: u16) -> Self {
        let connection = TcpStream::connect(("127.0.0.1", port)).expect("Redis is up");
        connection.set_nodelay(true).expect("no delay");
        connection.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        let mut plain = Self(BufReader::new(connection));
        assert_eq!(plain.ask(&words(&["AUTH", PASSWORD])), Reply::Status("OK".to_owned()));
        plain
    }

    /// Sends a command and reads its reply.
    ///
    /// # Panics
    /// When there is none.
    pub fn ask(&mut self, words: &[Vec<u8>]) -> Reply {
        self.ask_all(std::slice::from_ref(&words.to_vec())).swap_remove(0)
    }

    /// Sends commands at once and reads their replies.
    ///
    /// # Panics
    /// When there are not as many.
    pub fn ask_all(&mut self, commands: &[Words]) -> Vec<Reply> {
        let mut sent = Vec::new();
        for words in commands {
            sent.extend(format!("*{}\r\n", words.len()).bytes());
            for word in words {
                sent.extend(format!("${}\r\n", word.len()).bytes());
                sent.extend(word);
                sent.extend(b"\r\n");
            }
        }
        self.0.get_mut().write_all(&sent).expect("Redis reads");
        commands.iter().map(|words| self.reply().unwrap_or_else(|error| panic!("{}: {error}", shown(words)))).collect()
    }

    fn reply(&mut self) -> std::io::Result<Reply> {
        let mut line = Vec::new();
        self.0.read_until(b'\n', &mut line)?;
        let text = String::from_utf8_lossy(line.strip_suffix(b"\r\n").unwrap_or_default()).into_owned();
        let Some((kind, rest)) = text.split_at_checked(1) else { return Err(std::io::ErrorKind::UnexpectedEof.into()) };
        let number = rest.parse();
        Ok(match (kind, number) {
            ("+", _) => Reply::Status(rest.to_owned()),
            ("-", _) => Reply::Error(ErrorReply::of_line(rest)),
            (":", Ok(number)) => Reply::Integer(number),
            ("$" | "*", Ok(-1)) => Reply::Nil,
            ("$", Ok(length)) => {
                let mut bytes = vec![0; usize::try_from(length).unwrap_or_default() + 2];
                self.0.read_exact(&mut bytes)?;
                bytes.truncate(bytes.len() - 2);
                Reply::Bulk(bytes.into())
            }
            ("*", Ok(length)) => Reply::Array((0..length).map(|_| self.reply()).collect::<Result<_, _>>()?),
            _ => panic!("no reply of the protocol: {text}"),
        })
    }
}

/// The words of a command that is text.
pub fn words(text: &[&str]) -> Words {
    text.iter().map(|word| word.as_bytes().to_vec()).collect()
}

/// A command as it is shown where a test fails.
pub fn shown(words: &[Vec<u8>]) -> String {
    let mut text = words.iter().map(|word| word.escape_ascii().to_string()).collect::<Vec<_>>().join(" ");
    text.truncate(300);
    text
}

/// The answer that the command API's contract makes of a reply, with strings in base64.
pub fn answer(reply: &Reply) -> Value {
    match reply {
        Reply::Error(error) => json!({"error": error.to_string()}),
        Reply::Status(text) if text == "OK" => json!({"result": "OK"}),
        reply => json!({"result": in_base64(reply)}),
    }
}

fn in_base64(reply: &Reply) -> Value {
    match reply {
        Reply::Nil => Value::Null,
        Reply::Integer(number) => (*number).into(),
        Reply::Bulk(bytes) => STANDARD.encode(bytes).into(),
        Reply::Status(text) => STANDARD.encode(text).into(),
        Reply::Error(error) => STANDARD.encode(error.to_string()).into(),
        Reply::Array(replies) => replies.iter().map(in_base64).collect(),
    }
}
