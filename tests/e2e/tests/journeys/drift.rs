//! Repair of drift: objects that others change or delete, and how long a repair takes.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::figures::Figures;
use e2e::storefront::READY_TIMEOUT;
use e2e::wait::until;
use e2e::{Cluster, Shop};
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{ConfigMap, Service, ServiceAccount};
use kube::api::{DeleteParams, Patch, PatchParams, WatchEvent, WatchParams};
use kube::{Api, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use storefront_api::{Component, names};
use tokio::time::{sleep, timeout};

const TRIALS: usize = 50;
/// Timeout of a repair.
const REPAIR_TIMEOUT: Duration = Duration::from_secs(20);
/// Pause between trials, so that the operator is idle at the start of each trial.
const PAUSE: Duration = Duration::from_millis(150);
/// Pause between trials that create a pod, which terminates in the meantime.
const PAUSE_WITH_PODS: Duration = Duration::from_secs(1);

/// A change of an object by another client.
enum Change {
    Delete,
    /// An edit of an object without pods.
    Edit(Value),
    /// A change of the number of pods.
    Scale(Value),
}

impl Change {
    const fn pause(&self) -> Duration {
        match self {
            Self::Delete | Self::Edit(_) => PAUSE,
            Self::Scale(_) => PAUSE_WITH_PODS,
        }
    }
}

#[tokio::test]
async fn drift_of_each_kind_is_repaired() -> Result<()> {
    // Runs exclusively, because it measures durations.
    let cluster = Cluster::connect_exclusively().await?;
    let shop = cluster.shop("drift", json!({})).await?;
    shop.ready(READY_TIMEOUT).await?;
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

    shop.ready(READY_TIMEOUT).await?;
    cluster.remove_namespace(&shop.namespace).await
}

#[tokio::test]
async fn label_of_another_manager_survives_a_repair() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let shop = cluster.shop("labels", json!({})).await?;
    shop.ready(READY_TIMEOUT).await?;
    let catalog = names::component(&shop.name, Component::Catalog);
    let edit = json!({"metadata": {"labels": {"team": "books"}}, "spec": {"replicas": 3}});
    let deployments = shop.api::<Deployment>();
    deployments.patch(&catalog, &PatchParams::default(), &Patch::Merge(edit)).await?;
    let repaired = until("repaired", READY_TIMEOUT, async || {
        let seen = deployments.get(&catalog).await?;
        let replicas = seen.spec.as_ref().and_then(|spec| spec.replicas);
        Ok(if replicas == Some(1) { Ok(seen) } else { Err(format!("{replicas:?} replicas")) })
    })
    .await?;
    shop.ready_pods(Component::Catalog, 1).await?;
    assert_eq!(repaired.labels().get("team").map(String::as_str), Some("books"));
    cluster.remove_namespace(&shop.namespace).await
}

/// Changes an object repeatedly and measures, on one watch, the time from the event of the change
/// to the event of the repair.
#[expect(clippy::print_stdout, reason = "figures are part of the output")]
async fn trials<K>(
    shop: &Shop,
    name: &str,
    change: &Change,
    is_correct: impl Fn(&K) -> bool,
) -> Result<()>
where
    K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    K: Clone + Debug + DeserializeOwned,
{
    let kind = K::kind(&());
    let api = shop.api::<K>();
    let mut durations = Vec::with_capacity(TRIALS);
    for _ in 0..TRIALS {
        let before = api.get(name).await?;
        ensure!(is_correct(&before), "{kind} {name} has drifted before the trial");
        let version = before.resource_version().context("no resource version")?;
        let params = WatchParams::default().fields(&format!("metadata.name={name}"));
        let events = api.watch(&params, &version).await?.boxed();
        apply_change(&api, name, change).await?;
        let measured = timeout(REPAIR_TIMEOUT, repair(events, &is_correct)).await;
        durations.push(measured.with_context(|| format!("{kind} {name} was not repaired"))??);
        sleep(change.pause()).await;
    }
    // Printed, not asserted, because on a busy machine the durations depend on its load.
    println!("drift of a {kind}: {}", Figures::new(durations));
    Ok(())
}

async fn apply_change<K>(api: &Api<K>, name: &str, change: &Change) -> Result<()>
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

/// The time from the first event with drift to the next event without.
async fn repair<K: Clone>(
    mut events: impl Stream<Item = kube::Result<WatchEvent<K>>> + Unpin,
    is_correct: &impl Fn(&K) -> bool,
) -> Result<Duration> {
    let mut drifted_at = None;
    while let Some(event) = events.try_next().await? {
        let correct = match &event {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => is_correct(object),
            WatchEvent::Deleted(_) => false,
            WatchEvent::Bookmark(_) => continue,
            WatchEvent::Error(error) => anyhow::bail!("the watch failed: {error:?}"),
        };
        match (correct, drifted_at) {
            (false, None) => drifted_at = Some(Instant::now()),
            (true, Some(since)) => return Ok(since.elapsed()),
            _ => {}
        }
    }
    anyhow::bail!("the watch ended")
}
