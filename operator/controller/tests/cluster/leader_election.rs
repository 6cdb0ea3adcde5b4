//! Tests of leader election with two replicas.

use std::time::{Duration, Instant};

use kube::api::DeleteParams;
use serde_json::json;
use storefront_desired::Kind;

use crate::fake_controllers::FakeControllers;
use crate::fixture::{Cluster, until};

fn writes(cluster: &Cluster, replica: &str) -> usize {
    let requests = cluster.requests(replica);
    let reads = ["get", "list", "watch"];
    requests
        .iter()
        .filter(|request| request.resource != "leases" && !reads.contains(&request.verb.as_str()))
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn released_lease_is_acquired_before_it_would_expire() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let first = cluster.operator("first").await;
    cluster.create("demo", json!({})).await;
    cluster.until_ready("demo").await;
    let second = cluster.operator("second").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(writes(&cluster, "second"), 0, "a standby only watches");

    let start = Instant::now();
    first.stop().await;
    let services = cluster.children(Kind::Service);
    services.delete("demo-gateway", &DeleteParams::default()).await.unwrap();
    until("the Service is back", || async { services.get_opt("demo-gateway").await.unwrap() })
        .await;
    let took = start.elapsed();
    println!("leader hand-over, first repair included: {took:?}");
    assert!(took < Duration::from_secs(10), "a lease that is not released lasts 15 s: {took:?}");
    assert!(writes(&cluster, "second") > 0);
    second.stop().await;
}

/// A replica that loses the lease exits, because two replicas that write would undo each other's
/// rollouts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replica_that_loses_its_lease_ends() {
    let cluster = Cluster::new().await;
    let first = cluster.operator("first").await;
    let leases: kube::Api<k8s_openapi::api::coordination::v1::Lease> =
        kube::Api::namespaced(cluster.client.clone(), &cluster.namespace);
    until("the lease is acquired", || async {
        leases.get_opt("storefront-operator").await.unwrap()
    })
    .await;
    let take_over = kube::api::Patch::Merge(json!({ "spec": { "holderIdentity": "other" } }));
    leases.patch("storefront-operator", &Default::default(), &take_over).await.unwrap();
    until("the first has ended", || async { (!first.is_running()).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crashed_leader_is_replaced_when_its_lease_expires() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let first = cluster.operator("first").await;
    cluster.create("demo", json!({})).await;
    cluster.until_ready("demo").await;
    let second = cluster.operator("second").await;
    first.kill().await;
    let services = cluster.children(Kind::Service);
    services.delete("demo-gateway", &DeleteParams::default()).await.unwrap();
    until("the Service is back", || async { services.get_opt("demo-gateway").await.unwrap() })
        .await;
    second.stop().await;
}

/// The lease has changed, but this replica still holds it. A renewal whose response is lost has the
/// same effect.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leader_keeps_a_lease_that_others_annotate() {
    let cluster = Cluster::new().await;
    let first = cluster.operator("first").await;
    let leases: kube::Api<k8s_openapi::api::coordination::v1::Lease> =
        kube::Api::namespaced(cluster.client.clone(), &cluster.namespace);
    until("the lease is acquired", || async {
        leases.get_opt("storefront-operator").await.unwrap()
    })
    .await;
    let annotate = json!({ "metadata": { "annotations": { "other-manager": "kept" } } });
    let annotate = kube::api::Patch::Merge(annotate);
    leases.patch("storefront-operator", &Default::default(), &annotate).await.unwrap();
    let renewed = || async {
        let lease = leases.get("storefront-operator").await.unwrap();
        assert_eq!(lease.metadata.annotations.unwrap()["other-manager"], "kept");
        lease.spec.unwrap().renew_time.unwrap()
    };
    let before = renewed().await;
    until("the lease is renewed", || async { (renewed().await.0 > before.0).then_some(()) }).await;
    assert!(first.is_running());
    first.stop().await;
    let released = leases.get("storefront-operator").await.unwrap();
    assert_eq!(released.spec.unwrap().holder_identity, None);
}
