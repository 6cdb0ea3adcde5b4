//! PostgreSQL and Redis restart while shoppers read.

use anyhow::{Result, ensure};
use e2e::readers::{Readers, Tally};
use e2e::shop::{PATIENTLY, READY};
use e2e::wait::until;
use e2e::{Cluster, Shop};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::DeleteParams;
use storefront_api::Component;
use storefront_api::names::{self, Part};
use tokio::time::sleep;

use crate::resilience::{A_LOT, A_WHILE, READERS, doubled, products, restarts, steadily};

#[tokio::test]
async fn postgres_restarting_puts_shoppers_off_and_needs_no_restart_of_the_shop() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let shop = doubled(&cluster, "database").await?;
    let tally = reading_through_a_restart(&shop, Part::Postgres).await?;
    println!("PostgreSQL restarted: {} reads, {} put off", tally.fine, tally.put_off);
    tally.at_worst_put_off(A_LOT)?;
    ensure!(tally.put_off > 0, "nobody noticed, so nothing was tried");
    cluster.remove_namespace(&shop.namespace).await
}

#[tokio::test]
async fn redis_restarting_costs_no_read() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let shop = doubled(&cluster, "cache").await?;
    let tally = reading_through_a_restart(&shop, Part::Redis).await?;
    println!("Redis restarted: {} reads, {} put off", tally.fine, tally.put_off);
    tally.without_failure(A_LOT)?;
    cluster.remove_namespace(&shop.namespace).await
}

/// What shoppers see while a store's pod is deleted and comes back. The shop's own pods must be the
/// same ones afterwards, and none of them started anew.
async fn reading_through_a_restart(shop: &Shop, store: Part) -> Result<Tally> {
    let before = pods_of_the_shop(shop).await?;
    let readers = Readers::start(READERS, &products());
    sleep(A_WHILE).await;
    restart(shop, store).await?;
    until("answering steadily", READY, steadily).await?;
    sleep(A_WHILE).await;
    let tally = readers.finish().await?;
    let after = pods_of_the_shop(shop).await?;
    ensure!(before == after, "the shop's pods were {before:?} and are {after:?}");
    Ok(tally)
}

/// Deletes a store's pod and waits until another one is ready.
async fn restart(shop: &Shop, store: Part) -> Result<()> {
    let name = match store {
        Part::Postgres => names::postgres(&shop.name),
        _ => names::redis(&shop.name),
    };
    let pods = shop.api::<Pod>();
    let pod = pods.get(&format!("{name}-0")).await?;
    pods.delete(&pod.name_any(), &DeleteParams::default()).await?;
    until("another ready pod", PATIENTLY, async || {
        let found = pods.get_opt(&pod.name_any()).await?;
        let another = found.filter(|found| found.uid() != pod.uid());
        Ok(another.filter(e2e::shop::is_ready).map(drop).ok_or_else(|| format!("of {name}")))
    })
    .await
}

/// The name and the restarts of every pod of the shop's components.
async fn pods_of_the_shop(shop: &Shop) -> Result<Vec<(String, i32)>> {
    let mut all = Vec::new();
    for component in Component::ALL {
        let pods = shop.pods(component).await?;
        all.extend(pods.iter().map(|pod| (pod.name_any(), restarts(pod))));
    }
    all.sort();
    Ok(all)
}
