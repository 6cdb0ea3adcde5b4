//! The environment of the shop's processes.

use storefront_api::component::{Component, reserved_env};
use storefront_desired::{Action, environment_names};

use crate::fake_cluster::FakeCluster;
use crate::specs;

/// Returns the names in the manifests, with the arguments of their container.
fn rendered(cluster: &FakeCluster) -> Vec<(String, Vec<String>)> {
    let mut rendered = Vec::new();
    for object in cluster.desired() {
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
fn environment_names_include_every_name_in_the_manifests() {
    let known = environment_names();
    for spec in [specs::dev(), specs::external()] {
        let mut cluster = FakeCluster::new(spec);
        cluster.settle();
        for (process, names) in rendered(&cluster) {
            let known = known.get(&process).unwrap_or_else(|| panic!("{process} is missing"));
            for name in names {
                assert!(known.contains(name.as_str()), "{process}: {name}");
            }
        }
    }
}

#[test]
fn environment_names_include_every_process() {
    let owners = ["catalog", "notification", "order", "payment", "shipping", "user"];
    let steps = ["migrate", "provision", "serve"];
    let mut expected: Vec<String> = owners
        .iter()
        .flat_map(|owner| steps.map(|step| format!("{owner} {step}")))
        .chain(["cart serve", "gateway serve", "inbox", "seed", "web serve"].map(str::to_owned))
        .collect();
    expected.sort();
    let processes: Vec<String> = environment_names().into_keys().collect();
    assert_eq!(processes, expected);
}

#[test]
fn components_receive_the_settings_that_they_need() {
    let known = environment_names();
    let cases: [(&str, &[&str]); 8] = [
        ("user", &["JWT_SIGNING_KEYS", "ADMIN_EMAIL", "ADMIN_PASSWORD", "NOTIFICATION_URL"]),
        ("cart", &["CATALOG_URL", "CURRENCY", "REDIS_URL", "REDIS_PASSWORD"]),
        ("order", &["CART_URL", "CURRENCY", "DATABASE_URL", "PAYMENT_URL", "SHIPPING_URL"]),
        ("payment", &["CURRENCY", "DATABASE_URL", "FINGERPRINT_KEY", "PAYMENT_PROVIDER"]),
        ("shipping", &["CURRENCY", "DATABASE_URL", "DATABASE_PASSWORD"]),
        ("notification", &["MAIL_FROM", "SMTP_HOST", "SMTP_PASSWORD", "SMTP_USERNAME", "WEB_URL"]),
        (
            "gateway",
            &["CART_URL", "JWT_PUBLIC_KEYS", "ORDER_URL", "TRUSTED_PROXY_KEY_FILE", "USER_URL"],
        ),
        ("web", &["ACCENT_HUE", "GATEWAY_URL", "SHOP_NAME", "TRUSTED_PROXY_KEY_FILE", "WEB_URL"]),
    ];
    for (component, names) in cases {
        let known = &known[&format!("{component} serve")];
        for name in names {
            assert!(known.contains(name), "{component}: {name}");
        }
    }
}

/// A Storefront cannot override reserved names with `env`.
#[test]
fn every_environment_name_of_a_component_is_reserved() {
    let known = environment_names();
    for component in Component::ALL {
        let reserved = reserved_env(component);
        for name in &known[&format!("{component} serve")] {
            assert!(reserved.contains(name), "{component}: {name}");
        }
    }
}
