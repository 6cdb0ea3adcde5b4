//! What people are told, for what is known.

use serde_json::{Value, json};
use storefront_desired::{Kind, ObjectId, Progress};

use super::*;
use crate::decide::Due;
use crate::fault::{Fault, FaultKind};
use crate::observe::{Cause, CauseKind, Pod};
use crate::testing::Simulation;

const READY: (&str, &str) = ("True", "AllReady");

fn is(status: &str, reason: &str) -> Option<(String, String)> {
    Some((status.to_owned(), reason.to_owned()))
}

fn pod(demo: &mut Simulation, component: &str, job: Option<&str>, kind: CauseKind) {
    let cause = Cause { kind, message: "trouble".to_owned() };
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

fn going(child: &mut crate::observe::Child) {
    child.progress = Progress::Running;
    child.ready_replicas = 0;
}

fn of_component(status: &StorefrontStatus, component: Component) -> &ComponentStatus {
    status.components.iter().find(|known| known.name == component).unwrap()
}

/// The inbox is no component, but the shop is not up without it: mails would only wait.
#[test]
fn the_inbox_is_a_part_of_a_shop_that_has_one() {
    let mut demo = Simulation::of(json!({}));
    demo.settle();
    demo.see(Kind::Deployment, "demo-inbox", going);
    assert!(!demo.settle().ready);
    assert_eq!(demo.condition("Ready"), is("False", "Progressing"));
    assert_eq!(demo.condition("MailReady"), is("False", "Progressing"));
    assert_eq!(demo.condition("ComponentsReady").unwrap().0, "True");
    assert_eq!(demo.status().ready.as_deref(), Some("8/8"));

    let server = json!({ "mode": "Smtp", "from": "a@b.example", "smtp": { "host": "b.example" } });
    demo.change(json!({ "mail": server }));
    assert!(demo.settle().ready);
    assert_eq!(demo.condition("MailReady"), None);
    let inboxes = demo.shop().children.keys().filter(|id| id.name.contains("inbox"));
    assert_eq!(inboxes.count(), 0);
}

#[test]
fn a_ready_shop_says_so_in_every_condition() {
    let mut demo = Simulation::of(json!({ "demoData": true }));
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
    assert_eq!(status.ready.as_deref(), Some("8/8"));
    assert_eq!(status.observed_generation, Some(1));
    let api = status.endpoints.unwrap().api.unwrap();
    assert_eq!(api, "http://demo-gateway.shop.svc:8080");
    assert_eq!(status.database.unwrap().host.as_deref(), Some("demo-postgres.shop.svc"));
}

/// A pod that is replaced is no emergency: Reconciling, not Stalled, and back in one step.
#[test]
fn a_component_on_its_way_is_reconciling() {
    let mut demo = Simulation::of(json!({}));
    demo.settle();
    demo.see(Kind::Deployment, "demo-catalog", going);
    let report = demo.settle();
    assert!(!report.ready);
    assert_eq!(demo.condition("Ready"), is("False", "Progressing"));
    assert_eq!(demo.condition("Reconciling"), is("True", "Progressing"));
    assert_eq!(demo.condition("Stalled").unwrap().0, "False");
    assert_eq!(demo.condition("ComponentsReady").unwrap().0, "False");
    assert_eq!(demo.condition("DatabaseReady").unwrap().0, "True");
    let status = demo.status();
    assert_eq!(status.ready.as_deref(), Some("7/8"));
    let catalog = of_component(&status, Component::Catalog);
    assert_eq!(catalog.state, ComponentState::Progressing);
    assert_eq!(catalog.message.as_deref(), Some("0 of 1 pods ready"));
    demo.see(Kind::Deployment, "demo-catalog", |child| {
        child.progress = Progress::Done;
        child.ready_replicas = 1;
    });
    assert!(demo.settle().ready);
}

#[test]
fn causes_are_told_with_the_component_that_has_them() {
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
        let mut demo = Simulation::of(json!({}));
        demo.settle();
        let kind = if ["postgres", "redis"].contains(&component) {
            Kind::StatefulSet
        } else {
            Kind::Deployment
        };
        demo.see(kind, &format!("demo-{component}"), going);
        pod(&mut demo, component, None, cause);
        let report = demo.settle();
        assert_eq!(demo.condition("Ready"), is("False", reason), "{component}");
        assert_eq!(demo.condition("Stalled").unwrap().0, stalled, "{component}");
        assert_eq!(demo.condition(part), is("False", reason), "{component}");
        let notice = report.notice.unwrap();
        assert_eq!(notice.message, format!("{component}: trouble"));
        assert!(notice.warning);
    }
}

