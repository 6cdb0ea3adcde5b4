//! Details of manifests that a snapshot alone would not explain.

use serde_json::{Value, json};
use storefront_api::exposure::ExposeType;
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

/// Whoever reads the shop's mails can set other people's passwords.
#[test]
fn the_inbox_is_on_a_port_of_the_node_only_where_that_port_is_said() {
    let mut spec = specs::dev();
    let world = settled(spec.clone());
    let page = &manifest(&world, Kind::Service, "demo-inbox-page")["spec"];
    assert_eq!(page["type"], "NodePort");
    let ports = json!([{
        "appProtocol": "http", "name": "http", "nodePort": 30_825, "port": 8025,
        "protocol": "TCP", "targetPort": "http",
    }]);
    assert_eq!(page["ports"], ports, "mails are taken from inside only");
    assert_eq!(manifest(&world, Kind::Service, "demo-inbox")["spec"]["type"], "ClusterIP");

    spec.expose.node_ports = None;
    let world = settled(spec);
    assert_eq!(world.manifests.get(&id(Kind::Service, "demo-inbox-page")), None);
}

#[test]
fn mails_go_to_the_inbox_or_to_the_server_that_is_named() {
    let mut world = settled(specs::dev());
    let told = |world: &World| {
        let config = manifest(world, Kind::ConfigMap, "demo-notification")["data"].clone();
        ["SMTP_HOST", "SMTP_PORT", "SMTP_TLS", "WEB_URL"].map(|name| config[name].clone())
    };
    assert_eq!(told(&world), ["demo-inbox", "1025", "none", "http://localhost:3000"]);
    assert!(world.manifests.contains_key(&id(Kind::Deployment, "demo-inbox")));

    specs::smtp(&mut world.storefront.spec);
    world.settle();
    assert_eq!(told(&world), ["smtp.example.com", "465", "tls", "http://localhost:3000"]);
    let mut left = world.manifests.keys().filter(|id| id.name.contains("inbox"));
    assert_eq!(left.next(), None);
    let deployment = manifest(&world, Kind::Deployment, "demo-notification");
    let env = &deployment["spec"]["template"]["spec"]["containers"][0]["env"];
    for (name, key) in [("SMTP_USERNAME", "username"), ("SMTP_PASSWORD", "password")] {
        let place = json!({ "secretKeyRef": { "key": key, "name": "smtp" } });
        assert!(env.as_array().unwrap().contains(&json!({ "name": name, "valueFrom": place })));
    }
}

/// The Secret has both, and the gateway could sign with the other one.
#[test]
fn nobody_but_the_user_service_sees_the_private_signing_key() {
    let world = settled(specs::dev());
    for (id, manifest) in &world.manifests {
        let pod = &manifest["spec"]["template"]["spec"];
        let volumes = pod["volumes"].as_array().into_iter().flatten();
        let mut of_keys =
            volumes.filter(|volume| volume["secret"]["secretName"] == "demo-signing-keys");
        let shown = of_keys.next().map(|volume| volume["secret"]["items"].clone());
        let item = |file: &str| Some(json!([{ "key": file, "path": file }]));
        let expected = match (id.kind, id.name.as_str()) {
            (Kind::Deployment, "demo-user") => item("signing.json"),
            (Kind::Deployment, "demo-gateway") => item("public.json"),
            _ => None,
        };
        assert_eq!(shown, expected, "{id}");
        assert_eq!(of_keys.next(), None, "{id}");
        let by_value = json!({ "name": "demo-signing-keys" }).to_string();
        assert!(!pod.to_string().contains(&by_value[1..by_value.len() - 1]), "{id}");
    }
}

#[test]
fn a_setting_that_is_a_file_names_where_it_is_shown() {
    let world = settled(specs::dev());
    for (component, setting) in [("user", "JWT_SIGNING_KEYS"), ("gateway", "JWT_PUBLIC_KEYS")] {
        let name = format!("demo-{component}");
        let path = manifest(&world, Kind::ConfigMap, &name)["data"][setting].clone();
        let pod = &manifest(&world, Kind::Deployment, &name)["spec"]["template"]["spec"];
        let (volume, mount) = (&pod["volumes"][0], &pod["containers"][0]["volumeMounts"][0]);
        assert_eq!(volume["name"], mount["name"]);
        let file = volume["secret"]["items"][0]["path"].as_str().unwrap();
        assert_eq!(path, format!("{}/{file}", mount["mountPath"].as_str().unwrap()));
    }
}

#[test]
fn an_administrator_is_made_where_one_is_named_and_only_there() {
    let secret = id(Kind::Secret, "demo-admin-password");
    let mut world = settled(specs::dev());
    assert!(world.manifests.contains_key(&secret));
    let config = &manifest(&world, Kind::ConfigMap, "demo-user")["data"];
    assert_eq!(config["ADMIN_EMAIL"], "admin@shop.example.com");

    world.storefront.spec.auth.admin_email = None;
    world.settle();
    assert_eq!(world.manifests.get(&secret), None);
    assert!(
        !manifest(&world, Kind::Deployment, "demo-user")
            .to_string()
            .contains("demo-admin-password")
    );
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
