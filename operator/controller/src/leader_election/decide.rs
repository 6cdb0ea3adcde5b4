//! Decides whether the lease may be acquired, and builds the acquired lease. Pure.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use storefront_api::names::MANAGER;

/// The duration of a lease that does not specify one.
const DEFAULT_LEASE_DURATION: Duration = Duration::from_secs(15);

/// How long renewals may fail before the process exits: less than the lease duration, so that this
/// replica has stopped writing when another one acquires the lease.
const RENEW_DEADLINE: Duration = Duration::from_secs(10);

/// The next step of an elector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Acquire the lease.
    Acquire,
    /// Wait: another replica holds the lease for this long, unless it changes.
    Wait(Duration),
}

/// Decides the next step. `since` is when the lease was first observed in its present form.
pub(super) fn decide(lease: Option<&Lease>, identity: &str, since: Instant, now: Instant) -> Step {
    let spec = lease.and_then(|lease| lease.spec.as_ref());
    let holder = spec.and_then(|spec| spec.holder_identity.as_deref()).unwrap_or_default();
    // A lease with this identity belongs to the pod's previous process, which has ended.
    if holder.is_empty() || holder == identity {
        return Step::Acquire;
    }
    let seconds = spec.and_then(|spec| spec.lease_duration_seconds);
    let duration = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    let duration = duration.map_or(DEFAULT_LEASE_DURATION, Duration::from_secs);
    let left = (since + duration).saturating_duration_since(now);
    if left.is_zero() { Step::Acquire } else { Step::Wait(left) }
}

/// Returns how long the leader may still rely on the lease. `renewed` is when the last successful
/// renewal was sent.
pub(super) fn time_left(renewed: Instant, now: Instant) -> Duration {
    (renewed + RENEW_DEADLINE).saturating_duration_since(now)
}

/// Returns whether this replica holds the lease.
pub(super) fn is_held_by(lease: &Lease, identity: &str) -> bool {
    let spec = lease.spec.as_ref();
    spec.and_then(|spec| spec.holder_identity.as_deref()) == Some(identity)
}

/// Builds the lease that this process writes to acquire it. It keeps the `resourceVersion` of the
/// observed lease, so that of two concurrent acquisitions one fails (optimistic concurrency).
pub(super) fn acquired_lease(
    lease: Option<&Lease>,
    identity: &str,
    duration: Duration,
    time: Timestamp,
) -> Lease {
    let new = || ObjectMeta { name: Some(MANAGER.to_owned()), ..ObjectMeta::default() };
    let previous = lease.and_then(|lease| lease.spec.clone()).unwrap_or_default();
    let transitions = previous.lease_transitions.unwrap_or_default();
    let same = previous.holder_identity.as_deref() == Some(identity);
    let spec = LeaseSpec {
        acquire_time: Some(MicroTime(time)),
        renew_time: Some(MicroTime(time)),
        holder_identity: Some(identity.to_owned()),
        lease_duration_seconds: i32::try_from(duration.as_secs()).ok(),
        lease_transitions: Some(if same { transitions } else { transitions.saturating_add(1) }),
        ..LeaseSpec::default()
    };
    Lease { metadata: lease.map_or_else(new, |lease| lease.metadata.clone()), spec: Some(spec) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held_by(holder: Option<&str>, seconds: Option<i32>) -> Lease {
        let spec = LeaseSpec {
            holder_identity: holder.map(str::to_owned),
            lease_duration_seconds: seconds,
            lease_transitions: Some(3),
            ..LeaseSpec::default()
        };
        let metadata =
            ObjectMeta { resource_version: Some("7".to_owned()), ..ObjectMeta::default() };
        Lease { metadata, spec: Some(spec) }
    }

    #[test]
    fn lease_is_acquired_when_free_or_expired() {
        let since = Instant::now();
        let after = |seconds| since + Duration::from_secs(seconds);
        let wait = |seconds| Step::Wait(Duration::from_secs(seconds));
        let other = held_by(Some("other"), Some(15));
        let cases = [
            ("no lease", None, after(0), Step::Acquire),
            ("released", Some(held_by(None, Some(1))), after(0), Step::Acquire),
            (
                "released with an empty holder",
                Some(held_by(Some(""), None)),
                after(0),
                Step::Acquire,
            ),
            (
                "held by the previous process of this pod",
                Some(held_by(Some("me"), Some(15))),
                after(0),
                Step::Acquire,
            ),
            ("held by another", Some(other.clone()), after(0), wait(15)),
            ("held by another, 1 s left", Some(other.clone()), after(14), wait(1)),
            ("held by another, expired", Some(other), after(15), Step::Acquire),
            (
                "held by another, without a duration",
                Some(held_by(Some("other"), None)),
                after(5),
                wait(10),
            ),
            (
                "held by another, with an invalid duration",
                Some(held_by(Some("other"), Some(-1))),
                after(5),
                wait(10),
            ),
        ];
        for (case, lease, now, step) in cases {
            assert_eq!(decide(lease.as_ref(), "me", since, now), step, "{case}");
        }
    }

    #[test]
    fn renew_deadline_ends_before_the_lease_duration() {
        let renewed = Instant::now();
        let left = |millis| time_left(renewed, renewed + Duration::from_millis(millis)).as_millis();
        assert_eq!([left(0), left(5_000), left(9_999), left(10_000)], [10_000, 5_000, 1, 0]);
        assert_eq!(left(60_000), 0);
        assert!(RENEW_DEADLINE < super::super::LEASE_DURATION);
    }

    #[test]
    fn lease_is_held_by_its_holder_identity() {
        assert!(is_held_by(&held_by(Some("me"), Some(15)), "me"));
        assert!(!is_held_by(&held_by(Some("other"), Some(15)), "me"));
        assert!(!is_held_by(&held_by(None, None), "me"));
        assert!(!is_held_by(&Lease::default(), "me"));
    }

    #[test]
    fn acquisition_keeps_resource_version_and_counts_transitions() {
        let time = Timestamp::UNIX_EPOCH;
        let lease = acquired_lease(
            Some(&held_by(Some("other"), Some(15))),
            "me",
            DEFAULT_LEASE_DURATION,
            time,
        );
        assert_eq!(lease.metadata.resource_version.as_deref(), Some("7"));
        let spec = lease.spec.clone().unwrap();
        assert_eq!(spec.holder_identity.as_deref(), Some("me"));
        assert_eq!((spec.lease_transitions, spec.lease_duration_seconds), (Some(4), Some(15)));
        let again = acquired_lease(Some(&lease), "me", DEFAULT_LEASE_DURATION, time);
        assert_eq!(again.spec.unwrap().lease_transitions, Some(4));
        assert_eq!(
            acquired_lease(None, "me", DEFAULT_LEASE_DURATION, time).metadata.name.as_deref(),
            Some(MANAGER)
        );
    }
}
