//! Tests that an idle operator sends no requests.

use std::time::Duration;

use serde_json::json;

use crate::fake_controllers::FakeControllers;
use crate::fixture::Cluster;

/// Counts the requests of 60 idle seconds in the audit log of the API server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_operator_only_renews_its_lease_and_reopens_watches() {
    let cluster = Cluster::new().await;
    let controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("one", json!({ "demoData": true })).await;
    cluster.create("two", json!({ "profile": "Production" })).await;
    cluster.until_ready("one").await;
    cluster.until_ready("two").await;
    drop(controllers);
    // Wait until the last events of the installation are handled.
    tokio::time::sleep(Duration::from_secs(3)).await;

    let before = cluster.requests("one").len();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let requests = cluster.requests("one").split_off(before);
    let others: Vec<_> = requests
        .iter()
        .filter(|request| request.verb != "watch")
        .filter(|request| {
            (request.resource.as_str(), request.verb.as_str()) != ("leases", "update")
        })
        .collect();
    assert!(others.is_empty(), "{others:#?}");
    let renewals = requests.iter().filter(|request| request.resource == "leases").count();
    assert!((8..=13).contains(&renewals), "{renewals} renewals of the lease in a minute");
    let watches = requests.iter().filter(|request| request.verb == "watch").count();
    assert!(watches <= 11, "{watches} watches were reopened in a minute");
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarted_operator_verifies_children_without_changing_them() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let first = cluster.operator("first").await;
    cluster.create("demo", json!({ "demoData": true })).await;
    cluster.until_ready("demo").await;
    first.stop().await;
    let children = cluster.all_children().await;
    let storefront = cluster.storefronts().get("demo").await.unwrap().metadata.resource_version;

    let second = cluster.operator("second").await;
    let applied = || {
        let requests = cluster.requests("second");
        requests.iter().filter(|request| request.verb == "patch").count()
    };
    let secrets = children.keys().filter(|(kind, _)| *kind == "Secret").count();
    let expected = children.len() - secrets;
    crate::fixture::until("every child was applied", || async {
        (applied() >= expected).then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(applied(), expected, "one apply for each child, and no patch of the status");
    assert_eq!(cluster.all_children().await, children);
    let now = cluster.storefronts().get("demo").await.unwrap().metadata.resource_version;
    assert_eq!(now, storefront);
    second.stop().await;
}

/// The status changes a few times until Ready, independently of the number of events.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_is_written_on_changes_and_not_on_every_event() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({})).await;
    cluster.until_ready("demo").await;
    let written = || {
        let requests = cluster.requests("one");
        requests.iter().filter(|request| request.resource == "storefronts/status").count()
    };
    let until_ready_count = written();
    assert!(until_ready_count <= 16, "{until_ready_count} writes of the status until Ready");
    // Repairs of drift cause events that do not change the status.
    for _ in 0..5 {
        let services = cluster.children(storefront_desired::Kind::Service);
        let edit = json!({ "metadata": { "labels": { "app.kubernetes.io/component": "wrong" } } });
        let edit = kube::api::Patch::Merge(edit);
        services.patch("demo-gateway", &Default::default(), &edit).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(written(), until_ready_count);
    operator.stop().await;
}
