//! Buckets in Redis, which all replicas share.

use std::time::Duration;

use kit::redis::{Failure, Redis};
use redis::Script;

use super::bucket::{Quota, Verdict};

/// The rule of `bucket.rs`, in one step and by the clock of Redis.
const SCRIPT: &str = include_str!("script.lua");

/// Buckets by key.
pub(super) struct SharedBuckets {
    redis: Redis,
    script: Script,
}

impl SharedBuckets {
    pub(super) fn new(redis: Redis) -> Self {
        Self { redis, script: Script::new(SCRIPT) }
    }

    /// Takes a token from the bucket of `key`.
    pub(super) async fn take(&self, key: &str, quota: Quota) -> Result<Verdict, Failure> {
        let mut call = self.script.key(key);
        call.arg(quota.interval_micros()).arg(quota.burst());
        let (allowed, fill_micros): (u8, u64) = self.redis.invoke("take_token", &call).await?;
        Ok(Verdict::new(quota, allowed == 1, Duration::from_micros(fill_micros)))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use kit::Runtime;
    use kit::redis::Redis;

    use super::super::bucket::{Quota, take};
    use super::SharedBuckets;

    #[derive(Parser)]
    struct Settings {
        #[command(flatten)]
        redis: kit::redis::Args,
    }

    /// The Redis of `hack/test-env.sh`.
    fn redis() -> Redis {
        let settings = Settings::parse_from(["test", "--redis-timeout", "5s"]);
        kit::redis::connect(&settings.redis, &Runtime::for_tests()).expect("REDIS_URL")
    }

    async fn now_micros(redis: &Redis) -> u64 {
        let clock: (u64, u64) = redis.query("time", &redis::cmd("TIME")).await.expect("the time");
        clock.0 * 1_000_000 + clock.1
    }

    /// What Redis makes of a bucket that is full in `ahead` from now lies between what the rule
    /// makes of it just before and just after.
    async fn agrees(redis: &Redis, quota: Quota, ahead: i64) {
        let key = format!("gateway:test:{}", kit::Env::system().uuid());
        let before = now_micros(redis).await;
        let full_at = before.saturating_add_signed(ahead);
        let mut set = redis::cmd("SET");
        set.arg(&key).arg(full_at).arg("EX").arg(60);
        redis.query::<()>("set", &set).await.expect("set");
        let shared = SharedBuckets::new(redis.clone()).take(&key, quota).await.expect("a verdict");
        let after = now_micros(redis).await;
        let rule = |now| take(quota, full_at, now).is_some();
        if rule(before) == rule(after) {
            assert_eq!(shared.allowed, rule(before), "{quota:?}, full in {ahead} µs");
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
    async fn the_script_is_the_rule() {
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
                agrees(&redis, quota, ahead).await;
            }
        }
    }

    #[tokio::test]
    async fn a_bucket_is_forgotten_when_it_is_full_again() {
        let redis = redis();
        let key = format!("gateway:test:{}", kit::Env::system().uuid());
        let quota = Quota::new(60, 5).expect("a limit");
        SharedBuckets::new(redis.clone()).take(&key, quota).await.expect("a verdict");
        let mut ttl = redis::cmd("PTTL");
        ttl.arg(&key);
        let left: i64 = redis.query("pttl", &ttl).await.expect("a time");
        assert!((1..=1000).contains(&left), "{left} ms");
    }
}
