//! Decisions for a Storefront in a fake cluster.

use serde_json::json;
use storefront_desired::{Kind, ObjectId};

use super::*;
use crate::fake_cluster::FakeCluster;
use crate::fault::{Fault, FaultKind};
use crate::plan::WriteReason;

#[test]
fn settled_storefront_is_ready_and_needs_no_patch() {
    let mut demo = FakeCluster::with_spec(json!({ "demoData": true }));
    let first = demo.settle();
    assert!(first.ready, "{:#?}", demo.status());
    assert!(first.patch.is_some());
    assert_eq!(first.event.unwrap().reason, "Ready");
    let second = demo.settle();
    assert_eq!((second.patch, second.event, second.requeue_at), (None, None, None));
}

#[test]
fn drift_of_one_child_causes_one_write() {
    let mut demo = FakeCluster::with_spec(json!({}));
    demo.settle();
    demo.observe_child(Kind::Service, "demo-gateway", |child| child.drift_fingerprint += 1);
    let Decision::Writes { writes, uid } = demo.decide() else { panic!("a write is due") };
    assert_eq!(uid, "demo-uid");
    let written: Vec<_> = writes.iter().map(|w| (w.id.name.as_str(), w.reason)).collect();
    assert_eq!(written, [("demo-gateway", WriteReason::Drifted)]);
}

#[test]
fn deleting_storefront_needs_nothing() {
    let mut demo = FakeCluster::with_spec(json!({}));
    demo.store(json!({ "deletionTimestamp": "2026-01-01T00:00:00Z" }));
    assert_eq!(demo.decide(), Decision::Nothing);
}

#[test]
fn invalid_spec_is_reported_and_children_are_kept() {
    let mut demo = FakeCluster::with_spec(json!({}));
    demo.settle();
    demo.change_spec(json!({ "version": 7 }));
    let report = demo.settle();
    assert!(!report.ready);
    assert!(report.event.unwrap().warning);
    let invalid = |status: &str| Some((status.to_owned(), "InvalidSpec".to_owned()));
    assert_eq!(demo.condition("Ready"), invalid("False"));
    assert_eq!(demo.condition("Stalled"), invalid("True"));
    assert_eq!(demo.status().version.unwrap().current.as_deref(), Some("0.1.0"));
    demo.change_spec(json!({ "version": "0.1.0" }));
    assert!(demo.settle().ready);
}

/// Reverting a rejected change needs no write, and must still clear the failed write.
#[test]
fn reverted_change_clears_its_failed_write() {
    let mut demo = FakeCluster::with_spec(json!({}));
    assert!(demo.settle().ready);
    let gateway = ObjectId { kind: Kind::Service, name: "demo-gateway".to_owned() };
    demo.change_spec(json!({ "expose": { "type": "NodePort", "nodePorts": { "gateway": 80 } } }));
    let Decision::Writes { writes, .. } = demo.decide() else { panic!("a write is due") };
    let now = demo.now;
    for write in writes {
        if write.id != gateway {
            demo.write(&write);
            continue;
        }
        let message = "provided port is not in the valid range".to_owned();
        let fault = Fault { kind: FaultKind::Refused, message };
        demo.state().history.get_mut(&gateway).unwrap().record_failure(
            write.fingerprint,
            fault,
            now,
        );
    }
    assert!(!demo.settle().ready);
    assert_eq!(demo.condition("Stalled").unwrap().0, "True");

    demo.change_spec(json!({ "expose": { "type": "None" } }));
    let report = demo.settle();
    assert!(report.ready, "{:#?}", demo.status());
    assert_eq!(demo.condition("Stalled").unwrap().0, "False");
    assert_eq!(demo.state().history[&gateway].failed_write, None);
}

#[test]
fn write_history_is_removed_with_its_child() {
    let mut demo = FakeCluster::with_spec(json!({ "demoData": true }));
    demo.settle();
    let seed = demo.job("seed");
    assert!(demo.state().history.contains_key(&seed));
    demo.change_spec(json!({ "demoData": false }));
    demo.settle();
    assert!(!demo.state().history.contains_key(&seed));
    let kept = ObjectId { kind: Kind::Service, name: "demo-gateway".to_owned() };
    assert!(demo.state().history.contains_key(&kept));
}

#[test]
fn failed_status_write_is_retried_after_its_backoff() {
    let mut demo = FakeCluster::with_spec(json!({}));
    let retry_at = demo.now + std::time::Duration::from_secs(1);
    demo.state().status_backoff = Some((0, retry_at));
    let report = demo.settle();
    assert_eq!((report.patch, report.requeue_at), (None, Some(retry_at)));
    demo.now = retry_at;
    assert!(demo.settle().patch.is_some());
}
