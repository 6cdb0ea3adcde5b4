//! Tests of the status that is computed from an observed state.

use serde_json::{Value, json};
use storefront_desired::{Kind, ObjectId, Progress};

use super::*;
use crate::decide::Decision;
use crate::fake_cluster::FakeCluster;
use crate::fault::{Fault, FaultKind};
use crate::observe::{Cause, CauseKind, Pod};

const READY: (&str, &str) = ("True", "AllReady");

fn condition_is(status: &str, reason: &str) -> Option<(String, String)> {
    Some((status.to_owned(), reason.to_owned()))
}

fn pod(demo: &mut FakeCluster, component: &str, job: Option<&str>, kind: CauseKind) {
    let cause = Cause { kind, message: "problem".to_owned() };
    let pod = Pod {
        uid: "pod".to_owned(),
        component: Some(component.to_owned()),
        job: job.map(str::to_owned),
        ended: false,
        cause: Some(cause),
    };
    let (key, now) = (demo.key.clone(), demo.now);
    demo.index.set_pod(&key, "pod", pod, now);
}

fn mark_unready(child: &mut crate::observe::Child) {
    child.progress = Progress::Running;
    child.ready_replicas = 0;
}

fn component_status(status: &StorefrontStatus, component: Component) -> &ComponentStatus {
    status.components.iter().find(|known| known.name == component).unwrap()
}

/// The inbox is not a component, but the shop is not ready without it, because mails would queue.
#[test]
fn inbox_counts_for_readiness_when_it_exists() {
    let mut demo = FakeCluster::with_spec(json!({}));
    demo.settle();
    demo.observe_child(Kind::Deployment, "demo-inbox", mark_unready);
    assert!(!demo.settle().ready);
    assert_eq!(demo.condition("Ready"), condition_is("False", "Progressing"));
    assert_eq!(demo.condition("MailReady"), condition_is("False", "Progressing"));
    assert_eq!(demo.condition("ComponentsReady").unwrap().0, "True");
    assert_eq!(demo.status().ready.as_deref(), Some("9/9"));

    let server = json!({ "mode": "Smtp", "from": "a@b.example", "smtp": { "host": "b.example" } });
    demo.change_spec(json!({ "mail": server }));
    assert!(demo.settle().ready);
    assert_eq!(demo.condition("MailReady"), None);
    let inboxes = demo.state().children.keys().filter(|id| id.name.contains("inbox"));
    assert_eq!(inboxes.count(), 0);
}

#[test]
fn ready_shop_sets_every_condition() {
    let mut demo = FakeCluster::with_spec(json!({ "demoData": true }));
    demo.settle();
    for (type_, status) in [
        ("Ready", "True"),
        ("Reconciling", "False"),
        ("Stalled", "False"),
        ("DatabaseReady", "True"),
        ("CacheReady", "True"),
        ("StorageReady", "True"),
        ("MailReady", "True"),
        ("MigrationsComplete", "True"),
        ("ComponentsReady", "True"),
        ("UpToDate", "True"),
    ] {
        assert_eq!(demo.condition(type_).unwrap().0, status, "{type_}");
    }
    let status = demo.status();
    assert_eq!(status.ready.as_deref(), Some("9/9"));
    assert_eq!(status.observed_generation, Some(1));
    let endpoints = status.endpoints.unwrap();
    assert_eq!(endpoints.api.as_deref(), Some("http://demo-gateway.shop.svc:8080"));
    assert_eq!(endpoints.web.as_deref(), Some("http://demo-web.shop.svc:3000"));
    assert_eq!(status.database.unwrap().host.as_deref(), Some("demo-postgres.shop.svc"));
}

