//! Tests of the plan: the observed state of a child and the write that follows.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use storefront_desired::SecretField;

use super::*;
use crate::fault::{Fault, FaultKind};
use crate::index::Index;
use crate::object_key::ObjectKey;
use crate::observe::ObservedStorefront;

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

fn child(drift_fingerprint: u64) -> Child {
    Child {
        uid: "child-uid".to_owned(),
        resource_version: 1,
        generation: 1,
        owner: Some(UID.to_owned()),
        deleting: false,
        drift_fingerprint,
        version: None,
        component: None,
        progress: Progress::Done,
        ready_replicas: 0,
        desired_replicas: 0,
        pod_rejection: None,
    }
}

struct Case {
    state: StorefrontState,
    now: Instant,
}

impl Case {
    fn new() -> Self {
        let mut state = StorefrontState::default();
        state.storefront = Some(ObservedStorefront {
            uid: UID.to_owned(),
            resource_version: 1,
            generation: 1,
            deleting: false,
            parsed: Err("not used by these tests".to_owned()),
            status: Value::Null,
        });
        Self { state, now: Instant::now() }
    }

    fn with(mut self, id: ObjectId, child: Child) -> Self {
        self.state.children.insert(id, child);
        self
    }

    fn with_history(mut self, id: ObjectId, act: impl FnOnce(&mut WriteHistory, Instant)) -> Self {
        act(self.state.history.entry(id).or_default(), self.now);
        self
    }

    fn plan(&self, objects: &[Object]) -> Plan {
        plan(objects.to_vec(), &self.state, self.now)
    }

    /// Returns the reasons of the writes, each with whether it deletes.
    fn reasons(&self, objects: &[Object]) -> Vec<(WriteReason, bool)> {
        let writes = self.plan(objects).writes.into_iter();
        writes.map(|w| (w.reason, matches!(w.operation, Operation::Delete { .. }))).collect()
    }
}

fn written(drift_fingerprint: u64) -> impl FnOnce(&mut WriteHistory, Instant) {
    move |history, now| {
        history.record_write(fingerprint::hash_manifest(&manifest()), drift_fingerprint, now)
    }
}

#[test]
fn child_is_written_only_when_it_differs() {
    let service = || id(Kind::Service, "a");
    let desired = [apply(Kind::Service, "a")];
    let cases = [
        ("missing", Case::new(), vec![(WriteReason::Missing, false)]),
        (
            "unverified after a start",
            Case::new().with(service(), child(7)),
            vec![(WriteReason::Unverified, false)],
        ),
        (
            "unchanged since its write",
            Case::new().with(service(), child(7)).with_history(service(), written(7)),
            vec![],
        ),
        (
            "changed by another manager",
            Case::new().with(service(), child(8)).with_history(service(), written(7)),
            vec![(WriteReason::Drifted, false)],
        ),
        (
            "deleted by another client",
            Case::new().with_history(service(), written(7)),
            vec![(WriteReason::Deleted, false)],
        ),
        (
            "desired manifest changed",
            Case::new()
                .with(service(), child(7))
                .with_history(service(), |history, now| history.record_write(1, 7, now)),
            vec![(WriteReason::Changed, false)],
        ),
        (
            "being deleted",
            Case::new().with(service(), Child { deleting: true, ..child(7) }),
            vec![],
        ),
        (
            "owned by a former Storefront",
            Case::new().with(service(), Child { owner: Some("former".to_owned()), ..child(7) }),
            vec![(WriteReason::StaleOwner, true)],
        ),
        (
            "without owner, as a volume",
            Case::new().with(service(), Child { owner: None, ..child(7) }),
            vec![(WriteReason::Unverified, false)],
        ),
    ];
    for (case, known, reasons) in cases {
        assert_eq!(known.reasons(&desired), reasons, "{case}");
    }
}

#[test]
fn kept_child_is_not_written() {
    let keep = [Object { id: id(Kind::Deployment, "a"), action: Action::Keep }];
    assert_eq!(Case::new().reasons(&keep), []);
    let existing = Case::new().with(id(Kind::Deployment, "a"), child(7));
    assert_eq!(existing.reasons(&keep), []);
}

#[test]
fn obsolete_child_is_deleted_by_uid_except_volumes() {
    let case = Case::new()
        .with(id(Kind::Job, "old"), child(7))
        .with(id(Kind::Job, "deleting"), Child { deleting: true, ..child(7) })
        .with(id(Kind::PersistentVolumeClaim, "data"), child(7));
    let plan = case.plan(&[]);
    let delete = Operation::Delete { uid: "child-uid".to_owned() };
    let write = Write {
        id: id(Kind::Job, "old"),
        fingerprint: 0,
        reason: WriteReason::Obsolete,
        operation: delete,
    };
    assert_eq!(plan.writes, [write]);
}

