//! The manifests on a real API server.

use std::collections::BTreeMap;

use apiserver::ApiServer;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams, ValidationDirective};
use kube::core::GroupVersionKind;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};
use storefront_api::exposure::ExposeType;
use storefront_api::{StorefrontSpec, names};
use storefront_desired::{Kind, ObjectId};

use crate::fake_cluster::{FakeCluster, id};
use crate::specs;

struct TestNamespace {
    client: Client,
    name: String,
}

impl TestNamespace {
    /// Creates a namespace that enforces the restricted pod security standard.
    async fn new() -> Self {
        Self::of(ApiServer::shared().unwrap()).await
    }

    async fn of(server: &ApiServer) -> Self {
        let client = server.client().unwrap();
        let name = server.namespace(&client).await.unwrap();
        let label = json!({
            "metadata": { "labels": { "pod-security.kubernetes.io/enforce": "restricted" } },
        });
        let namespaces: Api<Namespace> = Api::all(client.clone());
        let params = PatchParams::default();
        namespaces.patch(&name, &params, &Patch::Merge(label)).await.unwrap();
        Self { client, name }
    }

    /// Applies the manifest as the operator does, but with strict field validation.
    async fn apply(&self, id: &ObjectId, manifest: &Value) -> DynamicObject {
        let (group, version) =
            id.kind.api_version().rsplit_once('/').unwrap_or(("", id.kind.api_version()));
        let kind = GroupVersionKind::gvk(group, version, id.kind.as_str());
        let resource = ApiResource::from_gvk(&kind);
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), &self.name, &resource);
        let mut manifest = manifest.clone();
        manifest["metadata"]["namespace"] = self.name.as_str().into();
        if id.kind == Kind::Secret {
            // The keys that the type basic-auth requires; other types accept them.
            manifest["data"] = json!({ "username": "dQ==", "password": "cA==" });
        }
        let mut params = PatchParams::apply(names::MANAGER).force();
        params.field_validation = Some(ValidationDirective::Strict);
        let applied = api.patch(&id.name, &params, &Patch::Apply(&manifest)).await;
        applied.unwrap_or_else(|error| panic!("{id}: {error}"))
    }

    /// Applies all manifests and returns the resource versions afterwards.
    async fn apply_all(&self, cluster: &FakeCluster) -> BTreeMap<ObjectId, String> {
        let mut versions = BTreeMap::new();
        for (id, manifest) in &cluster.manifests {
            let applied = self.apply(id, manifest).await;
            versions.insert(id.clone(), applied.resource_version().unwrap());
        }
        versions
    }
}

/// Removes the node ports. They are unique in the whole cluster, so parallel tests would conflict.
fn without_node_port(mut spec: StorefrontSpec) -> StorefrontSpec {
    spec.expose.node_ports = None;
    spec
}

fn settled(spec: StorefrontSpec) -> FakeCluster {
    let mut cluster = FakeCluster::new(spec);
    cluster.settle();
    cluster
}

#[tokio::test]
async fn manifests_are_accepted_and_applying_is_idempotent() {
    for spec in [specs::dev(), specs::minimal(), specs::production()] {
        let namespace = TestNamespace::new().await;
        let cluster = settled(without_node_port(spec));
        let mut once = namespace.apply_all(&cluster).await;
        let mut twice = namespace.apply_all(&cluster).await;
        assert_eq!(namespace.apply_all(&cluster).await, twice);
        // The API server normalizes a claim at its first update. In a real cluster that happens
        // when the claim is bound.
        for versions in [&mut once, &mut twice] {
            versions.retain(|id, _| id.kind != Kind::PersistentVolumeClaim);
        }
        assert_eq!(twice, once);
    }
}

