//! What cannot work says so, leaves others alone, and recovers when the cause goes.

use anyhow::{Result, ensure};
use e2e::Cluster;
use e2e::shop::{PATIENTLY, READY};
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::storage::v1::StorageClass;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use storefront_api::names;
use storefront_api::status::ConditionType;

#[tokio::test]
async fn an_image_that_does_not_exist_is_reported_while_the_old_one_serves() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let shop = cluster.shop("image", json!({"demoData": true})).await?;
    shop.ready(READY).await?;
    let good = shop.get().await?.spec.version;

    let missing = ":0.0.0-does-not-exist cannot be pulled";
    shop.patch(json!({"version": "0.0.0-does-not-exist"})).await?;
    let ready = shop.complains(ConditionType::Ready, &["image", missing]).await?;
    println!("bad image: {}: {}", ready.reason, ready.message);
    shop.warns(missing).await?;
    ensure!(shop.products().await?.0 >= 9, "the old version no longer serves");
    cluster.demo().ready(READY).await?;

    shop.patch(json!({"version": good})).await?;
    shop.ready(READY).await?;
    cluster.remove_namespace(&shop.namespace).await
}

#[tokio::test]
async fn a_storage_class_that_does_not_exist_is_reported_until_it_does() -> Result<()> {
    const CLASS: &str = "e2e-storage";
    let cluster = Cluster::connect().await?;
    let classes = Api::<StorageClass>::all(cluster.client.clone());
    if classes.get_opt(CLASS).await?.is_some() {
        classes.delete(CLASS, &DeleteParams::default()).await?;
    }
    let shop =
        cluster.shop("storage", json!({"postgres": {"storage": {"className": CLASS}}})).await?;
    let unbound = "unbound immediate PersistentVolumeClaims";
    let database = shop.complains(ConditionType::DatabaseReady, &[unbound, CLASS]).await?;
    println!("bad storage class: {}: {}", database.reason, database.message);
    shop.complains(ConditionType::Ready, &[unbound]).await?;
    shop.warns(unbound).await?;

    // The class of the cluster under another name.
    let like = cluster.read("/apis/storage.k8s.io/v1/storageclasses").await?;
    classes.create(&PostParams::default(), &named_like(CLASS, &like["items"][0])?).await?;
    let recovered = shop.ready(PATIENTLY).await;
    cluster.remove_namespace(&shop.namespace).await?;
    classes.delete(CLASS, &DeleteParams::default()).await?;
    recovered.map(drop)
}

#[tokio::test]
async fn a_wrong_password_of_an_external_postgres_is_reported_until_it_is_right() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let theirs = cluster.shop("theirs", json!({})).await?;
    theirs.ready(READY).await?;
    let admin = theirs.api::<Secret>().get(&names::postgres_admin(&theirs.name)).await?;
    let admin = admin.data.unwrap_or_default();

    let namespace = cluster.namespace("external").await?;
    let shop = e2e::Shop::new(cluster.client.clone(), &namespace, "external");
    let secrets = shop.api::<Secret>();
    let wrong: Secret = serde_json::from_value(json!({
        "metadata": {"name": "admin"},
        "stringData": {"username": "postgres", "password": "wrong"},
    }))?;
    secrets.create(&PostParams::default(), &wrong).await?;
    let host = format!("{}.{}.svc", names::postgres(&theirs.name), theirs.namespace);
    shop.create(external(cluster.small(json!({})).await?, &host)).await?;
    let migrated = shop.complains(ConditionType::MigrationsComplete, &["password"]).await?;
    println!("wrong password: {}: {}", migrated.reason, migrated.message);
    shop.complains(ConditionType::Ready, &["password"]).await?;
    shop.warns("password").await?;
    theirs.ready(READY).await?;

    let right = Patch::Merge(json!({"data": admin}));
    secrets.patch("admin", &PatchParams::default(), &right).await?;
    shop.ready(PATIENTLY).await?;
    cluster.remove_namespace(&shop.namespace).await?;
    cluster.remove_namespace(&theirs.namespace).await
}

fn external(mut spec: Value, host: &str) -> Value {
    spec["postgres"] = json!({
        "mode": "External",
        "external": {"host": host, "sslMode": "Disable", "adminSecret": {"name": "admin"}},
    });
    spec
}

fn named_like(name: &str, like: &Value) -> Result<StorageClass> {
    let mut class = json!({"metadata": {"name": name}});
    for field in ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"] {
        if let Some(value) = like.get(field) {
            class[field] = value.clone();
        }
    }
    Ok(serde_json::from_value(class)?)
}