/// `kubectl expose` copies the labels of the object that it exposes.
#[test]
fn labeled_object_without_owner_is_not_deleted() {
    let unowned = Case::new()
        .with(id(Kind::Service, "public"), Child { owner: None, ..child(7) })
        .with(id(Kind::ConfigMap, "copy"), Child { owner: None, ..child(7) });
    assert_eq!(unowned.reasons(&[]), []);
    let former = Child { owner: Some("former".to_owned()), ..child(7) };
    let former = Case::new().with(id(Kind::Job, "old"), former);
    assert_eq!(former.reasons(&[]), [(WriteReason::Obsolete, true)]);
}

#[test]
fn up_to_date_or_kept_child_is_settled() {
    let service = || id(Kind::Service, "a");
    let desired = [apply(Kind::Service, "a")];
    let written = Case::new().with(service(), child(7)).with_history(service(), written(7));
    assert_eq!(written.plan(&desired).settled, [service()]);
    assert_eq!(Case::new().plan(&desired).settled, []);
    let keep = [Object { id: service(), action: Action::Keep }];
    assert_eq!(Case::new().plan(&keep).settled, [service()]);
}

#[test]
fn generated_secret_is_created_once_and_not_overwritten() {
    let template = SecretTemplate {
        manifest: json!({}),
        fields: BTreeMap::from([("password".to_owned(), SecretField::Password)]),
    };
    let secret = || id(Kind::Secret, "a");
    let desired = [Object { id: secret(), action: Action::CreateOnce(template) }];
    assert_eq!(Case::new().reasons(&desired), [(WriteReason::Missing, false)]);
    assert_eq!(Case::new().with(secret(), child(7)).reasons(&desired), []);
    let changed = Case::new().with(secret(), child(8)).with_history(secret(), written(7));
    assert_eq!(changed.reasons(&desired), []);
    let deleted = Case::new().with_history(secret(), written(7));
    assert_eq!(deleted.reasons(&desired), [(WriteReason::Deleted, false)]);
}

#[test]
fn failed_job_is_replaced_after_its_backoff() {
    let job = || id(Kind::Job, "migrate");
    let desired = [apply(Kind::Job, "migrate")];
    let failed = Child { progress: Progress::Failed, ..child(7) };
    let mut index = Index::default();
    let key = ObjectKey::new("shop", "demo");
    let now = Instant::now();
    index.set_child(&key, job(), failed, now);
    let mut case = Case::new();
    let state = index.get(&key).unwrap();
    case.state.children = state.children.clone();
    case.state.history = state.history.clone();
    let retry_at = case.state.history[&job()].job.as_ref().unwrap().retry_at;

    case.now = now;
    let plan = case.plan(&desired);
    assert_eq!((plan.writes.len(), plan.requeue_at), (0, Some(retry_at)));
    case.now = retry_at;
    assert_eq!(case.reasons(&desired), [(WriteReason::Retried, true)]);
}

#[test]
fn failed_write_waits_unless_the_manifest_changes() {
    let service = || id(Kind::Service, "a");
    let fault = || Fault { kind: FaultKind::Refused, message: "no".to_owned() };
    let fingerprint = fingerprint::hash_manifest(&manifest());
    let failed = |fingerprint| {
        Case::new().with_history(service(), move |history, now| {
            history.record_failure(fingerprint, fault(), now)
        })
    };
    let mut same = failed(fingerprint);
    let retry_at = same.now + FaultKind::Refused.delay(0);
    let plan = same.plan(&[apply(Kind::Service, "a")]);
    assert_eq!((plan.writes.len(), plan.requeue_at), (0, Some(retry_at)));
    same.now = retry_at;
    assert_eq!(same.reasons(&[apply(Kind::Service, "a")]), [(WriteReason::Missing, false)]);
    let other = failed(fingerprint + 1);
    assert_eq!(other.reasons(&[apply(Kind::Service, "a")]), [(WriteReason::Missing, false)]);
}

/// A deletion that is rejected must not be sent with every event.
#[test]
fn failed_deletion_waits() {
    let job = || id(Kind::Job, "old");
    let fault = Fault { kind: FaultKind::Refused, message: "no".to_owned() };
    let mut case = Case::new()
        .with(job(), child(7))
        .with_history(job(), |history, now| history.record_failure(0, fault, now));
    let plan = case.plan(&[]);
    assert_eq!((plan.writes.len(), plan.requeue_at.is_some()), (0, true));
    case.now += Duration::from_secs(3);
    assert_eq!(case.reasons(&[]), [(WriteReason::Obsolete, true)]);
}

#[test]
fn writes_are_ordered_by_kind() {
    let desired = [apply(Kind::Deployment, "a"), apply(Kind::Service, "b"), apply(Kind::Job, "c")];
    let writes = Case::new().plan(&desired).writes;
    let kinds: Vec<_> = writes.iter().map(|write| write.id.kind).collect();
    assert_eq!(kinds, [Kind::Service, Kind::Job, Kind::Deployment]);
}
