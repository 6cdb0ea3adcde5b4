//! Properties of manifests that a snapshot does not explain.

use serde_json::{Value, json};
use storefront_api::exposure::{ExposeType, RouteExposure};
use storefront_api::jobs::SidecarInjection;
use storefront_desired::Kind;

use crate::fake_cluster::{FakeCluster, id};
use crate::specs;

fn settled(spec: storefront_api::StorefrontSpec) -> FakeCluster {
    let mut cluster = FakeCluster::new(spec);
    cluster.settle();
    cluster
}

fn manifest<'c>(cluster: &'c FakeCluster, kind: Kind, name: &str) -> &'c Value {
    cluster.manifests.get(&id(kind, name)).unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn only_provisioning_receives_the_administrator_password() {
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
fn services_do_not_select_pods_of_jobs() {
    let cluster = settled(specs::dev());
    let services = cluster.manifests.iter().filter(|(id, _)| id.kind == Kind::Service);
    for (service, manifest) in services {
        let selector = manifest["spec"]["selector"].as_object().unwrap();
        for (job, manifest) in cluster.manifests.iter().filter(|(id, _)| id.kind == Kind::Job) {
            let labels = &manifest["spec"]["template"]["metadata"]["labels"];
            assert!(selector.iter().any(|(key, value)| labels[key] != *value), "{service} {job}");
        }
    }
}

/// A sidecar that does not end by itself keeps its Job running forever.
#[test]
fn only_pods_of_jobs_opt_out_of_service_meshes() {
    for injection in [SidecarInjection::Disabled, SidecarInjection::Inherited] {
        let mut spec = specs::dev();
        spec.jobs.sidecar_injection = injection;
        for (id, manifest) in &settled(spec).manifests {
            let template = &manifest["spec"]["template"];
            if template.is_null() {
                continue;
            }
            let metadata = &template["metadata"];
            let opts_out = id.kind == Kind::Job && injection == SidecarInjection::Disabled;
            for (place, name, opt_out) in [
                ("labels", "sidecar.istio.io/inject", "false"),
                ("labels", "kuma.io/sidecar-injection", "disabled"),
                ("annotations", "linkerd.io/inject", "disabled"),
                ("annotations", "consul.hashicorp.com/connect-inject", "false"),
            ] {
                let expected = if opts_out { json!(opt_out) } else { json!(null) };
                assert_eq!(metadata[place][name], expected, "{id} {name} {injection:?}");
            }
        }
    }
}

#[test]
fn pod_of_a_job_names_its_main_container() {
    let cluster = settled(specs::dev());
    for (job, container) in [("catalog-migrate", "migrate"), ("seed", "seed")] {
        let template = &cluster.manifests[&cluster.job(job)]["spec"]["template"];
        let annotations = &template["metadata"]["annotations"];
        assert_eq!(annotations["kubectl.kubernetes.io/default-container"], container);
        assert_eq!(template["spec"]["containers"][0]["name"], container);
    }
}

#[test]
fn env_of_the_spec_does_not_override_reserved_names() {
    let mut spec = specs::production();
    let catalog = storefront_api::Component::Catalog;
    let env = &mut spec.components.0.get_mut(&catalog).unwrap().env;
    for name in ["DATABASE_URL", "DATABASE_PASSWORD"] {
        let mut reserved = env[0].clone();
        reserved.name = name.to_owned();
        env.push(reserved);
    }
    let cluster = settled(spec);
    let deployment = manifest(&cluster, Kind::Deployment, "demo-catalog");
    let env = &deployment["spec"]["template"]["spec"]["containers"][0]["env"];
    let names: Vec<&str> =
        env.as_array().unwrap().iter().map(|var| var["name"].as_str().unwrap()).collect();
    let expected = ["DATABASE_PASSWORD", "DATABASE_MAX_CONNECTIONS", "OTEL_EXPORTER_OTLP_HEADERS"];
    assert_eq!(names, expected);
}

#[test]
fn web_shop_has_the_guest_cart_ttl_of_the_cart() {
    use storefront_api::Component::{Cart, Web};
    let mut spec = specs::production();
    let variable = spec.components.0[&storefront_api::Component::Catalog].env[0].clone();
    for (component, value) in [(Cart, "1h"), (Web, "2h")] {
        let mut variable = variable.clone();
        (variable.name, variable.value) = ("GUEST_CART_TTL".to_owned(), Some(value.to_owned()));
        spec.components.0.entry(component).or_default().env = vec![variable];
    }
    let cluster = settled(spec);
    for component in ["demo-cart", "demo-web"] {
        let deployment = manifest(&cluster, Kind::Deployment, component);
        let env = &deployment["spec"]["template"]["spec"]["containers"][0]["env"];
        let vars = env.as_array().unwrap().iter().filter(|var| var["name"] == "GUEST_CART_TTL");
        let values: Vec<_> = vars.map(|var| &var["value"]).collect();
        assert_eq!(values, ["1h"], "{component}");
    }
}

#[test]
fn callers_use_the_bare_name_of_a_headless_service() {
    let cluster = settled(specs::dev());
    let config = manifest(&cluster, Kind::ConfigMap, "demo-gateway");
    assert_eq!(config["data"]["CATALOG_URL"], "http://demo-catalog:50052");
    let service = manifest(&cluster, Kind::Service, "demo-catalog");
    assert_eq!(service["spec"]["clusterIP"], "None");
}

#[test]
fn gateway_has_a_node_port_only_with_type_node_port() {
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
fn internal_routes_have_a_port_that_is_not_exposed() {
    let mut spec = specs::dev();
    let public = settled(spec.clone());
    let service = id(Kind::Service, "demo-gateway-internal");
    assert_eq!(public.manifests.get(&service), None);
    let config = &manifest(&public, Kind::ConfigMap, "demo-gateway")["data"];
    for name in ["DOCS_ROUTES", "ADMIN_ROUTES", "GATEWAY_INTERNAL_LISTEN"] {
        assert_eq!(config.get(name), None, "{name}: the gateway's default applies");
    }

    spec.gateway.docs = RouteExposure::Off;
    spec.gateway.admin = RouteExposure::Internal;
    let cluster = settled(spec);
    let config = &manifest(&cluster, Kind::ConfigMap, "demo-gateway")["data"];
    assert_eq!([&config["DOCS_ROUTES"], &config["ADMIN_ROUTES"]], ["off", "internal"]);
    assert_eq!(config["GATEWAY_INTERNAL_LISTEN"], "[::]:8081");
    let pod = &manifest(&cluster, Kind::Deployment, "demo-gateway")["spec"]["template"]["spec"];
    let port = json!({ "containerPort": 8081, "name": "internal", "protocol": "TCP" });
    assert!(pod["containers"][0]["ports"].as_array().unwrap().contains(&port));
    let internal = &cluster.manifests[&service]["spec"];
    assert_eq!(internal["type"], "ClusterIP");
    assert_eq!(internal["ports"][0]["port"], 8081);
    let exposed = &manifest(&cluster, Kind::Service, "demo-gateway")["spec"]["ports"];
    assert_eq!(exposed.as_array().unwrap().len(), 1, "the node port leads to the API only");
}

/// Anyone who can read the shop's mails can reset the passwords of other users.
#[test]
fn inbox_has_a_node_port_only_if_the_spec_sets_it() {
    let mut spec = specs::dev();
    let cluster = settled(spec.clone());
    let page = &manifest(&cluster, Kind::Service, "demo-inbox-page")["spec"];
    assert_eq!(page["type"], "NodePort");
    let ports = json!([{
        "appProtocol": "http", "name": "http", "nodePort": 30_825, "port": 8025,
        "protocol": "TCP", "targetPort": "http",
    }]);
    assert_eq!(page["ports"], ports, "the SMTP port is not exposed");
    assert_eq!(manifest(&cluster, Kind::Service, "demo-inbox")["spec"]["type"], "ClusterIP");

    spec.expose.node_ports = None;
    let cluster = settled(spec);
    assert_eq!(cluster.manifests.get(&id(Kind::Service, "demo-inbox-page")), None);
}

#[test]
fn mail_settings_follow_the_mail_mode() {
    let mut cluster = settled(specs::dev());
    let mail_settings = |cluster: &FakeCluster| {
        let config = manifest(cluster, Kind::ConfigMap, "demo-notification")["data"].clone();
        ["SMTP_HOST", "SMTP_PORT", "SMTP_TLS", "WEB_URL"].map(|name| config[name].clone())
    };
    assert_eq!(mail_settings(&cluster), ["demo-inbox", "1025", "none", "http://localhost:3000"]);
    assert!(cluster.manifests.contains_key(&id(Kind::Deployment, "demo-inbox")));

    specs::smtp(&mut cluster.storefront.spec);
    cluster.settle();
    assert_eq!(
        mail_settings(&cluster),
        ["smtp.example.com", "465", "tls", "http://localhost:3000"]
    );
    let mut inbox = cluster.manifests.keys().filter(|id| id.name.contains("inbox"));
    assert_eq!(inbox.next(), None);
    let deployment = manifest(&cluster, Kind::Deployment, "demo-notification");
    let env = &deployment["spec"]["template"]["spec"]["containers"][0]["env"];
    for (name, key) in [("SMTP_USERNAME", "username"), ("SMTP_PASSWORD", "password")] {
        let source = json!({ "secretKeyRef": { "key": key, "name": "smtp" } });
        assert!(env.as_array().unwrap().contains(&json!({ "name": name, "valueFrom": source })));
    }
}

/// The Secret also contains the private key, with which the gateway could sign tokens.
#[test]
fn only_the_user_service_receives_the_private_signing_key() {
    let cluster = settled(specs::dev());
    for (id, manifest) in &cluster.manifests {
        let pod = &manifest["spec"]["template"]["spec"];
        let volumes = pod["volumes"].as_array().into_iter().flatten();
        let mut key_volumes =
            volumes.filter(|volume| volume["secret"]["secretName"] == "demo-signing-keys");
        let mounted = key_volumes.next().map(|volume| volume["secret"]["items"].clone());
        let item = |file: &str| Some(json!([{ "key": file, "path": file }]));
        let expected = match (id.kind, id.name.as_str()) {
            (Kind::Deployment, "demo-user") => item("signing.json"),
            (Kind::Deployment, "demo-gateway") => item("public.json"),
            _ => None,
        };
        assert_eq!(mounted, expected, "{id}");
        assert_eq!(key_volumes.next(), None, "{id}");
        let by_value = json!({ "name": "demo-signing-keys" }).to_string();
        assert!(!pod.to_string().contains(&by_value[1..by_value.len() - 1]), "{id}");
    }
}

#[test]
fn file_setting_contains_the_path_of_the_mounted_file() {
    let cluster = settled(specs::dev());
    for (component, setting) in [("user", "JWT_SIGNING_KEYS"), ("gateway", "JWT_PUBLIC_KEYS")] {
        let name = format!("demo-{component}");
        let path = manifest(&cluster, Kind::ConfigMap, &name)["data"][setting].clone();
        let pod = &manifest(&cluster, Kind::Deployment, &name)["spec"]["template"]["spec"];
        let (volume, mount) = (&pod["volumes"][0], &pod["containers"][0]["volumeMounts"][0]);
        assert_eq!(volume["name"], mount["name"]);
        let file = volume["secret"]["items"][0]["path"].as_str().unwrap();
        assert_eq!(path, format!("{}/{file}", mount["mountPath"].as_str().unwrap()));
    }
}

#[test]
fn administrator_follows_the_admin_email() {
    let secret = id(Kind::Secret, "demo-admin-password");
    let mut cluster = settled(specs::dev());
    assert!(cluster.manifests.contains_key(&secret));
    let config = &manifest(&cluster, Kind::ConfigMap, "demo-user")["data"];
    assert_eq!(config["ADMIN_EMAIL"], "admin@shop.example.com");

    cluster.storefront.spec.auth.admin_email = None;
    cluster.settle();
    assert_eq!(cluster.manifests.get(&secret), None);
    assert!(
        !manifest(&cluster, Kind::Deployment, "demo-user")
            .to_string()
            .contains("demo-admin-password")
    );
}

#[test]
fn ipv6_address_is_in_brackets_in_a_url() {
    let mut spec = specs::external();
    if let Some(external) = &mut spec.postgres.external {
        external.host = "fd00::5".to_owned();
    }
    let cluster = settled(spec);
    let config = manifest(&cluster, Kind::ConfigMap, "demo-catalog");
    assert_eq!(
        config["data"]["DATABASE_URL"],
        "postgres://catalog_owner@[fd00::5]:6432/catalog_db?sslmode=verify-full"
    );
}

#[test]
fn version_change_does_not_restart_datastores() {
    let mut cluster = settled(specs::dev());
    let before = ["demo-postgres", "demo-redis"].map(|name| {
        let stateful_set = manifest(&cluster, Kind::StatefulSet, name).clone();
        (name, stateful_set)
    });
    cluster.storefront.spec.version = "0.2.0".to_owned();
    cluster.settle();
    for (name, manifest_before) in before {
        assert_eq!(manifest(&cluster, Kind::StatefulSet, name), &manifest_before);
    }
}

#[test]
fn seed_job_receives_the_currency() {
    let mut spec = specs::dev();
    spec.currency = "EUR".to_owned();
    let cluster = settled(spec);
    let seed = &cluster.manifests[&cluster.job("seed")];
    let env = &seed["spec"]["template"]["spec"]["containers"][0]["env"];
    let currency = json!({ "name": "CURRENCY", "value": "EUR" });
    assert!(env.as_array().unwrap().contains(&currency), "{env}");
}
