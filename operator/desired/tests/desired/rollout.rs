//! The order of changes, from the first install to suspension.

use std::collections::BTreeSet;

use storefront_desired::{Action, Kind, ObjectId};

use crate::fake_cluster::{FakeCluster, id};
use crate::specs;

fn ids(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

const OWNERS: [&str; 6] = ["catalog", "notification", "order", "payment", "shipping", "user"];
/// The components of the first wave.
const SERVICES: [&str; 6] = ["cart", "catalog", "notification", "payment", "shipping", "user"];

/// Returns an id for each owner of a database.
fn for_each_owner(kind: &str, suffix: &str) -> Vec<String> {
    OWNERS.map(|owner| format!("{kind}/{owner}{suffix}")).to_vec()
}

fn migrations() -> Vec<String> {
    for_each_owner("Job", "-migrate")
}

fn owners() -> Vec<String> {
    for_each_owner("Deployment", "")
}

fn services() -> Vec<String> {
    SERVICES.map(|service| format!("Deployment/{service}")).to_vec()
}

fn with(parts: &[String], names: &[&str]) -> BTreeSet<String> {
    let mut all = ids(names);
    all.extend(parts.iter().cloned());
    all
}

/// Completes all migrations.
fn complete_migrations(cluster: &mut FakeCluster) {
    for owner in OWNERS {
        cluster.complete(&cluster.job(&format!("{owner}-migrate")));
    }
}

/// Returns a shop of version 0.1.0 that is up.
fn running() -> FakeCluster {
    let mut cluster = FakeCluster::new(specs::dev());
    cluster.settle();
    cluster
}

fn set_version(cluster: &mut FakeCluster, version: &str) {
    cluster.storefront.spec.version = version.to_owned();
}

fn keeps(cluster: &FakeCluster, id: &ObjectId) -> bool {
    cluster.desired().iter().any(|object| object.id == *id && object.action == Action::Keep)
}

fn replicas(cluster: &FakeCluster, id: &ObjectId) -> i32 {
    cluster.observed.children[id].desired_replicas
}

#[test]
fn first_install_waits_only_for_dependencies() {
    let waves = FakeCluster::new(specs::dev()).settle();
    let expected = [
        ids(&[
            "StatefulSet/postgres",
            "StatefulSet/redis",
            "Deployment/cart",
            "Deployment/gateway",
            "Deployment/inbox",
            "Deployment/web",
        ]),
        with(&migrations(), &[]),
        with(&owners(), &["Job/seed"]),
    ];
    assert_eq!(waves, expected);
}

#[test]
fn migrations_on_an_external_server_start_immediately() {
    let waves = FakeCluster::new(specs::external()).settle();
    let expected = [
        with(&migrations(), &["Deployment/cart", "Deployment/gateway", "Deployment/web"]),
        with(&owners(), &[]),
    ];
    assert_eq!(waves, expected);
}

#[test]
fn version_change_migrates_then_rolls_out_wave_by_wave() {
    let mut cluster = running();
    set_version(&mut cluster, "0.2.0");
    let expected = [
        // The deleted Jobs of the old version and the new Jobs.
        with(&migrations(), &["Job/seed"]),
        with(&services(), &["Deployment/inbox", "Job/seed"]),
        ids(&["Deployment/order"]),
        ids(&["Deployment/gateway"]),
        ids(&["Deployment/web"]),
    ];
    assert_eq!(cluster.settle(), expected);
}

#[test]
fn failed_migration_stops_the_rollout() {
    let mut cluster = running();
    set_version(&mut cluster, "0.2.0");
    cluster.reconcile_all();
    let before = cluster.manifests.clone();
    complete_migrations(&mut cluster);
    cluster.fail(&cluster.job("catalog-migrate"));
    assert_eq!(cluster.reconcile_all(), ids(&[]));
    assert_eq!(cluster.manifests, before);
    for part in ["catalog", "user", "cart", "order", "gateway", "web", "inbox"] {
        assert!(keeps(&cluster, &cluster.deployment(part)), "{part}");
    }
}

#[test]
fn failed_wave_stops_the_rollout_and_allows_a_rollback() {
    let mut cluster = running();
    set_version(&mut cluster, "0.2.0");
    cluster.reconcile_all();
    complete_migrations(&mut cluster);
    cluster.reconcile_all();
    for part in SERVICES.iter().chain(&["inbox"]).filter(|part| **part != "catalog") {
        cluster.complete(&cluster.deployment(part));
    }
    cluster.fail(&cluster.deployment("catalog"));
    assert_eq!(cluster.reconcile_all(), ids(&[]), "the checkout and the gateway stay at 0.1.0");

    set_version(&mut cluster, "0.1.0");
    cluster.reconcile_all();
    complete_migrations(&mut cluster);
    assert_eq!(cluster.reconcile_all(), with(&services(), &["Deployment/inbox", "Job/seed"]));
    for later in ["order", "gateway"] {
        let later = &cluster.observed.children[&cluster.deployment(later)];
        assert_eq!(later.version.as_deref(), Some("0.1.0"));
    }
}

#[test]
fn checkout_waits_for_callees_and_gateway_for_checkout() {
    let mut cluster = running();
    set_version(&mut cluster, "0.2.0");
    cluster.reconcile_all();
    complete_migrations(&mut cluster);
    cluster.reconcile_all();
    for service in SERVICES {
        assert_eq!(cluster.reconcile_all(), ids(&[]), "{service} is not ready");
        cluster.complete(&cluster.deployment(service));
    }
    assert_eq!(cluster.reconcile_all(), ids(&["Deployment/order"]));
    cluster.fail(&cluster.deployment("order"));
    assert_eq!(cluster.reconcile_all(), ids(&[]), "the gateway stays at 0.1.0");
    cluster.complete(&cluster.deployment("order"));
    assert_eq!(cluster.reconcile_all(), ids(&["Deployment/gateway"]));
}

/// A new pod of the inbox starts empty.
#[test]
fn failed_migration_does_not_replace_the_inbox() {
    let mut cluster = running();
    set_version(&mut cluster, "0.2.0");
    cluster.reconcile_all();
    assert!(keeps(&cluster, &cluster.deployment("inbox")));
    cluster.delete(&cluster.deployment("inbox"));
    assert_eq!(
        cluster.reconcile_all(),
        ids(&["Deployment/inbox"]),
        "components need it to send mail"
    );
}

#[test]
fn config_map_waits_with_its_deployment() {
    let mut cluster = running();
    set_version(&mut cluster, "0.2.0");
    cluster.storefront.spec.gateway.rate_limit.burst = 7;
    cluster.reconcile_all();
    let config = id(Kind::ConfigMap, "demo-gateway");
    assert!(keeps(&cluster, &config));
    cluster.settle();
    assert_eq!(cluster.manifests[&config]["data"]["RATE_LIMIT_BURST"], "7");
}

#[test]
fn change_without_version_waits_for_no_wave() {
    let mut cluster = running();
    cluster.storefront.spec.replicas = Some(3);
    let components = with(&owners(), &["Deployment/cart", "Deployment/gateway", "Deployment/web"]);
    assert_eq!(cluster.reconcile_all(), components);
}

#[test]
fn deployment_deleted_during_a_rollout_is_recreated() {
    let mut cluster = running();
    set_version(&mut cluster, "0.2.0");
    cluster.reconcile_all();
    cluster.delete(&cluster.deployment("gateway"));
    assert_eq!(cluster.reconcile_all(), ids(&["Deployment/gateway"]));
    cluster.delete(&cluster.deployment("catalog"));
    assert_eq!(cluster.reconcile_all(), ids(&[]), "it waits for the new schema");
}

#[test]
fn restarting_database_changes_nothing() {
    let mut cluster = running();
    cluster
        .observed
        .children
        .get_mut(&id(Kind::StatefulSet, "demo-postgres"))
        .unwrap()
        .ready_replicas = 0;
    cluster.fail(&id(Kind::StatefulSet, "demo-postgres"));
    assert_eq!(cluster.reconcile(), BTreeSet::new());
}

#[test]
fn recreated_secret_updates_its_dependents() {
    let cases = [
        (
            "demo-redis-auth",
            vec![ids(&["Deployment/cart", "Deployment/gateway", "StatefulSet/redis"])],
        ),
        ("demo-signing-keys", vec![ids(&["Deployment/gateway", "Deployment/user"])]),
        ("demo-fingerprint-key", vec![ids(&["Deployment/payment"])]),
        ("demo-admin-password", vec![ids(&["Deployment/user"])]),
        (
            "demo-catalog-db",
            vec![
                ids(&["Job/catalog-migrate", "Job/seed"]),
                ids(&["Deployment/catalog", "Job/seed"]),
            ],
        ),
        (
            "demo-postgres-admin",
            // The Job retries until PostgreSQL has restarted with the new password.
            vec![with(&migrations(), &["StatefulSet/postgres"])],
        ),
    ];
    for (secret, expected) in cases {
        let mut cluster = running();
        cluster.delete(&id(Kind::Secret, secret));
        assert_eq!(cluster.settle(), expected, "{secret}");
    }
}

#[test]
fn suspension_stops_datastores_last_and_keeps_data() {
    let mut cluster = running();
    cluster.storefront.spec.suspend = true;
    let others = ["Deployment/cart", "Deployment/gateway", "Deployment/web", "Deployment/inbox"];
    assert_eq!(cluster.reconcile_all(), with(&owners(), &others));
    for component in OWNERS.iter().chain(&["cart", "web"]) {
        cluster.complete(&cluster.deployment(component));
    }
    assert_eq!(cluster.reconcile_all(), ids(&[]), "the gateway still has pods");
    cluster.complete(&cluster.deployment("gateway"));
    assert_eq!(cluster.reconcile_all(), ids(&["StatefulSet/postgres", "StatefulSet/redis"]));
    cluster.settle();
    for kind in [Kind::Deployment, Kind::StatefulSet] {
        let workloads = cluster.observed.children.keys().filter(|id| id.kind == kind);
        assert!(workloads.clone().count() > 0);
        assert!(workloads.clone().all(|id| replicas(&cluster, id) == 0));
    }
    for claim in ["demo-postgres-data", "demo-redis-data"] {
        assert!(cluster.manifests.contains_key(&id(Kind::PersistentVolumeClaim, claim)));
    }
}

/// The counts of a Deployment exclude terminating pods, which still process requests.
#[test]
fn datastores_do_not_stop_while_a_pod_terminates() {
    let mut cluster = running();
    for part in ["catalog", "gateway", "seed", "postgres", "redis", "inbox"] {
        cluster.observed.parts_with_pods.insert(part.to_owned());
    }
    cluster.storefront.spec.suspend = true;
    cluster.settle();
    let datastores = ["demo-postgres", "demo-redis"].map(|name| id(Kind::StatefulSet, name));
    for last in ["catalog", "gateway", "seed"] {
        assert!(
            datastores.iter().all(|datastore| replicas(&cluster, datastore) == 1),
            "{last} has pods"
        );
        cluster.observed.parts_with_pods.remove(last);
        cluster.settle();
    }
    assert!(datastores.iter().all(|datastore| replicas(&cluster, datastore) == 0));
}

#[test]
fn resumed_shop_starts_datastores_first_without_migrating_again() {
    let mut cluster = running();
    cluster.storefront.spec.suspend = true;
    cluster.settle();
    cluster.storefront.spec.suspend = false;
    let expected = [
        ids(&["StatefulSet/postgres", "StatefulSet/redis", "Deployment/inbox"]),
        with(&owners(), &["Deployment/cart", "Deployment/gateway", "Deployment/web"]),
    ];
    assert_eq!(cluster.settle(), expected);
}

#[test]
fn version_changed_while_suspended_is_migrated_before_start() {
    let mut cluster = running();
    cluster.storefront.spec.suspend = true;
    cluster.settle();
    set_version(&mut cluster, "0.2.0");
    cluster.settle();
    cluster.storefront.spec.suspend = false;
    cluster.reconcile_all();
    assert_eq!(replicas(&cluster, &cluster.deployment("catalog")), 0);
    for datastore in ["demo-postgres", "demo-redis"] {
        cluster.complete(&id(Kind::StatefulSet, datastore));
    }
    let next = with(&migrations(), &["Deployment/cart", "Deployment/gateway", "Deployment/web"]);
    assert_eq!(cluster.reconcile_all(), next);
    cluster.settle();
    assert_eq!(replicas(&cluster, &cluster.deployment("catalog")), 1);
}

#[test]
fn shop_can_be_created_suspended() {
    let mut spec = specs::dev();
    spec.suspend = true;
    let mut cluster = FakeCluster::new(spec);
    let waves = cluster.settle();
    assert!(waves.iter().flatten().all(|id| !id.starts_with("Job/")), "{waves:?}");
    cluster.storefront.spec.suspend = false;
    cluster.settle();
    assert_eq!(replicas(&cluster, &cluster.deployment("catalog")), 1);
    assert_eq!(replicas(&cluster, &id(Kind::StatefulSet, "demo-postgres")), 1);
}
