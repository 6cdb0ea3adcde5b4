//! The cluster under test.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use http::Request;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{DeleteParams, ListParams, LogParams, ObjectMeta, PostParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};
use storefront_api::Storefront;

use crate::storefront::{Shop, merge};
use crate::wait::until;

/// Label of the namespaces that journeys create.
pub const JOURNEY_LABEL: &str = "storefront.dev/e2e";

/// Namespace of the operator.
pub const SYSTEM: &str = "storefront-system";

/// Timeout of the deletion of a namespace, which includes unmounting its volumes.
const NAMESPACE_DELETION: Duration = Duration::from_secs(180);

/// Something that only one journey can use at a time.
#[derive(Clone, Copy, Debug)]
pub enum Resource {
    /// The node port that the cluster of `make up` forwards besides the example's.
    NodePort,
    /// The example Storefront's rate limit, which counts all clients of this machine together.
    DemoRateLimit,
}

impl Resource {
    const fn lock_name(self) -> &'static str {
        match self {
            Self::NodePort => "node-port",
            Self::DemoRateLimit => "demo-rate-limit",
        }
    }
}

/// The cluster that kubectl points at, for one journey.
pub struct Cluster {
    /// Client of the API server.
    pub client: Client,
    locks: Vec<File>,
}

impl Cluster {
    /// Connects for a journey that runs beside others.
    ///
    /// # Errors
    /// Fails when there is no cluster.
    pub async fn connect() -> Result<Self> {
        let lock = lock_file("cluster")?;
        lock.lock_shared()?;
        Self::connect_with(lock).await
    }

    /// Connects for a journey that must run alone, because it measures or removes the operator.
    /// Waits until the others have ended.
    ///
    /// # Errors
    /// Fails when there is no cluster.
    pub async fn connect_exclusively() -> Result<Self> {
        let lock = lock_file("cluster")?;
        lock.lock()?;
        Self::connect_with(lock).await
    }

    async fn connect_with(lock: File) -> Result<Self> {
        // Fails if another test of this process installed the same provider before.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let client = Client::try_default().await.context("no cluster: run make up first")?;
        Ok(Self { client, locks: vec![lock] })
    }

    /// Waits until no other journey uses the resource, and reserves it until the end of this
    /// journey.
    ///
    /// # Errors
    /// Fails when the lock file cannot be used.
    pub fn reserve(&mut self, resource: Resource) -> Result<()> {
        let lock = lock_file(resource.lock_name())?;
        lock.lock()?;
        self.locks.push(lock);
        Ok(())
    }

    /// The example's Storefront.
    #[must_use]
    pub fn demo(&self) -> Shop {
        Shop::new(self.client.clone(), "shop", "demo")
    }

    /// Creates a namespace for this journey. A namespace of the same name from a failed run is
    /// deleted first.
    ///
    /// # Errors
    /// Fails when the API server refuses.
    pub async fn namespace(&self, name: &str) -> Result<String> {
        let name = format!("e2e-{name}");
        self.remove_namespace(&name).await?;
        let metadata = ObjectMeta {
            name: Some(name.clone()),
            labels: Some([(JOURNEY_LABEL.to_owned(), "true".to_owned())].into()),
            ..ObjectMeta::default()
        };
        let namespace = Namespace { metadata, ..Namespace::default() };
        let namespaces = Api::<Namespace>::all(self.client.clone());
        namespaces.create(&PostParams::default(), &namespace).await?;
        Ok(name)
    }

    /// Deletes a namespace with its content, and waits until the deletion is complete.
    ///
    /// # Errors
    /// Fails when the deletion is not complete within the timeout.
    pub async fn remove_namespace(&self, name: &str) -> Result<()> {
        let namespaces = Api::<Namespace>::all(self.client.clone());
        if namespaces.get_opt(name).await?.is_none() {
            return Ok(());
        }
        self.save_logs(name).await?;
        namespaces.delete(name, &DeleteParams::default()).await?;
        until("deleted", NAMESPACE_DELETION, async || {
            Ok(match namespaces.get_opt(name).await? {
                None => Ok(()),
                Some(namespace) => Err(format!("{name}: {:?}", namespace.status)),
            })
        })
        .await
    }

    /// Saves the logs of the pods of a namespace in the folder `E2E_LOGS`, which `make e2e` scans
    /// for secrets. Those of pods that were replaced are gone.
    async fn save_logs(&self, namespace: &str) -> Result<()> {
        let Ok(folder) = std::env::var("E2E_LOGS") else { return Ok(()) };
        let pods = Api::<Pod>::namespaced(self.client.clone(), namespace);
        for pod in pods.list(&ListParams::default()).await? {
            let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
            for container in containers {
                let params =
                    LogParams { container: Some(container.name.clone()), ..LogParams::default() };
                // A container that has not started has no log.
                if let Ok(log) = pods.logs(&pod.name_any(), &params).await {
                    let name = format!("{namespace}.{}.{}.log", pod.name_any(), container.name);
                    std::fs::write(Path::new(&folder).join(name), log)?;
                }
            }
        }
        Ok(())
    }

    /// Creates a small Storefront of the example's version in a new namespace. `overrides` are
    /// merged into its spec.
    ///
    /// # Errors
    /// Fails when the API server refuses.
    pub async fn shop(&self, name: &str, overrides: Value) -> Result<Shop> {
        let namespace = self.namespace(name).await?;
        let shop = Shop::new(self.client.clone(), &namespace, name);
        shop.create(self.small_spec(overrides).await?).await?;
        Ok(shop)
    }

    /// The spec of a small Storefront, with `overrides` merged into it.
    ///
    /// # Errors
    /// Fails when the example does not exist.
    pub async fn small_spec(&self, overrides: Value) -> Result<Value> {
        let demo = self.demo().get().await.context("no example Storefront: run make up first")?;
        let mut spec = json!({
            "version": demo.spec.version,
            "profile": "Dev",
            "image": demo.spec.image,
            "postgres": {"image": demo.spec.postgres.image, "storage": {"size": "256Mi"}},
            "redis": {"image": demo.spec.redis.image, "storage": {"size": "64Mi"}},
        });
        merge(&mut spec, overrides);
        Ok(spec)
    }

    /// Creates a Storefront in a dry run.
    ///
    /// # Errors
    /// Fails with the API server's refusal.
    pub async fn dry_run_create(&self, name: &str, spec: Value) -> kube::Result<Storefront> {
        let body = json!({
            "apiVersion": "storefront.dev/v1alpha1",
            "kind": "Storefront",
            "metadata": {"name": name},
            "spec": spec,
        });
        let path = "/apis/storefront.dev/v1alpha1/namespaces/default/storefronts?dryRun=All";
        let request = Request::post(path)
            .header("content-type", "application/json")
            .body(body.to_string().into_bytes())
            .map_err(kube::Error::HttpError)?;
        self.client.request(request).await
    }

    /// Reads a path of the API server for which there is no type here.
    ///
    /// # Errors
    /// Fails when it does not exist.
    pub async fn read(&self, path: &str) -> Result<Value> {
        let request = Request::get(path).body(Vec::new())?;
        Ok(self.client.request(request).await?)
    }
}

/// Opens a lock file. The locks of files also work between processes.
fn lock_file(name: &str) -> Result<File> {
    Ok(File::create(std::env::temp_dir().join(format!("storefront-e2e-{name}.lock")))?)
}
