//! Tests of the index: events and responses in, entries and changes out.

use std::time::Duration;

use serde_json::Value;
use storefront_desired::Progress;

use super::*;
use crate::observe::{Cause, CauseKind};

fn key() -> ObjectKey {
    ObjectKey::new("shop", "demo")
}

fn id(kind: Kind) -> ObjectId {
    ObjectId { kind, name: "child".to_owned() }
}

fn child(uid: &str, resource_version: u64) -> Child {
    Child {
        uid: uid.to_owned(),
        resource_version,
        generation: 1,
        owner: Some("demo-uid".to_owned()),
        deleting: false,
        drift_fingerprint: resource_version,
        version: None,
        component: Some("catalog".to_owned()),
        progress: Progress::Running,
        ready_replicas: 0,
        desired_replicas: 1,
        pod_rejection: None,
    }
}

fn storefront(uid: &str, resource_version: u64) -> ObservedStorefront {
    ObservedStorefront {
        uid: uid.to_owned(),
        resource_version,
        generation: 1,
        deleting: false,
        parsed: Err("not used by these tests".to_owned()),
        status: Value::Null,
    }
}

fn entry_name() -> EntryName {
    (key(), "child".to_owned())
}

#[test]
fn stale_event_of_a_child_is_ignored() {
    let now = Instant::now();
    let kind = Kind::Service;
    let mut index = Index::default();
    assert!(index.set_child(&key(), id(kind), child("a", 5), now));
    assert!(!index.set_child(&key(), id(kind), child("a", 4), now), "an older event");
    assert!(!index.set_child(&key(), id(kind), child("a", 5), now), "the same event");
    assert!(index.set_child(&key(), id(kind), child("a", 6), now), "a newer event");
    assert!(index.set_child(&key(), id(kind), child("b", 3), now), "another object of that name");
    assert!(
        !index.remove(Source::Children(kind), &entry_name(), Some("a")),
        "the deletion of the former object"
    );
    assert!(index.remove(Source::Children(kind), &entry_name(), Some("b")));
    assert!(index.get(&key()).is_none(), "the entry is removed with its last object");
}

/// The status of a workload changes with every pod. Only a change of its progress needs a
/// reconcile.
#[test]
fn change_of_resource_version_alone_is_ignored() {
    let now = Instant::now();
    let mut index = Index::default();
    let at = |resource_version| Child { drift_fingerprint: 1, ..child("a", resource_version) };
    assert!(index.set_child(&key(), id(Kind::Deployment), at(5), now));
    assert!(!index.set_child(&key(), id(Kind::Deployment), at(6), now));
    let done = Child { progress: Progress::Done, ..at(7) };
    assert!(index.set_child(&key(), id(Kind::Deployment), done, now));
}

/// The response to an apply is metadata only; the known progress of the workload stays unless the
/// apply changed its generation.
#[test]
fn response_keeps_progress_of_the_same_generation() {
    let now = Instant::now();
    let mut index = Index::default();
    let done = Child { progress: Progress::Done, ready_replicas: 1, ..child("a", 5) };
    index.set_child(&key(), id(Kind::Deployment), done.clone(), now);
    let state = index.get_mut(&key()).unwrap();
    state.begin_write(&id(Kind::Deployment));
    state.finish_write(&id(Kind::Deployment), child("a", 6), now);
    assert_eq!(state.children[&id(Kind::Deployment)].progress, Progress::Done);
    state.begin_write(&id(Kind::Deployment));
    state.finish_write(&id(Kind::Deployment), Child { generation: 2, ..child("a", 7) }, now);
    assert_eq!(state.children[&id(Kind::Deployment)].progress, Progress::Running);
}

