//! Tests of drift: changes and deletions by others are repaired, and their additions are kept.

use std::time::{Duration, Instant};

use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};
use storefront_desired::Kind;

use crate::fake_controllers::FakeControllers;
use crate::fixture::{Cluster, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_child_of_every_kind_is_recreated() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({ "demoData": true })).await;
    cluster.until_ready("demo").await;
    for ((kind, name), (uid, _)) in cluster.all_children().await {
        let kind = Kind::ALL.into_iter().find(|known| known.as_str() == kind).unwrap();
        // The protection finalizer keeps a claim, and no controller removes it here.
        if kind == Kind::PersistentVolumeClaim {
            continue;
        }
        let api = cluster.children(kind);
        let Ok(_) = api.delete(&name, &DeleteParams::background()).await else {
            continue; // a Job that a new Secret has made obsolete
        };
        if kind == Kind::Job {
            until("there is another Job", || async {
                let jobs = cluster.all_children().await;
                jobs.iter().any(|((k, _), (u, _))| *k == "Job" && *u != uid).then_some(())
            })
            .await;
            continue;
        }
        until(&format!("{name} is recreated"), || async {
            let found = api.get_opt(&name).await.unwrap()?;
            (found.metadata.uid.as_deref() != Some(&uid)).then_some(())
        })
        .await;
    }
    cluster.until_ready("demo").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drift_of_owned_fields_is_repaired_and_additions_are_kept() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({})).await;
    cluster.until_ready("demo").await;
    let label = json!({ "metadata": { "labels": { "app.kubernetes.io/component": "wrong" } } });
    let without_label = json!({ "metadata": { "labels": { "storefront.dev/storefront": null } } });
    let cases = [
        (Kind::Deployment, "demo-catalog", json!({ "spec": { "replicas": 5 } })),
        (Kind::Deployment, "demo-catalog", label.clone()),
        (Kind::StatefulSet, "demo-postgres", json!({ "spec": { "replicas": 0 } })),
        (Kind::Service, "demo-gateway", json!({ "spec": { "ports": [{ "port": 1 }] } })),
        (Kind::ServiceAccount, "demo-catalog", label.clone()),
        (Kind::ConfigMap, "demo-gateway", json!({ "data": { "RATE_LIMIT_BURST": "9999" } })),
        (Kind::PersistentVolumeClaim, "", label),
        (Kind::Service, "demo-gateway", without_label),
    ];
    for (kind, name, patch) in cases {
        let api = cluster.children(kind);
        let first = || async { api.list(&Default::default()).await.unwrap().items.remove(0) };
        let before = match name {
            "" => first().await,
            name => api.get(name).await.unwrap(),
        };
        let name = before.metadata.name.clone().unwrap();
        let addition = json!({ "metadata": { "annotations": { "other-manager": "kept" } } });
        let params = PatchParams::default();
        api.patch(&name, &params, &Patch::Merge(addition)).await.unwrap();
        api.patch(&name, &params, &Patch::Merge(&patch)).await.unwrap();
        let after = until(&format!("{name} is as before {patch}"), || async {
            let now = api.get(&name).await.unwrap();
            let same = now.metadata.labels == before.metadata.labels
                && spec_of(&now.data) == spec_of(&before.data);
            same.then_some(now)
        })
        .await;
        assert_eq!(after.metadata.annotations.unwrap()["other-manager"], "kept", "{name}");
    }
    operator.stop().await;
}

fn spec_of(data: &Value) -> (&Value, &Value) {
    (&data["spec"], &data["data"])
}

/// Every edit is repaired, at any rate. The duration is printed and not asserted, because other
/// tests run on the same cores.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeated_edits_are_each_repaired() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({})).await;
    cluster.until_ready("demo").await;
    let maps = cluster.children(Kind::ConfigMap);
    let edit = Patch::Merge(json!({ "data": { "RATE_LIMIT_BURST": "9999" } }));
    let mut took = Vec::new();
    for _ in 0..50 {
        maps.patch("demo-gateway", &PatchParams::default(), &edit).await.unwrap();
        let start = Instant::now();
        until("the ConfigMap is as before", || async {
            let now = maps.get("demo-gateway").await.unwrap();
            (now.data["data"]["RATE_LIMIT_BURST"] != "9999").then_some(())
        })
        .await;
        took.push(start.elapsed());
    }
    took.sort();
    println!("drift repaired: median {:?}, p99 {:?}", took[25], took[49]);
    operator.stop().await;
}

/// Two managers that overwrite each other must not flood the API server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conflict_over_a_field_is_rate_limited() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({})).await;
    cluster.until_ready("demo").await;
    let maps = cluster.children(Kind::ConfigMap);
    let edit = Patch::Merge(json!({ "data": { "RATE_LIMIT_BURST": "9999" } }));
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(8) {
        maps.patch("demo-gateway", &PatchParams::default(), &edit).await.unwrap();
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let repairs = cluster.requests("one");
    let repairs = repairs.iter().filter(|r| r.resource == "configmaps" && r.name == "demo-gateway");
    let repairs = repairs.filter(|r| r.verb == "patch").count();
    assert!((50..=70).contains(&repairs), "{repairs} writes in a conflict of eight seconds");
    until("the last write is the operator's", || async {
        let now = maps.get("demo-gateway").await.unwrap();
        (now.data["data"]["RATE_LIMIT_BURST"] != "9999").then_some(())
    })
    .await;
    operator.stop().await;
}

/// No watch observes a Secret without its label. It must be labeled again and not replaced, because
/// its password is in use.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unlabeled_secret_is_labeled_again_and_keeps_its_password() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({})).await;
    cluster.until_ready("demo").await;
    let secrets = cluster.children(Kind::Secret);
    let before = secrets.get("demo-catalog-db").await.unwrap();
    let without_labels = Patch::Merge(json!({ "metadata": { "labels": null } }));
    secrets.patch("demo-catalog-db", &PatchParams::default(), &without_labels).await.unwrap();
    let after = until("the Secret is labeled again", || async {
        let now = secrets.get("demo-catalog-db").await.unwrap();
        (now.metadata.labels == before.metadata.labels).then_some(now)
    })
    .await;
    assert_eq!(after.metadata.uid, before.metadata.uid);
    assert_eq!(after.data["data"], before.data["data"]);
    operator.stop().await;
}
