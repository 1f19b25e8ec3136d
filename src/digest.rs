//! Digests.

use base16ct::lower::encode_string as hex;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The SHA-1 of `data` in lower-case hexadecimal digits, as `redis.sha1hex` gives it in Lua: for names of scripts and entity tags, no secrets.
pub fn sha1_hex(data: &[u8]) -> String {
    hex(&Sha1::digest(data))
}

/// The SHA-256 of `data`.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    Sha256::digest(data).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_what_the_standard_says_they_are() {
        assert_eq!(sha1_hex(b""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        assert_eq!(sha1_hex(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(hex(&sha256(b"abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
