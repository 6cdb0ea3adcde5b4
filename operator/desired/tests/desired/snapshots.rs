//! The manifests, whole. A change of one of them is a change of every shop that runs: an upgrade of
//! the operator must restart no pod.

use storefront_api::StorefrontSpec;
use storefront_desired::{Action, Object};

use crate::specs;
use crate::world::World;

/// Every manifest of a shop that has come up, as one stream of YAML.
fn manifests(spec: StorefrontSpec) -> String {
    let mut world = World::of(spec);
    world.settle();
    let documents: Vec<String> = world.desired().iter().map(document).collect();
    documents.join("---\n")
}

fn document(object: &Object) -> String {
    match &object.action {
        Action::Apply(manifest) => serde_yaml::to_string(manifest).unwrap(),
        Action::CreateOnce(template) => {
            let fields = format!("# made once: {:?}\n", template.fields);
            fields + &serde_yaml::to_string(&template.manifest).unwrap()
        }
        Action::Keep => panic!("{} waits in a shop that has come up", object.id),
    }
}

#[test]
fn a_shop_to_try_out() {
    insta::assert_snapshot!(manifests(specs::dev()));
}

#[test]
fn a_shop_of_which_only_the_version_is_said() {
    insta::assert_snapshot!(manifests(specs::minimal()));
}

#[test]
fn a_large_shop_on_stores_of_somebody_else() {
    insta::assert_snapshot!(manifests(specs::production()));
}
