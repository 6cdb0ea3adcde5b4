//! Details of manifests that a snapshot alone would not explain.

use serde_json::{Value, json};
use storefront_api::edge::ExposeType;
use storefront_desired::Kind;

use crate::specs;
use crate::world::{World, id};

fn settled(spec: storefront_api::StorefrontSpec) -> World {
    let mut world = World::of(spec);
    world.settle();
    world
}

fn manifest<'w>(world: &'w World, kind: Kind, name: &str) -> &'w Value {
    world.manifests.get(&id(kind, name)).unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn nobody_but_the_provisioning_step_sees_the_administrators_password() {
    for spec in [specs::dev(), specs::external()] {
        let admin =
            if spec.postgres.external.is_some() { "pg-admin" } else { "demo-postgres-admin" };
        for (id, manifest) in &settled(spec).manifests {
            if id.kind == Kind::StatefulSet {
                continue; // PostgreSQL itself
            }
            let mut manifest = manifest.clone();
            if id.kind == Kind::Job {
                let provision = &mut manifest["spec"]["template"]["spec"]["initContainers"];
                *provision = Value::Null;
            }
            let reference = json!({ "secretKeyRef": { "key": "password", "name": admin } });
            assert!(!manifest.to_string().contains(&reference.to_string()), "{id}");
        }
    }
}

#[test]
fn pods_of_jobs_are_not_taken_for_pods_of_services() {
    let world = settled(specs::dev());
    let services = world.manifests.iter().filter(|(id, _)| id.kind == Kind::Service);
    for (service, manifest) in services {
        let selector = manifest["spec"]["selector"].as_object().unwrap();
        for (job, manifest) in world.manifests.iter().filter(|(id, _)| id.kind == Kind::Job) {
            let labels = &manifest["spec"]["template"]["metadata"]["labels"];
            assert!(selector.iter().any(|(key, value)| labels[key] != *value), "{service} {job}");
        }
    }
}

#[test]
fn what_a_storefront_adds_never_replaces_what_the_operator_says() {
    let mut spec = specs::production();
    let catalog = storefront_api::Component::Catalog;
    let env = &mut spec.components.0.get_mut(&catalog).unwrap().env;
    for name in ["DATABASE_URL", "DATABASE_PASSWORD"] {
        let mut ours = env[0].clone();
        ours.name = name.to_owned();
        env.push(ours);
    }
    let world = settled(spec);
    let deployment = manifest(&world, Kind::Deployment, "demo-catalog");
    let env = &deployment["spec"]["template"]["spec"]["containers"][0]["env"];
    let names: Vec<&str> =
        env.as_array().unwrap().iter().map(|var| var["name"].as_str().unwrap()).collect();
    let expected = ["DATABASE_PASSWORD", "DATABASE_MAX_CONNECTIONS", "OTEL_EXPORTER_OTLP_HEADERS"];
    assert_eq!(names, expected);
}

#[test]
fn callers_are_told_the_bare_name_of_a_headless_service() {
    let world = settled(specs::dev());
    let config = manifest(&world, Kind::ConfigMap, "demo-gateway");
    assert_eq!(config["data"]["CATALOG_URL"], "http://demo-catalog:50052");
    let service = manifest(&world, Kind::Service, "demo-catalog");
    assert_eq!(service["spec"]["clusterIP"], "None");
}

#[test]
fn the_gateway_is_on_a_port_of_the_node_only_where_that_is_said() {
    let mut spec = specs::dev();
    let exposed = manifest(&settled(spec.clone()), Kind::Service, "demo-gateway")["spec"].clone();
    assert_eq!(exposed["type"], "NodePort");
    assert_eq!(exposed["externalTrafficPolicy"], "Local");
    assert_eq!(exposed["ports"][0]["nodePort"], 30_080);

    spec.expose.kind = ExposeType::None;
    let hidden = manifest(&settled(spec), Kind::Service, "demo-gateway")["spec"].clone();
    assert_eq!(hidden["type"], "ClusterIP");
    assert_eq!(hidden["ports"][0].get("nodePort"), None);
}

#[test]
fn an_ipv6_address_stands_in_brackets_in_a_url() {
    let mut spec = specs::external();
    if let Some(external) = &mut spec.postgres.external {
        external.host = "fd00::5".to_owned();
    }
    let world = settled(spec);
    let config = manifest(&world, Kind::ConfigMap, "demo-catalog");
    assert_eq!(
        config["data"]["DATABASE_URL"],
        "postgres://catalog_owner@[fd00::5]:6432/catalog_db?sslmode=verify-full"
    );
}

#[test]
fn a_new_version_restarts_neither_store() {
    let mut world = settled(specs::dev());
    let before = ["demo-postgres", "demo-redis"].map(|name| {
        let stateful_set = manifest(&world, Kind::StatefulSet, name).clone();
        (name, stateful_set)
    });
    world.storefront.spec.version = "0.2.0".to_owned();
    world.settle();
    for (name, manifest_before) in before {
        assert_eq!(manifest(&world, Kind::StatefulSet, name), &manifest_before);
    }
}

#[test]
fn demonstration_data_is_in_the_currency_of_the_shop() {
    let mut spec = specs::dev();
    spec.currency = "EUR".to_owned();
    let world = settled(spec);
    let seed = &world.manifests[&world.job("seed")];
    let env = &seed["spec"]["template"]["spec"]["containers"][0]["env"];
    let currency = json!({ "name": "CURRENCY", "value": "EUR" });
    assert!(env.as_array().unwrap().contains(&currency), "{env}");
}
