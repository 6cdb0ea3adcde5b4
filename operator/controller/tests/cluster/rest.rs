//! Nothing happens when nothing happens.

use std::time::Duration;

use serde_json::json;

use crate::controllers::Controllers;
use crate::fixture::Cluster;

/// Sixty seconds at rest, counted by the API server itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_rest_the_only_requests_are_the_leases_and_reopened_watches() {
    let cluster = Cluster::new().await;
    let controllers = Controllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("one", json!({ "demoData": true })).await;
    cluster.create("two", json!({ "profile": "Production" })).await;
    cluster.until_ready("one").await;
    cluster.until_ready("two").await;
    drop(controllers);
    // The last events of the way to Ready are worked off.
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
    assert!(watches <= 11, "{watches} watches were opened again in a minute");
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_operator_makes_sure_and_moves_nothing() {
    let cluster = Cluster::new().await;
    let _controllers = Controllers::start(&cluster);
    let first = cluster.operator("first").await;
    cluster.create("demo", json!({ "demoData": true })).await;
    cluster.until_ready("demo").await;
    first.stop().await;
    let children = cluster.everything().await;
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
    assert_eq!(applied(), expected, "one apply for each child, and none of the status");
    assert_eq!(cluster.everything().await, children);
    let now = cluster.storefronts().get("demo").await.unwrap().metadata.resource_version;
    assert_eq!(now, storefront);
    second.stop().await;
}

/// The way to Ready is a handful of states, however many events it takes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_is_written_when_its_meaning_changes_and_not_with_every_event() {
    let cluster = Cluster::new().await;
    let _controllers = Controllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({})).await;
    cluster.until_ready("demo").await;
    let written = || {
        let requests = cluster.requests("one");
        requests.iter().filter(|request| request.resource == "storefronts/status").count()
    };
    let on_the_way = written();
    assert!(on_the_way <= 16, "{on_the_way} writes of the status until Ready");
    // Repairs are events without a meaning for people.
    for _ in 0..5 {
        let services = cluster.children(storefront_desired::Kind::Service);
        let edit = json!({ "metadata": { "labels": { "app.kubernetes.io/component": "wrong" } } });
        let edit = kube::api::Patch::Merge(edit);
        services.patch("demo-gateway", &Default::default(), &edit).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(written(), on_the_way);
    operator.stop().await;
}
