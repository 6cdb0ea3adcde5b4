//! Tables: what is known of a child, and what follows.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use storefront_desired::SecretField;

use super::*;
use crate::fault::{Fault, FaultKind};
use crate::index::Index;
use crate::key::Key;
use crate::observe::StorefrontRow;

const UID: &str = "storefront-uid";

fn id(kind: Kind, name: &str) -> ObjectId {
    ObjectId { kind, name: name.to_owned() }
}

fn manifest() -> Value {
    json!({"spec": {"replicas": 1}})
}

fn apply(kind: Kind, name: &str) -> Object {
    Object { id: id(kind, name), action: Action::Apply(manifest()) }
}

fn child(mark: u64) -> Child {
    Child {
        uid: "child-uid".to_owned(),
        resource_version: 1,
        generation: 1,
        owner: Some(UID.to_owned()),
        deleting: false,
        mark,
        version: None,
        component: None,
        progress: Progress::Done,
        ready_replicas: 0,
        desired_replicas: 0,
        refusal: None,
    }
}

struct Case {
    shop: Shop,
    now: Instant,
}

impl Case {
    fn new() -> Self {
        let mut shop = Shop::default();
        shop.storefront = Some(StorefrontRow {
            uid: UID.to_owned(),
            resource_version: 1,
            generation: 1,
            deleting: false,
            storefront: Err("not looked at here".to_owned()),
            status: Value::Null,
        });
        Self { shop, now: Instant::now() }
    }

    fn with(mut self, id: ObjectId, child: Child) -> Self {
        self.shop.children.insert(id, child);
        self
    }

    fn remembering(mut self, id: ObjectId, act: impl FnOnce(&mut Memory, Instant)) -> Self {
        act(self.shop.memory.entry(id).or_default(), self.now);
        self
    }

    fn plan(&self, objects: &[Object]) -> Plan {
        plan(objects.to_vec(), &self.shop, self.now)
    }

    /// The reasons of the writes, with whether each deletes.
    fn whys(&self, objects: &[Object]) -> Vec<(Why, bool)> {
        let writes = self.plan(objects).writes.into_iter();
        writes.map(|w| (w.why, matches!(w.deed, Deed::Delete { .. }))).collect()
    }
}

fn wrote(mark: u64) -> impl FnOnce(&mut Memory, Instant) {
    move |memory, now| memory.wrote(fingerprint::of_manifest(&manifest()), mark, now)
}

#[test]
fn only_what_differs_is_written() {
    let service = || id(Kind::Service, "a");
    let wanted = [apply(Kind::Service, "a")];
    let cases = [
        ("missing", Case::new(), vec![(Why::Missing, false)]),
        ("after a start", Case::new().with(service(), child(7)), vec![(Why::Unknown, false)]),
        (
            "as it was written",
            Case::new().with(service(), child(7)).remembering(service(), wrote(7)),
            vec![],
        ),
        (
            "touched by others",
            Case::new().with(service(), child(8)).remembering(service(), wrote(7)),
            vec![(Why::Drifted, false)],
        ),
        (
            "deleted by others",
            Case::new().remembering(service(), wrote(7)),
            vec![(Why::Gone, false)],
        ),
        (
            "wanted differently",
            Case::new()
                .with(service(), child(7))
                .remembering(service(), |memory, now| memory.wrote(1, 7, now)),
            vec![(Why::Changed, false)],
        ),
        (
            "on its way out",
            Case::new().with(service(), Child { deleting: true, ..child(7) }),
            vec![],
        ),
        (
            "of a former Storefront",
            Case::new().with(service(), Child { owner: Some("former".to_owned()), ..child(7) }),
            vec![(Why::Leftover, true)],
        ),
        (
            "of nobody, as a volume",
            Case::new().with(service(), Child { owner: None, ..child(7) }),
            vec![(Why::Unknown, false)],
        ),
    ];
    for (case, known, whys) in cases {
        assert_eq!(known.whys(&wanted), whys, "{case}");
    }
}

#[test]
fn what_waits_for_its_turn_is_left_alone_there_or_not() {
    let keep = [Object { id: id(Kind::Deployment, "a"), action: Action::Keep }];
    assert_eq!(Case::new().whys(&keep), []);
    let there = Case::new().with(id(Kind::Deployment, "a"), child(7));
    assert_eq!(there.whys(&keep), []);
}

#[test]
fn what_is_not_wanted_is_deleted_by_uid_and_volumes_never_are() {
    let case = Case::new()
        .with(id(Kind::Job, "old"), child(7))
        .with(id(Kind::Job, "going"), Child { deleting: true, ..child(7) })
        .with(id(Kind::PersistentVolumeClaim, "data"), child(7));
    let plan = case.plan(&[]);
    let delete = Deed::Delete { uid: "child-uid".to_owned() };
    let write =
        Write { id: id(Kind::Job, "old"), fingerprint: 0, why: Why::Obsolete, deed: delete };
    assert_eq!(plan.writes, [write]);
}

