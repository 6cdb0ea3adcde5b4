//! Tests of PostgreSQL, Redis and their volumes.

use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::json;
use storefront_desired::Kind;

use crate::fake_controllers::FakeControllers;
use crate::fixture::{Cluster, condition, until};
use crate::rbac;

async fn replicas(cluster: &Cluster, kind: Kind, name: &str) -> i64 {
    let workload = cluster.children(kind).get(name).await.unwrap();
    workload.data["spec"]["replicas"].as_i64().unwrap()
}

/// The pod is terminating, so its Deployment no longer counts it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn datastores_stop_after_the_last_pod() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({})).await;
    cluster.until_ready("demo").await;
    let pods: Api<Pod> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let pod = serde_json::from_value(json!({
        "metadata": {
            "name": "pod", "finalizers": ["storefront.dev/test"],
            "labels": {
                "storefront.dev/storefront": "demo", "app.kubernetes.io/component": "gateway",
            },
        },
        "spec": {
            "serviceAccountName": "demo-gateway",
            "containers": [{ "name": "gateway", "image": "storefront/shop:none" }],
        },
    }));
    pods.create(&PostParams::default(), &pod.unwrap()).await.unwrap();

    cluster.patch("demo", json!({ "spec": { "suspend": true } })).await;
    cluster.until_condition("demo", "Suspended", "True").await;
    until("the gateway is stopped", || async {
        (replicas(&cluster, Kind::Deployment, "demo-gateway").await == 0).then_some(())
    })
    .await;
    pods.delete("pod", &DeleteParams::default().grace_period(0)).await.unwrap();
    // Longer than the operator takes to scale a workload.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    for datastore in ["demo-postgres", "demo-redis"] {
        assert_eq!(replicas(&cluster, Kind::StatefulSet, datastore).await, 1, "{datastore}");
    }
    let demo = cluster.storefronts().get("demo").await.unwrap();
    assert_eq!(condition(&demo, "Reconciling").unwrap().0, "True");

    let without_finalizers = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
    pods.patch("pod", &PatchParams::default(), &without_finalizers).await.unwrap();
    until("the datastores are stopped", || async {
        let mut replicas_left = 0;
        for datastore in ["demo-postgres", "demo-redis"] {
            replicas_left += replicas(&cluster, Kind::StatefulSet, datastore).await;
        }
        (replicas_left == 0).then_some(())
    })
    .await;
    let demo = cluster.until_condition("demo", "Reconciling", "False").await;
    assert_eq!(condition(&demo, "DatabaseReady"), Some(("False".into(), "Suspended".into())));
    operator.stop().await;
}

/// The storage class does not allow expansion, and the size cannot be reduced again, so the shop
/// must stay ready.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn volume_that_cannot_grow_does_not_stall_the_shop() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({})).await;
    cluster.until_ready("demo").await;
    let larger = json!({ "spec": { "postgres": { "storage": { "size": "99Gi" } } } });
    cluster.patch("demo", larger).await;
    let demo = cluster.until_condition("demo", "StorageReady", "False").await;
    assert_eq!(condition(&demo, "Ready").unwrap().0, "True");
    assert_eq!(condition(&demo, "Stalled").unwrap().0, "False");

    cluster.patch("demo", json!({ "spec": { "replicas": 2 } })).await;
    let demo = cluster.until_ready("demo").await;
    assert_eq!(condition(&demo, "StorageReady").unwrap().0, "False");
    operator.stop().await;
}

/// The provisioning Jobs of an external server get the uid of `kube-system`. Without the permission
/// to read it nothing is provisioned, and a managed server is not affected.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn external_databases_carry_the_id_of_the_cluster() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    let external = json!({ "host": "pg.example.com", "adminSecret": { "name": "admin" } });
    let external = json!({ "postgres": { "mode": "External", "external": external } });
    cluster.create("demo", external.clone()).await;
    cluster.until_ready("demo").await;
    let namespaces: Api<Namespace> = Api::all(cluster.client.clone());
    let uid = namespaces.get_metadata("kube-system").await.unwrap().metadata.uid.unwrap();
    let identity = format!("{uid}/{}/demo", cluster.namespace);
    let jobs = cluster.children(Kind::Job).list(&ListParams::default()).await.unwrap();
    let provisioning: Vec<String> = jobs
        .iter()
        .map(|job| &job.data["spec"]["template"]["spec"]["initContainers"][0]["env"])
        .filter_map(|env| env.as_array()?.iter().find(|var| var["name"] == "DATABASE_IDENTITY"))
        .map(|var| var["value"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(provisioning, vec![identity; 6]);
    operator.stop().await;

    rbac::revoke_cluster_rules(&cluster.client, &cluster.namespace).await;
    let operator = cluster.operator("two").await;
    cluster.create("other", external).await;
    cluster.until_condition("other", "Stalled", "ClusterUnknown").await;
    cluster.create("managed", json!({})).await;
    cluster.until_ready("managed").await;
    operator.stop().await;
}