#[test]
fn no_room_is_told_when_it_lasts_and_nobody_is_called_for() {
    let mut demo = Simulation::of(json!({}));
    demo.settle();
    demo.see(Kind::StatefulSet, "demo-postgres", going);
    pod(&mut demo, "postgres", None, CauseKind::Unschedulable);
    let report = demo.settle();
    assert_eq!(demo.condition("Ready"), is("False", "Progressing"));
    demo.now = report.look_again.unwrap();
    let report = demo.settle();
    assert_eq!(demo.condition("Ready"), is("False", "Unschedulable"));
    assert_eq!(demo.condition("Stalled").unwrap().0, "False");
    assert!(report.notice.unwrap().warning);
    assert_eq!(report.look_again, None);
}

#[test]
fn a_rollout_past_its_deadline_is_stalled() {
    let mut demo = Simulation::of(json!({}));
    demo.settle();
    demo.see(Kind::Deployment, "demo-gateway", |child| {
        child.progress = Progress::Failed;
        child.ready_replicas = 0;
    });
    demo.settle();
    assert_eq!(demo.condition("Stalled"), is("True", "DeadlineExceeded"));
    assert_eq!(of_component(&demo.status(), Component::Gateway).state, ComponentState::Failed);
}

/// While a Job that failed waits to be made anew its pods are gone; the cause stays told.
#[test]
fn a_failed_migration_keeps_telling_its_cause_until_it_works() {
    let mut demo = Simulation::of(json!({}));
    demo.settle();
    let job = demo.job("catalog-migrate");
    pod(&mut demo, "catalog-migrate", Some(&job.name), CauseKind::Failed);
    demo.see(Kind::Job, &job.name, |child| child.progress = Progress::Failed);
    let report = demo.settle();
    assert_eq!(demo.condition("Ready"), is("False", "MigrationFailed"));
    assert_eq!(demo.condition("Stalled").unwrap().0, "True");
    let message = "migration of catalog: trouble; it is tried again";
    assert_eq!(report.notice.unwrap().message, message);

    let key = demo.key.clone();
    demo.index.remove(crate::index::Source::Pods, &(key, "pod".to_owned()), None);
    let cause = Cause { kind: CauseKind::Failed, message: "trouble".to_owned() };
    demo.shop().memory.get_mut(&job).unwrap().deleted(Some(cause));
    assert_eq!(demo.settle().patch, None, "it means the same");

    demo.now = report.look_again.unwrap();
    assert!(demo.settle().ready, "the Job was made anew and has worked");
}

#[test]
fn what_the_api_server_refuses_is_told_in_its_words() {
    let mut demo = Simulation::of(json!({}));
    demo.settle();
    let id = ObjectId { kind: Kind::Service, name: "demo-gateway".to_owned() };
    demo.see(id.kind, &id.name, |child| child.mark += 1);
    let cases = [
        (FaultKind::Refused, 1, Some(("ApplyRefused", "True"))),
        (FaultKind::Unavailable, 1, None),
        (FaultKind::Unavailable, 9, Some(("ApplyFailed", "False"))),
        (FaultKind::NamespaceGone, 9, None),
    ];
    for (kind, times, told) in cases {
        let Due::Writes { writes, .. } = demo.due() else { panic!("a write is due") };
        let now = demo.now;
        let memory = demo.shop().memory.get_mut(&id).unwrap();
        for _ in 0..times {
            let fault = Fault { kind, message: "port is taken".to_owned() };
            memory.failed(writes[0].fingerprint, fault, now);
        }
        demo.settle();
        let (reason, stalled) = told.unwrap_or((READY.1, "False"));
        assert_eq!(demo.condition("Ready").unwrap().1, reason, "{kind:?} {times}");
        assert_eq!(demo.condition("Stalled").unwrap().0, stalled, "{kind:?} {times}");
        demo.shop().memory.get_mut(&id).unwrap().trouble = None;
    }
}

