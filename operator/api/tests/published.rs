//! What is published beside the definition, on a real API server: the examples, and the chart as
//! helm renders it.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a fixture that fails fails the test")]

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

/// Server-side apply, with unknown and repeated fields refused as `kubectl` refuses them.
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
    let by = PatchParams { dry_run, ..PatchParams::apply("test").validation_strict() };
    if let Err(error) = api.patch(&name, &by, &Patch::Apply(object)).await {
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
async fn every_example_is_accepted() {
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
fn every_example_is_among_the_tested() {
    let mut there: Vec<String> = std::fs::read_dir(root().join("examples"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut tested = EXAMPLES.map(str::to_owned).to_vec();
    there.sort();
    tested.sort();
    assert_eq!(there, tested);
}

fn helm(arguments: &[&str]) -> Output {
    let chart = root().join(CHART);
    let chart = chart.to_str().unwrap();
    run_helm(&[&["template", RELEASE[0], chart, RELEASE[1]], arguments].concat())
}

fn run_helm(arguments: &[&str]) -> Output {
    let mut command = Command::new("helm");
    command.args(arguments).output().unwrap_or_else(|error| {
        panic!("helm is needed ({error}): run make test, which brings it, or install it")
    })
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
    let found =
        objects.iter().find(|it| it.types.as_ref().unwrap().kind.ends_with("Definition"))?;
    Some(serde_json::from_value(serde_json::to_value(found).unwrap()).unwrap())
}

#[test]
fn the_chart_installs_the_definition_and_keeps_it_unless_told_otherwise() {
    let ours = crd::definition().unwrap();
    assert_eq!(definition_in(&rendered(&[])), Some(ours.clone()));
    let mut not_kept = ours;
    not_kept.metadata.annotations = None;
    assert_eq!(definition_in(&rendered(&["--set=crds.keep=false"])), Some(not_kept));
    assert_eq!(definition_in(&rendered(&["--set=crds.install=false"])), None);
}

#[tokio::test]
async fn what_the_chart_renders_is_accepted() {
    let (_, client) = client_with_definition().await;
    let everything = [
        "--set=watchNamespaces={default,storefront-system}",
        "--set=imagePullSecrets[0].name=pull",
        "--set=serviceAccount.annotations.a=b,podLabels.a=b,podAnnotations.a=b",
        "--set=nodeSelector.a=b,tolerations[0].operator=Exists,priorityClassName=high",
        "--set=affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key=a",
        "--set=affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].operator=Exists",
    ];
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: storefront-system}";
    apply(&client, &documents(namespace)[0], "", false).await;
    for arguments in [&[][..], &everything] {
        for object in rendered(arguments) {
            apply(&client, &object, "", true).await;
        }
    }
}

/// A server of its own, because the definition comes and goes.
#[tokio::test]
async fn the_definition_outlives_the_release_only_if_it_is_to_be_kept() {
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
        let mut there = definitions.list(&ListParams::default()).await.unwrap().items.len();
        while there != left && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(100)).await;
            there = definitions.list(&ListParams::default()).await.unwrap().items.len();
        }
        assert_eq!(there, left, "crds.keep={keep}");
    }
}

#[test]
fn monitoring_is_rendered_only_when_asked_for() {
    let count = |arguments: &[&str], kind: &str| {
        kinds(&rendered(arguments)).iter().filter(|it| *it == kind).count()
    };
    assert_eq!(count(&[], "PodMonitor"), 0);
    assert_eq!(count(&["--set=metrics.podMonitor.enabled=true"], "PodMonitor"), 1);
    assert_eq!(count(&[], "Service"), 1);
    assert_eq!(count(&["--set=metrics.service.enabled=false"], "Service"), 0);
}

#[test]
fn values_that_the_chart_does_not_know_are_refused() {
    for (value, says) in [
        ("replica=2", "additional properties 'replica' not allowed"),
        ("crds.keeep=true", "additional properties 'keeep' not allowed"),
        ("replicas=two", "replicas"),
        ("defaultImages.redis=redis", "/defaultImages/redis"),
        ("shopImage.registry=https://registry.example.com", "/shopImage/registry"),
        ("serviceAccount.create=false", "/serviceAccount"),
    ] {
        let output = helm(&["--set", value]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{value}");
        assert!(error.contains(says), "{value}: {error}");
    }
}

/// Whether the operator's account may do this, by the chart's roles on a real API server.
async fn may(client: &Client, namespace: &str, verb: &str, resource: &str) -> bool {
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
    let answer = Api::all(client.clone()).create(&PostParams::default(), &review).await.unwrap();
    answer.status.unwrap().allowed
}

async fn allowed(client: &Client, namespace: &str, all: &[(&str, &str)]) -> Vec<String> {
    let mut allowed = Vec::new();
    for (verb, resource) in all {
        if may(client, namespace, verb, resource).await {
            allowed.push(format!("{verb} {resource}"));
        }
    }
    allowed
}

#[tokio::test]
async fn with_a_list_of_namespaces_the_operator_has_rights_there_and_nowhere_else() {
    let (server, client) = client_with_definition().await;
    let (here, there) =
        (server.namespace(&client).await.unwrap(), server.namespace(&client).await.unwrap());
    let own = server.namespace(&client).await.unwrap();
    let watched = format!("--set=watchNamespaces={{{here}}},crds.install=false");
    for object in rendered(&[&watched, "--namespace", &own]) {
        if object.types.as_ref().unwrap().kind.starts_with("Role") {
            apply(&client, &object, "", false).await;
        }
    }
    let operator = server.config_as(&own, "storefront-operator").unwrap();
    let operator = Client::try_from(operator).unwrap();
    let all = [
        ("list", "storefront.dev/storefronts"),
        ("patch", "storefront.dev/storefronts/status"),
        ("create", "/secrets"),
        ("delete", "apps/deployments"),
        ("list", "/pods"),
    ];
    assert_eq!(allowed(&operator, &here, &all).await.len(), all.len());
    assert_eq!(allowed(&operator, &there, &all).await, [""; 0]);
    assert!(may(&operator, &own, "create", "coordination.k8s.io/leases").await);
    // What it never does, it may not do either.
    let never = [
        ("patch", "storefront.dev/storefronts"),
        ("delete", "storefront.dev/storefronts"),
        ("delete", "/persistentvolumeclaims"),
        ("delete", "/pods"),
        ("create", "/pods/exec"),
        ("create", "rbac.authorization.k8s.io/roles"),
    ];
    assert_eq!(allowed(&operator, &here, &never).await, [""; 0]);
}
