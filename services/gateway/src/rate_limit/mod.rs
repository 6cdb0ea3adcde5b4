//! Rate limits by key, with token buckets (GCRA).
//!
//! The buckets are in Redis, shared by all replicas, and in the memory of each replica while Redis
//! is unavailable. A request never fails because of Redis.

mod gcra;
mod guest_carts;
mod local;
mod shared;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kit::Env;
use prometheus_client::metrics::counter::Counter;

pub(crate) use gcra::{Quota, RateLimitDecision};
pub(crate) use guest_carts::GuestCartLimit;
use local::LocalBuckets;
use shared::SharedBuckets;

/// Time without calls to Redis after one failed, so that not every request waits for its timeout.
const REDIS_RETRY_DELAY: Duration = Duration::from_secs(1);

/// Rate limiter: takes tokens from buckets.
pub(crate) struct RateLimiter {
    /// None: limits apply per replica.
    shared: Option<SharedBuckets>,
    local: LocalBuckets,
    env: Env,
    /// Time of the next call to Redis after a failure, in microseconds of the clock.
    redis_retry_at: AtomicU64,
    metrics: Metrics,
}

#[derive(Default)]
struct Metrics {
    rejected: Counter,
    local: Counter,
}

impl RateLimiter {
    /// Creates a rate limiter on `redis`, or in memory only.
    pub(crate) fn new(redis: Option<kit::redis::Redis>, runtime: &kit::Runtime) -> Self {
        let metrics = Metrics::default();
        let registry = runtime.metrics();
        registry.register(
            "rate_limited_requests",
            "Requests rejected by a rate limit",
            metrics.rejected.clone(),
        );
        registry.register(
            "rate_limit_local_decisions",
            "Rate limit decisions made without Redis",
            metrics.local.clone(),
        );
        Self {
            shared: redis.map(SharedBuckets::new),
            local: LocalBuckets::default(),
            env: runtime.env.clone(),
            redis_retry_at: AtomicU64::new(0),
            metrics,
        }
    }

    /// Takes a token from the bucket `key` of the limit `name`.
    pub(crate) async fn take(&self, name: &str, key: &str, quota: Quota) -> RateLimitDecision {
        let key = format!("gateway:limit:{name}:{key}");
        let decision = match self.take_shared(&key, quota).await {
            Some(decision) => decision,
            None => {
                self.metrics.local.inc();
                self.local.take(&key, quota, self.now_micros())
            }
        };
        if !decision.allowed {
            self.metrics.rejected.inc();
        }
        decision
    }

    /// Takes a token in Redis; none while Redis is unavailable.
    async fn take_shared(&self, key: &str, quota: Quota) -> Option<RateLimitDecision> {
        let shared = self.shared.as_ref()?;
        if self.now_micros() < self.redis_retry_at.load(Ordering::Relaxed) {
            return None;
        }
        match shared.take(key, quota).await {
            Ok(decision) => Some(decision),
            Err(error) => {
                let delay = u64::try_from(REDIS_RETRY_DELAY.as_micros()).unwrap_or(u64::MAX);
                let retry_at = self.now_micros().saturating_add(delay);
                self.redis_retry_at.store(retry_at, Ordering::Relaxed);
                tracing::warn!(%error, "Redis call failed; rate limits apply per replica");
                None
            }
        }
    }

    fn now_micros(&self) -> u64 {
        u64::try_from(self.env.now().as_microsecond()).unwrap_or(0)
    }
}
