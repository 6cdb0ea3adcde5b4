//! Storefronts beside each other know nothing of each other.

use anyhow::{Result, ensure};
use e2e::Cluster;
use e2e::shop::READY;
use k8s_openapi::api::core::v1::Secret;
use serde_json::json;
use storefront_api::Component;
use storefront_api::names;

#[tokio::test]
async fn two_storefronts_live_side_by_side_and_one_goes_with_its_namespace() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let stocked = cluster.shop("stocked", json!({"demoData": true})).await?;
    let empty = cluster.shop("empty", json!({})).await?;
    stocked.ready(READY).await?;
    empty.ready(READY).await?;

    let (stocked_count, _) = stocked.products().await?;
    let (empty_count, _) = empty.products().await?;
    ensure!(stocked_count >= 9, "only {stocked_count} products");
    ensure!(empty_count == 0, "{empty_count} products came from nowhere");
    ensure!(password(&stocked).await? != password(&empty).await?, "a password is shared");

    // With the Storefront still in it: nothing may stand in the way of the namespace's end.
    cluster.remove_namespace(&stocked.namespace).await?;
    empty.ready(READY).await?;
    ensure!(empty.products().await?.0 == 0, "the neighbour changed");
    cluster.remove_namespace(&empty.namespace).await
}

async fn password(shop: &e2e::Shop) -> Result<Option<Vec<u8>>> {
    let name = names::database_secret(&shop.name, Component::Catalog);
    let secret = shop.api::<Secret>().get(&name).await?;
    let password = secret.data.and_then(|mut data| data.remove("password"));
    ensure!(password.is_some(), "{name} has no password");
    Ok(password.map(|bytes| bytes.0))
}
