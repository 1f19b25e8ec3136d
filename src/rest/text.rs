//! Bytes in JSON: a string where they are UTF-8, else `{"base64": "…"}`, in both directions.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

/// A key, a member, a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(pub Bytes);

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Ok(text) = std::str::from_utf8(&self.0) {
            return serializer.serialize_str(text);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("base64", &STANDARD.encode(&self.0))?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, or {\"base64\": \"…\"} for bytes that are not UTF-8")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text(Bytes::copy_from_slice(text.as_bytes())))
    }

    fn visit_string<E>(self, text: String) -> Result<Text, E> {
        Ok(Text(text.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
        let not_this = || de::Error::custom("an object here has one field, `base64`");
        if map.next_key::<String>()?.as_deref() != Some("base64") {
            return Err(not_this());
        }
        let encoded: std::borrow::Cow<'de, str> = map.next_value()?;
        if map.next_key::<String>()?.is_some() {
            return Err(not_this());
        }
        let bytes = STANDARD.decode(encoded.as_bytes());
        bytes.map(|bytes| Text(bytes.into())).map_err(|error| de::Error::custom(format!("`base64`: {error}")))
    }
}

/// A value in a body: a [`Text`], or a number, of which every digit is kept.
#[derive(Debug, PartialEq, Eq)]
pub struct Value(pub Bytes);

/// The same in a field of a body: utoipa takes the name `Value` for that of `serde_json`, which is anything.
pub type NewValue = Value;

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        if raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return Ok(Self(Bytes::copy_from_slice(raw.as_bytes())));
        }
        if !raw.starts_with(['"', '{']) {
            return Err(de::Error::custom("expected a string, a number, or {\"base64\": \"…\"}"));
        }
        serde_json::from_str(raw).map(|Text(bytes)| Self(bytes)).map_err(|error| {
            let text = error.to_string();
            de::Error::custom(text.split_once(" at line ").map_or(text.as_str(), |(reason, _)| reason))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(json: &str) -> Option<Bytes> {
        serde_json::from_str(json).ok().map(|Value(bytes)| bytes)
    }

    #[test]
    fn utf8_is_a_string_and_other_bytes_are_base64() {
        let json = |bytes: &'static [u8]| serde_json::to_string(&Text(Bytes::from_static(bytes))).unwrap();
        assert_eq!(json("a\"ü\0".as_bytes()), "\"a\\\"ü\\u0000\"");
        assert_eq!(json(b"\xff\x00"), "{\"base64\":\"/wA=\"}");
    }

    #[test]
    fn a_number_keeps_every_digit() {
        for number in ["0", "-1", "12345678901234567890123", "1.50", "1e400"] {
            assert_eq!(value(number).unwrap(), number);
        }
    }

    #[test]
    fn what_is_neither_text_nor_number_is_refused() {
        for json in [
            "null",
            "true",
            "[]",
            "{}",
            r#"{"base64":"?"}"#,
            r#"{"base64":"","x":1}"#,
            r#"{"b":""}"#,
            r#"{"base64":1}"#,
        ] {
            assert_eq!(value(json), None, "{json}");
        }
    }

    proptest! {
        #[test]
        fn every_byte_string_survives_json(bytes: Vec<u8>) {
            let json = serde_json::to_string(&Text(bytes.clone().into())).unwrap();
            prop_assert_eq!(serde_json::from_str::<Text>(&json).unwrap().0, bytes.clone());
            prop_assert_eq!(value(&json).unwrap(), bytes);
        }
    }
}
