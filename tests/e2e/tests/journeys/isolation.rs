//! Storefronts of one cluster do not affect each other.

use anyhow::{Result, ensure};
use e2e::Cluster;
use e2e::storefront::READY_TIMEOUT;
use k8s_openapi::api::core::v1::Secret;
use serde_json::json;
use storefront_api::{Component, names};

#[tokio::test]
async fn deleted_namespace_leaves_the_other_storefront_unchanged() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let stocked = cluster.shop("stocked", json!({"demoData": true})).await?;
    let empty = cluster.shop("empty", json!({})).await?;
    stocked.ready(READY_TIMEOUT).await?;
    empty.ready(READY_TIMEOUT).await?;

    let (stocked_count, _) = stocked.products().await?;
    let (empty_count, _) = empty.products().await?;
    ensure!(stocked_count >= 9, "only {stocked_count} products");
    ensure!(empty_count == 0, "{empty_count} products in an empty shop");
    ensure!(password(&stocked).await? != password(&empty).await?, "a password is shared");

    // The namespace still contains the Storefront, which must not block the deletion.
    cluster.remove_namespace(&stocked.namespace).await?;
    empty.ready(READY_TIMEOUT).await?;
    ensure!(empty.products().await?.0 == 0, "the other Storefront changed");
    cluster.remove_namespace(&empty.namespace).await
}

async fn password(shop: &e2e::Shop) -> Result<Option<Vec<u8>>> {
    let name = names::database_secret(&shop.name, Component::Catalog);
    let secret = shop.api::<Secret>().get(&name).await?;
    let password = secret.data.and_then(|mut data| data.remove("password"));
    ensure!(password.is_some(), "{name} has no password");
    Ok(password.map(|bytes| bytes.0))
}
