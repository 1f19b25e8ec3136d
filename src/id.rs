//! Ids: UUIDs of version 7 (RFC 9562, section 5.7).
//!
//! What is random in them is drawn once an instance and counted up from there (section 6.2, method 2): the host's random
//! numbers are dear. So who knows one id may guess the next, which is no matter for what only tells requests apart.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::{Builder, Uuid};

/// The random bits that the ids of this instance begin with and count up from.
static RANDOM: LazyLock<(u64, AtomicU64)> = LazyLock::new(|| {
    let [first, second] = [Uuid::now_v7(), Uuid::now_v7()].map(|id| id.as_u64_pair().1);
    (first, AtomicU64::new(second))
});

/// An id that no other has.
pub fn at(now: SystemTime) -> Uuid {
    let millis = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let (first, next) = next();
    let mut random = [0; 10];
    random[..2].copy_from_slice(&first.to_be_bytes()[6..]);
    random[2..].copy_from_slice(&next.to_be_bytes());
    Builder::from_unix_timestamp_millis(u64::try_from(millis).unwrap_or(u64::MAX), &random).into_uuid()
}

/// What no other id has, without a time.
pub fn timeless() -> Uuid {
    let (first, next) = next();
    Uuid::from_u64_pair(first, next)
}

fn next() -> (u64, u64) {
    let (first, next) = &*RANDOM;
    (*first, next.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_id_has_its_time_and_is_another_each_time() {
        let now = UNIX_EPOCH + Duration::from_millis(1_764_078_173_450);
        let (one, other) = (at(now), at(now));
        assert_eq!(one.get_version_num(), 7);
        assert_eq!(one.get_timestamp().unwrap().to_unix(), (1_764_078_173, 450_000_000));
        assert!(one != other && timeless() != timeless());
    }
}
