//! What the operator did to one child, how that went, and when it may do something again.

use std::time::{Duration, Instant};

use storefront_desired::Progress;

use crate::fault::{Fault, doubled};
use crate::observe::Cause;

/// Writes to one child that may follow each other without a pause: more than any sequence of hand
/// edits, and a rollout needs a handful.
const BURST: u32 = 60;

/// After the burst, one write in this time: two managers that undo each other cost the API server
/// twelve requests a minute, not thousands.
const REFILL: Duration = Duration::from_secs(5);

/// The pause before a failed Job is made anew, doubling from the first to the second. What it
/// waits for (a corrected password, a server that is back) sends no event.
const JOB_RETRY: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(120));

/// What is remembered of one child.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The last write that went through.
    pub applied: Option<Applied>,
    /// The last write, if it failed.
    pub trouble: Option<Trouble>,
    /// For Jobs: how often this one failed.
    pub job: Option<JobRetry>,
    spent: Option<Spent>,
}

/// A write that went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The fingerprint of the manifest that was written.
    pub fingerprint: u64,
    /// The mark of the child that came of it (see [`crate::observe::Child::mark`]).
    pub mark: u64,
}

/// A write that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The fingerprint of the manifest that was tried: another one is tried at once.
    pub fingerprint: u64,
    /// Why it failed.
    pub fault: Fault,
    /// Failures in a row.
    pub attempts: u32,
    /// When it is worth another try.
    pub retry_at: Instant,
}

/// A Job that failed and will be made anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRetry {
    /// Failures so far.
    pub attempts: u32,
    /// When the failed Job may be replaced.
    pub retry_at: Instant,
    /// Why it failed, as its pods told before they went with it.
    pub cause: Option<Cause>,
}

/// How much of the burst is used up: `writes` as of `at`, paid back with time.
#[derive(Clone, Copy, Debug)]
struct Spent {
    writes: u32,
    at: Instant,
}

impl Memory {
    /// When this child may be written again; `None` for at once.
    #[must_use]
    pub fn may_write_at(&self, now: Instant) -> Option<Instant> {
        let spent = self.spent.filter(|spent| spent.writes_left(now) >= BURST)?;
        Some(spent.at + REFILL)
    }

    /// A write of the manifest with this fingerprint went through and left the child so marked.
    pub fn wrote(&mut self, fingerprint: u64, mark: u64, now: Instant) {
        self.applied = Some(Applied { fingerprint, mark });
        self.trouble = None;
        self.spend(now);
    }

    /// A write of the manifest with this fingerprint failed.
    pub fn failed(&mut self, fingerprint: u64, fault: Fault, now: Instant) {
        let before = self.trouble.as_ref().filter(|trouble| trouble.fingerprint == fingerprint);
        let attempts = before.map_or(0, |trouble| trouble.attempts.saturating_add(1));
        let retry_at = now + fault.kind.delay(attempts);
        self.trouble = Some(Trouble { fingerprint, fault, attempts, retry_at });
        self.spend(now);
    }

    /// The child was deleted by the operator; for a Job with the cause that its pods told.
    pub fn deleted(&mut self, cause: Option<Cause>) {
        self.applied = None;
        self.trouble = None;
        if let Some(job) = &mut self.job {
            job.cause = cause.or(job.cause.take());
        }
    }

    /// A Job was seen to have come this far.
    pub(super) fn job_went(&mut self, progress: Progress, now: Instant) {
        match progress {
            Progress::Done => self.job = None,
            Progress::Running => {}
            Progress::Failed => {
                let attempts = self.job.as_ref().map_or(0, |job| job.attempts.saturating_add(1));
                let retry_at = now + doubled(JOB_RETRY.0, JOB_RETRY.1, attempts);
                let cause = self.job.take().and_then(|job| job.cause);
                self.job = Some(JobRetry { attempts, retry_at, cause });
            }
        }
    }

    fn spend(&mut self, now: Instant) {
        let writes = self.spent.map_or(0, |spent| spent.writes_left(now));
        self.spent = Some(Spent { writes: writes.saturating_add(1), at: now });
    }
}

impl Spent {
    fn writes_left(self, now: Instant) -> u32 {
        let refills = now.saturating_duration_since(self.at).as_secs() / REFILL.as_secs();
        self.writes.saturating_sub(u32::try_from(refills).unwrap_or(u32::MAX))
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
    fn a_fight_over_a_child_slows_down_to_one_write_per_refill() {
        let start = Instant::now();
        let mut memory = Memory::default();
        for _ in 0..BURST {
            assert_eq!(memory.may_write_at(start), None);
            memory.wrote(1, 1, start);
        }
        assert_eq!(memory.may_write_at(start), Some(start + REFILL));
        assert_eq!(memory.may_write_at(start + REFILL), None);
        memory.wrote(1, 1, start + REFILL);
        assert_eq!(memory.may_write_at(start + REFILL), Some(start + 2 * REFILL));
    }

    #[test]
    fn a_quiet_child_gets_its_burst_back() {
        let start = Instant::now();
        let mut memory = Memory::default();
        (0..BURST).for_each(|_| memory.wrote(1, 1, start));
        let later = start + REFILL * BURST;
        for _ in 0..BURST {
            assert_eq!(memory.may_write_at(later), None);
            memory.wrote(1, 1, later);
        }
        assert!(memory.may_write_at(later).is_some());
    }

    #[test]
    fn failures_of_one_manifest_add_up_and_another_manifest_starts_anew() {
        let now = Instant::now();
        let mut memory = Memory::default();
        let mut attempts = |fingerprint| {
            memory.failed(fingerprint, refused(), now);
            memory.trouble.as_ref().map(|trouble| trouble.attempts)
        };
        assert_eq!([attempts(1), attempts(1), attempts(2)], [Some(0), Some(1), Some(0)]);
        memory.wrote(2, 7, now);
        assert_eq!(memory.trouble, None);
    }

    #[test]
    fn a_job_that_keeps_failing_is_retried_ever_more_slowly_until_it_works() {
        let now = Instant::now();
        let mut memory = Memory::default();
        let mut pauses = Vec::new();
        for _ in 0..7 {
            memory.job_went(Progress::Failed, now);
            pauses.extend(memory.job.as_ref().map(|job| (job.retry_at - now).as_secs()));
            memory.job_went(Progress::Running, now);
        }
        assert_eq!(pauses, [5, 10, 20, 40, 80, 120, 120]);
        memory.job_went(Progress::Done, now);
        assert_eq!(memory.job, None);
    }
}
