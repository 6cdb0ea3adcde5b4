//! Tests of failures: they are reported, do not affect other Storefronts, and end with their cause.

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::events::v1::Event;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::json;

use crate::fake_controllers::FakeControllers;
use crate::fixture::{Cluster, condition, until};

async fn until_event(cluster: &Cluster, reason: &str) -> Event {
    let events: Api<Event> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    until(&format!("there is an event {reason}"), || async {
        let all = events.list(&ListParams::default()).await.unwrap();
        all.into_iter().find(|event| event.reason.as_deref() == Some(reason))
    })
    .await
}

/// Two Storefronts request the same node port: the API server rejects the second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rejected_storefront_is_reported_and_others_are_unaffected() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    let expose = json!({ "expose": { "type": "NodePort", "nodePorts": { "gateway": 30123 } } });
    cluster.create("good", expose.clone()).await;
    cluster.until_ready("good").await;
    cluster.create("bad", expose).await;
    let bad = cluster.until_condition("bad", "Stalled", "True").await;
    assert_eq!(condition(&bad, "Ready"), Some(("False".into(), "ApplyRefused".into())));
    let event = until_event(&cluster, "ApplyRefused").await;
    assert_eq!(event.type_.as_deref(), Some("Warning"));
    assert!(event.note.unwrap().contains("bad-gateway"));

    let good = cluster.storefronts().get("good").await.unwrap();
    assert_eq!(condition(&good, "Ready").unwrap().0, "True");
    cluster.patch("good", json!({ "spec": { "replicas": 2 } })).await;
    cluster.until_ready("good").await;

    let other = json!({ "spec": { "expose": { "nodePorts": { "gateway": 30124 } } } });
    cluster.patch("bad", other).await;
    cluster.until_ready("bad").await;
    operator.stop().await;
}

/// Reverting the change needs no write, and the problem must still end. Each rejection gets an
/// event with its own message, also when the reason is the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reverted_change_leaves_no_problem() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    let expose = |port: u16| json!({ "type": "NodePort", "nodePorts": { "gateway": port } });
    cluster.create("demo", json!({ "expose": expose(30_131) })).await;
    cluster.until_ready("demo").await;
    for port in [80, 81] {
        cluster.patch("demo", json!({ "spec": { "expose": expose(port) } })).await;
        let demo = cluster.until_condition("demo", "Ready", "ApplyRefused").await;
        assert_eq!(condition(&demo, "Stalled").unwrap().0, "True");
    }
    cluster.patch("demo", json!({ "spec": { "expose": expose(30_131) } })).await;
    let demo = cluster.until_ready("demo").await;
    assert_eq!(condition(&demo, "Stalled").unwrap().0, "False");
    let events: Api<Event> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    until("both rejections have an event", || async {
        let published = events.list(&ListParams::default()).await.unwrap();
        let mentions = |port: &str| {
            let mut rejections =
                published.iter().filter(|event| event.reason.as_deref() == Some("ApplyRefused"));
            rejections.any(|event| event.note.as_ref().is_some_and(|note| note.contains(port)))
        };
        (mentions(": 80:") && mentions(": 81:")).then_some(())
    })
    .await;
    operator.stop().await;
}

/// As with a wrong password of an external PostgreSQL: its correction causes no event, so the Job
/// is retried.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_migration_is_reported_and_retried() {
    let cluster = Cluster::new().await;
    let controllers = FakeControllers::start(&cluster);
    controllers.fail_jobs(true);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({})).await;
    let demo = cluster.until_condition("demo", "Ready", "MigrationFailed").await;
    assert_eq!(condition(&demo, "Stalled").unwrap().0, "True");
    assert_eq!(condition(&demo, "MigrationsComplete").unwrap().0, "False");
    until_event(&cluster, "MigrationFailed").await;
    controllers.fail_jobs(false);
    cluster.until_ready("demo").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pod_failure_is_reported_with_component_and_cause() {
    let cluster = Cluster::new().await;
    let controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({})).await;
    cluster.until_ready("demo").await;
    drop(controllers);

    let pods: Api<Pod> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let pod = serde_json::from_value(json!({
        "metadata": { "name": "pod", "labels": {
            "storefront.dev/storefront": "demo", "app.kubernetes.io/component": "catalog",
        }},
        "spec": {
            "serviceAccountName": "demo-catalog",
            "containers": [{ "name": "catalog", "image": "storefront/shop:none" }],
        },
    }));
    pods.create(&PostParams::default(), &pod.unwrap()).await.unwrap();
    let status = Patch::Merge(json!({ "status": {
        "phase": "Pending",
        "containerStatuses": [{
            "name": "catalog", "image": "storefront/shop:none", "imageID": "", "ready": false,
            "restartCount": 0,
            "state": { "waiting": { "reason": "ImagePullBackOff", "message": "back-off 10s" } },
        }],
    }}));
    pods.patch_status("pod", &PatchParams::default(), &status).await.unwrap();
    // The fake controllers have stopped, so the change of the Deployment is not reported as done.
    cluster
        .patch("demo", json!({ "spec": { "components": { "catalog": { "replicas": 2 } } } }))
        .await;
    let demo = cluster.until_condition("demo", "Ready", "ImagePullFailed").await;
    assert_eq!(condition(&demo, "Stalled"), Some(("True".into(), "ImagePullFailed".into())));
    let event = until_event(&cluster, "ImagePullFailed").await;
    assert_eq!(event.note.as_deref(), Some("catalog: image storefront/shop:none cannot be pulled"));

    pods.delete("pod", &DeleteParams::default().grace_period(0)).await.unwrap();
    let _controllers = FakeControllers::start(&cluster);
    cluster.until_ready("demo").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_metrics_and_the_log_level_are_served() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({})).await;
    cluster.until_ready("demo").await;
    let url = |path: &str| format!("http://{}{path}", operator.address);
    let client = reqwest::Client::new();
    let get = async |path: &str| client.get(url(path)).send().await.unwrap();
    assert_eq!(get("/livez").await.status(), 200);
    assert_eq!(get("/readyz").await.status(), 200);
    let metrics = get("/metrics").await.text().await.unwrap();
    let ready = format!("storefront_ready{{namespace=\"{}\",name=\"demo\"}} 1", cluster.namespace);
    for line in [
        &ready,
        "storefront_operator_leader 1",
        r#"requests_total{verb="patch",resource="deployments"}"#,
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    let put = async |level: &'static str| {
        client.put(url("/log-level")).body(level).send().await.unwrap().status()
    };
    assert_eq!(put("storefront_operator=debug").await, 204);
    assert_eq!(get("/log-level").await.text().await.unwrap(), "storefront_operator=debug");
    assert_eq!(put("a=nonsense").await, 400);
    assert_eq!(put("warn").await, 204);
    operator.stop().await;
}
