//! Snapshots of the complete manifests. A changed manifest changes every running shop when the
//! operator is upgraded, and an upgrade must not restart pods.

use storefront_api::StorefrontSpec;
use storefront_desired::{Action, Object};

use crate::fake_cluster::FakeCluster;
use crate::specs;

/// Returns all manifests of a shop that is up, as one YAML stream.
fn manifests(spec: StorefrontSpec) -> String {
    let mut cluster = FakeCluster::new(spec);
    cluster.settle();
    let documents: Vec<String> = cluster.desired().iter().map(document).collect();
    documents.join("---\n")
}

fn document(object: &Object) -> String {
    match &object.action {
        Action::Apply(manifest) => serde_yaml::to_string(manifest).unwrap(),
        Action::CreateOnce(template) => {
            let fields = format!("# created once: {:?}\n", template.fields);
            fields + &serde_yaml::to_string(&template.manifest).unwrap()
        }
        Action::Keep => panic!("{} waits in a shop that is up", object.id),
    }
}

#[test]
fn dev_profile() {
    insta::assert_snapshot!(manifests(specs::dev()));
}

#[test]
fn minimal_spec() {
    insta::assert_snapshot!(manifests(specs::minimal()));
}

#[test]
fn production_profile_with_external_datastores() {
    insta::assert_snapshot!(manifests(specs::production()));
}
