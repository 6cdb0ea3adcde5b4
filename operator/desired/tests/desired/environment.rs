//! What the shop's processes are told.

use storefront_api::component::{Component, reserved_env};
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
    let owners = ["catalog", "notification", "order", "payment", "shipping", "user"];
    let steps = ["migrate", "provision", "serve"];
    let mut expected: Vec<String> = owners
        .iter()
        .flat_map(|owner| steps.map(|step| format!("{owner} {step}")))
        .chain(["cart serve", "gateway serve", "inbox", "seed"].map(str::to_owned))
        .collect();
    expected.sort();
    let processes: Vec<String> = environment_names().into_keys().collect();
    assert_eq!(processes, expected);
}

#[test]
fn a_service_is_told_what_it_is_written_to_need() {
    let told = environment_names();
    let cases: [(&str, &[&str]); 7] = [
        ("user", &["JWT_SIGNING_KEYS", "ADMIN_EMAIL", "ADMIN_PASSWORD", "NOTIFICATION_URL"]),
        ("cart", &["CATALOG_URL", "CURRENCY", "REDIS_URL", "REDIS_PASSWORD"]),
        ("order", &["CART_URL", "CURRENCY", "DATABASE_URL", "PAYMENT_URL", "SHIPPING_URL"]),
        ("payment", &["CURRENCY", "DATABASE_URL", "FINGERPRINT_KEY", "PAYMENT_PROVIDER"]),
        ("shipping", &["CURRENCY", "DATABASE_URL", "DATABASE_PASSWORD"]),
        ("notification", &["MAIL_FROM", "SMTP_HOST", "SMTP_PASSWORD", "SMTP_USERNAME", "WEB_URL"]),
        ("gateway", &["CART_URL", "JWT_PUBLIC_KEYS", "ORDER_URL", "USER_URL"]),
    ];
    for (component, names) in cases {
        let told = &told[&format!("{component} serve")];
        for name in names {
            assert!(told.contains(name), "{component}: {name}");
        }
    }
}

/// Else a Storefront could set it to something else by `env`.
#[test]
fn every_name_that_a_component_is_told_is_reserved() {
    let told = environment_names();
    for component in Component::ALL {
        let reserved = reserved_env(component);
        for name in &told[&format!("{component} serve")] {
            assert!(reserved.contains(name), "{component}: {name}");
        }
    }
}