/// The child is created, and deleted before the response to its creation is read.
#[test]
fn response_about_a_deleted_child_is_ignored() {
    let now = Instant::now();
    let (kind, service) = (Kind::Service, id(Kind::Service));
    let mut index = Index::default();
    index.set_storefront(&key(), storefront("demo-uid", 1));
    index.get_mut(&key()).unwrap().begin_write(&service);
    index.set_child(&key(), service.clone(), child("a", 10), now);
    assert!(index.remove(Source::Children(kind), &entry_name(), Some("a")));
    let state = index.get_mut(&key()).unwrap();
    assert!(!state.finish_write(&service, child("a", 10), now));
    assert!(state.children.is_empty());

    // A response about another uid, after the next write, is stored.
    state.begin_write(&service);
    assert!(state.finish_write(&service, child("b", 12), now));
    assert!(!state.finish_write(&service, child("b", 13), now), "no write is in flight");
    // A list that does not contain the child deletes it, too.
    state.begin_write(&service);
    assert!(index.remove(Source::Children(kind), &entry_name(), None));
    let state = index.get_mut(&key()).unwrap();
    assert!(!state.finish_write(&service, child("b", 14), now));
    assert!(state.children.is_empty());
}

#[test]
fn status_response_does_not_restore_a_deleted_storefront() {
    let mut index = Index::default();
    index.set_child(&key(), id(Kind::Service), child("a", 1), Instant::now());
    index.set_storefront(&key(), storefront("one", 1));
    let state = index.get_mut(&key()).unwrap();
    state.status_written(storefront("one", 2));
    assert_eq!(state.storefront.as_ref().unwrap().resource_version, 2);
    let demo = (key(), "demo".to_owned());
    assert!(index.remove(Source::Storefronts, &demo, Some("one")));
    let state = index.get_mut(&key()).unwrap();
    state.status_written(storefront("one", 3));
    assert!(state.storefront.is_none());
    index.set_storefront(&key(), storefront("two", 4));
    let state = index.get_mut(&key()).unwrap();
    state.status_written(storefront("one", 5));
    assert_eq!(state.storefront.as_ref().unwrap().uid, "two");
}

#[test]
fn recreated_storefront_starts_with_empty_history() {
    let now = Instant::now();
    let mut index = Index::default();
    index.set_storefront(&key(), storefront("one", 1));
    let state = index.get_mut(&key()).unwrap();
    state.history.entry(id(Kind::Service)).or_default().record_write(1, 1, now);
    assert!(index.set_storefront(&key(), storefront("one", 2)));
    assert_eq!(index.get(&key()).unwrap().history.len(), 1);
    assert!(!index.set_storefront(&key(), storefront("one", 2)), "already observed");
    assert!(index.set_storefront(&key(), storefront("two", 1)));
    assert_eq!(index.get(&key()).unwrap().history.len(), 0);
}

#[test]
fn observed_state_has_owned_children_not_being_deleted() {
    let now = Instant::now();
    let mut index = Index::default();
    index.set_storefront(&key(), storefront("demo-uid", 1));
    let cases = [
        (Kind::Service, child("a", 1), true),
        (Kind::Secret, Child { deleting: true, ..child("b", 1) }, false),
        (Kind::Job, Child { owner: Some("former".to_owned()), ..child("c", 1) }, false),
        (Kind::PersistentVolumeClaim, Child { owner: None, ..child("d", 1) }, true),
    ];
    for (kind, child, _) in &cases {
        index.set_child(&key(), id(*kind), child.clone(), now);
    }
    let observed = index.get(&key()).unwrap().observed_state();
    for (kind, child, is_observed) in cases {
        let known = observed.get(kind, "child").map(|child| child.uid.clone());
        assert_eq!(known, is_observed.then_some(child.uid), "{kind:?}");
    }
}

fn pod(cause: Option<CauseKind>, job: Option<&str>) -> Pod {
    Pod {
        uid: "pod".to_owned(),
        component: Some("catalog".to_owned()),
        job: job.map(str::to_owned),
        ended: false,
        cause: cause.map(|kind| Cause { kind, message: "problem".to_owned() }),
    }
}

