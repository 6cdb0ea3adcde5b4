//! The write history of one child: what the operator wrote, the result, and when it may write
//! again.

use std::time::{Duration, Instant};

use storefront_desired::Progress;

use crate::backoff::Backoff;
use crate::fault::Fault;
use crate::observe::Cause;

/// The capacity of the token bucket: writes to one child that may follow each other without a
/// pause. More than any sequence of manual edits causes; a rollout needs a handful.
const WRITE_BURST: u32 = 60;

/// The interval in which the token bucket regains one write: two managers that overwrite each other
/// cost the API server twelve requests a minute, not thousands.
const WRITE_REFILL_INTERVAL: Duration = Duration::from_secs(5);

/// The backoff of failed Jobs. Failed Jobs are retried because their cause can end without an
/// event: a password is corrected, a server is available again.
const JOB_BACKOFF: Backoff = Backoff::new(Duration::from_secs(5), Duration::from_secs(120));

/// The write history of one child.
#[derive(Clone, Debug, Default)]
pub struct WriteHistory {
    /// The last write that succeeded.
    pub applied: Option<Applied>,
    /// The last write, if it failed.
    pub failed_write: Option<FailedWrite>,
    /// The retry of a Job that failed.
    pub job: Option<JobRetry>,
    rate_limit: Option<TokenBucket>,
}

/// A write that succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The fingerprint of the manifest that was written.
    pub fingerprint: u64,
    /// The drift fingerprint of the child after the write (see
    /// [`crate::observe::Child::drift_fingerprint`]).
    pub drift_fingerprint: u64,
}

/// A write that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedWrite {
    /// The fingerprint of the manifest. A different manifest is written without delay.
    pub fingerprint: u64,
    /// Why the write failed.
    pub fault: Fault,
    /// The number of consecutive failures before this one.
    pub attempts: u32,
    /// When the write is retried.
    pub retry_at: Instant,
}

/// The retry of a Job that failed: the Job is deleted and created again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRetry {
    /// The number of failures before this one.
    pub attempts: u32,
    /// When the failed Job may be replaced.
    pub retry_at: Instant,
    /// Why it failed, as observed from its pods before they were deleted with it.
    pub cause: Option<Cause>,
}

/// The token bucket of one child: the writes spent as of `at`, refilled with time.
#[derive(Clone, Copy, Debug)]
struct TokenBucket {
    spent: u32,
    at: Instant,
}

impl WriteHistory {
    /// Returns when the rate limit allows the next write; `None` for now.
    #[must_use]
    pub fn next_write_at(&self, now: Instant) -> Option<Instant> {
        let bucket = self.rate_limit.filter(|bucket| bucket.writes_spent(now) >= WRITE_BURST)?;
        Some(bucket.at + WRITE_REFILL_INTERVAL)
    }

    /// Records a successful write of the manifest with this fingerprint, and the drift fingerprint
    /// of the child after it.
    pub fn record_write(&mut self, fingerprint: u64, drift_fingerprint: u64, now: Instant) {
        self.applied = Some(Applied { fingerprint, drift_fingerprint });
        self.failed_write = None;
        self.spend(now);
    }

    /// Records a failed write of the manifest with this fingerprint.
    pub fn record_failure(&mut self, fingerprint: u64, fault: Fault, now: Instant) {
        let previous =
            self.failed_write.as_ref().filter(|failed| failed.fingerprint == fingerprint);
        let attempts = previous.map_or(0, |failed| failed.attempts.saturating_add(1));
        let retry_at = now + fault.kind.delay(attempts);
        self.failed_write = Some(FailedWrite { fingerprint, fault, attempts, retry_at });
        self.spend(now);
    }

    /// Records that the operator deleted the child; for a Job with the cause observed from its
    /// pods.
    pub fn record_deletion(&mut self, cause: Option<Cause>) {
        self.applied = None;
        self.failed_write = None;
        if let Some(job) = &mut self.job {
            job.cause = cause.or(job.cause.take());
        }
    }

    /// Observes the progress of a Job, and schedules the retry of one that failed.
    pub(super) fn observe_job(&mut self, progress: Progress, now: Instant) {
        match progress {
            Progress::Done => self.job = None,
            Progress::Running => {}
            Progress::Failed => {
                let attempts = self.job.as_ref().map_or(0, |job| job.attempts.saturating_add(1));
                let retry_at = now + JOB_BACKOFF.delay(attempts);
                let cause = self.job.take().and_then(|job| job.cause);
                self.job = Some(JobRetry { attempts, retry_at, cause });
            }
        }
    }

    fn spend(&mut self, now: Instant) {
        let spent = self.rate_limit.map_or(0, |bucket| bucket.writes_spent(now));
        self.rate_limit = Some(TokenBucket { spent: spent.saturating_add(1), at: now });
    }
}

impl TokenBucket {
    fn writes_spent(self, now: Instant) -> u32 {
        let elapsed = now.saturating_duration_since(self.at);
        let refills = elapsed.as_secs() / WRITE_REFILL_INTERVAL.as_secs();
        self.spent.saturating_sub(u32::try_from(refills).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::FaultKind;

    fn refused() -> Fault {
        Fault { kind: FaultKind::Refused, message: "no".into() }
    }

    #[test]
    fn drained_bucket_allows_one_write_per_refill() {
        let start = Instant::now();
        let mut history = WriteHistory::default();
        for _ in 0..WRITE_BURST {
            assert_eq!(history.next_write_at(start), None);
            history.record_write(1, 1, start);
        }
        assert_eq!(history.next_write_at(start), Some(start + WRITE_REFILL_INTERVAL));
        assert_eq!(history.next_write_at(start + WRITE_REFILL_INTERVAL), None);
        history.record_write(1, 1, start + WRITE_REFILL_INTERVAL);
        assert_eq!(
            history.next_write_at(start + WRITE_REFILL_INTERVAL),
            Some(start + 2 * WRITE_REFILL_INTERVAL)
        );
    }

    #[test]
    fn idle_bucket_refills_to_full_burst() {
        let start = Instant::now();
        let mut history = WriteHistory::default();
        (0..WRITE_BURST).for_each(|_| history.record_write(1, 1, start));
        let later = start + WRITE_REFILL_INTERVAL * WRITE_BURST;
        for _ in 0..WRITE_BURST {
            assert_eq!(history.next_write_at(later), None);
            history.record_write(1, 1, later);
        }
        assert!(history.next_write_at(later).is_some());
    }

    #[test]
    fn attempts_count_per_manifest_and_reset_for_another() {
        let now = Instant::now();
        let mut history = WriteHistory::default();
        let mut attempts = |fingerprint| {
            history.record_failure(fingerprint, refused(), now);
            history.failed_write.as_ref().map(|failed| failed.attempts)
        };
        assert_eq!([attempts(1), attempts(1), attempts(2)], [Some(0), Some(1), Some(0)]);
        history.record_write(2, 7, now);
        assert_eq!(history.failed_write, None);
    }

    #[test]
    fn failing_job_is_retried_with_backoff_until_done() {
        let now = Instant::now();
        let mut history = WriteHistory::default();
        let mut delays = Vec::new();
        for _ in 0..7 {
            history.observe_job(Progress::Failed, now);
            delays.extend(history.job.as_ref().map(|job| (job.retry_at - now).as_secs()));
            history.observe_job(Progress::Running, now);
        }
        assert_eq!(delays, [5, 10, 20, 40, 80, 120, 120]);
        history.observe_job(Progress::Done, now);
        assert_eq!(history.job, None);
    }
}
