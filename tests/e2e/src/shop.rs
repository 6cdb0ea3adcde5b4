//! One Storefront.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
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

use crate::wait::until;

/// What the issue allows from `kubectl apply` to Ready, with the images present.
pub const READY: Duration = Duration::from_secs(60);

/// What something may take that waits for images that cannot be had, or for retries.
pub const PATIENTLY: Duration = Duration::from_secs(180);

/// A Storefront, as those who use it see it.
#[derive(Clone)]
pub struct Shop {
    client: Client,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Shop {
    /// A Storefront that may or may not be there.
    #[must_use]
    pub fn new(client: Client, namespace: &str, name: &str) -> Self {
        Self { client, namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// An API in its namespace.
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

    /// Creates it.
    ///
    /// # Errors
    /// When the API server refuses.
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

    /// Reads it.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn get(&self) -> Result<Storefront> {
        Ok(self.storefronts().get(&self.name).await?)
    }

    /// Changes its spec, as `kubectl patch --type merge` does.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn patch(&self, spec: Value) -> Result<()> {
        let patch = Patch::Merge(json!({"spec": spec}));
        self.storefronts().patch(&self.name, &PatchParams::default(), &patch).await?;
        Ok(())
    }

    /// Deletes it, as `kubectl delete` does.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn delete(&self) -> Result<()> {
        self.storefronts().delete(&self.name, &DeleteParams::default()).await?;
        Ok(())
    }

    /// Waits until its status, of its present generation, has an answer.
    ///
    /// # Errors
    /// When there is none in time; the failure shows the status.
    pub async fn status<T>(
        &self,
        what: &str,
        within: Duration,
        answer: impl Fn(&StorefrontStatus) -> Option<T>,
    ) -> Result<T> {
        until(&format!("{}: {what}", self.name), within, async || {
            let storefront = self.get().await?;
            let generation = storefront.metadata.generation;
            let status = storefront.status.unwrap_or_default();
            let current = status.observed_generation == generation;
            let found = if current { answer(&status) } else { None };
            Ok(found.ok_or_else(|| summary(&status)))
        })
        .await
    }

    /// Waits until it is Ready, and tells how long that took.
    ///
    /// # Errors
    /// When it is not in time.
    pub async fn ready(&self, within: Duration) -> Result<Duration> {
        let began = Instant::now();
        self.status("Ready", within, |status| {
            condition(status, ConditionType::Ready).filter(|ready| ready.status == "True").map(drop)
        })
        .await?;
        Ok(began.elapsed())
    }

    /// Waits for a condition that does not hold, whose message has all these words.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn complains(&self, type_: ConditionType, words: &[&str]) -> Result<Condition> {
        let what = format!("{} not true with {words:?}", type_.as_str());
        self.status(&what, PATIENTLY, |status| {
            let found = condition(status, type_)?;
            let told = words.iter().all(|word| found.message.contains(word));
            (found.status == "False" && told).then(|| found.clone())
        })
        .await
    }

    /// Waits for a warning event about it whose note has these words.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn warns(&self, words: &str) -> Result<()> {
        until("warned", PATIENTLY, async || {
            let events = self.api::<Event>().list(&ListParams::default()).await?;
            let notes: Vec<_> = events
                .into_iter()
                .filter(|event| event.involved_object.kind.as_deref() == Some("Storefront"))
                .filter(|event| event.type_.as_deref() == Some("Warning"))
                .filter_map(|event| event.message)
                .collect();
            let told = notes.iter().any(|note| note.contains(words));
            Ok(if told { Ok(()) } else { Err(format!("no {words:?} in {notes:?}")) })
        })
        .await
    }

    /// The objects of a kind that belong to a part of it.
    ///
    /// # Errors
    /// When the API server refuses.
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

    /// The pods of a component that are not on their way out.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn pods(&self, component: Component) -> Result<Vec<Pod>> {
        let mut pods: Vec<Pod> = self.parts(Part::Component(component)).await?;
        pods.retain(|pod| pod.metadata.deletion_timestamp.is_none());
        Ok(pods)
    }

    /// Waits until a component has so many ready pods, and no others.
    ///
    /// # Errors
    /// When it has not in time.
    pub async fn ready_pods(&self, component: Component, count: usize) -> Result<Vec<Pod>> {
        let what = format!("at {count} ready pods of {component}");
        until(&what, PATIENTLY, async || {
            let pods = self.pods(component).await?;
            let ready = pods.iter().filter(|pod| is_ready(pod)).count();
            let done = ready == count && pods.len() == count;
            Ok(if done { Ok(pods) } else { Err(format!("{ready} of {}", pods.len())) })
        })
        .await
    }

    /// Asks its gateway, through the API server.
    ///
    /// # Errors
    /// When there is no answer or it is no JSON.
    pub async fn ask(&self, path: &str) -> Result<Value> {
        let service = names::component(&self.name, Component::Gateway);
        let port = Component::Gateway.info().listen.port;
        let text = self.proxied(&format!("services/{service}:{port}"), path).await?;
        serde_json::from_str(&text).with_context(|| format!("{path} answered {text}"))
    }

    /// How many products it shows, and the first of them.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn products(&self) -> Result<(u64, Value)> {
        let answer = self.ask("/api/v1/products?page_size=5&sort=name").await?;
        let count = answer["pagination"]["total_count"].as_u64();
        Ok((count.with_context(|| answer.to_string())?, answer["products"][0].clone()))
    }

    /// The metrics of a pod of a component.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn metrics(&self, pod: &Pod) -> Result<String> {
        self.proxied(&format!("pods/{}:9090", pod.name_any()), "/metrics").await
    }

    async fn proxied(&self, target: &str, path: &str) -> Result<String> {
        let uri = format!("/api/v1/namespaces/{}/{target}/proxy{path}", self.namespace);
        let request = Request::get(&uri).body(Vec::new())?;
        Ok(self.client.request_text(request).await?)
    }

    /// Runs SQL in a database of its managed PostgreSQL and gives back the first value.
    ///
    /// # Errors
    /// When kubectl or psql fails.
    pub async fn sql(&self, database: &str, statement: &str) -> Result<String> {
        let pod = format!("{}-0", names::postgres(&self.name));
        let psql = ["psql", "-U", "postgres", "-d", database, "-tAqc", statement];
        let output = tokio::process::Command::new("kubectl")
            .args(["exec", "-n", &self.namespace, &pod, "--"])
            .args(psql)
            .output()
            .await?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{statement}: {said}");
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

/// A condition of a status.
#[must_use]
pub fn condition(status: &StorefrontStatus, type_: ConditionType) -> Option<&Condition> {
    status.conditions.iter().find(|found| found.type_ == type_.as_str())
}

/// What a status says, in lines for people.
fn summary(status: &StorefrontStatus) -> String {
    let conditions = status.conditions.iter().map(|found| {
        format!("\n  {}={} {}: {}", found.type_, found.status, found.reason, found.message)
    });
    conditions.collect()
}

/// Whether a pod takes part.
#[must_use]
pub fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().filter_map(|status| status.conditions.as_ref()).flatten();
    conditions.into_iter().any(|found| found.type_ == "Ready" && found.status == "True")
}

/// Puts one JSON object into another, as a merge patch does.
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