/// A disabled web shop is no part of the shop, and the status says where links in mails lead.
#[test]
fn disabled_web_is_removed_and_comes_back() {
    let mut demo = FakeCluster::with_spec(json!({}));
    demo.settle();
    let children = |demo: &mut FakeCluster| {
        demo.state().children.keys().filter(|id| id.name == "demo-web").count()
    };
    assert_eq!(children(&mut demo), 4);
    let message = |demo: &mut FakeCluster| {
        let conditions = demo.status().conditions;
        let ready = conditions.into_iter().find(|known| known.type_ == "ComponentsReady");
        ready.unwrap().message
    };

    demo.change_spec(json!({ "components": { "web": { "enabled": false } } }));
    assert!(demo.settle().ready);
    assert_eq!(children(&mut demo), 0);
    assert_eq!(demo.status().ready.as_deref(), Some("8/8"));
    assert_eq!(demo.status().endpoints.unwrap().web, None);
    assert!(message(&mut demo).ends_with("set expose.urls.web to the URL of another storefront"));

    let url = "https://shop.example.com";
    demo.change_spec(json!({
        "components": { "web": { "enabled": false } }, "expose": { "urls": { "web": url } },
    }));
    assert!(demo.settle().ready);
    assert_eq!(demo.status().endpoints.unwrap().web.as_deref(), Some(url));
    assert!(
        message(&mut demo).ends_with("links in mails lead to the storefront at expose.urls.web")
    );

    demo.change_spec(json!({ "components": {}, "expose": {} }));
    assert!(demo.settle().ready);
    assert_eq!(children(&mut demo), 4);
    assert_eq!(demo.status().ready.as_deref(), Some("9/9"));
    assert_eq!(message(&mut demo), "all pods of every component are ready");
}

/// The replacement of a pod is normal: Reconciling, not Stalled, and Ready again in one step.
#[test]
fn progressing_component_is_reconciling() {
    let mut demo = FakeCluster::with_spec(json!({}));
    demo.settle();
    demo.observe_child(Kind::Deployment, "demo-catalog", mark_unready);
    let report = demo.settle();
    assert!(!report.ready);
    assert_eq!(demo.condition("Ready"), condition_is("False", "Progressing"));
    assert_eq!(demo.condition("Reconciling"), condition_is("True", "Progressing"));
    assert_eq!(demo.condition("Stalled").unwrap().0, "False");
    assert_eq!(demo.condition("ComponentsReady").unwrap().0, "False");
    assert_eq!(demo.condition("DatabaseReady").unwrap().0, "True");
    let status = demo.status();
    assert_eq!(status.ready.as_deref(), Some("8/9"));
    let catalog = component_status(&status, Component::Catalog);
    assert_eq!(catalog.state, ComponentState::Progressing);
    assert_eq!(catalog.message.as_deref(), Some("0 of 1 pods ready"));
    demo.observe_child(Kind::Deployment, "demo-catalog", |child| {
        child.progress = Progress::Done;
        child.ready_replicas = 1;
    });
    assert!(demo.settle().ready);
}

#[test]
fn causes_are_reported_with_their_component() {
    let cases = [
        // (component, cause, reason, stalled, condition of the part)
        ("catalog", CauseKind::ImagePull, "ImagePullFailed", "True", "ComponentsReady"),
        ("catalog", CauseKind::CrashLoop, "CrashLoop", "True", "ComponentsReady"),
        ("gateway", CauseKind::Config, "ConfigError", "True", "ComponentsReady"),
        ("postgres", CauseKind::ImagePull, "ImagePullFailed", "True", "DatabaseReady"),
        ("redis", CauseKind::CrashLoop, "CrashLoop", "True", "CacheReady"),
        ("inbox", CauseKind::CrashLoop, "CrashLoop", "True", "MailReady"),
    ];
    for (component, cause, reason, stalled, part) in cases {
        let mut demo = FakeCluster::with_spec(json!({}));
        demo.settle();
        let kind = if ["postgres", "redis"].contains(&component) {
            Kind::StatefulSet
        } else {
            Kind::Deployment
        };
        demo.observe_child(kind, &format!("demo-{component}"), mark_unready);
        pod(&mut demo, component, None, cause);
        let report = demo.settle();
        assert_eq!(demo.condition("Ready"), condition_is("False", reason), "{component}");
        assert_eq!(demo.condition("Stalled").unwrap().0, stalled, "{component}");
        assert_eq!(demo.condition(part), condition_is("False", reason), "{component}");
        let event = report.event.unwrap();
        assert_eq!(event.message, format!("{component}: problem"));
        assert!(event.warning);
    }
}

