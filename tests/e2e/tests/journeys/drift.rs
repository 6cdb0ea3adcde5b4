//! What somebody else changes or deletes is put right, and how quickly.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::figures::Figures;
use e2e::shop::READY;
use e2e::wait::until;
use e2e::{Cluster, Shop};
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{ConfigMap, Service, ServiceAccount};
use kube::api::{DeleteParams, Patch, PatchParams, WatchEvent, WatchParams};
use kube::{Api, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use storefront_api::Component;
use storefront_api::names;
use tokio::time::{sleep, timeout};

const TRIALS: usize = 50;
/// Nobody waits longer for a repair.
const GIVE_UP: Duration = Duration::from_secs(20);
/// Between trials, so that each one meets an operator at rest.
const REST: Duration = Duration::from_millis(150);
/// Between trials that call for a pod, which is on its way out by then.
const REST_OF_PODS: Duration = Duration::from_secs(1);

/// What is done to an object.
enum Change {
    Delete,
    /// Of something that has no pods.
    Edit(Value),
    /// Of how many pods there are.
    Scale(Value),
}

impl Change {
    const fn rest(&self) -> Duration {
        match self {
            Self::Delete | Self::Edit(_) => REST,
            Self::Scale(_) => REST_OF_PODS,
        }
    }
}

#[tokio::test]
async fn drift_of_each_kind_is_repaired_every_time() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let shop = cluster.shop("drift", json!({})).await?;
    shop.ready(READY).await?;
    let catalog = names::component(&shop.name, Component::Catalog);
    let scaled = Change::Scale(json!({"spec": {"replicas": 2}}));
    let one = |spec_replicas: Option<i32>| spec_replicas == Some(1);

    trials::<Service>(&shop, &catalog, &Change::Delete, |_| true).await?;
    trials::<ServiceAccount>(&shop, &catalog, &Change::Delete, |_| true).await?;
    trials::<Deployment>(&shop, &catalog, &scaled, |it| {
        one(it.spec.as_ref().and_then(|spec| spec.replicas))
    })
    .await?;
    let config = shop.api::<ConfigMap>().get(&catalog).await?.data.unwrap_or_default();
    let edited = Change::Edit(json!({"data": {"RUST_LOG": "edited by hand"}}));
    trials::<ConfigMap>(&shop, &catalog, &edited, |it| it.data.as_ref() == Some(&config)).await?;
    let redis = names::redis(&shop.name);
    trials::<StatefulSet>(&shop, &redis, &scaled, |it| {
        one(it.spec.as_ref().and_then(|spec| spec.replicas))
    })
    .await?;

    shop.ready(READY).await?;
    cluster.remove_namespace(&shop.namespace).await
}

#[tokio::test]
async fn what_others_add_is_theirs_and_stays() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let shop = cluster.shop("theirs", json!({})).await?;
    shop.ready(READY).await?;
    let catalog = names::component(&shop.name, Component::Catalog);
    let theirs = json!({"metadata": {"labels": {"team": "books"}}, "spec": {"replicas": 3}});
    let deployments = shop.api::<Deployment>();
    deployments.patch(&catalog, &PatchParams::default(), &Patch::Merge(theirs)).await?;
    let repaired = until("repaired", READY, async || {
        let seen = deployments.get(&catalog).await?;
        let replicas = seen.spec.as_ref().and_then(|spec| spec.replicas);
        Ok(if replicas == Some(1) { Ok(seen) } else { Err(format!("{replicas:?} replicas")) })
    })
    .await?;
    shop.ready_pods(Component::Catalog, 1).await?;
    assert_eq!(repaired.labels().get("team").map(String::as_str), Some("books"));
    cluster.remove_namespace(&shop.namespace).await
}

/// Changes an object again and again and measures on one watch, from the event of the change to the
/// event that has it right again.
#[expect(clippy::print_stdout, reason = "figures are for people to read")]
async fn trials<K>(
    shop: &Shop,
    name: &str,
    change: &Change,
    is_right: impl Fn(&K) -> bool,
) -> Result<()>
where
    K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    K: Clone + Debug + DeserializeOwned,
{
    let kind = K::kind(&());
    let api = shop.api::<K>();
    let mut took = Vec::with_capacity(TRIALS);
    for _ in 0..TRIALS {
        let before = api.get(name).await?;
        ensure!(is_right(&before), "{kind} {name} is wrong before the trial");
        let version = before.resource_version().context("no resource version")?;
        let params = WatchParams::default().fields(&format!("metadata.name={name}"));
        let events = api.watch(&params, &version).await?.boxed();
        disturb(&api, name, change).await?;
        let measured = timeout(GIVE_UP, repair(events, &is_right)).await;
        took.push(measured.with_context(|| format!("{kind} {name} stays wrong"))??);
        sleep(change.rest()).await;
    }
    // Printed and not asserted: a busy machine says nothing about the operator.
    println!("drift of a {kind}: {}", Figures::of(took));
    Ok(())
}

async fn disturb<K>(api: &Api<K>, name: &str, change: &Change) -> Result<()>
where
    K: Clone + Debug + DeserializeOwned,
{
    match change {
        Change::Delete => drop(api.delete(name, &DeleteParams::default()).await?),
        Change::Edit(patch) | Change::Scale(patch) => {
            drop(api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await?);
        }
    }
    Ok(())
}

/// From the first event that shows something wrong to the first one after it that shows nothing.
async fn repair<K: Clone>(
    mut events: impl Stream<Item = kube::Result<WatchEvent<K>>> + Unpin,
    is_right: &impl Fn(&K) -> bool,
) -> Result<Duration> {
    let mut wrong_since = None;
    while let Some(event) = events.try_next().await? {
        let right = match &event {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => is_right(object),
            WatchEvent::Deleted(_) => false,
            WatchEvent::Bookmark(_) => continue,
            WatchEvent::Error(error) => anyhow::bail!("the watch broke: {error:?}"),
        };
        match (right, wrong_since) {
            (false, None) => wrong_since = Some(Instant::now()),
            (true, Some(since)) => return Ok(since.elapsed()),
            _ => {}
        }
    }
    anyhow::bail!("the watch ended")
}