#[test]
fn worst_cause_of_a_components_pods_is_reported() {
    let now = Instant::now();
    let mut index = Index::default();
    assert!(!index.set_pod(&key(), "a", pod(None, None), now), "a new healthy pod is ignored");
    assert!(index.set_pod(&key(), "b", pod(Some(CauseKind::CrashLoop), None), now));
    assert!(!index.set_pod(&key(), "b", pod(Some(CauseKind::CrashLoop), None), now));
    assert!(index.set_pod(&key(), "c", pod(Some(CauseKind::ImagePull), None), now));
    index.set_pod(&key(), "d", pod(Some(CauseKind::Failed), Some("migrate")), now);
    let state = index.get(&key()).unwrap();
    let kind = |pods| state.worst_cause(pods, now).map(|cause| cause.kind);
    assert_eq!(kind(PodSelector::Component("catalog")), Some(CauseKind::ImagePull));
    assert_eq!(kind(PodSelector::Component("gateway")), None);
    assert_eq!(kind(PodSelector::Job("migrate")), Some(CauseKind::Failed));
    assert!(index.remove(Source::Pods, &(key(), "c".to_owned()), None));
    let state = index.get(&key()).unwrap();
    let kind = state.worst_cause(PodSelector::Component("catalog"), now).map(|cause| cause.kind);
    assert_eq!(kind, Some(CauseKind::CrashLoop));
}

/// A volume is bound shortly after the first scheduling attempt of its pod.
#[test]
fn transient_cause_is_reported_after_its_delay() {
    let start = Instant::now();
    let mut index = Index::default();
    index.set_pod(&key(), "a", pod(Some(CauseKind::Unschedulable), None), start);
    let state = index.get(&key()).unwrap();
    let pods = PodSelector::Component("catalog");
    assert_eq!(state.worst_cause(pods, start), None);
    let end = state.next_report_at(start).unwrap();
    assert!(end <= start + Duration::from_secs(15));
    assert!(state.worst_cause(pods, end).is_some());
    assert_eq!(state.next_report_at(end), None);
}

#[test]
fn entries_of_a_source_are_limited_to_its_namespace() {
    let now = Instant::now();
    let mut index = Index::default();
    let other = ObjectKey::new("elsewhere", "demo");
    for key in [key(), other] {
        index.set_storefront(&key, storefront("one", 1));
        index.set_child(&key, id(Kind::Service), child("a", 1), now);
        index.set_child(&key, id(Kind::Secret), child("a", 1), now);
    }
    let count = |source, namespace| index.entries(source, namespace).len();
    assert_eq!(count(Source::Storefronts, None), 2);
    assert_eq!(count(Source::Children(Kind::Service), None), 2);
    assert_eq!(count(Source::Children(Kind::Service), Some("shop")), 1);
    assert_eq!(count(Source::Children(Kind::Job), Some("shop")), 0);
    assert_eq!(count(Source::Pods, None), 0);
}

fn cause_of(index: &Index, now: Instant) -> Option<CauseKind> {
    let state = index.get(&key()).unwrap();
    state.worst_cause(PodSelector::Component("catalog"), now).map(|cause| cause.kind)
}

/// The scheduler's message changes with the nodes.
#[test]
fn changed_message_does_not_restart_the_report_delay() {
    let start = Instant::now();
    let later = |secs| start + Duration::from_secs(secs);
    let unschedulable = |message: &str| {
        let mut pod = pod(Some(CauseKind::Unschedulable), None);
        pod.cause.as_mut().unwrap().message = message.to_owned();
        pod
    };
    let mut index = Index::default();
    index.set_pod(&key(), "a", unschedulable("cpu"), start);
    assert!(index.set_pod(&key(), "a", unschedulable("memory"), later(8)), "the message changed");
    assert_eq!(cause_of(&index, later(10)), Some(CauseKind::Unschedulable));
    let replaced = Pod { uid: "another".to_owned(), ..unschedulable("cpu") };
    index.set_pod(&key(), "a", replaced, later(11));
    assert_eq!(cause_of(&index, later(12)), None, "another pod of that name, as of a StatefulSet");
}

