//! What a real API server says to the manifests.

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

use crate::specs;
use crate::world::World;

struct Cluster {
    client: Client,
    namespace: String,
}

impl Cluster {
    /// A namespace that lets in only what the strictest pod security standard allows.
    async fn new() -> Self {
        let server = ApiServer::shared().unwrap();
        let client = server.client().unwrap();
        let namespace = server.namespace(&client).await.unwrap();
        let label = json!({
            "metadata": { "labels": { "pod-security.kubernetes.io/enforce": "restricted" } },
        });
        let namespaces: Api<Namespace> = Api::all(client.clone());
        let by = PatchParams::default();
        namespaces.patch(&namespace, &by, &Patch::Merge(label)).await.unwrap();
        Self { client, namespace }
    }

    /// Applies the manifest as the operator does, but refuses what the API does not know.
    async fn apply(&self, id: &ObjectId, manifest: &Value) -> DynamicObject {
        let (group, version) =
            id.kind.api_version().rsplit_once('/').unwrap_or(("", id.kind.api_version()));
        let kind = GroupVersionKind::gvk(group, version, id.kind.as_str());
        let resource = ApiResource::from_gvk(&kind);
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), &self.namespace, &resource);
        let mut manifest = manifest.clone();
        manifest["metadata"]["namespace"] = self.namespace.as_str().into();
        if id.kind == Kind::Secret {
            // What basic-auth asks for; another type takes it as well.
            manifest["data"] = json!({ "username": "dQ==", "password": "cA==" });
        }
        let mut by = PatchParams::apply(names::MANAGER).force();
        by.field_validation = Some(ValidationDirective::Strict);
        let applied = api.patch(&id.name, &by, &Patch::Apply(&manifest)).await;
        applied.unwrap_or_else(|error| panic!("{id}: {error}"))
    }

    /// Everything that the world has, with the resource version that each has afterwards.
    async fn apply_all(&self, world: &World) -> BTreeMap<ObjectId, String> {
        let mut versions = BTreeMap::new();
        for (id, manifest) in &world.manifests {
            let applied = self.apply(id, manifest).await;
            versions.insert(id.clone(), applied.resource_version().unwrap());
        }
        versions
    }
}

/// A port of the nodes belongs to the whole cluster, so that tests side by side would argue over it.
fn without_node_port(mut spec: StorefrontSpec) -> StorefrontSpec {
    spec.expose.node_ports = None;
    spec
}

fn settled(spec: StorefrontSpec) -> World {
    let mut world = World::of(spec);
    world.settle();
    world
}

#[tokio::test]
async fn every_manifest_is_taken_and_applying_it_again_changes_nothing() {
    for spec in [specs::dev(), specs::minimal(), specs::production()] {
        let cluster = Cluster::new().await;
        let world = settled(without_node_port(spec));
        let mut once = cluster.apply_all(&world).await;
        let mut twice = cluster.apply_all(&world).await;
        assert_eq!(cluster.apply_all(&world).await, twice);
        // The API server itself writes a claim in another form than it creates it; on a cluster
        // that has happened when the claim is bound.
        for versions in [&mut once, &mut twice] {
            versions.retain(|id, _| id.kind != Kind::PersistentVolumeClaim);
        }
        assert_eq!(twice, once);
    }
}

#[tokio::test]
async fn every_pod_is_let_in_by_the_restricted_standard() {
    for spec in [specs::dev(), specs::production()] {
        let cluster = Cluster::new().await;
        let world = settled(without_node_port(spec));
        cluster.apply_all(&world).await;
        let pods: Api<Pod> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
        for (id, manifest) in &world.manifests {
            let template = &manifest["spec"]["template"];
            if template.is_null() {
                continue;
            }
            let mut pod: Pod = serde_json::from_value(template.clone()).unwrap();
            pod.metadata.name = Some(id.name.clone());
            if let Some(spec) = &mut pod.spec {
                // A workload's own default.
                spec.restart_policy.get_or_insert("Always".to_owned());
            }
            let try_out = PostParams { dry_run: true, ..PostParams::default() };
            pods.create(&try_out, &pod).await.unwrap_or_else(|error| panic!("{id}: {error}"));
        }
    }
}

/// What a Storefront may change later must not need a field that cannot change.
#[tokio::test]
async fn every_change_that_a_storefront_allows_can_be_applied() {
    let cluster = Cluster::new().await;
    let mut world = settled(specs::dev());
    cluster.apply_all(&world).await;
    let changes: [fn(&mut StorefrontSpec); 6] = [
        |spec| spec.version = "0.2.0".to_owned(),
        |spec| spec.profile = storefront_api::spec::Profile::Production,
        |spec| spec.expose.kind = ExposeType::None,
        specs::smtp,
        |spec| spec.suspend = true,
        |spec| spec.postgres.image = Some("postgres:18".to_owned()),
    ];
    for change in changes {
        change(&mut world.storefront.spec);
        world.settle();
        cluster.apply_all(&world).await;
    }
}
