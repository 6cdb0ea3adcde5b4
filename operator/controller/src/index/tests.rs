//! Events in, rows and news out.

use std::time::Duration;

use serde_json::Value;
use storefront_desired::Progress;

use super::*;
use crate::observe::{Cause, CauseKind};

fn key() -> Key {
    Key::new("shop", "demo")
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
        mark: resource_version,
        version: None,
        component: Some("catalog".to_owned()),
        progress: Progress::Running,
        ready_replicas: 0,
        desired_replicas: 1,
        refusal: None,
    }
}

fn storefront(uid: &str, resource_version: u64) -> StorefrontRow {
    StorefrontRow {
        uid: uid.to_owned(),
        resource_version,
        generation: 1,
        deleting: false,
        storefront: Err("not looked at here".to_owned()),
        status: Value::Null,
    }
}

fn row() -> RowName {
    (key(), "child".to_owned())
}

#[test]
fn late_news_about_a_child_changes_nothing() {
    let now = Instant::now();
    let kind = Kind::Service;
    let mut index = Index::default();
    assert!(index.set_child(&key(), id(kind), child("a", 5), now));
    assert!(!index.set_child(&key(), id(kind), child("a", 4), now), "an older event");
    assert!(!index.set_child(&key(), id(kind), child("a", 5), now), "the same event");
    assert!(index.set_child(&key(), id(kind), child("a", 6), now), "a newer event");
    assert!(index.set_child(&key(), id(kind), child("b", 3), now), "another object of that name");
    assert!(!index.remove(Source::Children(kind), &row(), Some("a")), "the former one's end");
    assert!(index.remove(Source::Children(kind), &row(), Some("b")));
    assert!(index.shop(&key()).is_none(), "nothing is kept of what is gone");
}

/// The status of a workload moves with every pod; only what it means is news.
#[test]
fn a_resource_version_alone_is_no_news() {
    let now = Instant::now();
    let mut index = Index::default();
    let at = |resource_version| Child { mark: 1, ..child("a", resource_version) };
    assert!(index.set_child(&key(), id(Kind::Deployment), at(5), now));
    assert!(!index.set_child(&key(), id(Kind::Deployment), at(6), now));
    let done = Child { progress: Progress::Done, ..at(7) };
    assert!(index.set_child(&key(), id(Kind::Deployment), done, now));
}

/// The answer to an apply is metadata; how far the workload has come stays known unless the apply
/// changed it.
#[test]
fn an_answer_keeps_what_only_the_watch_can_tell() {
    let now = Instant::now();
    let mut index = Index::default();
    let done = Child { progress: Progress::Done, ready_replicas: 1, ..child("a", 5) };
    index.set_child(&key(), id(Kind::Deployment), done.clone(), now);
    let shop = index.shop_mut(&key()).unwrap();
    shop.writing(&id(Kind::Deployment));
    shop.answered(&id(Kind::Deployment), child("a", 6), now);
    assert_eq!(shop.children[&id(Kind::Deployment)].progress, Progress::Done);
    shop.writing(&id(Kind::Deployment));
    shop.answered(&id(Kind::Deployment), Child { generation: 2, ..child("a", 7) }, now);
    assert_eq!(shop.children[&id(Kind::Deployment)].progress, Progress::Running);
}

/// Made, and deleted again before the answer to its making is read.
#[test]
fn an_answer_makes_no_row_of_what_was_told_gone_meanwhile() {
    let now = Instant::now();
    let (kind, service) = (Kind::Service, id(Kind::Service));
    let mut index = Index::default();
    index.set_storefront(&key(), storefront("demo-uid", 1));
    index.shop_mut(&key()).unwrap().writing(&service);
    index.set_child(&key(), service.clone(), child("a", 10), now);
    assert!(index.remove(Source::Children(kind), &row(), Some("a")));
    let shop = index.shop_mut(&key()).unwrap();
    assert!(!shop.answered(&service, child("a", 10), now));
    assert!(shop.children.is_empty());

    // The same of another uid, and after the next write, is news.
    shop.writing(&service);
    assert!(shop.answered(&service, child("b", 12), now));
    assert!(!shop.answered(&service, child("b", 13), now), "nobody asked");
    // A list that does not name the child tells of its end, too.
    shop.writing(&service);
    assert!(index.remove(Source::Children(kind), &row(), None));
    let shop = index.shop_mut(&key()).unwrap();
    assert!(!shop.answered(&service, child("b", 14), now));
    assert!(shop.children.is_empty());
}

