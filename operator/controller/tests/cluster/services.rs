//! What single services of the shop are given: keys, an administrator, an inbox.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::api::DeleteParams;
use serde_json::{Value, json};
use storefront_desired::Kind;

use crate::controllers::Controllers;
use crate::fixture::{Cluster, condition, until};

async fn secret(cluster: &Cluster, name: &str, key: &str) -> Option<String> {
    let secret = cluster.children(Kind::Secret).get_opt(name).await.unwrap()?;
    assert_eq!(secret.data["immutable"], true);
    let value = STANDARD.decode(secret.data["data"][key].as_str().unwrap()).unwrap();
    Some(String::from_utf8(value).unwrap())
}

async fn key_of(cluster: &Cluster, file: &str) -> Option<Value> {
    let set = secret(cluster, "demo-signing-keys", file).await?;
    let set: Value = serde_json::from_str(&set).unwrap();
    Some(set["keys"][0].clone())
}

/// The uids of the Secrets that the pods of a Deployment are made for.
async fn secrets_of(cluster: &Cluster, deployment: &str) -> String {
    let deployment = cluster.children(Kind::Deployment).get(deployment).await.unwrap();
    let annotations = &deployment.data["spec"]["template"]["metadata"]["annotations"];
    annotations["storefront.dev/secrets"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signing_key_is_rotated_by_deleting_its_secret() {
    let cluster = Cluster::new().await;
    let _controllers = Controllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({})).await;
    cluster.until_ready("demo").await;
    let signing = key_of(&cluster, "signing.json").await.unwrap();
    let public = key_of(&cluster, "public.json").await.unwrap();
    assert!(signing["d"].is_string() && public.get("d").is_none());
    assert_eq!((&signing["kid"], &signing["x"]), (&public["kid"], &public["x"]));
    let users = ["demo-user", "demo-gateway"];
    let before = [secrets_of(&cluster, users[0]).await, secrets_of(&cluster, users[1]).await];

    let secrets = cluster.children(Kind::Secret);
    secrets.delete("demo-signing-keys", &DeleteParams::default()).await.unwrap();
    let other = until("there is another key", || key_of(&cluster, "public.json")).await;
    assert_ne!(other["kid"], public["kid"]);
    for (deployment, before) in users.into_iter().zip(before) {
        until(deployment, || async {
            (secrets_of(&cluster, deployment).await != before).then_some(())
        })
        .await;
    }
    cluster.until_ready("demo").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_has_a_password_while_one_is_named() {
    let cluster = Cluster::new().await;
    let _controllers = Controllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({ "auth": { "adminEmail": "admin@shop.example.com" } })).await;
    cluster.until_ready("demo").await;
    let password = secret(&cluster, "demo-admin-password", "password").await.unwrap();
    assert_eq!(password.len(), 32);

    cluster.patch("demo", json!({ "spec": { "auth": { "adminEmail": null } } })).await;
    until("the password is gone", || async {
        secret(&cluster, "demo-admin-password", "password").await.is_none().then_some(())
    })
    .await;
    cluster.until_ready("demo").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_inbox_goes_when_mails_go_to_a_server_and_comes_back() {
    let cluster = Cluster::new().await;
    let _controllers = Controllers::start(&cluster);
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({})).await;
    let demo = cluster.until_ready("demo").await;
    assert_eq!(condition(&demo, "MailReady"), Some(("True".into(), "Inbox".into())));
    let inboxes = || async {
        let all = cluster.everything().await;
        all.into_keys().filter(|(_, name)| name.contains("inbox")).count()
    };
    let with_inbox = inboxes().await;
    assert!(with_inbox > 0);

    let server = json!({
        "mode": "Smtp", "from": "orders@shop.example.com", "smtp": { "host": "smtp.example.com" },
    });
    cluster.patch("demo", json!({ "spec": { "mail": server } })).await;
    until("the inbox is gone", || async { (inboxes().await == 0).then_some(()) }).await;
    let demo = cluster.until_ready("demo").await;
    assert_eq!(condition(&demo, "MailReady"), None);

    cluster.patch("demo", json!({ "spec": { "mail": null } })).await;
    until("the inbox is back", || async { (inboxes().await == with_inbox).then_some(()) }).await;
    cluster.until_ready("demo").await;
    operator.stop().await;
}