#[test]
fn times_move_with_the_status_of_a_condition_only() {
    let mut demo = Simulation::of(json!({}));
    demo.settle();
    let time = |demo: &Simulation, type_: &str| {
        let conditions = demo.status().conditions;
        conditions.into_iter().find(|c| c.type_ == type_).unwrap().last_transition_time
    };
    let (ready, stalled) = (time(&demo, "Ready"), time(&demo, "Stalled"));
    demo.see(Kind::Deployment, "demo-catalog", going);
    demo.settle();
    let down = time(&demo, "Ready");
    assert_ne!(down, ready);
    assert_eq!(time(&demo, "Stalled"), stalled);
    pod(&mut demo, "catalog", None, CauseKind::CrashLoop);
    demo.settle();
    assert_eq!(demo.condition("Ready"), is("False", "CrashLoop"));
    assert_eq!(time(&demo, "Ready"), down, "only the reason changed");
}

/// A version that does not come up: the one that serves is still told.
#[test]
fn versions_are_told_as_they_serve() {
    let mut demo = Simulation::of(json!({}));
    demo.settle();
    let version = |demo: &Simulation| {
        let version = demo.status().version.unwrap();
        (version.current.unwrap(), version.target.unwrap(), version.last_stable.unwrap())
    };
    let versions = |current: &str, target: &str, stable: &str| {
        (current.to_owned(), target.to_owned(), stable.to_owned())
    };
    assert_eq!(version(&demo), versions("0.1.0", "0.1.0", "0.1.0"));
    demo.change(json!({ "version": "0.2.0" }));
    // The migration is applied and has not run yet.
    let Due::Writes { writes, .. } = demo.due() else { panic!("writes are due") };
    assert!(writes.iter().all(|write| write.id.kind != Kind::Deployment));
    demo.settle();
    assert_eq!(version(&demo), versions("0.2.0", "0.2.0", "0.2.0"));
    demo.see(Kind::Deployment, "demo-catalog", going);
    demo.settle();
    assert_eq!(version(&demo), versions("0.2.0", "0.2.0", "0.2.0"));
}

#[test]
fn a_suspended_shop_is_not_ready_and_not_stalled() {
    let mut demo = Simulation::of(json!({}));
    demo.settle();
    demo.change(json!({ "suspend": true }));
    let report = demo.settle();
    assert_eq!(report.notice.unwrap().reason, "Suspended");
    assert_eq!(demo.condition("Ready"), is("False", "Suspended"));
    assert_eq!(demo.condition("Suspended").unwrap().0, "True");
    assert_eq!(demo.condition("Reconciling").unwrap().0, "False");
    assert_eq!(demo.condition("Stalled").unwrap().0, "False");
    let states = demo.status().components.into_iter().map(|component| component.state);
    assert!(states.into_iter().all(|state| state == ComponentState::Suspended));
    demo.change(json!({ "suspend": false }));
    assert!(demo.settle().ready);
    assert_eq!(demo.condition("Suspended"), None);
}

#[test]
fn an_external_database_is_ready_when_the_migrations_got_through() {
    let external = json!({ "postgres": {
        "mode": "External",
        "external": { "host": "db.example.com", "adminSecret": { "name": "admin" } },
    }});
    let mut demo = Simulation::of(external);
    demo.settle();
    assert_eq!(demo.condition("DatabaseReady"), is("True", "External"));
    assert_eq!(demo.status().database.unwrap().host.as_deref(), Some("db.example.com"));
    let job = demo.job("catalog-migrate");
    demo.see(Kind::Job, &job.name, |child| child.progress = Progress::Failed);
    demo.settle();
    assert_eq!(demo.condition("DatabaseReady"), is("False", "MigrationFailed"));
}

