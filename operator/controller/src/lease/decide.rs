//! Whether the lease may be taken, and what it looks like then. Pure.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use storefront_api::names::MANAGER;

/// How long a lease is respected that does not say how long it is good for.
const UNSAID: Duration = Duration::from_secs(15);

/// How long renewals may fail before the process ends itself: less than the lease is good for, so
/// that it has stopped writing when another one starts.
const GIVE_UP: Duration = Duration::from_secs(10);

/// What to do about the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Take it.
    Take,
    /// Somebody has it, for that long unless it changes.
    Wait(Duration),
}

/// `since` is when the lease was first seen as it is now.
pub(super) fn decide(lease: Option<&Lease>, me: &str, since: Instant, now: Instant) -> Step {
    let spec = lease.and_then(|lease| lease.spec.as_ref());
    let holder = spec.and_then(|spec| spec.holder_identity.as_deref()).unwrap_or_default();
    // Held by this pod: its former process, which has ended.
    if holder.is_empty() || holder == me {
        return Step::Take;
    }
    let seconds = spec.and_then(|spec| spec.lease_duration_seconds);
    let good_for = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    let good_for = good_for.map_or(UNSAID, Duration::from_secs);
    let left = (since + good_for).saturating_duration_since(now);
    if left.is_zero() { Step::Take } else { Step::Wait(left) }
}

/// How long the lease may still be relied on that was `renewed` last by a request sent then.
pub(super) fn time_left(renewed: Instant, now: Instant) -> Duration {
    (renewed + GIVE_UP).saturating_duration_since(now)
}

/// Whether the lease names this replica.
pub(super) fn is_held_by(lease: &Lease, me: &str) -> bool {
    let spec = lease.spec.as_ref();
    spec.and_then(|spec| spec.holder_identity.as_deref()) == Some(me)
}

/// The lease as this process takes it. It keeps the `resourceVersion` of the one that was seen, so
/// that of two takers one fails.
pub(super) fn taken(lease: Option<&Lease>, me: &str, good_for: Duration, time: Timestamp) -> Lease {
    let fresh = || ObjectMeta { name: Some(MANAGER.to_owned()), ..ObjectMeta::default() };
    let before = lease.and_then(|lease| lease.spec.clone()).unwrap_or_default();
    let transitions = before.lease_transitions.unwrap_or_default();
    let same = before.holder_identity.as_deref() == Some(me);
    let spec = LeaseSpec {
        acquire_time: Some(MicroTime(time)),
        renew_time: Some(MicroTime(time)),
        holder_identity: Some(me.to_owned()),
        lease_duration_seconds: i32::try_from(good_for.as_secs()).ok(),
        lease_transitions: Some(if same { transitions } else { transitions.saturating_add(1) }),
        ..LeaseSpec::default()
    };
    Lease { metadata: lease.map_or_else(fresh, |lease| lease.metadata.clone()), spec: Some(spec) }
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
    fn a_lease_is_taken_when_nobody_has_it_any_more() {
        let since = Instant::now();
        let after = |seconds| since + Duration::from_secs(seconds);
        let wait = |seconds| Step::Wait(Duration::from_secs(seconds));
        let other = held_by(Some("other"), Some(15));
        let cases = [
            ("there is none", None, after(0), Step::Take),
            ("released", Some(held_by(None, Some(1))), after(0), Step::Take),
            ("released, spelled otherwise", Some(held_by(Some(""), None)), after(0), Step::Take),
            (
                "mine from before a restart",
                Some(held_by(Some("me"), Some(15))),
                after(0),
                Step::Take,
            ),
            ("another's", Some(other.clone()), after(0), wait(15)),
            ("another's, nearly over", Some(other.clone()), after(14), wait(1)),
            ("another's, over", Some(other), after(15), Step::Take),
            ("another's without a term", Some(held_by(Some("other"), None)), after(5), wait(10)),
            ("another's with nonsense", Some(held_by(Some("other"), Some(-1))), after(5), wait(10)),
        ];
        for (case, lease, now, step) in cases {
            assert_eq!(decide(lease.as_ref(), "me", since, now), step, "{case}");
        }
    }

    #[test]
    fn a_lease_is_relied_on_for_less_than_others_respect_it() {
        let renewed = Instant::now();
        let left = |millis| time_left(renewed, renewed + Duration::from_millis(millis)).as_millis();
        assert_eq!([left(0), left(5_000), left(9_999), left(10_000)], [10_000, 5_000, 1, 0]);
        assert_eq!(left(60_000), 0);
        assert!(GIVE_UP < super::super::DURATION);
    }

    #[test]
    fn a_lease_is_held_by_the_replica_that_it_names() {
        assert!(is_held_by(&held_by(Some("me"), Some(15)), "me"));
        assert!(!is_held_by(&held_by(Some("other"), Some(15)), "me"));
        assert!(!is_held_by(&held_by(None, None), "me"));
        assert!(!is_held_by(&Lease::default(), "me"));
    }

    #[test]
    fn taking_is_a_compare_and_swap_and_counts_transitions() {
        let time = Timestamp::UNIX_EPOCH;
        let lease = taken(Some(&held_by(Some("other"), Some(15))), "me", UNSAID, time);
        assert_eq!(lease.metadata.resource_version.as_deref(), Some("7"));
        let spec = lease.spec.clone().unwrap();
        assert_eq!(spec.holder_identity.as_deref(), Some("me"));
        assert_eq!((spec.lease_transitions, spec.lease_duration_seconds), (Some(4), Some(15)));
        let again = taken(Some(&lease), "me", UNSAID, time);
        assert_eq!(again.spec.unwrap().lease_transitions, Some(4));
        assert_eq!(taken(None, "me", UNSAID, time).metadata.name.as_deref(), Some(MANAGER));
    }
}
