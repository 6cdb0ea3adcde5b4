//! Faults are reported, do not affect others, and recovery follows when the cause is removed.

use anyhow::{Result, ensure};
use e2e::Cluster;
use e2e::storefront::{READY_TIMEOUT, RECOVERY_TIMEOUT};
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::storage::v1::StorageClass;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use storefront_api::names;
use storefront_api::status::ConditionType;

#[tokio::test]
async fn missing_image_is_reported_while_the_old_version_serves() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let shop = cluster.shop("image", json!({"demoData": true})).await?;
    shop.ready(READY_TIMEOUT).await?;
    let good = shop.get().await?.spec.version;

    let missing = ":0.0.0-does-not-exist cannot be pulled";
    shop.patch(json!({"version": "0.0.0-does-not-exist"})).await?;
    let ready = shop.condition_false(ConditionType::Ready, &["image", missing]).await?;
    println!("bad image: {}: {}", ready.reason, ready.message);
    shop.warning_event(missing).await?;
    ensure!(shop.products().await?.0 >= 9, "the old version no longer serves");
    cluster.demo().ready(READY_TIMEOUT).await?;

    shop.patch(json!({"version": good})).await?;
    shop.ready(READY_TIMEOUT).await?;
    cluster.remove_namespace(&shop.namespace).await
}

#[tokio::test]
async fn missing_storage_class_is_reported_until_it_exists() -> Result<()> {
    const CLASS: &str = "e2e-storage";
    let cluster = Cluster::connect().await?;
    let classes = Api::<StorageClass>::all(cluster.client.clone());
    if classes.get_opt(CLASS).await?.is_some() {
        classes.delete(CLASS, &DeleteParams::default()).await?;
    }
    let shop =
        cluster.shop("storage", json!({"postgres": {"storage": {"className": CLASS}}})).await?;
    let unbound = "unbound immediate PersistentVolumeClaims";
    let database = shop.condition_false(ConditionType::DatabaseReady, &[unbound, CLASS]).await?;
    println!("bad storage class: {}: {}", database.reason, database.message);
    shop.condition_false(ConditionType::Ready, &[unbound]).await?;
    shop.warning_event(unbound).await?;

    // A copy of the cluster's class under another name.
    let existing = cluster.read("/apis/storage.k8s.io/v1/storageclasses").await?;
    classes.create(&PostParams::default(), &copy_of_class(&existing["items"][0], CLASS)?).await?;
    let recovered = shop.ready(RECOVERY_TIMEOUT).await;
    cluster.remove_namespace(&shop.namespace).await?;
    classes.delete(CLASS, &DeleteParams::default()).await?;
    recovered.map(drop)
}

#[tokio::test]
async fn wrong_external_postgres_password_is_reported_until_corrected() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let provider = cluster.shop("provider", json!({})).await?;
    provider.ready(READY_TIMEOUT).await?;
    let admin = provider.api::<Secret>().get(&names::postgres_admin(&provider.name)).await?;
    let admin = admin.data.unwrap_or_default();

    let namespace = cluster.namespace("external").await?;
    let shop = e2e::Shop::new(cluster.client.clone(), &namespace, "external");
    let secrets = shop.api::<Secret>();
    let wrong: Secret = serde_json::from_value(json!({
        "metadata": {"name": "admin"},
        "stringData": {"username": "postgres", "password": "wrong"},
    }))?;
    secrets.create(&PostParams::default(), &wrong).await?;
    let host = format!("{}.{}.svc", names::postgres(&provider.name), provider.namespace);
    shop.create(external(cluster.small_spec(json!({})).await?, &host)).await?;
    let migrated = shop.condition_false(ConditionType::MigrationsComplete, &["password"]).await?;
    println!("wrong password: {}: {}", migrated.reason, migrated.message);
    shop.condition_false(ConditionType::Ready, &["password"]).await?;
    shop.warning_event("password").await?;
    provider.ready(READY_TIMEOUT).await?;

    let corrected = Patch::Merge(json!({"data": admin}));
    secrets.patch("admin", &PatchParams::default(), &corrected).await?;
    refused(&shop, &provider).await?;
    cluster.remove_namespace(&shop.namespace).await?;
    cluster.remove_namespace(&provider.namespace).await
}

/// The databases on the server belong to the provider: the second Storefront is refused, and the
/// first one notices nothing.
async fn refused(shop: &e2e::Shop, provider: &e2e::Shop) -> Result<()> {
    let in_use = "in use by the Storefront";
    let database = shop.condition_false(ConditionType::DatabaseReady, &[in_use]).await?;
    ensure!(database.reason == "DatabaseInUse", "{}", database.reason);
    provider.ready(READY_TIMEOUT).await?;
    provider.products().await.map(drop)
}

fn external(mut spec: Value, host: &str) -> Value {
    spec["postgres"] = json!({
        "mode": "External",
        "external": {"host": host, "sslMode": "Disable", "adminSecret": {"name": "admin"}},
    });
    spec
}

fn copy_of_class(original: &Value, name: &str) -> Result<StorageClass> {
    let mut class = json!({"metadata": {"name": name}});
    for field in ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"] {
        if let Some(value) = original.get(field) {
            class[field] = value.clone();
        }
    }
    Ok(serde_json::from_value(class)?)
}