#[test]
fn unschedulable_is_reported_after_delay_without_stalling() {
    let mut demo = FakeCluster::with_spec(json!({}));
    demo.settle();
    demo.observe_child(Kind::StatefulSet, "demo-postgres", mark_unready);
    pod(&mut demo, "postgres", None, CauseKind::Unschedulable);
    let report = demo.settle();
    assert_eq!(demo.condition("Ready"), condition_is("False", "Progressing"));
    demo.now = report.requeue_at.unwrap();
    let report = demo.settle();
    assert_eq!(demo.condition("Ready"), condition_is("False", "Unschedulable"));
    assert_eq!(demo.condition("Stalled").unwrap().0, "False");
    assert!(report.event.unwrap().warning);
    assert_eq!(report.requeue_at, None);
}

#[test]
fn rollout_past_its_deadline_is_stalled() {
    let mut demo = FakeCluster::with_spec(json!({}));
    demo.settle();
    demo.observe_child(Kind::Deployment, "demo-gateway", |child| {
        child.progress = Progress::Failed;
        child.ready_replicas = 0;
    });
    demo.settle();
    assert_eq!(demo.condition("Stalled"), condition_is("True", "DeadlineExceeded"));
    assert_eq!(component_status(&demo.status(), Component::Gateway).state, ComponentState::Failed);
}

/// A failed Job is deleted with its pods before its retry. The cause stays in the status.
#[test]
fn failed_migration_keeps_its_cause_until_it_succeeds() {
    let mut demo = FakeCluster::with_spec(json!({}));
    demo.settle();
    let job = demo.job("catalog-migrate");
    pod(&mut demo, "catalog-migrate", Some(&job.name), CauseKind::Failed);
    demo.observe_child(Kind::Job, &job.name, |child| child.progress = Progress::Failed);
    let report = demo.settle();
    assert_eq!(demo.condition("Ready"), condition_is("False", "MigrationFailed"));
    assert_eq!(demo.condition("Stalled").unwrap().0, "True");
    let message = "migration of catalog: problem; the Job is retried automatically";
    assert_eq!(report.event.unwrap().message, message);

    let key = demo.key.clone();
    demo.index.remove(crate::index::Source::Pods, &(key, "pod".to_owned()), None);
    let cause = Cause { kind: CauseKind::Failed, message: "problem".to_owned() };
    demo.state().history.get_mut(&job).unwrap().record_deletion(Some(cause));
    assert_eq!(demo.settle().patch, None, "the status is unchanged");

    demo.now = report.requeue_at.unwrap();
    assert!(demo.settle().ready, "the Job was created again and succeeded");
}

/// The sidecar may end by itself, so it is reported after a delay.
#[test]
fn sidecar_that_keeps_a_migration_is_stalled_after_delay() {
    let mut demo = FakeCluster::with_spec(json!({}));
    demo.settle();
    let job = demo.job("catalog-migrate");
    pod(&mut demo, "catalog-migrate", Some(&job.name), CauseKind::SidecarRunning);
    demo.observe_child(Kind::Job, &job.name, |child| child.progress = Progress::Running);
    let report = demo.settle();
    assert_eq!(demo.condition("MigrationsComplete"), condition_is("False", "Running"));
    demo.now = report.requeue_at.unwrap();
    let report = demo.settle();
    assert_eq!(demo.condition("MigrationsComplete"), condition_is("False", "SidecarRunning"));
    assert_eq!(demo.condition("Stalled"), condition_is("True", "SidecarRunning"));
    assert_eq!(report.event.unwrap().message, "migration of catalog: problem");
}

