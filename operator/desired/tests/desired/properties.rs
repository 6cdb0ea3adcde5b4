//! Properties of every valid Storefront in every state of its children.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::string::string_regex;
use serde_json::Value;
use storefront_api::component::Component;
use storefront_api::exposure::{ExposeType, NodePorts, Origin};
use storefront_api::quantity::Quantity;
use storefront_api::services::Mail;
use storefront_api::spec::Profile;
use storefront_api::workload::{
    Amounts, ComponentSpec, EnvVar, LogLevel, PullPolicy, Resources, SecretName,
};
use storefront_api::{StorefrontSpec, names};
use storefront_desired::{Action, Kind, Object, Progress};

use crate::fake_cluster::FakeCluster;
use crate::specs::{external, key, smtp};

fn component() -> impl Strategy<Value = ComponentSpec> {
    let amounts = || {
        let cpu = option::of(select(vec!["1", "250m"]));
        let memory = option::of(select(vec!["64Mi", "1Gi", "100000000"]));
        (cpu, memory).prop_map(|(cpu, memory)| Amounts {
            cpu: cpu.map(Quantity::from),
            memory: memory.map(Quantity::from),
        })
    };
    let var = ("[A-Z][A-Z0-9_]{0,20}", option::of(".{0,20}")).prop_map(|(name, value)| {
        let secret = value.is_none().then(|| key("custom", "key"));
        EnvVar { name, value, secret }
    });
    (
        option::of(1..=32),
        option::of(Just("example/shop:1".to_owned())),
        option::of(option::of(amounts())),
        vec(var, 0..4),
        option::of(select(vec![LogLevel::Error, LogLevel::Trace])),
    )
        .prop_map(|(replicas, image, requests, mut env, log_level)| {
            let mut names = BTreeSet::new();
            env.retain(|var| names.insert(var.name.clone()));
            let resources = requests.map(|requests| Resources { requests, limits: None });
            ComponentSpec { enabled: None, replicas, image, resources, env, log_level }
        })
}

fn spec() -> impl Strategy<Value = StorefrontSpec> {
    let flags = (any::<[bool; 7]>(), option::of(30_000..32_768_u16));
    let shop = (
        "[a-z0-9][a-z0-9._-]{0,60}[a-z0-9]",
        select(vec![Profile::Dev, Profile::Standard, Profile::Production]),
        option::of(1..=32),
        select(vec![PullPolicy::Always, PullPolicy::IfNotPresent, PullPolicy::Never]),
        vec("[a-z]{1,10}", 0..3),
    );
    let components = vec(component(), Component::ALL.len());
    (shop, components, flags, 0..1_000_i32).prop_map(|(shop, components, flags, rate)| {
        let (version, profile, replicas, pull_policy, pull_secrets) = shop;
        let (flags, node_port) = flags;
        let [is_external, exposed, suspend, demo_data, sends_mail, admin, without_web] = flags;
        let mut spec = if is_external { external() } else { StorefrontSpec::with_version("0") };
        spec.version = version;
        spec.profile = profile;
        spec.replicas = replicas;
        spec.image.pull_policy = pull_policy;
        spec.image.pull_secrets =
            pull_secrets.into_iter().map(|name| SecretName { name }).collect();
        spec.components.0 = Component::ALL.into_iter().zip(components).collect();
        if let Some(web) = spec.components.0.get_mut(&Component::Web) {
            web.enabled = Some(!without_web);
        }
        spec.gateway.cors_origins = vec![Origin("https://shop.example.com".to_owned())];
        spec.gateway.rate_limit.requests_per_minute = rate;
        if exposed {
            spec.expose.kind = ExposeType::NodePort;
            let inbox = node_port.map(|port| port ^ 1);
            let web = node_port.map(|port| port ^ 2);
            spec.expose.node_ports = Some(NodePorts { gateway: node_port, web, inbox });
        }
        if sends_mail {
            smtp(&mut spec);
        } else {
            spec.mail = Mail::default();
        }
        spec.auth.admin_email = admin.then(|| "admin@shop.example.com".to_owned());
        spec.suspend = suspend;
        spec.demo_data = demo_data;
        spec
    })
}

/// Generates a cluster in the middle of a change: optionally another spec was fully applied before,
/// then some reconciliations followed, and some of the written children completed or failed.
fn cluster() -> impl Strategy<Value = FakeCluster> {
    let name = format!("[a-z][a-z0-9-]{{0,{}}}[a-z0-9]", names::MAX_STOREFRONT_NAME - 2);
    let name = string_regex(&name).unwrap();
    let results = vec(select(vec![Progress::Running, Progress::Done, Progress::Failed]), 24);
    (name, option::of(spec()), spec(), 0..4_usize, results).prop_map(
        |(name, before, spec, reconciliations, results)| {
            let mut cluster = FakeCluster::with_name(&name, spec.clone());
            if let Some(mut before) = before {
                before.postgres.mode = spec.postgres.mode;
                before.postgres.external = spec.postgres.external.clone();
                before.redis.mode = spec.redis.mode;
                before.redis.external = spec.redis.external.clone();
                cluster.storefront.spec = before;
                cluster.settle();
                cluster.storefront.spec = spec;
            }
            for _ in 0..reconciliations {
                cluster.reconcile();
                for (id, result) in cluster.running().into_iter().zip(&results) {
                    match result {
                        Progress::Running => {}
                        Progress::Done => cluster.complete(&id),
                        Progress::Failed => cluster.fail(&id),
                    }
                }
            }
            cluster
        },
    )
}

