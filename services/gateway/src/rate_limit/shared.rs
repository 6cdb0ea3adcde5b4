//! Buckets in Redis, shared by all replicas.

use std::time::Duration;

use kit::redis::{Failure, Redis};
use redis::Script;

use super::gcra::{Quota, RateLimitDecision};

/// GCRA as in `gcra.rs`, executed atomically and with the clock of Redis.
const SCRIPT: &str = include_str!("gcra.lua");

/// Buckets in Redis, by key.
pub(super) struct SharedBuckets {
    redis: Redis,
    script: Script,
}

impl SharedBuckets {
    pub(super) fn new(redis: Redis) -> Self {
        Self { redis, script: Script::new(SCRIPT) }
    }

    /// Takes a token from the bucket of `key`.
    pub(super) async fn take(&self, key: &str, quota: Quota) -> Result<RateLimitDecision, Failure> {
        let mut call = self.script.key(key);
        call.arg(quota.interval_micros()).arg(quota.burst());
        let (allowed, fill_micros): (u8, u64) = self.redis.invoke("take_token", &call).await?;
        Ok(RateLimitDecision::new(quota, allowed == 1, Duration::from_micros(fill_micros)))
    }
}

#[cfg(test)]
mod tests_with_servers {
    use clap::Parser;
    use kit::Runtime;
    use kit::redis::Redis;

    use super::super::gcra::{Quota, take};
    use super::SharedBuckets;

    #[derive(Parser)]
    struct Settings {
        #[command(flatten)]
        redis: kit::redis::Args,
    }

    fn redis() -> Redis {
        let line = ["test", "--redis-url", testing::redis(), "--redis-timeout", "5s"];
        let settings = Settings::parse_from(line);
        kit::redis::connect(&settings.redis, &Runtime::for_tests()).expect("REDIS_URL")
    }

    async fn now_micros(redis: &Redis) -> u64 {
        let clock: (u64, u64) = redis.query("time", &redis::cmd("TIME")).await.expect("the time");
        clock.0 * 1_000_000 + clock.1
    }

    /// Takes a token in Redis from a bucket that is full `ahead` microseconds from now. The result
    /// must lie between those of [`take`] just before and just after.
    async fn assert_script_agrees(redis: &Redis, quota: Quota, ahead: i64) {
        let key = format!("gateway:test:{}", kit::Env::system().uuid());
        let before = now_micros(redis).await;
        let full_at = before.saturating_add_signed(ahead);
        let mut set = redis::cmd("SET");
        set.arg(&key).arg(full_at).arg("EX").arg(60);
        redis.query::<()>("set", &set).await.expect("set");
        let shared = SharedBuckets::new(redis.clone()).take(&key, quota).await.expect("a decision");
        let after = now_micros(redis).await;
        let expected = |now| take(quota, full_at, now).is_some();
        if expected(before) == expected(after) {
            assert_eq!(shared.allowed, expected(before), "{quota:?}, full in {ahead} µs");
        }
        let left = |now| {
            let capacity = quota.interval_micros() * u64::from(quota.burst());
            let full_at = take(quota, full_at, now).unwrap_or(full_at.clamp(now, now + capacity));
            (capacity - (full_at - now)) / quota.interval_micros()
        };
        let left = left(before).min(left(after))..=left(before).max(left(after));
        assert!(left.contains(&u64::from(shared.remaining)), "{shared:?}, {left:?}, {ahead}");
    }

    #[tokio::test]
    async fn script_agrees_with_gcra() {
        let redis = redis();
        for (per_minute, burst) in [(60, 5), (100, 100), (6, 4), (7, 3), (1, 1), (60_000, 10)] {
            let quota = Quota::new(per_minute, burst).expect("a limit");
            let interval = i64::try_from(quota.interval_micros()).expect("small");
            let capacity = interval * i64::from(burst);
            for ahead in [
                -capacity,
                0,
                interval / 2,
                capacity / 2,
                capacity - interval - 1,
                capacity - interval + 2_000_000,
                capacity,
                capacity + 600_000_000,
            ] {
                assert_script_agrees(&redis, quota, ahead).await;
            }
        }
    }

    #[tokio::test]
    async fn key_expires_when_bucket_is_full_again() {
        let redis = redis();
        let key = format!("gateway:test:{}", kit::Env::system().uuid());
        let quota = Quota::new(60, 5).expect("a limit");
        SharedBuckets::new(redis.clone()).take(&key, quota).await.expect("a decision");
        let mut ttl = redis::cmd("PTTL");
        ttl.arg(&key);
        let left: i64 = redis.query("pttl", &ttl).await.expect("a time");
        assert!((1..=1000).contains(&left), "{left} ms");
    }
}
