//! Scores: doubles, of which JSON cannot write the infinite ones.

use std::fmt;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

/// A member's score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score(f64);

impl Score {
    /// What is added where the body does not say it.
    pub fn one() -> Self {
        Self(1.0)
    }

    /// Reads a number, or `inf`, `+inf`, `-inf`. `None` where it is none, or too large or too small for a double.
    pub fn read(text: &str) -> Option<Self> {
        match text {
            "inf" | "+inf" => return Some(Self(f64::INFINITY)),
            "-inf" => return Some(Self(f64::NEG_INFINITY)),
            _ => {}
        }
        let is_of_number = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
        let number: f64 = text.parse().ok().filter(|_| text.bytes().all(is_of_number))?;
        let digits = text.split(['e', 'E']).next().unwrap_or_default();
        let has_vanished = number == 0.0 && digits.contains(|digit| ('1'..='9').contains(&digit));
        (number.is_finite() && !has_vanished).then_some(Self(number))
    }

    /// The score that Redis gave, which is always a number; another one could not be shown.
    pub fn given(text: &Bytes) -> Self {
        std::str::from_utf8(text).ok().and_then(Self::read).unwrap_or(Self(f64::NAN))
    }
}

/// With the fewest digits that read back as the same double, as Redis takes it.
impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:?}", self.0);
        f.write_str(digits.strip_suffix(".0").unwrap_or(&digits))
    }
}

impl Serialize for Score {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            nan if nan.is_nan() => Err(S::Error::custom("a score that is not a number")),
            infinite if infinite.is_infinite() => serializer.collect_str(self),
            _ => RawValue::from_string(self.to_string()).map_err(S::Error::custom)?.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Score {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not as `f64`, which the library does not always read to the last digit.
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let score = match serde_json::from_str::<String>(raw) {
            Ok(text) => Self::read(&text).filter(|_| ["inf", "-inf"].contains(&text.as_str())),
            Err(_) => Self::read(raw),
        };
        score.ok_or_else(|| D::Error::custom("expected a number that fits into a double, \"inf\" or \"-inf\""))
    }
}

#[cfg(test)]
mod tests {
    use proptest::num::f64::ANY;
    use proptest::prelude::*;

    use super::*;

    fn bits(score: Option<Score>) -> Option<u64> {
        score.map(|score| score.0.to_bits())
    }

    fn json(score: f64) -> String {
        serde_json::to_string(&Score(score)).unwrap()
    }

    #[test]
    fn scores_are_shown_with_the_fewest_digits() {
        for (score, shown) in [
            (1e3, "1000"),
            (-2.50, "-2.5"),
            (0.1, "0.1"),
            (0.1 + 0.2, "0.30000000000000004"),
            (9_007_199_254_740_991.0, "9007199254740991"),
            (1e300, "1e300"),
            (5e-324, "5e-324"),
            (-0.0, "-0"),
            (f64::INFINITY, "\"inf\""),
            (f64::NEG_INFINITY, "\"-inf\""),
        ] {
            assert_eq!(json(score), shown);
        }
        assert!(serde_json::to_string(&Score::given(&Bytes::from("nan"))).is_err());
    }

    #[test]
    fn scores_are_numbers_or_infinite_by_name() {
        let read = |json| serde_json::from_str::<Score>(json).ok().map(|Score(number)| number);
        for (json, expected) in [
            ("1e3", 1000.0),
            ("-0.5", -0.5),
            ("1.7976931348623157e308", f64::MAX),
            ("0e999", 0.0),
            ("\"inf\"", f64::INFINITY),
            ("\"-\\u0069nf\"", f64::NEG_INFINITY),
        ] {
            assert_eq!(read(json), Some(expected), "{json}");
        }
        for json in ["\"1\"", "\"nan\"", "\"+inf\"", "\"\"", "null", "true", "[1]", "{}", "1e400", "-1e400", "1e-400"] {
            assert_eq!(read(json), None, "{json}");
        }
        for text in ["nan", "NaN", "infinity", "Inf", "", " 1", "1 ", "0x10", "e", "."] {
            assert_eq!(Score::read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_double_keeps_its_bits(number in ANY) {
            prop_assume!(!number.is_nan());
            let expected = Some(number.to_bits());
            prop_assert_eq!(bits(Score::read(&Score(number).to_string())), expected);
            prop_assert_eq!(bits(serde_json::from_str(&json(number)).ok()), expected);
            // As many digits as Redis 7.0 gives.
            prop_assert_eq!(bits(Score::read(&format!("{number:.16e}"))), expected);
        }

        #[test]
        fn any_text_is_read_or_refused(text: String) {
            prop_assert!(Score::read(&text).is_none_or(|score| !score.0.is_nan()));
        }
    }
}