/// The kubelet alternates between the two reasons.
#[test]
fn failed_pull_is_reported_after_delay_and_during_retries() {
    let start = Instant::now();
    let later = |secs| start + Duration::from_secs(secs);
    let mut index = Index::default();
    let observe = |index: &mut Index, kind: Option<CauseKind>, secs| {
        index.set_pod(&key(), "a", pod(kind, None), later(secs));
    };
    observe(&mut index, Some(CauseKind::ImagePullRetrying), 0);
    assert_eq!(cause_of(&index, later(9)), None);
    assert_eq!(cause_of(&index, later(10)), Some(CauseKind::ImagePullRetrying));
    observe(&mut index, None, 10);
    assert_eq!(cause_of(&index, later(11)), None);
    observe(&mut index, Some(CauseKind::ImagePullRetrying), 20);
    observe(&mut index, Some(CauseKind::ImagePull), 22);
    assert_eq!(cause_of(&index, later(22)), Some(CauseKind::ImagePull), "the kubelet backs off");
    observe(&mut index, Some(CauseKind::ImagePullRetrying), 24);
    assert_eq!(
        cause_of(&index, later(24)),
        Some(CauseKind::ImagePullRetrying),
        "the problem is the same"
    );
}

/// After a change of a workload, pods of the previous generation still exist for a while.
#[test]
fn causes_of_old_pods_are_suppressed_after_a_rollout_starts() {
    let start = Instant::now();
    let later = |secs| start + Duration::from_secs(secs);
    let deployment = |generation: i64| Child { generation, ..child("a", generation as u64) };
    let mut index = Index::default();
    index.set_child(&key(), id(Kind::Deployment), deployment(1), start);
    index.set_pod(&key(), "old", pod(Some(CauseKind::CrashLoop), None), start);
    assert_eq!(cause_of(&index, start), Some(CauseKind::CrashLoop));
    index.set_child(&key(), id(Kind::Deployment), deployment(2), later(1));
    assert_eq!(cause_of(&index, later(1)), None);
    index.set_pod(&key(), "old", pod(Some(CauseKind::ImagePull), None), later(2));
    assert_eq!(cause_of(&index, later(2)), None, "also when the cause changes");
    let end = index.get(&key()).unwrap().next_report_at(later(2)).unwrap();
    assert_eq!(cause_of(&index, end), Some(CauseKind::ImagePull));
    index.set_pod(&key(), "new", pod(Some(CauseKind::Config), None), later(3));
    assert_eq!(cause_of(&index, later(3)), Some(CauseKind::Config), "a pod of the new generation");
}

/// A suspended shop waits until every pod has ended before its datastores stop.
#[test]
fn pods_count_until_ended_and_their_end_matters_when_suspended() {
    let now = Instant::now();
    for (suspend, is_change) in [(true, true), (false, false)] {
        let mut index = Index::default();
        let mut spec = storefront_api::StorefrontSpec::with_version("0.1.0");
        spec.suspend = suspend;
        let desired = storefront_api::Storefront::new("demo", spec);
        let entry = ObservedStorefront { parsed: Ok(desired.into()), ..storefront("demo-uid", 1) };
        index.set_storefront(&key(), entry);
        let parts_with_pods =
            |index: &Index| index.get(&key()).unwrap().observed_state().parts_with_pods.len();
        index.set_pod(&key(), "a", pod(None, None), now);
        assert_eq!(parts_with_pods(&index), 1);
        let ended = Pod { ended: true, ..pod(None, None) };
        assert!(index.set_pod(&key(), "a", ended, now), "the pod has ended");
        assert_eq!(parts_with_pods(&index), 0);
        index.set_pod(&key(), "b", pod(None, None), now);
        assert_eq!(index.remove(Source::Pods, &(key(), "b".to_owned()), None), is_change);
        assert_eq!(parts_with_pods(&index), 0);
    }
}
