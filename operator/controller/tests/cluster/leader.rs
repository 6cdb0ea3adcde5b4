//! Two replicas, one of which writes.

use std::time::{Duration, Instant};

use kube::api::DeleteParams;
use serde_json::json;
use storefront_desired::Kind;

use crate::controllers::Controllers;
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
async fn a_released_lease_is_taken_over_before_it_would_end() {
    let cluster = Cluster::new().await;
    let _controllers = Controllers::start(&cluster);
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

/// Whoever loses the lease ends: two that write would undo each other's rollouts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_whose_lease_was_taken_ends_itself() {
    let cluster = Cluster::new().await;
    let first = cluster.operator("first").await;
    let leases: kube::Api<k8s_openapi::api::coordination::v1::Lease> =
        kube::Api::namespaced(cluster.client.clone(), &cluster.namespace);
    until("the lease is taken", || async { leases.get_opt("storefront-operator").await.unwrap() })
        .await;
    let steal = kube::api::Patch::Merge(json!({ "spec": { "holderIdentity": "thief" } }));
    leases.patch("storefront-operator", &Default::default(), &steal).await.unwrap();
    until("the first has ended", || async { (!first.is_running()).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crashed_leader_is_succeeded_when_its_lease_runs_out() {
    let cluster = Cluster::new().await;
    let _controllers = Controllers::start(&cluster);
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

/// As after a renewal that went through without its answer: the lease is not as it was left, and
/// still ours.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_whose_lease_others_touch_goes_on() {
    let cluster = Cluster::new().await;
    let first = cluster.operator("first").await;
    let leases: kube::Api<k8s_openapi::api::coordination::v1::Lease> =
        kube::Api::namespaced(cluster.client.clone(), &cluster.namespace);
    until("the lease is taken", || async { leases.get_opt("storefront-operator").await.unwrap() })
        .await;
    let annotate = json!({ "metadata": { "annotations": { "theirs": "stays" } } });
    let annotate = kube::api::Patch::Merge(annotate);
    leases.patch("storefront-operator", &Default::default(), &annotate).await.unwrap();
    let renewed = || async {
        let lease = leases.get("storefront-operator").await.unwrap();
        assert_eq!(lease.metadata.annotations.unwrap()["theirs"], "stays");
        lease.spec.unwrap().renew_time.unwrap()
    };
    let before = renewed().await;
    until("the lease is renewed", || async { (renewed().await.0 > before.0).then_some(()) }).await;
    assert!(first.is_running());
    first.stop().await;
    let released = leases.get("storefront-operator").await.unwrap();
    assert_eq!(released.spec.unwrap().holder_identity, None);
}
