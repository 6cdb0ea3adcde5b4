//! Tests of the objects for single services: signing keys, the administrator's password, the inbox.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::api::DeleteParams;
use serde_json::{Value, json};
use storefront_desired::Kind;

use crate::fake_controllers::FakeControllers;
use crate::fixture::{Cluster, condition, until};

async fn secret(cluster: &Cluster, name: &str, key: &str) -> Option<String> {
    let secret = cluster.children(Kind::Secret).get_opt(name).await.unwrap()?;
    assert_eq!(secret.data["immutable"], true);
    let value = STANDARD.decode(secret.data["data"][key].as_str().unwrap()).unwrap();
    Some(String::from_utf8(value).unwrap())
}

async fn signing_key(cluster: &Cluster, file: &str) -> Option<Value> {
    let set = secret(cluster, "demo-signing-keys", file).await?;
    let set: Value = serde_json::from_str(&set).unwrap();
    Some(set["keys"][0].clone())
}

/// Returns the uids of the Secrets in the pod template of a Deployment.
async fn template_secrets(cluster: &Cluster, deployment: &str) -> String {
    let deployment = cluster.children(Kind::Deployment).get(deployment).await.unwrap();
    let annotations = &deployment.data["spec"]["template"]["metadata"]["annotations"];
    annotations["storefront.dev/secrets"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_signing_key_secret_is_replaced_with_a_new_key() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({})).await;
    cluster.until_ready("demo").await;
    let signing = signing_key(&cluster, "signing.json").await.unwrap();
    let public = signing_key(&cluster, "public.json").await.unwrap();
    assert!(signing["d"].is_string() && public.get("d").is_none());
    assert_eq!((&signing["kid"], &signing["x"]), (&public["kid"], &public["x"]));
    let users = ["demo-user", "demo-gateway"];
    let before =
        [template_secrets(&cluster, users[0]).await, template_secrets(&cluster, users[1]).await];

    let secrets = cluster.children(Kind::Secret);
    secrets.delete("demo-signing-keys", &DeleteParams::default()).await.unwrap();
    let other = until("there is another key", || signing_key(&cluster, "public.json")).await;
    assert_ne!(other["kid"], public["kid"]);
    for (deployment, before) in users.into_iter().zip(before) {
        until(deployment, || async {
            (template_secrets(&cluster, deployment).await != before).then_some(())
        })
        .await;
    }
    cluster.until_ready("demo").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn admin_password_exists_while_admin_email_is_set() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({ "auth": { "adminEmail": "admin@shop.example.com" } })).await;
    cluster.until_ready("demo").await;
    let password = secret(&cluster, "demo-admin-password", "password").await.unwrap();
    assert_eq!(password.len(), 32);

    cluster.patch("demo", json!({ "spec": { "auth": { "adminEmail": null } } })).await;
    until("the password is deleted", || async {
        secret(&cluster, "demo-admin-password", "password").await.is_none().then_some(())
    })
    .await;
    cluster.until_ready("demo").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inbox_is_removed_for_smtp_and_restored() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({})).await;
    let demo = cluster.until_ready("demo").await;
    assert_eq!(condition(&demo, "MailReady"), Some(("True".into(), "Inbox".into())));
    let inboxes = || async {
        let all = cluster.all_children().await;
        all.into_keys().filter(|(_, name)| name.contains("inbox")).count()
    };
    let with_inbox = inboxes().await;
    assert!(with_inbox > 0);

    let server = json!({
        "mode": "Smtp", "from": "orders@shop.example.com", "smtp": { "host": "smtp.example.com" },
    });
    cluster.patch("demo", json!({ "spec": { "mail": server } })).await;
    until("the inbox is deleted", || async { (inboxes().await == 0).then_some(()) }).await;
    let demo = cluster.until_ready("demo").await;
    assert_eq!(condition(&demo, "MailReady"), None);

    cluster.patch("demo", json!({ "spec": { "mail": null } })).await;
    until("the inbox is back", || async { (inboxes().await == with_inbox).then_some(()) }).await;
    cluster.until_ready("demo").await;
    operator.stop().await;
}