fn external_postgres() -> Value {
    let external = json!({ "host": "pg.example.com", "adminSecret": { "name": "admin" } });
    json!({ "postgres": { "mode": "External", "external": external } })
}

/// A refusal needs a user, so it is reported at once and not only when all attempts have failed.
#[test]
fn database_in_use_stalls_at_once_and_keeps_its_reason() {
    let mut demo = FakeCluster::with_spec(external_postgres());
    demo.settle();
    let job = demo.job("catalog-migrate");
    pod(&mut demo, "catalog-migrate", Some(&job.name), CauseKind::DatabaseInUse);
    for progress in [Progress::Running, Progress::Failed] {
        demo.observe_child(Kind::Job, &job.name, |child| child.progress = progress);
        demo.settle();
        for (type_, status) in [("Stalled", "True"), ("DatabaseReady", "False")] {
            let expected = condition_is(status, "DatabaseInUse");
            assert_eq!(demo.condition(type_), expected, "{type_} {progress:?}");
        }
    }
}

#[test]
fn unknown_cluster_stalls_only_with_external_postgres() {
    for (spec, expected) in
        [(json!({}), ("False", "AllReady")), (external_postgres(), ("True", "ClusterUnknown"))]
    {
        let mut demo = FakeCluster::with_spec(spec);
        demo.cluster_id = None;
        demo.settle();
        assert_eq!(demo.condition("Stalled"), condition_is(expected.0, expected.1));
        let jobs = demo.state().children.keys().filter(|id| id.name.contains("migrate")).count();
        assert_eq!(jobs > 0, expected.1 == "AllReady");
    }
}

#[test]
fn api_server_rejection_is_reported_with_its_message() {
    let mut demo = FakeCluster::with_spec(json!({}));
    demo.settle();
    let id = ObjectId { kind: Kind::Service, name: "demo-gateway".to_owned() };
    demo.observe_child(id.kind, &id.name, |child| child.drift_fingerprint += 1);
    let cases = [
        (FaultKind::Refused, 1, Some(("ApplyRefused", "True"))),
        (FaultKind::Unavailable, 1, None),
        (FaultKind::Unavailable, 9, Some(("ApplyFailed", "False"))),
        (FaultKind::NamespaceGone, 9, None),
    ];
    for (kind, times, expected) in cases {
        let Decision::Writes { writes, .. } = demo.decide() else { panic!("a write is due") };
        let now = demo.now;
        let history = demo.state().history.get_mut(&id).unwrap();
        for _ in 0..times {
            let fault = Fault { kind, message: "port is taken".to_owned() };
            history.record_failure(writes[0].fingerprint, fault, now);
        }
        demo.settle();
        let (reason, stalled) = expected.unwrap_or((READY.1, "False"));
        assert_eq!(demo.condition("Ready").unwrap().1, reason, "{kind:?} {times}");
        assert_eq!(demo.condition("Stalled").unwrap().0, stalled, "{kind:?} {times}");
        demo.state().history.get_mut(&id).unwrap().failed_write = None;
    }
}

#[test]
fn transition_time_changes_with_condition_status_only() {
    let mut demo = FakeCluster::with_spec(json!({}));
    demo.settle();
    let time = |demo: &FakeCluster, type_: &str| {
        let conditions = demo.status().conditions;
        conditions.into_iter().find(|c| c.type_ == type_).unwrap().last_transition_time
    };
    let (ready, stalled) = (time(&demo, "Ready"), time(&demo, "Stalled"));
    demo.observe_child(Kind::Deployment, "demo-catalog", mark_unready);
    demo.settle();
    let not_ready = time(&demo, "Ready");
    assert_ne!(not_ready, ready);
    assert_eq!(time(&demo, "Stalled"), stalled);
    pod(&mut demo, "catalog", None, CauseKind::CrashLoop);
    demo.settle();
    assert_eq!(demo.condition("Ready"), condition_is("False", "CrashLoop"));
    assert_eq!(time(&demo, "Ready"), not_ready, "only the reason changed");
}