#[tokio::test]
async fn pods_satisfy_the_restricted_standard() {
    for spec in [specs::dev(), specs::production()] {
        let namespace = TestNamespace::new().await;
        let cluster = settled(without_node_port(spec));
        namespace.apply_all(&cluster).await;
        let pods: Api<Pod> = Api::namespaced(namespace.client.clone(), &namespace.name);
        for (id, manifest) in &cluster.manifests {
            let template = &manifest["spec"]["template"];
            if template.is_null() {
                continue;
            }
            let mut pod: Pod = serde_json::from_value(template.clone()).unwrap();
            pod.metadata.name = Some(id.name.clone());
            if let Some(spec) = &mut pod.spec {
                // The default in workloads.
                spec.restart_policy.get_or_insert("Always".to_owned());
            }
            let dry_run = PostParams { dry_run: true, ..PostParams::default() };
            pods.create(&dry_run, &pod).await.unwrap_or_else(|error| panic!("{id}: {error}"));
        }
    }
}

/// In a cluster with IPv6 only, Services have IPv6 addresses; in a cluster with both families, they
/// have both.
#[tokio::test]
async fn services_have_every_ip_family_of_the_cluster() {
    for (networks, families) in [
        ("fd00:10::/112", &["IPv6"][..]),
        ("10.0.0.0/16,fd00:10::/112", &["IPv4", "IPv6"]),
        ("fd00:10::/112,10.0.0.0/16", &["IPv6", "IPv4"]),
    ] {
        let server = ApiServer::start_with_service_networks(networks).unwrap();
        let namespace = TestNamespace::of(&server).await;
        let cluster = settled(without_node_port(specs::dev()));
        let services = cluster.manifests.iter().filter(|(id, _)| id.kind == Kind::Service);
        for (id, manifest) in services {
            let spec = &namespace.apply(id, manifest).await.data["spec"];
            assert_eq!(spec["ipFamilies"], json!(families), "{id}");
            let addresses: Vec<String> =
                serde_json::from_value(spec["clusterIPs"].clone()).unwrap();
            if addresses == ["None"] {
                continue; // The addresses of a headless Service are those of its pods.
            }
            let family = |address: &String| if address.contains(':') { "IPv6" } else { "IPv4" };
            assert_eq!(addresses.iter().map(family).collect::<Vec<_>>(), families, "{id}");
        }
    }
}

/// Claims of earlier releases have the label by which Argo CD tracks objects.
#[tokio::test]
async fn existing_claim_loses_the_instance_label() {
    let namespace = TestNamespace::new().await;
    let cluster = settled(specs::minimal());
    let claim = id(Kind::PersistentVolumeClaim, "demo-postgres-data");
    let mut earlier = cluster.manifests[&claim].clone();
    earlier["metadata"]["labels"][names::INSTANCE_LABEL] = "demo".into();
    let earlier = namespace.apply(&claim, &earlier).await;
    assert!(earlier.labels().contains_key(names::INSTANCE_LABEL));
    let applied = namespace.apply(&claim, &cluster.manifests[&claim]).await;
    assert!(!applied.labels().contains_key(names::INSTANCE_LABEL));
    assert!(applied.labels().contains_key(names::STOREFRONT_LABEL));
    assert_eq!(applied.uid(), earlier.uid());
}

/// Changes that the Storefront allows must not change immutable fields of children.
#[tokio::test]
async fn allowed_changes_of_a_storefront_can_be_applied() {
    let namespace = TestNamespace::new().await;
    let mut cluster = settled(specs::dev());
    namespace.apply_all(&cluster).await;
    let changes: [fn(&mut StorefrontSpec); 6] = [
        |spec| spec.version = "0.2.0".to_owned(),
        |spec| spec.profile = storefront_api::spec::Profile::Production,
        |spec| spec.expose.kind = ExposeType::None,
        specs::smtp,
        |spec| spec.suspend = true,
        |spec| spec.postgres.image = Some("postgres:18".to_owned()),
    ];
    for change in changes {
        change(&mut cluster.storefront.spec);
        cluster.settle();
        namespace.apply_all(&cluster).await;
    }
}
