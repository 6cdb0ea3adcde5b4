//! Whose turn it is, from the first install to suspension.

use std::collections::BTreeSet;

use storefront_desired::{Action, Kind, ObjectId};

use crate::specs;
use crate::world::{World, id};

fn ids(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

const OWNERS: [&str; 6] = ["catalog", "notification", "order", "payment", "shipping", "user"];
/// The components that nobody has to wait for.
const SERVICES: [&str; 6] = ["cart", "catalog", "notification", "payment", "shipping", "user"];

/// What each owner of a database has.
fn each(start: &str, end: &str) -> Vec<String> {
    OWNERS.map(|owner| format!("{start}/{owner}{end}")).to_vec()
}

fn migrations() -> Vec<String> {
    each("Job", "-migrate")
}

fn owners() -> Vec<String> {
    each("Deployment", "")
}

fn services() -> Vec<String> {
    SERVICES.map(|service| format!("Deployment/{service}")).to_vec()
}

fn with(parts: &[String], names: &[&str]) -> BTreeSet<String> {
    let mut all = ids(names);
    all.extend(parts.iter().cloned());
    all
}

/// Lets every migration come up.
fn migrate(world: &mut World) {
    for owner in OWNERS {
        world.come_up(&world.job(&format!("{owner}-migrate")));
    }
}

/// A shop of version 0.1.0 with everything up.
fn running() -> World {
    let mut world = World::of(specs::dev());
    world.settle();
    world
}

fn set_version(world: &mut World, version: &str) {
    world.storefront.spec.version = version.to_owned();
}

fn keeps(world: &World, id: &ObjectId) -> bool {
    world.desired().iter().any(|object| object.id == *id && object.action == Action::Keep)
}

fn replicas(world: &World, id: &ObjectId) -> i32 {
    world.observed.children[id].desired_replicas
}

#[test]
fn at_first_install_only_what_must_wait_waits() {
    let waves = World::of(specs::dev()).settle();
    let expected = [
        ids(&[
            "StatefulSet/postgres",
            "StatefulSet/redis",
            "Deployment/cart",
            "Deployment/gateway",
            "Deployment/inbox",
        ]),
        with(&migrations(), &[]),
        with(&owners(), &["Job/seed"]),
    ];
    assert_eq!(waves, expected);
}

#[test]
fn migrations_on_a_server_of_somebody_else_start_at_once() {
    let waves = World::of(specs::external()).settle();
    let expected =
        [with(&migrations(), &["Deployment/cart", "Deployment/gateway"]), with(&owners(), &[])];
    assert_eq!(waves, expected);
}

#[test]
fn another_version_migrates_then_goes_wave_by_wave() {
    let mut world = running();
    set_version(&mut world, "0.2.0");
    let expected = [
        // The Jobs of the old version, which are deleted, and those of the new one.
        with(&migrations(), &["Job/seed"]),
        with(&services(), &["Deployment/inbox", "Job/seed"]),
        ids(&["Deployment/order"]),
        ids(&["Deployment/gateway"]),
    ];
    assert_eq!(world.settle(), expected);
}

#[test]
fn nothing_moves_when_the_migration_fails() {
    let mut world = running();
    set_version(&mut world, "0.2.0");
    world.write_all();
    let before = world.manifests.clone();
    migrate(&mut world);
    world.fail(&world.job("catalog-migrate"));
    assert_eq!(world.write_all(), ids(&[]));
    assert_eq!(world.manifests, before);
    for part in ["catalog", "user", "cart", "order", "gateway", "inbox"] {
        assert!(keeps(&world, &world.deployment(part)), "{part}");
    }
}

#[test]
fn a_wave_that_does_not_come_up_stops_the_rollout_and_the_way_back_is_open() {
    let mut world = running();
    set_version(&mut world, "0.2.0");
    world.write_all();
    migrate(&mut world);
    world.write_all();
    for part in SERVICES.iter().chain(&["inbox"]).filter(|part| **part != "catalog") {
        world.come_up(&world.deployment(part));
    }
    world.fail(&world.deployment("catalog"));
    assert_eq!(world.write_all(), ids(&[]), "the checkout and the gateway stay with 0.1.0");

    set_version(&mut world, "0.1.0");
    world.write_all();
    migrate(&mut world);
    assert_eq!(world.write_all(), with(&services(), &["Deployment/inbox", "Job/seed"]));
    for later in ["order", "gateway"] {
        let later = &world.observed.children[&world.deployment(later)];
        assert_eq!(later.version.as_deref(), Some("0.1.0"));
    }
}

#[test]
fn the_checkout_follows_what_it_calls_and_the_gateway_follows_it() {
    let mut world = running();
    set_version(&mut world, "0.2.0");
    world.write_all();
    migrate(&mut world);
    world.write_all();
    for service in SERVICES {
        assert_eq!(world.write_all(), ids(&[]), "{service} is not up yet");
        world.come_up(&world.deployment(service));
    }
    assert_eq!(world.write_all(), ids(&["Deployment/order"]));
    world.fail(&world.deployment("order"));
    assert_eq!(world.write_all(), ids(&[]), "the gateway stays with 0.1.0");
    world.come_up(&world.deployment("order"));
    assert_eq!(world.write_all(), ids(&["Deployment/gateway"]));
}

/// Another version of it would begin empty, for nothing.
#[test]
fn a_version_that_does_not_get_through_its_migrations_costs_no_mail() {
    let mut world = running();
    set_version(&mut world, "0.2.0");
    world.write_all();
    assert!(keeps(&world, &world.deployment("inbox")));
    world.delete(&world.deployment("inbox"));
    assert_eq!(world.write_all(), ids(&["Deployment/inbox"]), "mails have to go somewhere");
}

#[test]
fn settings_wait_with_the_deployment_that_reads_them() {
    let mut world = running();
    set_version(&mut world, "0.2.0");
    world.storefront.spec.gateway.rate_limit.burst = 7;
    world.write_all();
    let config = id(Kind::ConfigMap, "demo-gateway");
    assert!(keeps(&world, &config));
    world.settle();
    assert_eq!(world.manifests[&config]["data"]["RATE_LIMIT_BURST"], "7");
}

#[test]
fn a_change_that_is_not_of_the_version_waits_for_no_wave() {
    let mut world = running();
    world.storefront.spec.replicas = Some(3);
    let components = with(&owners(), &["Deployment/cart", "Deployment/gateway"]);
    assert_eq!(world.write_all(), components);
}

#[test]
fn a_deployment_that_somebody_deletes_during_a_rollout_comes_back_at_once() {
    let mut world = running();
    set_version(&mut world, "0.2.0");
    world.write_all();
    world.delete(&world.deployment("gateway"));
    assert_eq!(world.write_all(), ids(&["Deployment/gateway"]));
    world.delete(&world.deployment("catalog"));
    assert_eq!(world.write_all(), ids(&[]), "it needs the new schema");
}

#[test]
fn a_database_that_restarts_takes_nothing_back() {
    let mut world = running();
    world
        .observed
        .children
        .get_mut(&id(Kind::StatefulSet, "demo-postgres"))
        .unwrap()
        .ready_replicas = 0;
    world.fail(&id(Kind::StatefulSet, "demo-postgres"));
    assert_eq!(world.write(), BTreeSet::new());
}

#[test]
fn a_secret_made_anew_is_followed_by_everything_that_depends_on_it() {
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
            // The Job tries again until PostgreSQL has restarted with the new password.
            vec![with(&migrations(), &["StatefulSet/postgres"])],
        ),
    ];
    for (secret, expected) in cases {
        let mut world = running();
        world.delete(&id(Kind::Secret, secret));
        assert_eq!(world.settle(), expected, "{secret}");
    }
}