/// While a version does not become ready, the status keeps the version that serves.
#[test]
fn current_version_is_the_one_that_serves() {
    let mut demo = FakeCluster::with_spec(json!({}));
    demo.settle();
    let version = |demo: &FakeCluster| {
        let version = demo.status().version.unwrap();
        (version.current.unwrap(), version.target.unwrap(), version.last_stable.unwrap())
    };
    let versions = |current: &str, target: &str, stable: &str| {
        (current.to_owned(), target.to_owned(), stable.to_owned())
    };
    assert_eq!(version(&demo), versions("0.1.0", "0.1.0", "0.1.0"));
    demo.change_spec(json!({ "version": "0.2.0" }));
    // The migration is applied and has not run yet.
    let Decision::Writes { writes, .. } = demo.decide() else { panic!("writes are due") };
    assert!(writes.iter().all(|write| write.id.kind != Kind::Deployment));
    demo.settle();
    assert_eq!(version(&demo), versions("0.2.0", "0.2.0", "0.2.0"));
    demo.observe_child(Kind::Deployment, "demo-catalog", mark_unready);
    demo.settle();
    assert_eq!(version(&demo), versions("0.2.0", "0.2.0", "0.2.0"));
}

#[test]
fn suspended_shop_is_not_ready_and_not_stalled() {
    let mut demo = FakeCluster::with_spec(json!({}));
    demo.settle();
    demo.change_spec(json!({ "suspend": true }));
    let report = demo.settle();
    assert_eq!(report.event.unwrap().reason, "Suspended");
    assert_eq!(demo.condition("Ready"), condition_is("False", "Suspended"));
    assert_eq!(demo.condition("Suspended").unwrap().0, "True");
    assert_eq!(demo.condition("Reconciling").unwrap().0, "False");
    assert_eq!(demo.condition("Stalled").unwrap().0, "False");
    let states = demo.status().components.into_iter().map(|component| component.state);
    assert!(states.into_iter().all(|state| state == ComponentState::Suspended));
    demo.change_spec(json!({ "suspend": false }));
    assert!(demo.settle().ready);
    assert_eq!(demo.condition("Suspended"), None);
}

#[test]
fn external_database_is_ready_after_its_migrations() {
    let external = json!({ "postgres": {
        "mode": "External",
        "external": { "host": "db.example.com", "adminSecret": { "name": "admin" } },
    }});
    let mut demo = FakeCluster::with_spec(external);
    demo.settle();
    assert_eq!(demo.condition("DatabaseReady"), condition_is("True", "External"));
    assert_eq!(demo.status().database.unwrap().host.as_deref(), Some("db.example.com"));
    let job = demo.job("catalog-migrate");
    demo.observe_child(Kind::Job, &job.name, |child| child.progress = Progress::Failed);
    demo.settle();
    assert_eq!(demo.condition("DatabaseReady"), condition_is("False", "MigrationFailed"));
}

#[test]
fn patch_removes_fields_that_the_new_status_lacks() {
    let old = json!({ "ready": "1/2", "endpoints": { "web": "http://a", "api": "http://b" } });
    let new = json!({ "ready": "8/8", "endpoints": { "api": "http://b" } });
    let patch = merge_patch(&old, &new);
    assert_eq!(patch, Some(json!({ "ready": "8/8", "endpoints": { "web": Value::Null } })));
}

fn reject_write(demo: &mut FakeCluster, id: &ObjectId) {
    let Decision::Writes { writes, .. } = demo.decide() else { panic!("a write is due") };
    let fingerprint = writes.iter().find(|write| write.id == *id).unwrap().fingerprint;
    let fault = Fault { kind: FaultKind::Refused, message: "cannot be resized".to_owned() };
    let now = demo.now;
    demo.state().history.get_mut(id).unwrap().record_failure(fingerprint, fault, now);
}

