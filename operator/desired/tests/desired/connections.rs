//! That the managed PostgreSQL accepts everybody who comes during the worst rollout.

use storefront_api::component::Component;
use storefront_api::spec::Profile;
use storefront_api::workload::MAX_REPLICAS;
use storefront_desired::Kind;

use crate::specs;
use crate::world::{World, id};

/// What each pod of the shop holds at most, unless it is told otherwise: five of its pool, and in
/// some components one more that listens.
const PER_POD: i32 = 5 + 1;
/// Each provisioning and migrating Job holds one at a time.
const PER_JOB: i32 = 1;
/// Kept by PostgreSQL for its superuser.
const RESERVED: i32 = 3;
/// While a Deployment rolls, one more pod than it has.
const SURGE: i32 = 1;

fn max_connections() -> i32 {
    let mut world = World::of(specs::dev());
    world.settle();
    let config = &world.manifests[&id(Kind::ConfigMap, "demo-postgres")]["data"]["postgresql.conf"];
    let line = config.as_str().unwrap().lines().find(|line| line.starts_with("max_connections"));
    line.unwrap().rsplit_once(' ').unwrap().1.parse().unwrap()
}

fn owners() -> i32 {
    i32::try_from(Component::with_database().count()).unwrap()
}

#[test]
fn everybody_rolls_at_once() {
    for profile in [Profile::Dev, Profile::Standard, Profile::Production] {
        let pods = profile.defaults().replicas + SURGE;
        let worst = owners() * (pods * PER_POD + PER_JOB) + RESERVED;
        assert!(worst <= max_connections(), "{profile:?}: {worst}");
    }
}

#[test]
fn the_largest_component_rolls_while_the_others_serve() {
    let others = (owners() - 1) * PER_POD;
    let worst = (MAX_REPLICAS + SURGE) * PER_POD + others + owners() * PER_JOB + RESERVED;
    assert!(worst <= max_connections(), "{worst}");
}
