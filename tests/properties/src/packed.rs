//! Packed replies: whatever a script packs is read as it is or refused, and takes no more room than what was packed.

use bytes::Bytes;
use redstart::redis::{Reply, packed};
use redstart::rest;

/// A packed reply.
///
/// # Panics
/// Where the property does not hold.
pub fn check(input: &[u8]) {
    let input = Bytes::copy_from_slice(input);
    if let Ok(reply) = packed::unpack(&input) {
        check_size(&[reply], input.len());
    }
    if let Ok(replies) = packed::unpack_all(&input) {
        check_size(&replies, input.len());
        // The next ones do not change the first.
        if let Some(first) = replies.first() {
            let alone = packed::unpack(&input);
            assert!(
                alone.is_err() || alone.as_ref() == Ok(first) || matches!(first, Reply::Integer(_)),
                "{alone:?} {first:?}"
            );
        }
    }
    if let Some(strings) = rest::packed::unpack(input.clone()) {
        let again: Vec<_> =
            strings.iter().flat_map(|string| [format!("{}:", string.len()).as_bytes(), string].concat()).collect();
        // A length may have zeros and a sign before it.
        assert!(again.len() <= input.len(), "{strings:?}");
        assert_eq!(rest::packed::unpack(again.into()), Some(strings));
    }
}

/// A table without gaps that stands for a map or a set is packed without its indices, which the reply has: so there may be
/// twice as many. Of a line that is not UTF-8 each byte becomes three, and a double may take 24.
fn check_size(replies: &[Reply], packed: usize) {
    let (count, bytes) = size(replies);
    assert!(count <= 2 * packed, "{count} replies of {packed} bytes");
    assert!(bytes <= 3 * packed, "{bytes} bytes of {packed}");
}

fn size(replies: &[Reply]) -> (usize, usize) {
    let sizes = replies.iter().map(|reply| match reply {
        Reply::Integer(_) | Reply::Nil => (1, 0),
        Reply::Bulk(bytes) => (1, bytes.len()),
        Reply::Status(text) => (1, text.len()),
        Reply::Error(error) => (1, error.to_string().len()),
        Reply::Array(replies) => {
            let (count, bytes) = size(replies);
            (1 + count, bytes)
        }
    });
    sizes.fold((0, 0), |(count, bytes), (c, b)| (count + c, bytes + b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use redstart::redis::ErrorReply;
    use rmpv::Value;

    use super::*;

    fn reply() -> impl Strategy<Value = Reply> {
        let line = "[A-Za-z][ -~]{0,9}";
        let leaf = prop_oneof![
            Just(Reply::Nil),
            any::<i64>().prop_map(Reply::Integer),
            any::<Vec<u8>>().prop_map(|bytes| Reply::Bulk(bytes.into())),
            line.prop_map(Reply::Status),
            ("[A-Z]{1,9}", line).prop_map(|(code, message)| Reply::Error(ErrorReply { code, message })),
        ];
        leaf.prop_recursive(6, 48, 8, |inner| prop::collection::vec(inner, 0..8).prop_map(Reply::Array))
    }

    /// As Redis's script engine hands a reply to Lua, and `cmsgpack` packs it.
    fn value(reply: &Reply) -> Value {
        match reply {
            Reply::Nil => Value::Boolean(false),
            Reply::Integer(number) => (*number).into(),
            Reply::Bulk(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => text.into(),
                Err(_) => Value::Binary(bytes.to_vec()),
            },
            Reply::Status(text) => Value::Map(vec![("ok".into(), text.as_str().into())]),
            Reply::Error(error) => Value::Map(vec![("err".into(), error.to_string().into())]),
            Reply::Array(replies) => Value::Array(replies.iter().map(value).collect()),
        }
    }

    fn pack(replies: &[Reply]) -> Bytes {
        let mut bytes = Vec::new();
        for reply in replies {
            rmpv::encode::write_value(&mut bytes, &value(reply)).unwrap();
        }
        bytes.into()
    }

    proptest! {
        #[test]
        fn every_reply_survives(replies in prop::collection::vec(reply(), 1..4)) {
            let packed = pack(&replies);
            prop_assert_eq!(packed::unpack(&packed), Ok(replies[0].clone()));
            prop_assert_eq!(packed::unpack_all(&packed), Ok(replies));
            check(&packed);
        }

        #[test]
        fn a_reply_that_breaks_off_is_refused(reply in reply()) {
            let packed = pack(&[reply]);
            for end in 0..packed.len() {
                prop_assert!(packed::unpack(&packed.slice(..end)).is_err(), "{} of {:?}", end, packed);
            }
        }

        #[test]
        fn all_bytes_are_read_or_refused(bytes: Vec<u8>) {
            check(&bytes);
        }
    }
}