#[test]
fn what_was_in_the_status_and_is_not_any_more_is_removed() {
    let old = json!({ "ready": "1/2", "endpoints": { "web": "http://a", "api": "http://b" } });
    let new = json!({ "ready": "8/8", "endpoints": { "api": "http://b" } });
    let patch = merge_patch(&old, &new);
    assert_eq!(patch, Some(json!({ "ready": "8/8", "endpoints": { "web": Value::Null } })));
}

fn refuse(demo: &mut Simulation, id: &ObjectId) {
    let Due::Writes { writes, .. } = demo.due() else { panic!("a write is due") };
    let fingerprint = writes.iter().find(|write| write.id == *id).unwrap().fingerprint;
    let fault = Fault { kind: FaultKind::Refused, message: "cannot be resized".to_owned() };
    let now = demo.now;
    demo.shop().memory.get_mut(id).unwrap().failed(fingerprint, fault, now);
}

/// The class of the volume does not allow it, and the size cannot be taken back.
#[test]
fn a_volume_that_cannot_grow_is_told_of_and_the_shop_stays_ready() {
    let mut demo = Simulation::of(json!({}));
    demo.settle();
    demo.change(json!({ "postgres": { "storage": { "size": "99Gi" } } }));
    let claim = "demo-postgres-data".to_owned();
    let id = ObjectId { kind: Kind::PersistentVolumeClaim, name: claim };
    refuse(&mut demo, &id);
    let report = demo.settle();
    assert!(report.ready);
    assert_eq!(demo.condition("Stalled").unwrap().0, "False");
    assert_eq!(demo.condition("Reconciling").unwrap().0, "False");
    assert_eq!(demo.condition("StorageReady"), is("False", "ChangeRefused"));
    let notice = report.notice.unwrap();
    assert!(notice.warning && notice.message.contains("allowVolumeExpansion"), "{notice:?}");
    assert!(report.look_again.is_some(), "it is tried again");
    demo.now = report.look_again.unwrap();
    refuse(&mut demo, &id);
    assert_eq!(demo.settle().patch, None, "and told once");
}

/// A claim that could not even be made is another thing: nothing runs without it.
#[test]
fn a_volume_that_cannot_be_made_is_in_the_way() {
    let mut demo = Simulation::of(json!({}));
    let id = ObjectId { kind: Kind::PersistentVolumeClaim, name: "demo-postgres-data".to_owned() };
    let now = demo.now;
    let Due::Writes { writes, .. } = demo.due() else { panic!("writes are due") };
    let fingerprint = writes.iter().find(|write| write.id == id).unwrap().fingerprint;
    let fault = Fault { kind: FaultKind::Refused, message: "no".to_owned() };
    demo.shop().memory.entry(id).or_default().failed(fingerprint, fault, now);
    demo.settle();
    assert_eq!(demo.condition("Stalled"), is("True", "ApplyRefused"));
}

