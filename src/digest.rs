//! SHA-1 as lower-case hexadecimal, as Redis writes it: names of scripts and entity tags, no secrets.

use sha1::{Digest, Sha1};

/// The SHA-1 of `data` in 40 lower-case hexadecimal digits, as `redis.sha1hex` gives it in Lua.
pub fn sha1_hex(data: &[u8]) -> String {
    let mut hex = String::with_capacity(40);
    for byte in Sha1::digest(data) {
        for digit in [byte >> 4, byte & 0xf] {
            hex.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_what_redis_says_it_is() {
        assert_eq!(sha1_hex(b""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        assert_eq!(sha1_hex(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    }
}