/// `kubectl expose` copies the labels of what it exposes.
#[test]
fn what_carries_our_labels_and_no_owner_is_not_deleted() {
    let theirs = Case::new()
        .with(id(Kind::Service, "public"), Child { owner: None, ..child(7) })
        .with(id(Kind::ConfigMap, "copy"), Child { owner: None, ..child(7) });
    assert_eq!(theirs.whys(&[]), []);
    let former = Child { owner: Some("former".to_owned()), ..child(7) };
    let former = Case::new().with(id(Kind::Job, "old"), former);
    assert_eq!(former.whys(&[]), [(Why::Obsolete, true)]);
}

#[test]
fn what_is_as_wanted_or_not_to_be_touched_is_settled() {
    let service = || id(Kind::Service, "a");
    let wanted = [apply(Kind::Service, "a")];
    let written = Case::new().with(service(), child(7)).remembering(service(), wrote(7));
    assert_eq!(written.plan(&wanted).settled, [service()]);
    assert_eq!(Case::new().plan(&wanted).settled, []);
    let keep = [Object { id: service(), action: Action::Keep }];
    assert_eq!(Case::new().plan(&keep).settled, [service()]);
}

#[test]
fn a_secret_made_of_chance_is_created_once_and_never_written_again() {
    let recipe = SecretTemplate {
        manifest: json!({}),
        fields: BTreeMap::from([("password".to_owned(), SecretField::Password)]),
    };
    let secret = || id(Kind::Secret, "a");
    let wanted = [Object { id: secret(), action: Action::CreateOnce(recipe) }];
    assert_eq!(Case::new().whys(&wanted), [(Why::Missing, false)]);
    assert_eq!(Case::new().with(secret(), child(7)).whys(&wanted), []);
    let touched = Case::new().with(secret(), child(8)).remembering(secret(), wrote(7));
    assert_eq!(touched.whys(&wanted), []);
    let deleted = Case::new().remembering(secret(), wrote(7));
    assert_eq!(deleted.whys(&wanted), [(Why::Gone, false)]);
}

#[test]
fn a_failed_job_is_replaced_when_its_time_has_come() {
    let job = || id(Kind::Job, "migrate");
    let wanted = [apply(Kind::Job, "migrate")];
    let failed = Child { progress: Progress::Failed, ..child(7) };
    let mut index = Index::default();
    let key = Key::new("shop", "demo");
    let now = Instant::now();
    index.set_child(&key, job(), failed, now);
    let mut case = Case::new();
    let shop = index.shop(&key).unwrap();
    case.shop.children = shop.children.clone();
    case.shop.memory = shop.memory.clone();
    let retry_at = case.shop.memory[&job()].job.as_ref().unwrap().retry_at;

    case.now = now;
    let plan = case.plan(&wanted);
    assert_eq!((plan.writes.len(), plan.look_again), (0, Some(retry_at)));
    case.now = retry_at;
    assert_eq!(case.whys(&wanted), [(Why::Retried, true)]);
}

#[test]
fn a_write_that_failed_waits_unless_something_else_is_wanted() {
    let service = || id(Kind::Service, "a");
    let fault = || Fault { kind: FaultKind::Refused, message: "no".to_owned() };
    let fingerprint = fingerprint::of_manifest(&manifest());
    let failed = |fingerprint| {
        Case::new()
            .remembering(service(), move |memory, now| memory.failed(fingerprint, fault(), now))
    };
    let mut same = failed(fingerprint);
    let retry_at = same.now + FaultKind::Refused.delay(0);
    let plan = same.plan(&[apply(Kind::Service, "a")]);
    assert_eq!((plan.writes.len(), plan.look_again), (0, Some(retry_at)));
    same.now = retry_at;
    assert_eq!(same.whys(&[apply(Kind::Service, "a")]), [(Why::Missing, false)]);
    let other = failed(fingerprint + 1);
    assert_eq!(other.whys(&[apply(Kind::Service, "a")]), [(Why::Missing, false)]);
}

/// Also deletions: one that is refused must not be sent with every event.
#[test]
fn a_deletion_that_failed_waits_too() {
    let job = || id(Kind::Job, "old");
    let fault = Fault { kind: FaultKind::Refused, message: "no".to_owned() };
    let mut case = Case::new()
        .with(job(), child(7))
        .remembering(job(), |memory, now| memory.failed(0, fault, now));
    let plan = case.plan(&[]);
    assert_eq!((plan.writes.len(), plan.look_again.is_some()), (0, true));
    case.now += Duration::from_secs(3);
    assert_eq!(case.whys(&[]), [(Why::Obsolete, true)]);
}

#[test]
fn writes_come_in_the_order_of_kinds() {
    let wanted = [apply(Kind::Deployment, "a"), apply(Kind::Service, "b"), apply(Kind::Job, "c")];
    let writes = Case::new().plan(&wanted).writes;
    let kinds: Vec<_> = writes.iter().map(|write| write.id.kind).collect();
    assert_eq!(kinds, [Kind::Service, Kind::Job, Kind::Deployment]);
}
