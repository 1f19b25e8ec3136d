//! Many things in one body: lists and fields, bounded while they are read.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::text::{NewText, Text};

/// The most elements in one body.
pub const MAX: usize = 100_000;

fn too_many<E: de::Error>() -> E {
    E::custom(format!("more than {MAX} elements: send the rest apart"))
}

/// A list in a body.
#[derive(Debug)]
pub struct Many<T>(pub Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ManyVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ManyVisitor<T> {
            type Value = Many<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Many<T>, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = list.next_element()? {
                    if all.len() == MAX {
                        return Err(too_many());
                    }
                    all.push(one);
                }
                Ok(Many(all))
            }
        }

        deserializer.deserialize_seq(ManyVisitor(PhantomData))
    }
}

/// A part of a body that is an object; derived readers would take a list of its values as well.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// Names with what they stand for, in order: an object, or a list of pairs where a name is not UTF-8 or stands there
/// twice. An object with a name twice is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields<T>(pub Vec<(Text, T)>);

/// Fields as they are shown.
pub type ShownFields = Fields<Text>;
/// Fields that are written.
pub type NewFields = Fields<NewText>;
/// Fields that are written, or, where nothing stands for them, deleted.
pub type ChangedFields = Fields<Option<NewText>>;

impl<T> Fields<T> {
    /// Whether a name stands there more than once.
    pub fn repeat_a_name(&self) -> bool {
        let mut seen = HashSet::with_capacity(self.0.len());
        !self.0.iter().all(|(Text(name), _)| seen.insert(name))
    }
}

impl ShownFields {
    /// The fields of a flat list of names and values.
    pub fn of_flat(strings: Vec<Bytes>) -> Self {
        let mut strings = strings.into_iter();
        let mut fields = Vec::with_capacity(strings.len() / 2);
        while let (Some(name), Some(value)) = (strings.next(), strings.next()) {
            fields.push((Text(name), Text(value)));
        }
        Self(fields)
    }
}

impl NewFields {
    /// The names and values one after the other, as Redis takes them.
    pub fn into_flat(self) -> impl Iterator<Item = Bytes> {
        self.0.into_iter().flat_map(|(Text(name), NewText(value))| [name, value])
    }
}

impl<T: Serialize> Serialize for Fields<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names: Option<Vec<_>> = self.0.iter().map(|(Text(name), _)| std::str::from_utf8(name).ok()).collect();
        match names {
            Some(names) if !self.repeat_a_name() => {
                let mut map = serializer.serialize_map(Some(names.len()))?;
                for (name, (_, value)) in names.into_iter().zip(&self.0) {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
            _ => {
                let mut list = serializer.serialize_seq(Some(self.0.len()))?;
                for pair in &self.0 {
                    list.serialize_element(pair)?;
                }
                list.end()
            }
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Fields<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for FieldsVisitor<T> {
            type Value = Fields<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object, or a list of pairs of name and value")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<T>, A::Error> {
                let mut fields = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if fields.len() == MAX {
                        return Err(too_many());
                    }
                    fields.push((Text(name.into()), map.next_value()?));
                }
                let fields = Fields(fields);
                // Readers of JSON disagree on which of the two counts (RFC 8259, section 4).
                if fields.repeat_a_name() {
                    return Err(de::Error::custom("a name is given more than once"));
                }
                Ok(fields)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Fields<T>, A::Error> {
                let mut fields = Vec::new();
                while let Some(pair) = list.next_element()? {
                    if fields.len() == MAX {
                        return Err(too_many());
                    }
                    fields.push(pair);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_any(FieldsVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(pairs: &[(&'static [u8], &'static [u8])]) -> Fields<Text> {
        let text = |bytes: &&'static [u8]| Text(Bytes::from_static(bytes));
        Fields(pairs.iter().map(|(name, value)| (text(name), text(value))).collect())
    }

    #[test]
    fn fields_are_an_object_unless_a_name_cannot_be_one() {
        let json = |pairs| serde_json::to_string(&fields(pairs)).unwrap();
        assert_eq!(json(&[(b"a", b"1"), (b"", b"\xff")]), r#"{"a":"1","":{"base64":"/w=="}}"#);
        assert_eq!(json(&[(b"\xff", b"1")]), r#"[[{"base64":"/w=="},"1"]]"#);
        assert_eq!(json(&[(b"a", b"1"), (b"a", b"2")]), r#"[["a","1"],["a","2"]]"#);
    }

    #[test]
    fn fields_are_read_in_both_forms_with_numbers_as_they_stand() {
        let read = |json| serde_json::from_str::<Fields<NewText>>(json).map(|fields| fields.0).ok();
        let expected = Some(vec![(Text("a".into()), NewText("1.50".into()))]);
        assert_eq!(read(r#"{"a":1.50}"#), expected);
        assert_eq!(read(r#"[["a","1.50"]]"#), expected);
        for json in ["1", r#"["a","1"]"#, r#"[["a"]]"#, r#"[["a","1","2"]]"#, r#"{"a":null}"#] {
            assert_eq!(read(json), None, "{json}");
        }
        assert_eq!(read(r#"{"a":1,"\u0061":2}"#), None);
        assert_eq!(read(r#"[["a",1],["a",2]]"#).map(|fields| fields.len()), Some(2));
        let with_null = serde_json::from_str::<Fields<Option<NewText>>>(r#"{"a":null}"#).unwrap();
        assert_eq!(with_null.0, [(Text("a".into()), None)]);
    }

    #[test]
    fn more_than_a_body_may_hold_is_refused_while_it_is_read() {
        let list = |count: usize| format!("[{}0]", "0,".repeat(count - 1));
        assert_eq!(serde_json::from_str::<Many<u8>>(&list(MAX)).unwrap().0.len(), MAX);
        assert!(serde_json::from_str::<Many<u8>>(&list(MAX + 1)).is_err());
        let pairs = format!("[{}[\"a\",1]]", "[\"a\",1],".repeat(MAX));
        assert!(serde_json::from_str::<Fields<u8>>(&pairs).is_err());
    }

    proptest! {
        #[test]
        fn fields_of_any_bytes_survive_json(pairs: Vec<(Vec<u8>, Vec<u8>)>) {
            let fields = Fields(pairs.into_iter().map(|(name, value)| (Text(name.into()), Text(value.into()))).collect());
            let json = serde_json::to_string(&fields).unwrap();
            prop_assert_eq!(serde_json::from_str::<Fields<Text>>(&json).unwrap(), fields);
        }
    }
}
