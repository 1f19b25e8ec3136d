//! Replies as the clients read them: JSON, with its strings in base64 or not, or the protocol of Redis itself.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::redis::{ErrorReply, Reply};

/// What a client wants replies to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// JSON; what is not UTF-8 becomes U+FFFD.
    Json,
    /// JSON with every string in base64.
    Base64,
    /// The protocol's second version.
    Resp2,
}

/// What came of a command: a reply, or an error in Redis's words.
pub type Answer = Result<Reply, ErrorReply>;

/// An answer in JSON: `{"result": …}` or `{"error": …}`.
pub struct InJson<'a>(pub &'a Answer, pub Encoding);

impl Serialize for InJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(answer, encoding) = self;
        let mut map = serializer.serialize_map(Some(1))?;
        match answer {
            // The one status that clients take as it is.
            Ok(Reply::Status(text)) if text == "OK" => map.serialize_entry("result", text)?,
            Ok(reply) => map.serialize_entry("result", &Nested(reply, *encoding))?,
            Err(error) => map.serialize_entry("error", &error.to_string())?,
        }
        map.end()
    }
}

/// Puts an error in place of each answer with which the body would become longer than `most` bytes. Returns how long it may
/// become, at most.
pub fn limit(answers: &mut [Answer], encoding: Encoding, most: usize) -> usize {
    let mut total = 0;
    for answer in answers {
        let bytes = answer.as_ref().map_or(0, |reply| bytes(reply, encoding));
        if total + bytes > most {
            let message =
                "the reply is larger than `[limits] reply_bytes` allows, though the command ran: ask for less";
            *answer = Err(ErrorReply::err(message));
        } else {
            total += bytes;
        }
        total += FRAME;
    }
    total
}

/// At most what stands around a reply, and as much as most errors take.
const FRAME: usize = 32;

/// At most how many bytes a reply takes.
fn bytes(reply: &Reply, encoding: Encoding) -> usize {
    let text = |text: &[u8]| match encoding {
        Encoding::Json => in_json(text),
        Encoding::Base64 => text.len().div_ceil(3) * 4,
        Encoding::Resp2 => text.len(),
    };
    FRAME
        + match reply {
            Reply::Nil | Reply::Integer(_) => 0,
            Reply::Bulk(bytes) => text(bytes),
            Reply::Status(status) => text(status.as_bytes()),
            Reply::Error(error) => text(error.to_string().as_bytes()),
            Reply::Array(replies) => replies.iter().map(|reply| bytes(reply, encoding)).sum(),
        }
}

/// At most how many bytes a text takes in JSON, where control characters and bytes that are not UTF-8 take more.
fn in_json(text: &[u8]) -> usize {
    let escaped = |byte: &&u8| byte.is_ascii_control() || b"\"\\".contains(*byte);
    let per_byte = if std::str::from_utf8(text).is_ok() { 1 } else { 3 };
    text.len() * per_byte + text.iter().filter(escaped).count() * 5
}

struct Nested<'a>(&'a Reply, Encoding);

impl Serialize for Nested<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(reply, encoding) = self;
        let string = |bytes| match encoding {
            Encoding::Base64 => Cow::Owned(STANDARD.encode(bytes)),
            Encoding::Json | Encoding::Resp2 => String::from_utf8_lossy(bytes),
        };
        match reply {
            Reply::Nil => serializer.serialize_none(),
            Reply::Integer(number) => serializer.serialize_i64(*number),
            Reply::Bulk(bytes) => serializer.serialize_str(&string(bytes)),
            Reply::Status(text) => serializer.serialize_str(&string(text.as_bytes())),
            Reply::Error(error) => serializer.serialize_str(&string(error.to_string().as_bytes())),
            Reply::Array(replies) => {
                let mut list = serializer.serialize_seq(Some(replies.len()))?;
                for reply in replies {
                    list.serialize_element(&Nested(reply, *encoding))?;
                }
                list.end()
            }
        }
    }
}

