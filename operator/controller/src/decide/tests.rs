//! Passes over a Storefront, without a cluster.

use serde_json::json;
use storefront_desired::{Kind, ObjectId};

use super::*;
use crate::fault::{Fault, FaultKind};
use crate::plan::Why;
use crate::testing::Simulation;

#[test]
fn a_storefront_settles_ready_and_then_nothing_is_due() {
    let mut demo = Simulation::of(json!({ "demoData": true }));
    let first = demo.settle();
    assert!(first.ready, "{:#?}", demo.status());
    assert!(first.patch.is_some());
    assert_eq!(first.notice.unwrap().reason, "Ready");
    let second = demo.settle();
    assert_eq!((second.patch, second.notice, second.look_again), (None, None, None));
}

#[test]
fn drift_of_one_child_is_one_write() {
    let mut demo = Simulation::of(json!({}));
    demo.settle();
    demo.see(Kind::Service, "demo-gateway", |child| child.mark += 1);
    let Due::Writes { writes, uid } = demo.due() else { panic!("a write is due") };
    assert_eq!(uid, "demo-uid");
    let due: Vec<_> = writes.iter().map(|w| (w.id.name.as_str(), w.why)).collect();
    assert_eq!(due, [("demo-gateway", Why::Drifted)]);
}

#[test]
fn a_storefront_that_is_going_is_left_alone() {
    let mut demo = Simulation::of(json!({}));
    demo.store(json!({ "deletionTimestamp": "2026-01-01T00:00:00Z" }));
    assert_eq!(demo.due(), Due::Nothing);
}

#[test]
fn one_that_cannot_be_read_says_so_and_nothing_of_it_is_touched() {
    let mut demo = Simulation::of(json!({}));
    demo.settle();
    demo.change(json!({ "version": 7 }));
    let report = demo.settle();
    assert!(!report.ready);
    assert!(report.notice.unwrap().warning);
    let invalid = |status: &str| Some((status.to_owned(), "InvalidSpec".to_owned()));
    assert_eq!(demo.condition("Ready"), invalid("False"));
    assert_eq!(demo.condition("Stalled"), invalid("True"));
    assert_eq!(demo.status().version.unwrap().current.as_deref(), Some("0.1.0"));
    demo.change(json!({ "version": "0.1.0" }));
    assert!(demo.settle().ready);
}

/// What was refused is over when it is taken back, although nothing has to be written for that.
#[test]
fn a_refused_change_that_is_taken_back_leaves_no_trouble() {
    let mut demo = Simulation::of(json!({}));
    assert!(demo.settle().ready);
    let gateway = ObjectId { kind: Kind::Service, name: "demo-gateway".to_owned() };
    demo.change(json!({ "expose": { "type": "NodePort", "nodePorts": { "gateway": 80 } } }));
    let Due::Writes { writes, .. } = demo.due() else { panic!("a write is due") };
    let now = demo.now;
    for write in writes {
        if write.id != gateway {
            demo.write(&write);
            continue;
        }
        let message = "provided port is not in the valid range".to_owned();
        let fault = Fault { kind: FaultKind::Refused, message };
        demo.shop().memory.get_mut(&gateway).unwrap().failed(write.fingerprint, fault, now);
    }
    assert!(!demo.settle().ready);
    assert_eq!(demo.condition("Stalled").unwrap().0, "True");

    demo.change(json!({ "expose": { "type": "None" } }));
    let report = demo.settle();
    assert!(report.ready, "{:#?}", demo.status());
    assert_eq!(demo.condition("Stalled").unwrap().0, "False");
    assert_eq!(demo.shop().memory[&gateway].trouble, None);
}

#[test]
fn what_is_remembered_of_children_goes_with_them() {
    let mut demo = Simulation::of(json!({ "demoData": true }));
    demo.settle();
    let seed = demo.job("seed");
    assert!(demo.shop().memory.contains_key(&seed));
    demo.change(json!({ "demoData": false }));
    demo.settle();
    assert!(!demo.shop().memory.contains_key(&seed));
    let kept = ObjectId { kind: Kind::Service, name: "demo-gateway".to_owned() };
    assert!(demo.shop().memory.contains_key(&kept));
}

#[test]
fn a_status_that_could_not_be_written_waits_for_its_time() {
    let mut demo = Simulation::of(json!({}));
    let retry_at = demo.now + std::time::Duration::from_secs(1);
    demo.shop().status_trouble = Some((0, retry_at));
    let report = demo.settle();
    assert_eq!((report.patch, report.look_again), (None, Some(retry_at)));
    demo.now = retry_at;
    assert!(demo.settle().patch.is_some());
}
