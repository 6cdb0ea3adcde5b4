//! A Storefront stops, continues, goes, and comes back to its data.

use anyhow::{Result, ensure};
use e2e::shop::{PATIENTLY, READY, condition};
use e2e::wait::until;
use e2e::{Cluster, Shop};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{
    ConfigMap, PersistentVolumeClaim, Pod, Secret, Service, ServiceAccount,
};
use kube::api::ListParams;
use kube::{Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::json;
use storefront_api::names::{self, STOREFRONT_LABEL};
use storefront_api::status::ConditionType;

#[tokio::test]
async fn suspending_stops_everything_and_resuming_brings_the_data_back() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let shop = cluster.shop("suspended", json!({"demoData": true})).await?;
    println!("from creation to Ready: {:.1} s", shop.ready(READY).await?.as_secs_f64());
    let products = shop.products().await?;
    ensure!(products.0 >= 9, "only {} products", products.0);

    shop.patch(json!({"suspend": true})).await?;
    shop.status("suspended and at rest", PATIENTLY, |status| {
        let ready = condition(status, ConditionType::Ready)?;
        let reconciling = condition(status, ConditionType::Reconciling)?;
        (ready.reason == "Suspended" && reconciling.status == "False").then_some(())
    })
    .await?;
    until("without pods", PATIENTLY, async || running(&shop).await).await?;

    shop.patch(json!({"suspend": false})).await?;
    shop.ready(READY).await?;
    // Seeded products carry the time of their making, so new ones would differ.
    assert_eq!(shop.products().await?, products);
    cluster.remove_namespace(&shop.namespace).await
}

#[tokio::test]
async fn a_deleted_storefront_leaves_its_volumes_and_nothing_else() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let shop = cluster.shop("gone", json!({"demoData": true})).await?;
    shop.ready(READY).await?;
    let products = shop.products().await?;

    shop.delete().await?;
    until("gone but for the volumes", PATIENTLY, async || {
        let mut left = Vec::new();
        left.extend(names_of::<Deployment>(&shop).await?);
        left.extend(names_of::<StatefulSet>(&shop).await?);
        left.extend(names_of::<ReplicaSet>(&shop).await?);
        left.extend(names_of::<Job>(&shop).await?);
        left.extend(names_of::<Pod>(&shop).await?);
        left.extend(names_of::<Service>(&shop).await?);
        left.extend(names_of::<ServiceAccount>(&shop).await?);
        left.extend(names_of::<ConfigMap>(&shop).await?);
        left.extend(names_of::<Secret>(&shop).await?);
        Ok(if left.is_empty() { Ok(()) } else { Err(left.join(", ")) })
    })
    .await?;
    let volumes = names_of::<PersistentVolumeClaim>(&shop).await?;
    let postgres = format!("PersistentVolumeClaim {}", names::postgres_data(&shop.name));
    ensure!(volumes.contains(&postgres), "{volumes:?} stays");

    // The same name finds its data again, although every password is new.
    shop.create(cluster.small(json!({"demoData": true})).await?).await?;
    shop.ready(PATIENTLY).await?;
    assert_eq!(shop.products().await?, products);
    cluster.remove_namespace(&shop.namespace).await
}

/// Whether no pod of the shop's workloads is there; pods of Jobs that are done may be.
async fn running(shop: &Shop) -> Result<std::result::Result<(), String>> {
    let pods = shop.api::<Pod>().list(&ListParams::default().labels(STOREFRONT_LABEL)).await?;
    let running = |pod: &Pod| {
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        !matches!(phase, Some("Succeeded" | "Failed"))
    };
    let left: Vec<_> = pods.iter().filter(|pod| running(pod)).map(|pod| pod.name_any()).collect();
    Ok(if left.is_empty() { Ok(()) } else { Err(left.join(", ")) })
}

/// The objects of a kind that carry the shop's label.
async fn names_of<K>(shop: &Shop) -> Result<Vec<String>>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    K: Clone + std::fmt::Debug + DeserializeOwned,
{
    let label = format!("{STOREFRONT_LABEL}={}", shop.name);
    let found = shop.api::<K>().list_metadata(&ListParams::default().labels(&label)).await?;
    Ok(found.iter().map(|it| format!("{} {}", K::kind(&()), it.name_any())).collect())
}
