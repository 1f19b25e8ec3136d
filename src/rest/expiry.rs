//! When a key ends: `ttl` in seconds, `expires_at` as a time, or `keep_ttl`.

use bytes::Bytes;
use jiff::Timestamp;

use crate::problem::{Kind, Problem};
use crate::redis::Reply;
use crate::uri::Query;

/// When a key that is written ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// Never.
    Never,
    /// When the value that it replaces would have.
    Keep,
    /// After so many milliseconds.
    After(i64),
    /// At so many milliseconds since 1970.
    At(i64),
}

/// What a body says of it.
#[derive(Debug, Default)]
pub struct Given {
    /// Seconds, decimals allowed.
    pub ttl: Option<f64>,
    /// RFC 3339.
    pub expires_at: Option<String>,
}

/// The longest `ttl`: a hundred thousand years, in milliseconds, which Redis adds to the clock without overflow.
const MAX_TTL_MS: f64 = 100_000.0 * 365.25 * 86_400_000.0;

impl Expiry {
    /// Reads what the body and the query say together; only one of them may say something.
    ///
    /// # Errors
    /// A problem that says what is wrong.
    pub fn of(body: Given, query: &mut Query) -> Result<Self, Problem> {
        let ttl = match query.take_text("ttl")? {
            Some(text) => Some(text.parse().map_err(|_| wrong_ttl())?),
            None => None,
        };
        let keep = query.take_flag("keep_ttl")?.then_some(Self::Keep);
        let at = [body.expires_at, query.take_text("expires_at")?];

        let mut said = [body.ttl, ttl].into_iter().flatten().map(after).collect::<Result<Vec<_>, _>>()?;
        said.extend(at.into_iter().flatten().map(|text| at_time(&text)).collect::<Result<Vec<_>, _>>()?);
        said.extend(keep);
        match said[..] {
            [] => Ok(Self::Never),
            [one] => Ok(one),
            _ => Err(Problem::new(Kind::Invalid, "only one of `ttl`, `expires_at` and `keep_ttl` may be given, once")),
        }
    }

    /// The command that says so of a key, with its argument, as `put_elements.lua` takes them.
    pub fn command(self) -> [Bytes; 2] {
        let command = |name: &'static str, number: i64| [Bytes::from(name), Bytes::from(number.to_string())];
        match self {
            Self::Never => [Bytes::new(), Bytes::new()],
            Self::Keep => [Bytes::from("KEEP"), Bytes::new()],
            Self::After(milliseconds) => command("PEXPIRE", milliseconds),
            Self::At(milliseconds) => command("PEXPIREAT", milliseconds),
        }
    }

    /// The arguments of `SET` that say so (<https://redis.io/commands/set/>).
    pub fn set_arguments(self) -> Vec<Bytes> {
        let pair = |name: &'static str, number: i64| vec![Bytes::from(name), Bytes::from(number.to_string())];
        match self {
            Self::Never => vec![],
            Self::Keep => vec![Bytes::from("KEEPTTL")],
            Self::After(milliseconds) => pair("PX", milliseconds),
            Self::At(milliseconds) => pair("PXAT", milliseconds),
        }
    }
}

/// What `PTTL` says, in seconds (<https://redis.io/commands/pttl/>).
#[expect(clippy::cast_precision_loss, reason = "exact for 285,000 years of milliseconds")]
pub fn seconds(pttl: Reply) -> Option<f64> {
    match pttl {
        Reply::Integer(milliseconds) if milliseconds >= 0 => Some(milliseconds as f64 / 1000.0),
        _ => None,
    }
}

fn wrong_ttl() -> Problem {
    Problem::new(Kind::Invalid, "`ttl` must be a number of seconds, at least 0.001 and at most 3155760000000")
}

/// After so many seconds, rounded to milliseconds.
///
/// # Errors
/// A problem where that is not from a millisecond to a hundred thousand years.
#[expect(clippy::cast_possible_truncation, reason = "the range was checked, and whole numbers are left")]
pub fn after(seconds: f64) -> Result<Expiry, Problem> {
    let milliseconds = (seconds * 1000.0).round();
    if seconds >= 0.001 && (1.0..=MAX_TTL_MS).contains(&milliseconds) {
        Ok(Expiry::After(milliseconds as i64))
    } else {
        Err(wrong_ttl())
    }
}

/// At a time that RFC 3339 writes.
///
/// # Errors
/// A problem where it is none, or not in the future.
pub fn at_time(text: &str) -> Result<Expiry, Problem> {
    // The library reads more forms than RFC 3339 has.
    let is_rfc_3339 = text.is_ascii()
        && text.get(4..5) == Some("-")
        && matches!(text.get(10..11), Some("T" | "t"))
        && !text.contains(['[', ' ']);
    let time: Timestamp = text.parse().ok().filter(|_| is_rfc_3339).ok_or_else(|| {
        let detail = "`expires_at` must be a time as RFC 3339 writes it, before 9999-12-30, such as 2030-01-31T12:00:00Z \
                      (in a query, `+` is written `%2B`)";
        Problem::new(Kind::Invalid, detail)
    })?;
    if time <= Timestamp::now() {
        return Err(Problem::new(Kind::Invalid, "`expires_at` must be in the future"));
    }
    Ok(Expiry::At(time.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ttl: Option<f64>, expires_at: Option<&str>, query: &str) -> Result<Expiry, Problem> {
        let mut query = Query::of(&format!("/?{query}").parse().unwrap()).unwrap();
        Expiry::of(Given { ttl, expires_at: expires_at.map(str::to_owned) }, &mut query)
    }

    #[test]
    fn body_and_query_say_the_same_things() {
        assert_eq!(of(None, None, ""), Ok(Expiry::Never));
        assert_eq!(of(Some(1.5), None, ""), Ok(Expiry::After(1500)));
        assert_eq!(of(None, None, "ttl=0.001"), Ok(Expiry::After(1)));
        assert_eq!(of(None, None, "ttl=0.0016"), Ok(Expiry::After(2)));
        assert_eq!(of(None, None, "keep_ttl=true"), Ok(Expiry::Keep));
        let at = Ok(Expiry::At(4_102_444_800_500));
        assert_eq!(of(None, Some("2100-01-01T00:00:00.5Z"), ""), at);
        assert_eq!(of(None, None, "expires_at=2100-01-01T01:00:00.5%2B01:00"), at);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for ttl in [0.0, -1.0, 0.0005, 1e300, f64::NAN, f64::INFINITY] {
            assert!(of(Some(ttl), None, "").is_err(), "{ttl}");
        }
        for query in [
            "ttl=x",
            "ttl=",
            "ttl=inf",
            "keep_ttl=yes",
            "expires_at=tomorrow",
            "expires_at=21000101T000000Z",
            "expires_at=2100-01-01T01:00:00+01:00",
            "expires_at=2100-01-01T01:00:00%2B01:00%5BEurope/Paris%5D",
            "expires_at=2001-01-01T00:00:00Z",
        ] {
            assert!(of(None, None, query).is_err(), "{query}");
        }
    }

    #[test]
    fn only_one_of_them_may_be_given() {
        assert!(of(Some(1.0), Some("2100-01-01T00:00:00Z"), "").is_err());
        assert!(of(Some(1.0), None, "ttl=1").is_err());
        assert!(of(Some(1.0), None, "keep_ttl=true").is_err());
        assert_eq!(of(Some(1.0), None, "keep_ttl=false"), Ok(Expiry::After(1000)));
    }
}
