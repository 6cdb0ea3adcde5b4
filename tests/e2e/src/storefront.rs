//! One Storefront: create, change, wait, call.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use http::Request;
use k8s_openapi::api::core::v1::{Event, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use storefront_api::component::Component;
use storefront_api::names::{self, Part};
use storefront_api::status::ConditionType;
use storefront_api::{Storefront, StorefrontStatus};

use crate::pods::{PortForward, exec, is_ready};
use crate::wait::until;

/// Timeout from the creation of a Storefront to Ready, with the images present and other journeys
/// running.
pub const READY_TIMEOUT: Duration = Duration::from_secs(120);

/// Timeout of changes that wait for failing image pulls or for retries with backoff.
pub const RECOVERY_TIMEOUT: Duration = Duration::from_secs(240);

/// A Storefront, from its user's point of view.
#[derive(Clone)]
pub struct Shop {
    client: Client,
    /// Namespace of the Storefront.
    pub namespace: String,
    /// Name of the Storefront.
    pub name: String,
}

impl Shop {
    /// A handle for a Storefront that need not exist yet.
    #[must_use]
    pub fn new(client: Client, namespace: &str, name: &str) -> Self {
        Self { client, namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// A typed API of the Storefront's namespace.
    #[must_use]
    pub fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    fn storefronts(&self) -> Api<Storefront> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Creates the Storefront.
    ///
    /// # Errors
    /// Fails when the API server refuses.
    pub async fn create(&self, spec: Value) -> Result<()> {
        let storefront = serde_json::from_value(json!({
            "apiVersion": "storefront.dev/v1alpha1",
            "kind": "Storefront",
            "metadata": {"name": self.name},
            "spec": spec,
        }))?;
        self.storefronts().create(&PostParams::default(), &storefront).await?;
        Ok(())
    }

    /// Reads the Storefront.
    ///
    /// # Errors
    /// Fails when it does not exist.
    pub async fn get(&self) -> Result<Storefront> {
        Ok(self.storefronts().get(&self.name).await?)
    }

    /// Changes the spec like `kubectl patch --type merge`.
    ///
    /// # Errors
    /// Fails when the API server refuses.
    pub async fn patch(&self, spec: Value) -> Result<()> {
        let patch = Patch::Merge(json!({"spec": spec}));
        self.storefronts().patch(&self.name, &PatchParams::default(), &patch).await?;
        Ok(())
    }

    /// Sets an annotation like `kubectl annotate`.
    ///
    /// # Errors
    /// Fails when the API server refuses.
    pub async fn annotate(&self, key: &str, value: &str) -> Result<()> {
        let patch = Patch::Merge(json!({"metadata": {"annotations": {key: value}}}));
        self.storefronts().patch(&self.name, &PatchParams::default(), &patch).await?;
        Ok(())
    }

    /// Deletes the Storefront like `kubectl delete`.
    ///
    /// # Errors
    /// Fails when it does not exist.
    pub async fn delete(&self) -> Result<()> {
        self.storefronts().delete(&self.name, &DeleteParams::default()).await?;
        Ok(())
    }

    /// Waits until `select` finds something in the status of the current generation.
    ///
    /// # Errors
    /// Fails after the timeout; the error shows the status.
    pub async fn status<T>(
        &self,
        what: &str,
        timeout: Duration,
        select: impl Fn(&StorefrontStatus) -> Option<T>,
    ) -> Result<T> {
        until(&format!("{}: {what}", self.name), timeout, async || {
            let storefront = self.get().await?;
            let generation = storefront.metadata.generation;
            let status = storefront.status.unwrap_or_default();
            let current = status.observed_generation == generation;
            let found = if current { select(&status) } else { None };
            Ok(found.ok_or_else(|| summary(&status)))
        })
        .await
    }

    /// Waits until the Storefront is Ready, and returns how long that took.
    ///
    /// # Errors
    /// Fails after the timeout.
    pub async fn ready(&self, timeout: Duration) -> Result<Duration> {
        let started = Instant::now();
        self.status("Ready", timeout, |status| {
            condition(status, ConditionType::Ready).filter(|ready| ready.status == "True").map(drop)
        })
        .await?;
        Ok(started.elapsed())
    }

    /// Waits for a condition with status False whose message contains all `words`.
    ///
    /// # Errors
    /// Fails after [`RECOVERY_TIMEOUT`].
    pub async fn condition_false(&self, type_: ConditionType, words: &[&str]) -> Result<Condition> {
        let what = format!("{}=False with {words:?}", type_.as_str());
        self.status(&what, RECOVERY_TIMEOUT, |status| {
            let found = condition(status, type_)?;
            let matches = words.iter().all(|word| found.message.contains(word));
            (found.status == "False" && matches).then(|| found.clone())
        })
        .await
    }

    /// Waits for a warning event of the Storefront whose message contains `words`.
    ///
    /// # Errors
    /// Fails after [`RECOVERY_TIMEOUT`].
    pub async fn warning_event(&self, words: &str) -> Result<()> {
        until("a warning event", RECOVERY_TIMEOUT, async || {
            let events = self.api::<Event>().list(&ListParams::default()).await?;
            let messages: Vec<_> = events
                .into_iter()
                .filter(|event| event.involved_object.kind.as_deref() == Some("Storefront"))
                .filter(|event| event.type_.as_deref() == Some("Warning"))
                .filter_map(|event| event.message)
                .collect();
            let found = messages.iter().any(|message| message.contains(words));
            Ok(if found { Ok(()) } else { Err(format!("no {words:?} in {messages:?}")) })
        })
        .await
    }

    /// The objects of a kind that belong to a part of the Storefront.
    ///
    /// # Errors
    /// Fails when the API server refuses.
    pub async fn parts<K>(&self, part: Part) -> Result<Vec<K>>
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope> + Clone + DeserializeOwned,
        K: std::fmt::Debug,
        K::DynamicType: Default,
    {
        let selector: Vec<_> = names::selector(&self.name, part)
            .into_iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let params = ListParams::default().labels(&selector.join(","));
        Ok(self.api::<K>().list(&params).await?.items)
    }

    /// The pods of a component that are not terminating.
    ///
    /// # Errors
    /// Fails when the API server refuses.
    pub async fn pods(&self, component: Component) -> Result<Vec<Pod>> {
        let mut pods: Vec<Pod> = self.parts(Part::Component(component)).await?;
        pods.retain(|pod| pod.metadata.deletion_timestamp.is_none());
        Ok(pods)
    }

    /// Waits until a component has exactly `count` pods and all are ready.
    ///
    /// # Errors
    /// Fails after [`RECOVERY_TIMEOUT`].
    pub async fn ready_pods(&self, component: Component, count: usize) -> Result<Vec<Pod>> {
        let what = format!("at {count} ready pods of {component}");
        until(&what, RECOVERY_TIMEOUT, async || {
            let pods = self.pods(component).await?;
            let ready = pods.iter().filter(|pod| is_ready(pod)).count();
            let done = ready == count && pods.len() == count;
            Ok(if done { Ok(pods) } else { Err(format!("{ready} of {}", pods.len())) })
        })
        .await
    }

    /// Reads a path of the gateway through the API server's proxy.
    ///
    /// # Errors
    /// Fails when there is no response, or it is not JSON.
    pub async fn read(&self, path: &str) -> Result<Value> {
        let service = names::component(&self.name, Component::Gateway);
        let port = Component::Gateway.info().listen.port;
        let text = self.proxied(&format!("services/{service}:{port}"), path).await?;
        serde_json::from_str(&text).with_context(|| format!("{path} returned {text}"))
    }

    /// The number of products, and the first one by name.
    ///
    /// # Errors
    /// Fails when there is no response.
    pub async fn products(&self) -> Result<(u64, Value)> {
        let page = self.read("/api/v1/products?page_size=5&sort=name").await?;
        let count = page["pagination"]["total_count"].as_u64();
        Ok((count.with_context(|| page.to_string())?, page["products"][0].clone()))
    }

    /// The metrics of a pod of a component.
    ///
    /// # Errors
    /// Fails when there is no response.
    pub async fn metrics(&self, pod: &Pod) -> Result<String> {
        self.proxied(&format!("pods/{}:9090", pod.name_any()), "/metrics").await
    }

    /// Forwards a port of this machine to the gateway.
    ///
    /// # Errors
    /// Fails when kubectl cannot forward.
    pub async fn forward_gateway(&self) -> Result<PortForward> {
        let service = names::component(&self.name, Component::Gateway);
        let port = Component::Gateway.info().listen.port;
        PortForward::start(&self.namespace, &format!("service/{service}"), port).await
    }

    async fn proxied(&self, target: &str, path: &str) -> Result<String> {
        let uri = format!("/api/v1/namespaces/{}/{target}/proxy{path}", self.namespace);
        let request = Request::get(&uri).body(Vec::new())?;
        Ok(self.client.request_text(request).await?)
    }

    /// Runs SQL in a database of the managed PostgreSQL and returns the first value.
    ///
    /// # Errors
    /// Fails when kubectl or psql fails.
    pub async fn sql(&self, database: &str, statement: &str) -> Result<String> {
        let pod = format!("{}-0", names::postgres(&self.name));
        let psql = ["psql", "-U", "postgres", "-d", database, "-tAqc", statement];
        exec(&self.namespace, &pod, &psql).await
    }
}

/// A condition of a status.
#[must_use]
pub fn condition(status: &StorefrontStatus, type_: ConditionType) -> Option<&Condition> {
    status.conditions.iter().find(|found| found.type_ == type_.as_str())
}

/// The conditions of a status as readable lines.
fn summary(status: &StorefrontStatus) -> String {
    let conditions = status.conditions.iter().map(|found| {
        format!("\n  {}={} {}: {}", found.type_, found.status, found.reason, found.message)
    });
    conditions.collect()
}

/// Merges one JSON object into another like a merge patch.
pub(crate) fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}
