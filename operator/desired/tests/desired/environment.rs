//! What the shop's processes are told.

use storefront_api::component::Component;
use storefront_desired::{Action, environment_names};

use crate::specs;
use crate::world::World;

/// The names in the manifests, by the arguments of the container that gets them.
fn rendered(world: &World) -> Vec<(String, Vec<String>)> {
    let mut rendered = Vec::new();
    for object in world.desired() {
        let Action::Apply(manifest) = object.action else { continue };
        let pod = &manifest["spec"]["template"]["spec"];
        let containers = [&pod["initContainers"], &pod["containers"]];
        for container in containers.into_iter().filter_map(|list| list.as_array()).flatten() {
            let Some(args) = container["args"].as_array() else { continue };
            let args: Vec<&str> = args.iter().map(|arg| arg.as_str().unwrap()).collect();
            let env = container["env"].as_array().into_iter().flatten();
            let names = env.map(|var| var["name"].as_str().unwrap().to_owned());
            rendered.push((args.join(" "), names.collect()));
        }
        if manifest["kind"] == "ConfigMap" && manifest["data"].get("start.sh").is_none() {
            let component = manifest["metadata"]["labels"]["app.kubernetes.io/component"].as_str();
            let names = manifest["data"].as_object().unwrap().keys().cloned();
            rendered.push((format!("{} serve", component.unwrap()), names.collect()));
        }
    }
    rendered
}

#[test]
fn every_name_in_a_manifest_is_among_the_names_that_are_told() {
    let told = environment_names();
    for spec in [specs::dev(), specs::external()] {
        let mut world = World::of(spec);
        world.settle();
        for (process, names) in rendered(&world) {
            let told = told.get(&process).unwrap_or_else(|| panic!("{process} is not told of"));
            for name in names {
                assert!(told.contains(name.as_str()), "{process}: {name}");
            }
        }
    }
}

#[test]
fn every_process_is_told_of() {
    let processes: Vec<String> = environment_names().into_keys().collect();
    let expected =
        ["catalog migrate", "catalog provision", "catalog serve", "gateway serve", "seed"];
    assert_eq!(processes, expected);
}

/// Else a Storefront could set it to something else by `env`.
#[test]
fn every_name_that_a_component_is_told_is_reserved() {
    let told = environment_names();
    for component in Component::ALL {
        let reserved = component.reserved_env();
        for name in &told[&format!("{component} serve")] {
            assert!(reserved.contains(name), "{component}: {name}");
        }
    }
}
