//! Limits by key: in Redis, so that all replicas count together, and by each replica for itself
//! while Redis is away. A request never fails because Redis does.

mod bucket;
mod local;
mod shared;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kit::Env;
use prometheus_client::metrics::counter::Counter;

pub(crate) use bucket::{Quota, Verdict};
use local::LocalBuckets;
use shared::SharedBuckets;

/// How long Redis is left alone after it failed, so that not every request waits for it in vain.
const LEAVE_ALONE: Duration = Duration::from_secs(1);

/// Takes tokens out of buckets.
pub(crate) struct Limiter {
    /// None: this replica counts for itself.
    shared: Option<SharedBuckets>,
    local: LocalBuckets,
    env: Env,
    /// Until when, in microseconds of the clock, Redis is not asked.
    away_until: AtomicU64,
    metrics: Metrics,
}

#[derive(Default)]
struct Metrics {
    refused: Counter,
    local: Counter,
}

impl Limiter {
    /// A limiter on this Redis, or on this process's memory alone.
    pub(crate) fn new(redis: Option<kit::redis::Redis>, runtime: &kit::Runtime) -> Self {
        let metrics = Metrics::default();
        let registry = runtime.metrics();
        registry.register(
            "rate_limited_requests",
            "Requests refused by a rate limit",
            metrics.refused.clone(),
        );
        registry.register(
            "rate_limit_local_decisions",
            "Decisions taken without Redis",
            metrics.local.clone(),
        );
        Self {
            shared: redis.map(SharedBuckets::new),
            local: LocalBuckets::default(),
            env: runtime.env.clone(),
            away_until: AtomicU64::new(0),
            metrics,
        }
    }

    /// Takes a token from the bucket `key` of the limit `name`.
    pub(crate) async fn take(&self, name: &str, key: &str, quota: Quota) -> Verdict {
        let key = format!("gateway:limit:{name}:{key}");
        let verdict = match self.ask_shared(&key, quota).await {
            Some(verdict) => verdict,
            None => {
                self.metrics.local.inc();
                self.local.take(&key, quota, self.now_micros())
            }
        };
        if !verdict.allowed {
            self.metrics.refused.inc();
        }
        verdict
    }

    /// The answer of Redis, unless it is away.
    async fn ask_shared(&self, key: &str, quota: Quota) -> Option<Verdict> {
        let shared = self.shared.as_ref()?;
        if self.now_micros() < self.away_until.load(Ordering::Relaxed) {
            return None;
        }
        match shared.take(key, quota).await {
            Ok(verdict) => Some(verdict),
            Err(error) => {
                let pause = u64::try_from(LEAVE_ALONE.as_micros()).unwrap_or(u64::MAX);
                let until = self.now_micros().saturating_add(pause);
                self.away_until.store(until, Ordering::Relaxed);
                tracing::warn!(%error, "rate limits are counted here for now: no answer of Redis");
                None
            }
        }
    }

    fn now_micros(&self) -> u64 {
        u64::try_from(self.env.now().as_microsecond()).unwrap_or(0)
    }
}
