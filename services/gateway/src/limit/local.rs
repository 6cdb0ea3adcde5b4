//! Buckets in this process, for the time that Redis is away: each replica then counts for itself.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use super::bucket::{Quota, Verdict, take};

/// Buckets kept at most. With the key and the map's own need that is about 8 MiB; more callers than
/// that at once, while Redis is away, are an attack from many addresses, which no bucket by address
/// can stop.
const MAX_BUCKETS: usize = 65_536;

/// Buckets by key.
#[derive(Debug, Default)]
pub(crate) struct LocalBuckets {
    full_at: Mutex<HashMap<String, u64>>,
}

impl LocalBuckets {
    /// Takes a token from the bucket of `key` at `now`, in microseconds.
    pub(crate) fn take(&self, key: &str, quota: Quota, now: u64) -> Verdict {
        let mut buckets = self.full_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let full_at = buckets.get(key).copied().unwrap_or(now);
        let after = take(quota, full_at, now);
        if let Some(after) = after {
            make_room(&mut buckets, now);
            buckets.insert(key.to_owned(), after);
        }
        let fill = after.unwrap_or(full_at).saturating_sub(now);
        Verdict::new(quota, after.is_some(), Duration::from_micros(fill))
    }
}

/// Drops the buckets that are full again, and all of them when that frees nothing: to forget is
/// better than to refuse people.
fn make_room(buckets: &mut HashMap<String, u64>, now: u64) {
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
    use super::super::bucket::Quota;
    use super::{LocalBuckets, MAX_BUCKETS};

    #[test]
    fn each_key_has_a_bucket_of_its_own() {
        let buckets = LocalBuckets::default();
        let quota = Quota::new(60, 1).expect("a limit");
        assert!(buckets.take("a", quota, 1).allowed);
        assert!(!buckets.take("a", quota, 1).allowed);
        assert!(buckets.take("b", quota, 1).allowed);
        assert!(buckets.take("a", quota, 1_000_001).allowed);
    }

    #[test]
    fn more_callers_than_there_is_room_for_do_not_grow_it() {
        let buckets = LocalBuckets::default();
        let quota = Quota::new(60, 1).expect("a limit");
        for caller in 0..=MAX_BUCKETS {
            assert!(buckets.take(&caller.to_string(), quota, 1).allowed);
        }
        assert!(buckets.full_at.lock().expect("not poisoned").len() <= MAX_BUCKETS);
    }
}
