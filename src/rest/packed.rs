//! Several strings in one, each behind its length and a colon: so a script that writes, which returns one scalar, returns
//! many.

use bytes::{Buf, Bytes};

/// The strings of a packed one; nothing where it is none.
pub fn unpack(mut packed: Bytes) -> Option<Vec<Bytes>> {
    let mut strings = Vec::new();
    while !packed.is_empty() {
        let colon = packed.iter().position(|byte| *byte == b':')?;
        let length = std::str::from_utf8(&packed[..colon]).ok()?.parse().ok()?;
        packed.advance(colon + 1);
        if length > packed.len() {
            return None;
        }
        strings.push(packed.split_to(length));
    }
    Some(strings)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_packed_is_not_unpacked() {
        for packed in ["a", "1", ":", "1:", "2:a", "1:ab", "-1:a", "x:a", "99999999999999999999:a"] {
            assert_eq!(unpack(packed.into()), None, "{packed}");
        }
        assert_eq!(unpack("0:1::".into()), Some(vec!["".into(), ":".into()]));
        assert_eq!(unpack(Bytes::new()), Some(vec![]));
    }

    proptest! {
        #[test]
        fn strings_of_any_bytes_survive(strings: Vec<Vec<u8>>) {
            let pack = |string: &Vec<u8>| [format!("{}:", string.len()).as_bytes(), string].concat();
            let packed: Vec<u8> = strings.iter().flat_map(pack).collect();
            prop_assert_eq!(unpack(packed.into()).unwrap(), strings);
        }

        #[test]
        fn unpacking_never_panics(bytes: Vec<u8>) {
            unpack(bytes.into());
        }
    }
}