/// The storage class does not allow expansion, and the size cannot be reduced again.
#[test]
fn volume_that_cannot_grow_is_reported_and_shop_stays_ready() {
    let mut demo = FakeCluster::with_spec(json!({}));
    demo.settle();
    demo.change_spec(json!({ "postgres": { "storage": { "size": "99Gi" } } }));
    let claim = "demo-postgres-data".to_owned();
    let id = ObjectId { kind: Kind::PersistentVolumeClaim, name: claim };
    reject_write(&mut demo, &id);
    let report = demo.settle();
    assert!(report.ready);
    assert_eq!(demo.condition("Stalled").unwrap().0, "False");
    assert_eq!(demo.condition("Reconciling").unwrap().0, "False");
    assert_eq!(demo.condition("StorageReady"), condition_is("False", "ChangeRefused"));
    let event = report.event.unwrap();
    assert!(event.warning && event.message.contains("allowVolumeExpansion"), "{event:?}");
    assert!(report.requeue_at.is_some(), "the write is retried");
    demo.now = report.requeue_at.unwrap();
    reject_write(&mut demo, &id);
    assert_eq!(demo.settle().patch, None, "the event is published once");
}

/// The condition does not affect readiness, and a restarted operator keeps it.
#[test]
fn nearly_full_redis_is_reported_and_shop_stays_ready() {
    let mut demo = FakeCluster::with_spec(json!({}));
    demo.settle();
    assert_eq!(demo.condition("CacheMemoryPressure"), None, "it was never measured");
    demo.state().redis_memory_pressure = Some(false);
    assert_eq!(demo.settle().event, None);
    assert_eq!(demo.condition("CacheMemoryPressure"), condition_is("False", "EnoughMemory"));
    demo.state().redis_memory_pressure = Some(true);
    let report = demo.settle();
    assert!(report.ready);
    assert_eq!(demo.condition("CacheMemoryPressure"), condition_is("True", "NearlyFull"));
    let event = report.event.unwrap();
    assert!(event.warning && event.message.contains("spec.redis.resources"), "{event:?}");

    demo.state().redis_memory_pressure = None;
    assert_eq!(demo.settle().patch, None, "a restarted operator has not measured yet");
    demo.change_spec(json!({ "suspend": true }));
    demo.settle();
    assert_eq!(demo.condition("CacheMemoryPressure"), None, "a stopped server has no memory");
}

/// A claim that cannot be created stalls the shop, because its datastore cannot start without it.
#[test]
fn volume_that_cannot_be_created_stalls_the_shop() {
    let mut demo = FakeCluster::with_spec(json!({}));
    let id = ObjectId { kind: Kind::PersistentVolumeClaim, name: "demo-postgres-data".to_owned() };
    let now = demo.now;
    let Decision::Writes { writes, .. } = demo.decide() else { panic!("writes are due") };
    let fingerprint = writes.iter().find(|write| write.id == id).unwrap().fingerprint;
    let fault = Fault { kind: FaultKind::Refused, message: "no".to_owned() };
    demo.state().history.entry(id).or_default().record_failure(fingerprint, fault, now);
    demo.settle();
    assert_eq!(demo.condition("Stalled"), condition_is("True", "ApplyRefused"));
}

