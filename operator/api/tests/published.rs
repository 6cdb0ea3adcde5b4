//! The examples and the rendered Helm chart, on a real API server.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a fixture that fails fails the test")]

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use apiserver::ApiServer;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::{Api, Client};
use serde::Deserialize;
use serde_json::Value;
use storefront_api::crd;

const EXAMPLES: [&str; 3] = ["storefront.yaml", "minimal.yaml", "external-postgres.yaml"];
const CHART: &str = "charts/storefront-operator";
const RELEASE: [&str; 2] = ["storefront-operator", "--namespace=storefront-system"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn documents(yaml: &str) -> Vec<DynamicObject> {
    serde_yaml::Deserializer::from_str(yaml)
        .map(|document| Value::deserialize(document).unwrap())
        .filter(|document| !document.is_null())
        .map(|document| serde_json::from_value(document).unwrap())
        .collect()
}

/// Applies an object on the server side, with strict field validation as in `kubectl`.
async fn apply(client: &Client, object: &DynamicObject, namespace: &str, dry_run: bool) {
    let types = object.types.clone().unwrap();
    let kind = GroupVersionKind::try_from(&types).unwrap();
    let resource = ApiResource::from_gvk(&kind);
    let cluster_wide =
        ["Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"]
            .contains(&types.kind.as_str());
    let api: Api<DynamicObject> = if cluster_wide {
        Api::all_with(client.clone(), &resource)
    } else {
        let namespace = object.metadata.namespace.as_deref().unwrap_or(namespace);
        Api::namespaced_with(client.clone(), namespace, &resource)
    };
    let name = object.metadata.name.clone().unwrap();
    let params = PatchParams { dry_run, ..PatchParams::apply("test").validation_strict() };
    if let Err(error) = api.patch(&name, &params, &Patch::Apply(object)).await {
        panic!("{} {name}: {error}", types.kind);
    }
}

async fn client_with_definition() -> (&'static ApiServer, Client) {
    let server = ApiServer::shared().unwrap();
    let client = server.client().unwrap();
    server.install(&client, &crd::definition().unwrap()).await.unwrap();
    (server, client)
}

#[tokio::test]
async fn examples_are_accepted() {
    let (server, client) = client_with_definition().await;
    let namespace = server.namespace(&client).await.unwrap();
    for example in EXAMPLES {
        let yaml = std::fs::read_to_string(root().join("examples").join(example)).unwrap();
        for object in documents(&yaml) {
            let is_namespace = object.types.as_ref().unwrap().kind == "Namespace";
            apply(&client, &object, &namespace, !is_namespace).await;
        }
    }
}

#[test]
fn every_example_is_tested() {
    let mut present: Vec<String> = std::fs::read_dir(root().join("examples"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut tested = EXAMPLES.map(str::to_owned).to_vec();
    present.sort();
    tested.sort();
    assert_eq!(present, tested);
}

fn helm(arguments: &[&str]) -> Output {
    let chart = root().join(CHART);
    let chart = chart.to_str().unwrap();
    run_helm(&[&["template", RELEASE[0], chart, RELEASE[1]], arguments].concat())
}

fn run_helm(arguments: &[&str]) -> Output {
    let mut command = Command::new(helm_program());
    command.args(arguments).output().unwrap_or_else(|error| {
        panic!("cannot run helm ({error}): run hack/tools.sh helm, or install it (Homebrew: helm)")
    })
}

/// Returns the helm that hack/tools.sh built into the cache, or else the one in the search path.
fn helm_program() -> PathBuf {
    let folder = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = folder("STOREFRONT_CACHE")
        .or_else(|| folder("XDG_CACHE_HOME").map(|cache| cache.join("storefront")))
        .or_else(|| folder("HOME").map(|home| home.join(".cache/storefront")));
    let cached = cache.map(|cache| cache.join("bin/helm")).filter(|helm| helm.is_file());
    cached.unwrap_or_else(|| "helm".into())
}

fn rendered(arguments: &[&str]) -> Vec<DynamicObject> {
    let output = helm(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    documents(&String::from_utf8(output.stdout).unwrap())
}

fn kinds(objects: &[DynamicObject]) -> Vec<String> {
    let mut kinds: Vec<String> =
        objects.iter().map(|object| object.types.clone().unwrap().kind).collect();
    kinds.sort();
    kinds
}

fn definition_in(objects: &[DynamicObject]) -> Option<CustomResourceDefinition> {
    let found = objects
        .iter()
        .find(|object| object.types.as_ref().unwrap().kind.ends_with("Definition"))?;
    Some(serde_json::from_value(serde_json::to_value(found).unwrap()).unwrap())
}

#[test]
fn chart_installs_the_definition_with_keep_policy_by_default() {
    let definition = crd::definition().unwrap();
    assert_eq!(definition_in(&rendered(&[])), Some(definition.clone()));
    let mut not_kept = definition;
    not_kept.metadata.annotations = None;
    assert_eq!(definition_in(&rendered(&["--set=crds.keep=false"])), Some(not_kept));
    assert_eq!(definition_in(&rendered(&["--set=crds.install=false"])), None);
}

#[tokio::test]
async fn rendered_chart_is_accepted() {
    let (_, client) = client_with_definition().await;
    let all_values = [
        "--set=watchNamespaces={default,storefront-system}",
        "--set=imagePullSecrets[0].name=pull,clusterId=east-1",
        "--set=serviceAccount.annotations.a=b,podLabels.a=b,podAnnotations.a=b",
        "--set=nodeSelector.a=b,tolerations[0].operator=Exists,priorityClassName=high",
        "--set=affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution\
         .nodeSelectorTerms[0].matchExpressions[0].key=a",
        "--set=affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution\
         .nodeSelectorTerms[0].matchExpressions[0].operator=Exists",
    ];
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: storefront-system}";
    apply(&client, &documents(namespace)[0], "", false).await;
    for arguments in [&[][..], &all_values] {
        for object in rendered(arguments) {
            apply(&client, &object, "", true).await;
        }
    }
}

/// Uses a separate server, because it creates and deletes the definition.
#[tokio::test]
async fn definition_outlives_the_release_only_with_keep() {
    let server = ApiServer::start().unwrap();
    let client = server.client().unwrap();
    let kubeconfig = format!("--kubeconfig={}", server.kubeconfig().display());
    let chart = root().join(CHART);
    let release = |action: &[&str], values: &[&str]| {
        let output = run_helm(&[action, &RELEASE, &[&kubeconfig], values].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let install = ["upgrade", "--install", "--create-namespace"];
    let definitions: Api<CustomResourceDefinition> = Api::all(client);
    for (keep, left) in [("true", 1), ("false", 0)] {
        let values = format!("--set=crds.keep={keep},replicas=0");
        for _installed_then_upgraded in 0..2 {
            release(&install, &[chart.to_str().unwrap(), &values]);
        }
        release(&["uninstall"], &[]);
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut present = definitions.list(&ListParams::default()).await.unwrap().items.len();
        while present != left && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(100)).await;
            present = definitions.list(&ListParams::default()).await.unwrap().items.len();
        }
        assert_eq!(present, left, "crds.keep={keep}");
    }
}

#[test]
fn monitoring_objects_follow_the_values() {
    let count = |arguments: &[&str], kind: &str| {
        kinds(&rendered(arguments)).iter().filter(|rendered| *rendered == kind).count()
    };
    assert_eq!(count(&[], "PodMonitor"), 0);
    assert_eq!(count(&["--set=metrics.podMonitor.enabled=true"], "PodMonitor"), 1);
    assert_eq!(count(&[], "Service"), 1);
    assert_eq!(count(&["--set=metrics.service.enabled=false"], "Service"), 0);
}

#[test]
fn services_of_the_chart_have_every_ip_family() {
    let objects = rendered(&[]);
    let services = objects.iter().filter(|object| object.types.as_ref().unwrap().kind == "Service");
    let policies: Vec<&Value> = services.map(|it| &it.data["spec"]["ipFamilyPolicy"]).collect();
    assert_eq!(policies, ["PreferDualStack"]);
}

#[test]
fn unknown_or_invalid_values_are_rejected() {
    for (value, expected) in [
        ("replica=2", "additional properties 'replica' not allowed"),
        ("crds.keeep=true", "additional properties 'keeep' not allowed"),
        ("replicas=two", "replicas"),
        ("defaultImages.redis=redis", "/defaultImages/redis"),
        ("shopImage.registry=https://registry.example.com", "/shopImage/registry"),
        ("serviceAccount.create=false", "/serviceAccount"),
        ("clusterId=a/b", "/clusterId"),
    ] {
        let output = helm(&["--set", value]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{value}");
        assert!(error.contains(expected), "{value}: {error}");
    }
}

#[test]
fn chosen_cluster_id_replaces_the_permission_in_kube_system() {
    let in_kube_system = |arguments: &[&str]| {
        let objects = rendered(arguments);
        let namespaces = objects.iter().filter_map(|object| object.metadata.namespace.as_deref());
        namespaces.filter(|namespace| *namespace == "kube-system").count()
    };
    assert_eq!(in_kube_system(&[]), 2, "a Role and its RoleBinding");
    assert_eq!(in_kube_system(&["--set=clusterId=east-1"]), 0);
}

/// Asks the API server whether the client's account has this permission.
async fn is_allowed(client: &Client, namespace: &str, verb: &str, resource: &str) -> bool {
    let (group, resource) = resource.split_once('/').unwrap();
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let attributes = ResourceAttributes {
        group: Some(group.to_owned()),
        resource: Some(resource.to_owned()),
        subresource: Some(subresource.to_owned()),
        namespace: Some(namespace.to_owned()),
        verb: Some(verb.to_owned()),
        ..ResourceAttributes::default()
    };
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(attributes),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let review = Api::all(client.clone()).create(&PostParams::default(), &review).await.unwrap();
    review.status.unwrap().allowed
}

async fn allowed(client: &Client, namespace: &str, permissions: &[(&str, &str)]) -> Vec<String> {
    let mut allowed = Vec::new();
    for (verb, resource) in permissions {
        if is_allowed(client, namespace, verb, resource).await {
            allowed.push(format!("{verb} {resource}"));
        }
    }
    allowed
}

#[tokio::test]
async fn watch_namespaces_limit_the_permissions() {
    let (server, client) = client_with_definition().await;
    let (watched, other) =
        (server.namespace(&client).await.unwrap(), server.namespace(&client).await.unwrap());
    let own = server.namespace(&client).await.unwrap();
    let watch_only = format!("--set=watchNamespaces={{{watched}}},crds.install=false");
    for object in rendered(&[&watch_only, "--namespace", &own]) {
        if object.types.as_ref().unwrap().kind.starts_with("Role") {
            apply(&client, &object, "", false).await;
        }
    }
    let operator = server.config_as(&own, "storefront-operator").unwrap();
    let operator = Client::try_from(operator).unwrap();
    let required = [
        ("list", "storefront.dev/storefronts"),
        ("patch", "storefront.dev/storefronts/status"),
        ("create", "/secrets"),
        ("delete", "apps/deployments"),
        ("list", "/pods"),
    ];
    assert_eq!(allowed(&operator, &watched, &required).await.len(), required.len());
    assert_eq!(allowed(&operator, &other, &required).await, [""; 0]);
    assert!(is_allowed(&operator, &own, "create", "coordination.k8s.io/leases").await);
    // The operator has no permissions that it does not use.
    let unused = [
        ("patch", "storefront.dev/storefronts"),
        ("delete", "storefront.dev/storefronts"),
        ("delete", "/persistentvolumeclaims"),
        ("delete", "/pods"),
        ("create", "/pods/exec"),
        ("create", "rbac.authorization.k8s.io/roles"),
    ];
    assert_eq!(allowed(&operator, &watched, &unused).await, [""; 0]);
}
