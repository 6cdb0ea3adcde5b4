//! Faults are reported, do not affect others, and recovery follows when the cause is removed.

use anyhow::{Result, ensure};
use e2e::external_postgres::{self, ExternalPostgres};
use e2e::storefront::{READY_TIMEOUT, RECOVERY_TIMEOUT};
use e2e::{Cluster, Shop};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use serde_json::{Value, json};
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
    let namespace = cluster.namespace("external").await?;
    let server = ExternalPostgres::start(&cluster, &namespace).await?;
    let shop = Shop::new(cluster.client.clone(), &namespace, "external");
    server.create_shop(&cluster, &shop, "wrong", json!({})).await?;
    let migrated = shop.condition_false(ConditionType::MigrationsComplete, &["password"]).await?;
    println!("wrong password: {}: {}", migrated.reason, migrated.message);
    shop.condition_false(ConditionType::Ready, &["password"]).await?;
    shop.warning_event("password").await?;

    external_postgres::set_password(&shop, external_postgres::PASSWORD).await?;
    shop.ready(RECOVERY_TIMEOUT).await?;
    cluster.remove_namespace(&shop.namespace).await
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
