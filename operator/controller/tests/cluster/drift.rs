//! What others change or delete is put right; what they add is theirs.

use std::time::{Duration, Instant};

use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};
use storefront_desired::Kind;

use crate::controllers::Controllers;
use crate::fixture::{Cluster, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_child_comes_back_when_it_is_deleted() {
    let cluster = Cluster::new().await;
    let _controllers = Controllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({ "demoData": true })).await;
    cluster.until_ready("demo").await;
    for ((kind, name), (uid, _)) in cluster.everything().await {
        let kind = Kind::ALL.into_iter().find(|known| known.as_str() == kind).unwrap();
        // Pods hold on to a volume; here is nobody who lets go.
        if kind == Kind::PersistentVolumeClaim {
            continue;
        }
        let api = cluster.children(kind);
        let Ok(_) = api.delete(&name, &DeleteParams::background()).await else {
            continue; // a Job of content that a new Secret has made obsolete
        };
        if kind == Kind::Job {
            until("there is another Job", || async {
                let jobs = cluster.everything().await;
                jobs.iter().any(|((k, _), (u, _))| *k == "Job" && *u != uid).then_some(())
            })
            .await;
            continue;
        }
        until(&format!("{name} is back"), || async {
            let found = api.get_opt(&name).await.unwrap()?;
            (found.metadata.uid.as_deref() != Some(&uid)).then_some(())
        })
        .await;
    }
    cluster.until_ready("demo").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_of_ours_comes_back_and_what_others_add_stays() {
    let cluster = Cluster::new().await;
    let _controllers = Controllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({})).await;
    cluster.until_ready("demo").await;
    let label = json!({ "metadata": { "labels": { "app.kubernetes.io/component": "wrong" } } });
    let gone = json!({ "metadata": { "labels": { "storefront.dev/storefront": null } } });
    let cases = [
        (Kind::Deployment, "demo-catalog", json!({ "spec": { "replicas": 5 } })),
        (Kind::Deployment, "demo-catalog", label.clone()),
        (Kind::StatefulSet, "demo-postgres", json!({ "spec": { "replicas": 0 } })),
        (Kind::Service, "demo-gateway", json!({ "spec": { "ports": [{ "port": 1 }] } })),
        (Kind::ServiceAccount, "demo-catalog", label.clone()),
        (Kind::ConfigMap, "demo-gateway", json!({ "data": { "RATE_LIMIT_BURST": "9999" } })),
        (Kind::PersistentVolumeClaim, "", label),
        (Kind::Service, "demo-gateway", gone),
    ];
    for (kind, name, patch) in cases {
        let api = cluster.children(kind);
        let first = || async { api.list(&Default::default()).await.unwrap().items.remove(0) };
        let before = match name {
            "" => first().await,
            name => api.get(name).await.unwrap(),
        };
        let name = before.metadata.name.clone().unwrap();
        let theirs = json!({ "metadata": { "annotations": { "theirs": "stays" } } });
        let params = PatchParams::default();
        api.patch(&name, &params, &Patch::Merge(theirs)).await.unwrap();
        api.patch(&name, &params, &Patch::Merge(&patch)).await.unwrap();
        let after = until(&format!("{name} is as before {patch}"), || async {
            let now = api.get(&name).await.unwrap();
            let same = now.metadata.labels == before.metadata.labels
                && spec_of(&now.data) == spec_of(&before.data);
            same.then_some(now)
        })
        .await;
        assert_eq!(after.metadata.annotations.unwrap()["theirs"], "stays", "{name}");
    }
    operator.stop().await;
}

fn spec_of(data: &Value) -> (&Value, &Value) {
    (&data["spec"], &data["data"])
}

/// Each one, however quickly they come. How long it takes is printed and not asserted: other tests
/// run on the same cores.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_in_a_row_are_each_repaired() {
    let cluster = Cluster::new().await;
    let _controllers = Controllers::start(&cluster);
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

/// Two managers that undo each other must not flood the API server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fight_over_a_field_slows_down() {
    let cluster = Cluster::new().await;
    let _controllers = Controllers::start(&cluster);
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
    assert!((50..=70).contains(&repairs), "{repairs} writes in a fight of eight seconds");
    until("the last word is ours", || async {
        let now = maps.get("demo-gateway").await.unwrap();
        (now.data["data"]["RATE_LIMIT_BURST"] != "9999").then_some(())
    })
    .await;
    operator.stop().await;
}

/// A Secret without its label is seen by no watch; it must be found again, not made anew: the
/// password in it is in use.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_without_its_label_is_labelled_again_and_keeps_its_password() {
    let cluster = Cluster::new().await;
    let _controllers = Controllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({})).await;
    cluster.until_ready("demo").await;
    let secrets = cluster.children(Kind::Secret);
    let before = secrets.get("demo-catalog-db").await.unwrap();
    let unlabel = Patch::Merge(json!({ "metadata": { "labels": null } }));
    secrets.patch("demo-catalog-db", &PatchParams::default(), &unlabel).await.unwrap();
    let after = until("the Secret is labelled again", || async {
        let now = secrets.get("demo-catalog-db").await.unwrap();
        (now.metadata.labels == before.metadata.labels).then_some(now)
    })
    .await;
    assert_eq!(after.metadata.uid, before.metadata.uid);
    assert_eq!(after.data["data"], before.data["data"]);
    operator.stop().await;
}
