//! The trace that a request belongs to, as its `traceparent` says ([Trace Context](https://www.w3.org/TR/trace-context/),
//! section 3.2): the log's line names it, so that traces and lines are found by one another.

use http::HeaderMap;

const TRACEPARENT: &str = "traceparent";
/// The lengths of a version, a trace's id, a span's id and the flags, in hexadecimal digits.
const LENGTHS: [usize; 4] = [2, 32, 16, 2];

/// A trace and the span of the caller in it, in hexadecimal digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Trace<'a> {
    /// Of the whole trace.
    pub id: &'a str,
    /// Of what called.
    pub span: &'a str,
}

impl<'a> Trace<'a> {
    /// The trace of a request; none where the header is missing, given twice or not as it has to be.
    pub fn of(headers: &'a HeaderMap) -> Option<Self> {
        let mut given = headers.get_all(TRACEPARENT).iter();
        let (Some(text), None) = (given.next(), given.next()) else { return None };
        let mut rest = text.to_str().ok()?;
        let mut parts = [""; 4];
        for (number, (part, length)) in parts.iter_mut().zip(LENGTHS).enumerate() {
            if number > 0 {
                rest = rest.strip_prefix('-')?;
            }
            (*part, rest) = rest.split_at_checked(length)?;
            let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            if !part.bytes().all(is_digit) {
                return None;
            }
        }
        let [version, id, span, _] = parts;
        // A later version may have more after another hyphen.
        let has_end = rest.is_empty() || (version != "00" && rest.starts_with('-'));
        let is_nothing = |id: &str| id.bytes().all(|byte| byte == b'0');
        (version != "ff" && has_end && !is_nothing(id) && !is_nothing(span)).then_some(Self { id, span })
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    fn is_trace(given: &[&str]) -> bool {
        let headers = given.iter().map(|text| (http::HeaderName::from_static(TRACEPARENT), text.parse().unwrap()));
        let headers: HeaderMap<HeaderValue> = headers.collect();
        Trace::of(&headers) == Some(Trace { id: ID, span: SPAN })
    }

    #[test]
    fn what_is_as_it_has_to_be_is_taken_and_nothing_else() {
        let good = format!("00-{ID}-{SPAN}-01");
        for text in
            [&good, &format!("00-{ID}-{SPAN}-00"), &format!("cc-{ID}-{SPAN}-01"), &format!("cc-{ID}-{SPAN}-01-more")]
        {
            assert!(is_trace(&[text]), "{text}");
        }
        for text in [
            "",
            "00",
            &format!("00-{ID}-{SPAN}"),
            &format!("00-{ID}-{SPAN}-0"),
            &format!("00-{ID}-{SPAN}-01-more"),
            &format!("cc-{ID}-{SPAN}-01more"),
            &format!("ff-{ID}-{SPAN}-01"),
            &format!("00-{}-{SPAN}-01", ID.to_uppercase()),
            &format!("00-{}-{SPAN}-01", "0".repeat(32)),
            &format!("00-{ID}-{}-01", "0".repeat(16)),
            &format!("00_{ID}_{SPAN}_01"),
            &format!(" 00-{ID}-{SPAN}-01"),
            &format!("00-{ID}x-{SPAN}-01"),
        ] {
            assert!(!is_trace(&[text]), "{text}");
        }
        assert!(!is_trace(&[]) && !is_trace(&[&good, &good]));
    }
}