/// A change from a version that cannot run to one that can: the conditions must not report the pods
/// of the former as a failure of the latter.
#[test]
fn corrected_version_is_not_stalled_by_pods_of_the_bad_one() {
    let mut demo = FakeCluster::with_spec(json!({}));
    demo.settle();
    demo.change_spec(json!({ "version": "bad" }));
    demo.settle();
    let catalog = "demo-catalog";
    demo.observe_child(Kind::Deployment, catalog, mark_unready);
    pod(&mut demo, "catalog", None, CauseKind::ImagePull);
    demo.settle();
    assert_eq!(demo.condition("Stalled"), condition_is("True", "ImagePullFailed"));

    demo.change_spec(json!({ "version": "0.2.0" }));
    // The migrations are running, and the components wait for them.
    demo.write_once();
    assert!(!demo.settle().ready);
    assert_eq!(demo.condition("Stalled").unwrap().0, "False");
    assert_eq!(demo.condition("Reconciling").unwrap().0, "True");
    let status = demo.status();
    let catalog_status = component_status(&status, Component::Catalog);
    assert_eq!(catalog_status.reason.as_deref(), Some("Updating"));
    assert!(catalog_status.message.as_ref().unwrap().ends_with(": problem"));

    // The migrations are done and the Deployment has changed, but the pod is not replaced yet.
    for (owner, _) in Component::with_database() {
        let job = demo.job(&format!("{owner}-migrate"));
        demo.observe_child(Kind::Job, &job.name, |child| child.progress = Progress::Done);
    }
    demo.settle();
    demo.observe_child(Kind::Deployment, catalog, |child| {
        mark_unready(child);
        child.generation += 1;
    });
    demo.settle();
    assert_eq!(demo.condition("Ready"), condition_is("False", "Progressing"));
    assert_eq!(demo.condition("Stalled").unwrap().0, "False");
}

#[test]
fn rejected_pods_are_reported_and_stalled_past_the_deadline() {
    for (progress, stalled) in [(Progress::Running, "False"), (Progress::Failed, "True")] {
        let mut demo = FakeCluster::with_spec(json!({}));
        demo.settle();
        demo.observe_child(Kind::Deployment, "demo-catalog", |child| {
            mark_unready(child);
            child.progress = progress;
            child.pod_rejection = Some("pods cannot be created: exceeded quota: team".to_owned());
        });
        let report = demo.settle();
        assert_eq!(demo.condition("Ready"), condition_is("False", "PodsRefused"));
        assert_eq!(demo.condition("Stalled").unwrap().0, stalled);
        let event = report.event.unwrap();
        assert_eq!(event.message, "catalog: pods cannot be created: exceeded quota: team");
        assert!(event.warning);
    }
}

/// Stopped parts serve no requests, and the version stays the one that was served last.
#[test]
fn parts_of_a_suspended_shop_are_not_ready() {
    let mut demo = FakeCluster::with_spec(json!({}));
    demo.settle();
    demo.change_spec(json!({ "suspend": true }));
    demo.settle();
    for type_ in ["DatabaseReady", "CacheReady", "ComponentsReady", "UpToDate"] {
        assert_eq!(demo.condition(type_), condition_is("False", "Suspended"), "{type_}");
    }
    assert_eq!(demo.condition("MigrationsComplete").unwrap().0, "True");
    demo.change_spec(json!({ "version": "0.2.0" }));
    demo.settle();
    let version = demo.status().version.unwrap();
    assert_eq!(version.current.as_deref(), Some("0.1.0"));
    assert_eq!(version.target.as_deref(), Some("0.2.0"));
    demo.change_spec(json!({ "suspend": false }));
    demo.settle();
    assert_eq!(demo.status().version.unwrap().current.as_deref(), Some("0.2.0"));
}

/// A Deployment does not count pods that are still handling their last requests.
#[test]
fn shop_is_stopping_while_pods_terminate() {
    let mut demo = FakeCluster::with_spec(json!({}));
    demo.settle();
    let (key, now) = (demo.key.clone(), demo.now);
    let terminating = Pod {
        uid: "pod".to_owned(),
        component: Some("gateway".to_owned()),
        job: None,
        ended: false,
        cause: None,
    };
    demo.index.set_pod(&key, "pod", terminating, now);
    demo.change_spec(json!({ "suspend": true }));
    demo.settle();
    let id = ObjectId { kind: Kind::StatefulSet, name: "demo-postgres".to_owned() };
    assert_eq!(demo.state().children[&id].desired_replicas, 1);
    assert_eq!(demo.condition("Reconciling"), condition_is("True", "Suspended"));
    demo.index.remove(crate::index::Source::Pods, &(key, "pod".to_owned()), None);
    demo.settle();
    assert_eq!(demo.state().children[&id].desired_replicas, 0);
    assert_eq!(demo.condition("Reconciling"), condition_is("False", "Suspended"));
}
