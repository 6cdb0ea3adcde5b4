//! Suspension, deletion, and a new Storefront with the existing data.

use anyhow::{Result, ensure};
use e2e::storefront::{READY_TIMEOUT, RECOVERY_TIMEOUT, condition};
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
async fn suspended_storefront_has_no_pods_and_keeps_its_data() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let shop = cluster.shop("suspended", json!({"demoData": true})).await?;
    println!("from creation to Ready: {:.1} s", shop.ready(READY_TIMEOUT).await?.as_secs_f64());
    let products = shop.products().await?;
    ensure!(products.0 >= 9, "only {} products", products.0);

    shop.patch(json!({"suspend": true})).await?;
    shop.status("suspended", RECOVERY_TIMEOUT, |status| {
        let ready = condition(status, ConditionType::Ready)?;
        let reconciling = condition(status, ConditionType::Reconciling)?;
        (ready.reason == "Suspended" && reconciling.status == "False").then_some(())
    })
    .await?;
    until("without pods", RECOVERY_TIMEOUT, async || no_running_pods(&shop).await).await?;

    shop.patch(json!({"suspend": false})).await?;
    shop.ready(READY_TIMEOUT).await?;
    // Seeded products contain their creation time, so new ones would differ.
    assert_eq!(shop.products().await?, products);
    cluster.remove_namespace(&shop.namespace).await
}

#[tokio::test]
async fn deleted_storefront_leaves_only_its_volumes() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let shop = cluster.shop("gone", json!({"demoData": true})).await?;
    shop.ready(READY_TIMEOUT).await?;
    let products = shop.products().await?;

    shop.delete().await?;
    until("deleted except for the volumes", RECOVERY_TIMEOUT, async || {
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
    ensure!(volumes.contains(&postgres), "remaining volumes: {volumes:?}");

    // A Storefront of the same name uses the existing data, although every password is new.
    shop.create(cluster.small_spec(json!({"demoData": true})).await?).await?;
    shop.ready(RECOVERY_TIMEOUT).await?;
    assert_eq!(shop.products().await?, products);
    cluster.remove_namespace(&shop.namespace).await
}

/// Checks that no pod of the shop runs. Finished pods of Jobs may exist.
async fn no_running_pods(shop: &Shop) -> Result<std::result::Result<(), String>> {
    let pods = shop.api::<Pod>().list(&ListParams::default().labels(STOREFRONT_LABEL)).await?;
    let running = |pod: &Pod| {
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        !matches!(phase, Some("Succeeded" | "Failed"))
    };
    let left: Vec<_> = pods.iter().filter(|pod| running(pod)).map(|pod| pod.name_any()).collect();
    Ok(if left.is_empty() { Ok(()) } else { Err(left.join(", ")) })
}

/// The objects of a kind with the label of the shop.
async fn names_of<K>(shop: &Shop) -> Result<Vec<String>>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    K: Clone + std::fmt::Debug + DeserializeOwned,
{
    let label = format!("{STOREFRONT_LABEL}={}", shop.name);
    let found = shop.api::<K>().list_metadata(&ListParams::default().labels(&label)).await?;
    Ok(found.iter().map(|it| format!("{} {}", K::kind(&()), it.name_any())).collect())
}
