//! Tests of convergence: from a Storefront to its children, through changes, to its deletion.

use std::collections::{BTreeMap, BTreeSet};

use kube::api::{DeleteParams, PostParams};
use serde_json::json;
use storefront_api::Component;
use storefront_desired::Kind;

use crate::fake_controllers::FakeControllers;
use crate::fixture::{Cluster, condition, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn created_storefront_becomes_ready() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({ "demoData": true })).await;
    let demo = cluster.until_ready("demo").await;

    let status = demo.status.clone().unwrap();
    assert_eq!(status.ready.as_deref(), Some("9/9"));
    let version = status.version.unwrap();
    assert_eq!(version.current.as_deref(), Some("0.1.0"));
    assert_eq!(version.last_stable.as_deref(), Some("0.1.0"));
    assert!(status.endpoints.unwrap().api.is_some());
    for (type_, holds) in [
        ("Reconciling", "False"),
        ("Stalled", "False"),
        ("DatabaseReady", "True"),
        ("CacheReady", "True"),
        ("MailReady", "True"),
        ("MigrationsComplete", "True"),
        ("ComponentsReady", "True"),
        ("UpToDate", "True"),
    ] {
        assert_eq!(condition(&demo, type_).unwrap().0, holds, "{type_}");
    }
    assert_eq!(condition(&demo, "Suspended"), None);
    let children = cluster.all_children().await;
    for kind in Kind::ALL {
        assert!(children.keys().any(|(known, _)| *known == kind.as_str()), "no {kind:?}");
    }
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn obsolete_children_are_deleted_and_volumes_kept() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({ "demoData": true })).await;
    cluster.until_ready("demo").await;
    let before = cluster.all_children().await;

    cluster.patch("demo", json!({ "spec": { "demoData": false, "version": "0.2.0" } })).await;
    let demo = cluster.until_ready("demo").await;
    assert_eq!(demo.status.unwrap().version.unwrap().current.as_deref(), Some("0.2.0"));
    let job_names = |all: &BTreeMap<(&'static str, String), _>| -> Vec<String> {
        all.keys().filter(|(kind, _)| *kind == "Job").map(|(_, name)| name.clone()).collect()
    };
    let migrations = Component::with_database().count();
    let after = until("the former Jobs are deleted", || async {
        let now = cluster.all_children().await;
        (job_names(&now).len() == migrations).then_some(now)
    })
    .await;
    let former = job_names(&before);
    assert_eq!(former.len(), migrations + 1);
    assert!(job_names(&after).iter().all(|job| !former.contains(job)), "every Job was replaced");
    let volumes = |all: &BTreeMap<(&'static str, String), (String, String)>| {
        let all = all.iter().filter(|((kind, _), _)| *kind == "PersistentVolumeClaim");
        all.map(|(name, (uid, _))| (name.clone(), uid.clone())).collect::<Vec<_>>()
    };
    assert_eq!(volumes(&before), volumes(&after));
    assert!(!volumes(&after).is_empty());
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suspend_stops_workloads_and_resume_restarts_them() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({})).await;
    cluster.until_ready("demo").await;
    let secrets = |all: BTreeMap<(&'static str, String), (String, String)>| {
        all.into_iter().filter(|((kind, _), _)| *kind == "Secret").collect::<Vec<_>>()
    };
    let before = secrets(cluster.all_children().await);

    cluster.patch("demo", json!({ "spec": { "suspend": true } })).await;
    cluster.until_condition("demo", "Suspended", "True").await;
    let demo = until("all workloads are stopped", || async {
        let demo = cluster.storefronts().get("demo").await.unwrap();
        (condition(&demo, "Reconciling")?.0 == "False").then_some(demo)
    })
    .await;
    assert_eq!(condition(&demo, "Ready"), Some(("False".into(), "Suspended".into())));
    assert_eq!(condition(&demo, "Stalled").unwrap().0, "False");
    for kind in [Kind::Deployment, Kind::StatefulSet] {
        for object in cluster.children(kind).list(&Default::default()).await.unwrap() {
            assert_eq!(object.data["spec"]["replicas"], 0, "{:?}", object.metadata.name);
        }
    }

    cluster.patch("demo", json!({ "spec": { "suspend": false } })).await;
    let demo = cluster.until_ready("demo").await;
    assert_eq!(condition(&demo, "Suspended"), None);
    assert_eq!(secrets(cluster.all_children().await), before);
    operator.stop().await;
}