/// Writes an answer as Redis itself would.
pub fn resp2(answer: &Answer, out: &mut Vec<u8>) {
    match answer {
        Ok(reply) => resp2_reply(reply, out),
        Err(error) => line('-', error, out),
    }
}

fn resp2_reply(reply: &Reply, out: &mut Vec<u8>) {
    match reply {
        Reply::Status(text) => line('+', text, out),
        Reply::Error(error) => line('-', error, out),
        Reply::Integer(number) => line(':', number, out),
        Reply::Nil => line('$', -1, out),
        Reply::Bulk(bytes) => {
            line('$', bytes.len(), out);
            out.extend_from_slice(bytes);
            out.extend_from_slice(b"\r\n");
        }
        Reply::Array(replies) => {
            line('*', replies.len(), out);
            for reply in replies {
                resp2_reply(reply, out);
            }
        }
    }
}

fn line(mark: char, text: impl std::fmt::Display, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{mark}{text}\r\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested() -> Reply {
        Reply::Array(vec![
            Reply::Bulk("é".into()),
            Reply::Bulk(b"\xff".as_slice().into()),
            Reply::Integer(i64::MAX),
            Reply::Nil,
            Reply::Status("OK".to_owned()),
            Reply::Array(vec![Reply::Error(ErrorReply::err("no"))]),
        ])
    }

    fn json(answer: &Answer, encoding: Encoding) -> String {
        serde_json::to_string(&InJson(answer, encoding)).unwrap()
    }

    #[test]
    fn json_holds_every_kind_of_reply() {
        let expected = r#"{"result":["é","�",9223372036854775807,null,"OK",["ERR no"]]}"#;
        assert_eq!(json(&Ok(nested()), Encoding::Json), expected);
        let expected = r#"{"result":["w6k=","/w==",9223372036854775807,null,"T0s=",["RVJSIG5v"]]}"#;
        assert_eq!(json(&Ok(nested()), Encoding::Base64), expected);
    }

    #[test]
    fn only_the_status_ok_is_never_in_base64() {
        let of = |reply| json(&Ok(reply), Encoding::Base64);
        assert_eq!(of(Reply::Status("OK".to_owned())), r#"{"result":"OK"}"#);
        assert_eq!(of(Reply::Bulk("OK".into())), r#"{"result":"T0s="}"#);
        assert_eq!(of(Reply::Status("PONG".to_owned())), r#"{"result":"UE9ORw=="}"#);
    }

    #[test]
    fn no_answer_is_longer_than_was_reckoned_and_what_is_too_long_becomes_an_error() {
        let text = Reply::Bulk(b"\0\x1f\"\\\n\x7f\xff\xf0\x90a\xc3\xa9".as_slice().into());
        for encoding in [Encoding::Json, Encoding::Base64] {
            for reply in [text.clone(), nested(), Reply::Array(vec![Reply::Integer(i64::MIN); 9])] {
                let mut answers = [Ok(reply)];
                let reckoned = limit(&mut answers, encoding, 1000);
                assert!(json(&answers[0], encoding).len() <= reckoned, "{answers:?}");
            }
        }
        let mut answers = [Ok(Reply::Integer(1)), Ok(Reply::Bulk(vec![b'x'; 1000].into())), Ok(Reply::Integer(2))];
        limit(&mut answers, Encoding::Json, 1000);
        assert_eq!(answers.each_ref().map(Result::is_ok), [true, false, true]);
    }

    #[test]
    fn resp2_is_what_redis_would_write() {
        let mut out = Vec::new();
        resp2(&Ok(nested()), &mut out);
        let expected = b"*6\r\n$2\r\n\xc3\xa9\r\n$1\r\n\xff\r\n:9223372036854775807\r\n$-1\r\n+OK\r\n*1\r\n-ERR no\r\n";
        assert_eq!(out, expected);
    }
}