fn manifest(object: &Object) -> Option<&Value> {
    match &object.action {
        Action::Apply(manifest) => Some(manifest),
        Action::CreateOnce(template) => Some(&template.manifest),
        Action::Keep => None,
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(fields) => fields.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn check_complete(object: &Object, manifest: &Value) {
    let id = &object.id;
    assert_eq!(manifest["apiVersion"], id.kind.api_version(), "{id}");
    assert_eq!(manifest["kind"], id.kind.as_str(), "{id}");
    let metadata = &manifest["metadata"];
    assert_eq!(metadata["name"], *id.name, "{id}");
    assert_eq!(metadata["namespace"], "shop", "{id}");
    assert!(metadata["labels"][names::STOREFRONT_LABEL].is_string(), "{id}");
    let owner = &metadata["ownerReferences"][0];
    let instance = &metadata["labels"][names::INSTANCE_LABEL];
    if id.kind == Kind::PersistentVolumeClaim {
        assert!(metadata.get("ownerReferences").is_none(), "{id}");
        // Argo CD would prune the volume.
        assert!(instance.is_null(), "{id}");
    } else {
        assert!(instance.is_string(), "{id}");
        assert_eq!(owner["kind"], "Storefront", "{id}");
        assert_eq!([&owner["controller"], &owner["blockOwnerDeletion"]], [true, true], "{id}");
    }
    assert!(!has_null(manifest), "{id}: {manifest}");
    for (key, value) in metadata["labels"].as_object().unwrap() {
        assert!(value.as_str().unwrap().len() <= 63, "{id}: {key}");
    }
}

fn check_pod(object: &Object, pod: &Value) {
    let id = &object.id;
    assert_eq!(pod["automountServiceAccountToken"], false, "{id}");
    assert_eq!(pod["enableServiceLinks"], false, "{id}");
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{id}");
    assert!(pod["securityContext"]["runAsUser"].as_i64().unwrap() > 0, "{id}");
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{id}");
    assert!(pod["serviceAccountName"].is_string(), "{id}");
    let is_long_running = id.kind != Kind::Job;
    let containers = [&pod["initContainers"], &pod["containers"]];
    for container in containers.into_iter().filter_map(Value::as_array).flatten() {
        check_container(object, container, is_long_running);
    }
}

fn check_container(object: &Object, container: &Value, is_long_running: bool) {
    let id = &object.id;
    assert!(container["image"].as_str().unwrap().contains(':'), "{id}");
    assert!(container["imagePullPolicy"].is_string(), "{id}");
    let security = &container["securityContext"];
    assert_eq!(security["allowPrivilegeEscalation"], false, "{id}");
    assert_eq!(security["readOnlyRootFilesystem"], true, "{id}");
    assert_eq!(security["capabilities"]["drop"][0], "ALL", "{id}");
    let resources = &container["resources"];
    for amount in ["cpu", "memory"] {
        assert!(resources["requests"][amount].is_string(), "{id}: {amount}");
    }
    assert!(resources["limits"]["memory"].is_string(), "{id}");
    assert!(resources["limits"].get("cpu").is_none(), "{id}");
    assert_eq!(container["terminationMessagePolicy"], "FallbackToLogsOnError", "{id}");
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
        assert_eq!(container[probe].is_object(), is_long_running, "{id}: {probe}");
    }
    let names: Vec<&Value> =
        container["env"].as_array().into_iter().flatten().map(|var| &var["name"]).collect();
    let distinct: BTreeSet<String> = names.iter().map(ToString::to_string).collect();
    assert_eq!(distinct.len(), names.len(), "{id}: {names:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn manifests_are_complete_and_pods_are_restricted(cluster in cluster()) {
        for object in cluster.desired() {
            let Some(manifest) = manifest(&object) else { continue };
            check_complete(&object, manifest);
            if let Some(pod) = manifest["spec"]["template"].get("spec") {
                check_pod(&object, pod);
            }
        }
    }

    #[test]
    fn names_fit_labels_and_ids_are_sorted_and_unique(cluster in cluster()) {
        let objects = cluster.desired();
        for object in &objects {
            prop_assert!(object.id.name.len() <= 63, "{}", object.id);
        }
        prop_assert!(objects.windows(2).all(|pair| pair[0].id < pair[1].id));
    }

    #[test]
    fn building_twice_gives_the_same_bytes(cluster in cluster()) {
        let bytes = || {
            let objects = cluster.desired();
            objects.iter().map(|object| format!("{object:?}")).collect::<Vec<_>>()
        };
        prop_assert_eq!(bytes(), bytes());
    }

    /// When all children complete, nothing waits and every Deployment has the desired version,
    /// regardless of the state before.
    #[test]
    fn every_state_converges_to_the_desired_version(mut cluster in cluster()) {
        for id in cluster.observed.children.keys().cloned().collect::<Vec<_>>() {
            cluster.complete(&id);
        }
        cluster.settle();
        let version = cluster.storefront.spec.version.clone();
        for object in cluster.desired() {
            let is_job = object.id.kind == Kind::Job;
            prop_assert!(is_job || object.action != Action::Keep, "{} waits", object.id);
            if object.id.kind == Kind::Deployment {
                let deployment = &cluster.observed.children[&object.id];
                prop_assert_eq!(deployment.version.as_ref(), Some(&version));
            }
        }
    }
}
