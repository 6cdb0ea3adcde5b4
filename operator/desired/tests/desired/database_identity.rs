//! The identity of databases in the settings of provisioning.

use std::collections::BTreeMap;

use storefront_api::StorefrontSpec;
use storefront_api::names::TAKE_OVER_ANNOTATION;
use storefront_desired::{Kind, desired};

use crate::fake_cluster::{FakeCluster, defaults};
use crate::specs;

const CLUSTER: &str = "0b54f7c6-7d3e-4a34-9f6c-0d2a4b9a2f10";

/// Returns the settings of the catalog's provisioning that concern the owner of the database.
fn ownership(spec: StorefrontSpec, take_over: Option<&str>) -> BTreeMap<String, String> {
    let mut cluster = FakeCluster::new(spec);
    let annotation = take_over.map(|owner| (TAKE_OVER_ANNOTATION.to_owned(), owner.to_owned()));
    cluster.storefront.metadata.annotations = annotation.map(|one| BTreeMap::from([one]));
    cluster.settle();
    let job = &cluster.manifests[&cluster.job("catalog-migrate")];
    let container = &job["spec"]["template"]["spec"]["initContainers"][0];
    let env = container["env"].as_array().unwrap().iter().filter_map(|var| {
        Some((var["name"].as_str()?.to_owned(), var["value"].as_str()?.to_owned()))
    });
    let names = ["DATABASE_SERVER_USE", "DATABASE_IDENTITY", "DATABASE_TAKE_OVER"];
    env.filter(|(name, _)| names.contains(&name.as_str())).collect()
}

fn settings<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

#[test]
fn external_server_is_shared_and_managed_server_is_exclusive() {
    let identity = format!("{CLUSTER}/shop/demo");
    for (spec, server_use) in [(specs::external(), "shared"), (specs::dev(), "exclusive")] {
        let expected =
            settings([("DATABASE_SERVER_USE", server_use), ("DATABASE_IDENTITY", &identity)]);
        assert_eq!(ownership(spec, None), expected);
    }
}

#[test]
fn take_over_annotation_reaches_provisioning_of_an_external_server_only() {
    let owner = "other-cluster/shop/demo";
    let external = ownership(specs::external(), Some(owner));
    assert_eq!(external.get("DATABASE_TAKE_OVER").map(String::as_str), Some(owner));
    let managed = ownership(specs::dev(), Some(owner));
    assert_eq!(managed.get("DATABASE_TAKE_OVER"), None);
}

/// Without an identity databases of others could not be recognized.
#[test]
fn external_server_is_not_provisioned_without_the_cluster_id() {
    for (spec, expected) in [(specs::external(), 0), (specs::dev(), 6)] {
        let mut cluster = FakeCluster::new(spec);
        cluster.settle();
        let mut defaults = defaults();
        defaults.cluster_id = None;
        let objects = desired(&cluster.storefront, &cluster.observed, &defaults);
        let migrations = objects
            .iter()
            .filter(|object| object.id.kind == Kind::Job && object.id.name.contains("-migrate-"));
        assert_eq!(migrations.count(), expected);
    }
}
