//! `max_connections` of the managed PostgreSQL suffices during the largest rollout.

use storefront_api::component::Component;
use storefront_api::spec::Profile;
use storefront_api::workload::MAX_REPLICAS;
use storefront_desired::Kind;

use crate::fake_cluster::{FakeCluster, id};
use crate::specs;

/// The maximum number of connections of a pod by default: five in its pool, and one for LISTEN in
/// some components.
const PER_POD: i32 = 5 + 1;
/// The number of connections of a migration Job: one, and a second one to detect a pooler.
const PER_JOB: i32 = 2;
/// The connections that PostgreSQL reserves for superusers.
const RESERVED: i32 = 3;
/// The additional pods of a Deployment during a rollout.
const SURGE: i32 = 1;

fn max_connections() -> i32 {
    let mut cluster = FakeCluster::new(specs::dev());
    cluster.settle();
    let config =
        &cluster.manifests[&id(Kind::ConfigMap, "demo-postgres")]["data"]["postgresql.conf"];
    let line = config.as_str().unwrap().lines().find(|line| line.starts_with("max_connections"));
    line.unwrap().rsplit_once(' ').unwrap().1.parse().unwrap()
}

fn owners() -> i32 {
    i32::try_from(Component::with_database().count()).unwrap()
}

#[test]
fn connections_suffice_when_all_components_roll() {
    for profile in [Profile::Dev, Profile::Standard, Profile::Production] {
        let pods = profile.defaults().replicas + SURGE;
        let worst = owners() * (pods * PER_POD + PER_JOB) + RESERVED;
        assert!(worst <= max_connections(), "{profile:?}: {worst}");
    }
}

#[test]
fn connections_suffice_when_the_largest_component_rolls() {
    let others = (owners() - 1) * PER_POD;
    let worst = (MAX_REPLICAS + SURGE) * PER_POD + others + owners() * PER_JOB + RESERVED;
    assert!(worst <= max_connections(), "{worst}");
}