#[test]
fn a_suspended_shop_stops_its_stores_last_and_keeps_its_data() {
    let mut world = running();
    world.storefront.spec.suspend = true;
    let rest = ["Deployment/cart", "Deployment/gateway", "Deployment/inbox"];
    assert_eq!(world.write_all(), with(&owners(), &rest));
    for component in OWNERS.iter().chain(&["cart"]) {
        world.come_up(&world.deployment(component));
    }
    assert_eq!(world.write_all(), ids(&[]), "the gateway still has pods");
    world.come_up(&world.deployment("gateway"));
    assert_eq!(world.write_all(), ids(&["StatefulSet/postgres", "StatefulSet/redis"]));
    world.settle();
    for kind in [Kind::Deployment, Kind::StatefulSet] {
        let workloads = world.observed.children.keys().filter(|id| id.kind == kind);
        assert!(workloads.clone().count() > 0);
        assert!(workloads.clone().all(|id| replicas(&world, id) == 0));
    }
    for claim in ["demo-postgres-data", "demo-redis-data"] {
        assert!(world.manifests.contains_key(&id(Kind::PersistentVolumeClaim, claim)));
    }
}

/// A Deployment forgets pods that are still answering their last requests.
#[test]
fn stores_do_not_stop_while_a_pod_is_on_its_way_out() {
    let mut world = running();
    for part in ["catalog", "gateway", "seed", "postgres", "redis", "inbox"] {
        world.observed.parts_with_pods.insert(part.to_owned());
    }
    world.storefront.spec.suspend = true;
    world.settle();
    let stores = ["demo-postgres", "demo-redis"].map(|name| id(Kind::StatefulSet, name));
    for last in ["catalog", "gateway", "seed"] {
        assert!(stores.iter().all(|store| replicas(&world, store) == 1), "{last} is left");
        world.observed.parts_with_pods.remove(last);
        world.settle();
    }
    assert!(stores.iter().all(|store| replicas(&world, store) == 0));
}

#[test]
fn a_shop_that_goes_on_starts_its_stores_first_and_migrates_nothing_again() {
    let mut world = running();
    world.storefront.spec.suspend = true;
    world.settle();
    world.storefront.spec.suspend = false;
    let expected = [
        ids(&["StatefulSet/postgres", "StatefulSet/redis", "Deployment/inbox"]),
        with(&owners(), &["Deployment/cart", "Deployment/gateway"]),
    ];
    assert_eq!(world.settle(), expected);
}

#[test]
fn a_version_that_changed_while_suspended_is_migrated_before_it_serves() {
    let mut world = running();
    world.storefront.spec.suspend = true;
    world.settle();
    set_version(&mut world, "0.2.0");
    world.settle();
    world.storefront.spec.suspend = false;
    world.write_all();
    assert_eq!(replicas(&world, &world.deployment("catalog")), 0);
    for store in ["demo-postgres", "demo-redis"] {
        world.come_up(&id(Kind::StatefulSet, store));
    }
    let next = with(&migrations(), &["Deployment/cart", "Deployment/gateway"]);
    assert_eq!(world.write_all(), next);
    world.settle();
    assert_eq!(replicas(&world, &world.deployment("catalog")), 1);
}

#[test]
fn a_shop_can_begin_suspended() {
    let mut spec = specs::dev();
    spec.suspend = true;
    let mut world = World::of(spec);
    let waves = world.settle();
    assert!(waves.iter().flatten().all(|id| !id.starts_with("Job/")), "{waves:?}");
    world.storefront.spec.suspend = false;
    world.settle();
    assert_eq!(replicas(&world, &world.deployment("catalog")), 1);
    assert_eq!(replicas(&world, &id(Kind::StatefulSet, "demo-postgres")), 1);
}