/// The garbage collector deletes children by their owner references, and none runs here. The
/// operator does not reconcile a deleted Storefront, so its children stay as they are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_storefront_is_no_longer_reconciled() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({})).await;
    cluster.create("other", json!({})).await;
    cluster.until_ready("demo").await;
    cluster.until_ready("other").await;

    cluster.storefronts().delete("demo", &DeleteParams::default()).await.unwrap();
    let services = cluster.children(Kind::Service);
    services.delete("demo-gateway", &DeleteParams::default()).await.unwrap();
    // The other Storefront is repaired later, so the deleted one would already have been repaired.
    services.delete("other-gateway", &DeleteParams::default()).await.unwrap();
    until("the other's Service is back", || async {
        services.get_opt("other-gateway").await.unwrap()
    })
    .await;
    assert!(services.get_opt("demo-gateway").await.unwrap().is_none());
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recreated_storefront_replaces_children_of_the_former() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    let former = cluster.create("demo", json!({})).await;
    cluster.until_ready("demo").await;
    let before = cluster.all_children().await;
    cluster.storefronts().delete("demo", &DeleteParams::default()).await.unwrap();

    let demo = cluster.create("demo", json!({})).await;
    assert_ne!(former.metadata.uid, demo.metadata.uid);
    cluster.until_ready("demo").await;
    let after = cluster.all_children().await;
    assert_eq!(before.len(), after.len());
    let former: BTreeSet<&String> = before.values().map(|(uid, _)| uid).collect();
    for ((kind, name), (uid, _)) in &after {
        assert_eq!(former.contains(uid), *kind == "PersistentVolumeClaim", "{kind} {name}");
    }
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_created_in_a_terminating_namespace() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({})).await;
    cluster.until_ready("demo").await;
    let namespaces: kube::Api<k8s_openapi::api::core::v1::Namespace> =
        kube::Api::all(cluster.client.clone());
    namespaces.delete(&cluster.namespace, &DeleteParams::default()).await.unwrap();
    let forbidden = |resource: &str| {
        let requests = cluster.requests("one");
        requests.iter().filter(|r| r.resource == resource && r.code == 403).count()
    };
    let services = cluster.children(Kind::Service);
    services.delete("demo-gateway", &DeleteParams::default()).await.unwrap();
    until("the repair was rejected", || async { (forbidden("services") > 0).then_some(()) }).await;
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert_eq!(forbidden("services"), 1, "the request is not repeated");
    let demo = cluster.storefronts().get("demo").await.unwrap();
    assert_eq!(condition(&demo, "Stalled").unwrap().0, "False");
    operator.stop().await;
}

/// A foreign object of that name is neither overwritten nor adopted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn foreign_secret_is_kept_and_reported() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    let secrets = cluster.children(Kind::Secret);
    let foreign = serde_json::from_value(json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": { "name": "demo-catalog-db" }, "stringData": { "password": "foreign" },
    }));
    secrets.create(&PostParams::default(), &foreign.unwrap()).await.unwrap();
    cluster.create("demo", json!({})).await;
    let demo = cluster.until_condition("demo", "Stalled", "True").await;
    assert_eq!(condition(&demo, "Ready"), Some(("False".into(), "ApplyRefused".into())));
    assert!(secrets.get("demo-catalog-db").await.unwrap().metadata.labels.is_none());

    secrets.delete("demo-catalog-db", &DeleteParams::default()).await.unwrap();
    cluster.until_ready("demo").await;
    operator.stop().await;
}

/// This covers an object with the name of a child that does not exist yet, and one with the copied
/// labels of a child.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn foreign_objects_are_neither_adopted_nor_deleted() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    let (maps, services) = (cluster.children(Kind::ConfigMap), cluster.children(Kind::Service));
    let foreign = serde_json::from_value(json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "demo-gateway" }, "data": { "other-manager": "kept" },
    }));
    maps.create(&PostParams::default(), &foreign.unwrap()).await.unwrap();
    cluster.create("demo", json!({})).await;
    cluster.until_condition("demo", "Ready", "ApplyRefused").await;
    let untouched = maps.get("demo-gateway").await.unwrap();
    assert_eq!(untouched.data["data"], json!({ "other-manager": "kept" }));
    assert_eq!((untouched.metadata.labels, untouched.metadata.owner_references), (None, None));
    maps.delete("demo-gateway", &DeleteParams::default()).await.unwrap();
    cluster.until_ready("demo").await;

    // As `kubectl expose deployment demo-gateway --name=public` creates it.
    let gateway = cluster.children(Kind::Deployment).get("demo-gateway").await.unwrap();
    let exposed = serde_json::from_value(json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": { "name": "public", "labels": gateway.metadata.labels },
        "spec": {
            "ports": [{ "port": 80 }], "selector": gateway.data["spec"]["selector"]["matchLabels"],
        },
    }));
    services.create(&PostParams::default(), &exposed.unwrap()).await.unwrap();
    cluster.patch("demo", json!({ "spec": { "version": "0.2.0" } })).await;
    cluster.until_ready("demo").await;
    assert!(services.get("public").await.unwrap().metadata.deletion_timestamp.is_none());
    operator.stop().await;
}

/// A volume has no owner reference; without its label only `managedFields` shows who wrote it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unlabeled_volume_is_labeled_again_by_a_new_operator() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let first = cluster.operator("first").await;
    cluster.create("demo", json!({})).await;
    cluster.until_ready("demo").await;
    let volumes = cluster.children(Kind::PersistentVolumeClaim);
    let volume = volumes.list(&Default::default()).await.unwrap().items.remove(0).metadata;
    first.stop().await;
    let without_labels = kube::api::Patch::Merge(json!({ "metadata": { "labels": null } }));
    let name = volume.name.as_deref().unwrap();
    volumes.patch(name, &Default::default(), &without_labels).await.unwrap();
    let second = cluster.operator("second").await;
    let after = until("the volume is labeled again", || async {
        let now = volumes.get(name).await.unwrap().metadata;
        (now.labels == volume.labels).then_some(now)
    })
    .await;
    assert_eq!(after.uid, volume.uid);
    second.stop().await;
}
