//! Buckets in the memory of this process, used while Redis is unavailable. Limits then apply per
//! replica.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use super::gcra::{Quota, RateLimitDecision, take};

/// Maximum number of buckets. With the keys and the overhead of the map that is about 8 MiB. More
/// concurrent clients while Redis is unavailable are a distributed attack, which limits per address
/// cannot stop.
const MAX_BUCKETS: usize = 65_536;

/// `full_at` of each bucket, by key.
#[derive(Debug, Default)]
pub(crate) struct LocalBuckets {
    full_at: Mutex<HashMap<String, u64>>,
}

impl LocalBuckets {
    /// Takes a token from the bucket of `key`. `now` is in microseconds.
    pub(crate) fn take(&self, key: &str, quota: Quota, now: u64) -> RateLimitDecision {
        let mut buckets = self.full_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let full_at = buckets.get(key).copied().unwrap_or(now);
        let after = take(quota, full_at, now);
        if let Some(after) = after {
            evict(&mut buckets, now);
            buckets.insert(key.to_owned(), after);
        }
        let fill = after.unwrap_or(full_at).saturating_sub(now);
        RateLimitDecision::new(quota, after.is_some(), Duration::from_micros(fill))
    }
}

/// Removes the buckets that are full again, or all buckets when none is: resetting limits is better
/// than rejecting requests.
fn evict(buckets: &mut HashMap<String, u64>, now: u64) {
    if buckets.len() < MAX_BUCKETS {
        return;
    }
    buckets.retain(|_, full_at| *full_at > now);
    if buckets.len() >= MAX_BUCKETS {
        buckets.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::super::gcra::Quota;
    use super::{LocalBuckets, MAX_BUCKETS};

    #[test]
    fn keys_have_separate_buckets() {
        let buckets = LocalBuckets::default();
        let quota = Quota::new(60, 1).expect("a limit");
        assert!(buckets.take("a", quota, 1).allowed);
        assert!(!buckets.take("a", quota, 1).allowed);
        assert!(buckets.take("b", quota, 1).allowed);
        assert!(buckets.take("a", quota, 1_000_001).allowed);
    }

    #[test]
    fn number_of_buckets_is_bounded() {
        let buckets = LocalBuckets::default();
        let quota = Quota::new(60, 1).expect("a limit");
        for client in 0..=MAX_BUCKETS {
            assert!(buckets.take(&client.to_string(), quota, 1).allowed);
        }
        assert!(buckets.full_at.lock().expect("not poisoned").len() <= MAX_BUCKETS);
    }
}