#[test]
fn a_status_that_is_written_brings_no_storefront_back() {
    let mut index = Index::default();
    index.set_child(&key(), id(Kind::Service), child("a", 1), Instant::now());
    index.set_storefront(&key(), storefront("one", 1));
    let shop = index.shop_mut(&key()).unwrap();
    shop.status_written(storefront("one", 2));
    assert_eq!(shop.storefront.as_ref().unwrap().resource_version, 2);
    let demo = (key(), "demo".to_owned());
    assert!(index.remove(Source::Storefronts, &demo, Some("one")));
    let shop = index.shop_mut(&key()).unwrap();
    shop.status_written(storefront("one", 3));
    assert!(shop.storefront.is_none());
    index.set_storefront(&key(), storefront("two", 4));
    let shop = index.shop_mut(&key()).unwrap();
    shop.status_written(storefront("one", 5));
    assert_eq!(shop.storefront.as_ref().unwrap().uid, "two");
}

#[test]
fn another_storefront_of_the_same_name_inherits_nothing() {
    let now = Instant::now();
    let mut index = Index::default();
    index.set_storefront(&key(), storefront("one", 1));
    let shop = index.shop_mut(&key()).unwrap();
    shop.memory.entry(id(Kind::Service)).or_default().wrote(1, 1, now);
    assert!(index.set_storefront(&key(), storefront("one", 2)));
    assert_eq!(index.shop(&key()).unwrap().memory.len(), 1);
    assert!(!index.set_storefront(&key(), storefront("one", 2)), "seen already");
    assert!(index.set_storefront(&key(), storefront("two", 1)));
    assert_eq!(index.shop(&key()).unwrap().memory.len(), 0);
}

#[test]
fn facts_are_the_children_that_are_ours_and_stay() {
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
    let facts = index.shop(&key()).unwrap().facts();
    for (kind, child, is_fact) in cases {
        let known = facts.get(kind, "child").map(|seen| seen.uid.clone());
        assert_eq!(known, is_fact.then_some(child.uid), "{kind:?}");
    }
}

fn pod(cause: Option<CauseKind>, job: Option<&str>) -> Pod {
    Pod {
        uid: "pod".to_owned(),
        component: Some("catalog".to_owned()),
        job: job.map(str::to_owned),
        ended: false,
        cause: cause.map(|kind| Cause { kind, message: "trouble".to_owned() }),
    }
}

#[test]
fn the_worst_trouble_of_a_components_pods_is_told() {
    let now = Instant::now();
    let mut index = Index::default();
    assert!(!index.set_pod(&key(), "a", pod(None, None), now), "a healthy pod is no news");
    assert!(index.set_pod(&key(), "b", pod(Some(CauseKind::CrashLoop), None), now));
    assert!(!index.set_pod(&key(), "b", pod(Some(CauseKind::CrashLoop), None), now));
    assert!(index.set_pod(&key(), "c", pod(Some(CauseKind::ImagePull), None), now));
    index.set_pod(&key(), "d", pod(Some(CauseKind::Failed), Some("migrate")), now);
    let shop = index.shop(&key()).unwrap();
    let kind = |of| shop.cause(of, now).map(|cause| cause.kind);
    assert_eq!(kind(Owner::Component("catalog")), Some(CauseKind::ImagePull));
    assert_eq!(kind(Owner::Component("gateway")), None);
    assert_eq!(kind(Owner::Job("migrate")), Some(CauseKind::Failed));
    assert!(index.remove(Source::Pods, &(key(), "c".to_owned()), None));
    let shop = index.shop(&key()).unwrap();
    let kind = shop.cause(Owner::Component("catalog"), now).map(|cause| cause.kind);
    assert_eq!(kind, Some(CauseKind::CrashLoop));
}

/// A volume is bound a moment after its pod was first looked at.
#[test]
fn trouble_that_often_passes_is_told_when_it_lasts() {
    let start = Instant::now();
    let mut index = Index::default();
    index.set_pod(&key(), "a", pod(Some(CauseKind::Unschedulable), None), start);
    let shop = index.shop(&key()).unwrap();
    let of = Owner::Component("catalog");
    assert_eq!(shop.cause(of, start), None);
    let end = shop.patience_ends(start).unwrap();
    assert!(end <= start + Duration::from_secs(15));
    assert!(shop.cause(of, end).is_some());
    assert_eq!(shop.patience_ends(end), None);
}

#[test]
fn the_rows_of_a_source_are_those_of_its_namespace() {
    let now = Instant::now();
    let mut index = Index::default();
    let other = Key::new("elsewhere", "demo");
    for key in [key(), other] {
        index.set_storefront(&key, storefront("one", 1));
        index.set_child(&key, id(Kind::Service), child("a", 1), now);
        index.set_child(&key, id(Kind::Secret), child("a", 1), now);
    }
    let count = |source, namespace| index.rows(source, namespace).len();
    assert_eq!(count(Source::Storefronts, None), 2);
    assert_eq!(count(Source::Children(Kind::Service), None), 2);
    assert_eq!(count(Source::Children(Kind::Service), Some("shop")), 1);
    assert_eq!(count(Source::Children(Kind::Job), Some("shop")), 0);
    assert_eq!(count(Source::Pods, None), 0);
}

