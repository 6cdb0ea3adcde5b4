//! Restarts of PostgreSQL and Redis while clients read.

use anyhow::{Result, ensure};
use e2e::load::{Readers, Tally};
use e2e::storefront::{READY_TIMEOUT, RECOVERY_TIMEOUT};
use e2e::wait::until;
use e2e::{Cluster, Shop};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::DeleteParams;
use storefront_api::Component;
use storefront_api::names::{self, Part};
use tokio::time::sleep;

use crate::resilience::{
    MIN_READS, PAUSE, READERS, all_gateways_serve, products, replicated_shop, restarts,
};

#[tokio::test]
async fn postgres_restart_causes_only_retryable_errors() -> Result<()> {
    let mut cluster = Cluster::connect().await?;
    let shop = replicated_shop(&mut cluster, "database").await?;
    let tally = read_during_restart(&shop, Part::Postgres).await?;
    println!("PostgreSQL restarted: {} reads, {} got 503", tally.ok, tally.unavailable);
    tally.assert_ok_or_retryable(MIN_READS)?;
    ensure!(tally.unavailable > 0, "no read got 503, so the restart was not observed");
    cluster.remove_namespace(&shop.namespace).await
}

#[tokio::test]
async fn redis_restart_fails_no_read() -> Result<()> {
    let mut cluster = Cluster::connect().await?;
    let shop = replicated_shop(&mut cluster, "cache").await?;
    let tally = read_during_restart(&shop, Part::Redis).await?;
    println!("Redis restarted: {} reads, {} got 503", tally.ok, tally.unavailable);
    tally.assert_all_ok(MIN_READS)?;
    cluster.remove_namespace(&shop.namespace).await
}

/// Reads while the pod of a data store is deleted and replaced. The pods of the components must be
/// the same afterwards, without a restart.
async fn read_during_restart(shop: &Shop, store: Part) -> Result<Tally> {
    let before = component_pods(shop).await?;
    let readers = Readers::start(READERS, &products());
    sleep(PAUSE).await;
    restart(shop, store).await?;
    until("served by all gateways", READY_TIMEOUT, all_gateways_serve).await?;
    sleep(PAUSE).await;
    let tally = readers.finish().await?;
    let after = component_pods(shop).await?;
    ensure!(before == after, "the component pods were {before:?} and are {after:?}");
    Ok(tally)
}

/// Deletes the pod of a data store and waits until its replacement is ready.
async fn restart(shop: &Shop, store: Part) -> Result<()> {
    let name = match store {
        Part::Postgres => names::postgres(&shop.name),
        _ => names::redis(&shop.name),
    };
    let pods = shop.api::<Pod>();
    let pod = pods.get(&format!("{name}-0")).await?;
    pods.delete(&pod.name_any(), &DeleteParams::default()).await?;
    until("ready with another pod", RECOVERY_TIMEOUT, async || {
        let found = pods.get_opt(&pod.name_any()).await?;
        let another = found.filter(|found| found.uid() != pod.uid());
        Ok(another.filter(e2e::pods::is_ready).map(drop).ok_or_else(|| format!("of {name}")))
    })
    .await
}

/// Name and restart count of every component pod.
async fn component_pods(shop: &Shop) -> Result<Vec<(String, i32)>> {
    let mut all = Vec::new();
    for component in Component::ALL {
        let pods = shop.pods(component).await?;
        all.extend(pods.iter().map(|pod| (pod.name_any(), restarts(pod))));
    }
    all.sort();
    Ok(all)
}