/// The way from a version that cannot run to one that can: whoever watches the conditions must not
/// take the pods of the former for a failure of the latter.
#[test]
fn a_corrected_version_is_never_stalled_for_the_pods_of_the_bad_one() {
    let mut demo = Simulation::of(json!({}));
    demo.settle();
    demo.change(json!({ "version": "bad" }));
    demo.settle();
    let catalog = "demo-catalog";
    demo.see(Kind::Deployment, catalog, going);
    pod(&mut demo, "catalog", None, CauseKind::ImagePull);
    demo.settle();
    assert_eq!(demo.condition("Stalled"), is("True", "ImagePullFailed"));

    demo.change(json!({ "version": "0.2.0" }));
    // The migrations come first, and run.
    demo.write_once();
    assert!(!demo.settle().ready);
    assert_eq!(demo.condition("Stalled").unwrap().0, "False");
    assert_eq!(demo.condition("Reconciling").unwrap().0, "True");
    let status = demo.status();
    let told = of_component(&status, Component::Catalog);
    assert_eq!(told.reason.as_deref(), Some("Updating"));
    assert!(told.message.as_ref().unwrap().ends_with(": trouble"));

    // It is done, the Deployment is changed, and its controller has not replaced the pod yet.
    for (owner, _) in Component::with_database() {
        let job = demo.job(&format!("{owner}-migrate"));
        demo.see(Kind::Job, &job.name, |child| child.progress = Progress::Done);
    }
    demo.settle();
    demo.see(Kind::Deployment, catalog, |child| {
        going(child);
        child.generation += 1;
    });
    demo.settle();
    assert_eq!(demo.condition("Ready"), is("False", "Progressing"));
    assert_eq!(demo.condition("Stalled").unwrap().0, "False");
}

#[test]
fn refused_pods_are_told_of_and_stalled_past_the_deadline() {
    for (progress, stalled) in [(Progress::Running, "False"), (Progress::Failed, "True")] {
        let mut demo = Simulation::of(json!({}));
        demo.settle();
        demo.see(Kind::Deployment, "demo-catalog", |child| {
            going(child);
            child.progress = progress;
            child.refusal = Some("its pods are refused: exceeded quota: team".to_owned());
        });
        let report = demo.settle();
        assert_eq!(demo.condition("Ready"), is("False", "PodsRefused"));
        assert_eq!(demo.condition("Stalled").unwrap().0, stalled);
        let notice = report.notice.unwrap();
        assert_eq!(notice.message, "catalog: its pods are refused: exceeded quota: team");
        assert!(notice.warning);
    }
}

/// What is stopped serves nobody, and the version is the one that was served last.
#[test]
fn the_parts_of_a_suspended_shop_are_not_told_to_serve() {
    let mut demo = Simulation::of(json!({}));
    demo.settle();
    demo.change(json!({ "suspend": true }));
    demo.settle();
    for type_ in ["DatabaseReady", "CacheReady", "ComponentsReady", "UpToDate"] {
        assert_eq!(demo.condition(type_), is("False", "Suspended"), "{type_}");
    }
    assert_eq!(demo.condition("MigrationsComplete").unwrap().0, "True");
    demo.change(json!({ "version": "0.2.0" }));
    demo.settle();
    let version = demo.status().version.unwrap();
    assert_eq!(version.current.as_deref(), Some("0.1.0"));
    assert_eq!(version.target.as_deref(), Some("0.2.0"));
    demo.change(json!({ "suspend": false }));
    demo.settle();
    assert_eq!(demo.status().version.unwrap().current.as_deref(), Some("0.2.0"));
}

/// A Deployment does not count pods that are still answering their last requests.
#[test]
fn a_shop_is_being_stopped_while_pods_are_on_their_way_out() {
    let mut demo = Simulation::of(json!({}));
    demo.settle();
    let (key, now) = (demo.key.clone(), demo.now);
    let leaving = Pod {
        uid: "pod".to_owned(),
        component: Some("gateway".to_owned()),
        job: None,
        ended: false,
        cause: None,
    };
    demo.index.set_pod(&key, "pod", leaving, now);
    demo.change(json!({ "suspend": true }));
    demo.settle();
    let id = ObjectId { kind: Kind::StatefulSet, name: "demo-postgres".to_owned() };
    assert_eq!(demo.shop().children[&id].desired_replicas, 1);
    assert_eq!(demo.condition("Reconciling"), is("True", "Suspended"));
    demo.index.remove(crate::index::Source::Pods, &(key, "pod".to_owned()), None);
    demo.settle();
    assert_eq!(demo.shop().children[&id].desired_replicas, 0);
    assert_eq!(demo.condition("Reconciling"), is("False", "Suspended"));
}