fn cause_of(index: &Index, now: Instant) -> Option<CauseKind> {
    let shop = index.shop(&key()).unwrap();
    shop.cause(Owner::Component("catalog"), now).map(|cause| cause.kind)
}

/// Nodes come and go, and with them the scheduler's words.
#[test]
fn the_same_trouble_in_other_words_does_not_begin_anew() {
    let start = Instant::now();
    let later = |secs| start + Duration::from_secs(secs);
    let unschedulable = |message: &str| {
        let mut pod = pod(Some(CauseKind::Unschedulable), None);
        pod.cause.as_mut().unwrap().message = message.to_owned();
        pod
    };
    let mut index = Index::default();
    index.set_pod(&key(), "a", unschedulable("cpu"), start);
    assert!(index.set_pod(&key(), "a", unschedulable("memory"), later(8)), "it is news");
    assert_eq!(cause_of(&index, later(10)), Some(CauseKind::Unschedulable));
    let anew = Pod { uid: "another".to_owned(), ..unschedulable("cpu") };
    index.set_pod(&key(), "a", anew, later(11));
    assert_eq!(cause_of(&index, later(12)), None, "another pod of that name, as of a StatefulSet");
}

/// The kubelet goes to and fro between the two reasons.
#[test]
fn one_failed_pull_is_told_when_it_lasts_and_stays_told_when_it_is_tried_again() {
    let start = Instant::now();
    let later = |secs| start + Duration::from_secs(secs);
    let mut index = Index::default();
    let see = |index: &mut Index, kind: Option<CauseKind>, secs| {
        index.set_pod(&key(), "a", pod(kind, None), later(secs));
    };
    see(&mut index, Some(CauseKind::ImagePullTried), 0);
    assert_eq!(cause_of(&index, later(9)), None);
    assert_eq!(cause_of(&index, later(10)), Some(CauseKind::ImagePullTried));
    see(&mut index, None, 10);
    assert_eq!(cause_of(&index, later(11)), None);
    see(&mut index, Some(CauseKind::ImagePullTried), 20);
    see(&mut index, Some(CauseKind::ImagePull), 22);
    assert_eq!(cause_of(&index, later(22)), Some(CauseKind::ImagePull), "it is given up for now");
    see(&mut index, Some(CauseKind::ImagePullTried), 24);
    assert_eq!(cause_of(&index, later(24)), Some(CauseKind::ImagePullTried), "still the same");
}

/// Between a change of a workload and the end of the pods it replaces.
#[test]
fn trouble_from_before_a_change_of_the_workload_has_to_outlast_it() {
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
    assert_eq!(cause_of(&index, later(2)), None, "also when it gets into other trouble");
    let end = index.shop(&key()).unwrap().patience_ends(later(2)).unwrap();
    assert_eq!(cause_of(&index, end), Some(CauseKind::ImagePull));
    index.set_pod(&key(), "new", pod(Some(CauseKind::Config), None), later(3));
    assert_eq!(cause_of(&index, later(3)), Some(CauseKind::Config), "a pod of after the change");
}

/// A suspended shop waits for the end of every pod before its stores stop.
#[test]
fn pods_count_until_they_have_ended_and_their_end_is_news_while_it_is_waited_for() {
    let now = Instant::now();
    for (suspend, is_news) in [(true, true), (false, false)] {
        let mut index = Index::default();
        let mut spec = storefront_api::StorefrontSpec::with_version("0.1.0");
        spec.suspend = suspend;
        let wanted = storefront_api::Storefront::new("demo", spec);
        let row = StorefrontRow { storefront: Ok(wanted.into()), ..storefront("demo-uid", 1) };
        index.set_storefront(&key(), row);
        let with_pods = |index: &Index| index.shop(&key()).unwrap().facts().parts_with_pods.len();
        index.set_pod(&key(), "a", pod(None, None), now);
        assert_eq!(with_pods(&index), 1);
        let ended = Pod { ended: true, ..pod(None, None) };
        assert!(index.set_pod(&key(), "a", ended, now), "it has ended");
        assert_eq!(with_pods(&index), 0);
        index.set_pod(&key(), "b", pod(None, None), now);
        assert_eq!(index.remove(Source::Pods, &(key(), "b".to_owned()), None), is_news);
        assert_eq!(with_pods(&index), 0);
    }
}
