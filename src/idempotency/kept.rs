//! An answer as it is kept in Redis.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

use crate::answer::{self, Response};
use crate::problem::{Kind, Problem};

/// What became of a request.
pub enum Kept {
    /// It was answered.
    Answer(Head, Bytes),
    /// It was answered, with more than is kept.
    TooLarge,
    /// It may have happened or not.
    Unknown,
}

/// The head of an answer.
#[derive(Serialize, Deserialize)]
pub struct Head {
    status: u16,
    /// Those that are text, as all of ours are.
    headers: Vec<(String, String)>,
}

const TOO_LARGE: &[u8] = b"too large";
const UNKNOWN: &[u8] = b"unknown";

impl Kept {
    /// An answer, of at most so many bytes.
    pub fn answer(response: &Response, most: usize) -> Self {
        let body = &response.body().body;
        if body.len() > most {
            return Self::TooLarge;
        }
        let text =
            |(name, value): (&HeaderName, &HeaderValue)| Some((name.to_string(), value.to_str().ok()?.to_owned()));
        let headers = response.headers().iter().filter_map(text).collect();
        Self::Answer(Head { status: response.status().as_u16(), headers }, body.clone())
    }

    /// Its form in Redis: the head as a line of JSON, then the body.
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::TooLarge => TOO_LARGE.into(),
            Self::Unknown => UNKNOWN.into(),
            Self::Answer(head, body) => {
                // Numbers and strings always serialise.
                let head = serde_json::to_vec(&head).unwrap_or_default();
                [&head, &b"\n"[..], &body].concat().into()
            }
        }
    }

    /// What stands in Redis.
    ///
    /// # Errors
    /// A problem where that is nothing of ours.
    pub fn of(bytes: &Bytes) -> Result<Self, Problem> {
        match &bytes[..] {
            TOO_LARGE => Ok(Self::TooLarge),
            UNKNOWN => Ok(Self::Unknown),
            _ => {
                let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
                let head = serde_json::from_slice(&bytes[..end]).map_err(unreadable)?;
                Ok(Self::Answer(head, bytes.slice((end + 1).min(bytes.len())..)))
            }
        }
    }

    /// The answer to who asks again.
    ///
    /// # Errors
    /// A problem that says why there is none.
    pub fn into_response(self) -> Result<Response, Problem> {
        match self {
            Self::TooLarge => {
                let detail = "the request was answered before, with more than is kept: look at what it did";
                Err(Problem::new(Kind::Conflict, detail))
            }
            Self::Unknown => {
                let detail = "the request may have happened before or not: look, and take a new key to try again";
                Err(Problem::new(Kind::Conflict, detail))
            }
            Self::Answer(head, body) => {
                let mut response = answer::new(StatusCode::from_u16(head.status).map_err(unreadable)?, body);
                for (name, value) in head.headers {
                    let name = HeaderName::try_from(name).map_err(unreadable)?;
                    response.headers_mut().append(name, HeaderValue::try_from(value).map_err(unreadable)?);
                }
                Ok(response)
            }
        }
    }
}

fn unreadable(cause: impl ToString) -> Problem {
    Problem::new(Kind::Internal, "the kept answer cannot be read").because(cause)
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;
    use crate::answer::With;

    #[test]
    fn an_answer_comes_back_as_it_was() {
        let place = [(header::LOCATION, HeaderValue::from_static("/v1/strings/k"))];
        let answer = |body: &'static str| answer::new(StatusCode::CREATED, body).with(place.clone());
        let kept = Kept::answer(&answer("a\nb"), 3).into_bytes();
        let Ok(Kept::Answer(head, body)) = Kept::of(&kept) else { panic!("{kept:?}") };
        assert_eq!((head.status, &body[..]), (201, &b"a\nb"[..]));
        let response = Kept::Answer(head, body).into_response().unwrap();
        assert_eq!(response.headers()["location"], "/v1/strings/k");
        assert!(matches!(Kept::answer(&answer("long"), 3), Kept::TooLarge));
        assert!(Kept::of(&Bytes::from("nonsense")).is_err());
    }
}
