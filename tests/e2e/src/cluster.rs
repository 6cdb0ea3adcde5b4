//! The cluster under test.

use std::fs::File;
use std::time::Duration;

use anyhow::{Context as _, Result};
use http::Request;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DeleteParams, ListParams, ObjectMeta, PostParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};
use storefront_api::Storefront;

use crate::shop::{Shop, merge};
use crate::wait::until;

/// Label of the namespaces that journeys make.
pub const OURS: &str = "storefront.dev/e2e";

/// Where the operator is installed.
pub const SYSTEM: &str = "storefront-system";

/// A namespace ends when its volumes are unmounted.
const NAMESPACE_ENDS: Duration = Duration::from_secs(120);

/// The cluster that kubectl points at, for one journey.
pub struct Cluster {
    /// Its API server.
    pub client: Client,
    _alone: File,
}

impl Cluster {
    /// Waits for its turn, connects, and removes what failed journeys left.
    ///
    /// # Errors
    /// When there is no cluster, or something left over does not go.
    pub async fn connect() -> Result<Self> {
        // Two journeys at once would be in each other's way, also from two terminals.
        let alone = File::create(std::env::temp_dir().join("storefront-e2e.lock"))?;
        alone.lock()?;
        // The first one to install it wins; it is the same one.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let client = Client::try_default().await.context("no cluster: run make up first")?;
        let cluster = Self { client, _alone: alone };
        cluster.sweep().await?;
        Ok(cluster)
    }

    async fn sweep(&self) -> Result<()> {
        let namespaces = Api::<Namespace>::all(self.client.clone());
        for left in namespaces.list_metadata(&ListParams::default().labels(OURS)).await? {
            self.remove_namespace(&left.name_any()).await?;
        }
        Ok(())
    }

    /// The example's Storefront.
    #[must_use]
    pub fn demo(&self) -> Shop {
        Shop::new(self.client.clone(), "shop", "demo")
    }

    /// Makes a namespace for this journey.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn namespace(&self, name: &str) -> Result<String> {
        let name = format!("e2e-{name}");
        let metadata = ObjectMeta {
            name: Some(name.clone()),
            labels: Some([(OURS.to_owned(), "true".to_owned())].into()),
            ..ObjectMeta::default()
        };
        let namespace = Namespace { metadata, ..Namespace::default() };
        let namespaces = Api::<Namespace>::all(self.client.clone());
        namespaces.create(&PostParams::default(), &namespace).await?;
        Ok(name)
    }

    /// Deletes a namespace with everything in it, and waits until it is gone.
    ///
    /// # Errors
    /// When it does not go.
    pub async fn remove_namespace(&self, name: &str) -> Result<()> {
        let namespaces = Api::<Namespace>::all(self.client.clone());
        if namespaces.get_opt(name).await?.is_none() {
            return Ok(());
        }
        namespaces.delete(name, &DeleteParams::default()).await?;
        until("gone", NAMESPACE_ENDS, async || {
            Ok(match namespaces.get_opt(name).await? {
                None => Ok(()),
                Some(left) => Err(format!("{name}: {:?}", left.status)),
            })
        })
        .await
    }

    /// Makes a small Storefront of the example's version in a namespace of its own.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn shop(&self, name: &str, with: Value) -> Result<Shop> {
        let namespace = self.namespace(name).await?;
        let shop = Shop::new(self.client.clone(), &namespace, name);
        shop.create(self.small(with).await?).await?;
        Ok(shop)
    }

    /// The spec of a small Storefront, with something else in it.
    ///
    /// # Errors
    /// When the example is not there.
    pub async fn small(&self, with: Value) -> Result<Value> {
        let demo = self.demo().get().await.context("the example is not there: run make up")?;
        let mut spec = json!({
            "version": demo.spec.version,
            "profile": "Dev",
            "image": demo.spec.image,
            "postgres": {"image": demo.spec.postgres.image, "storage": {"size": "256Mi"}},
            "redis": {"image": demo.spec.redis.image, "storage": {"size": "64Mi"}},
        });
        merge(&mut spec, with);
        Ok(spec)
    }

    /// Asks the API server to refuse or accept a Storefront, without making it.
    ///
    /// # Errors
    /// What it says against it.
    pub async fn would_create(&self, name: &str, spec: Value) -> kube::Result<Storefront> {
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

    /// Reads from the API server what has no type here.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn read(&self, path: &str) -> Result<Value> {
        let request = Request::get(path).body(Vec::new())?;
        Ok(self.client.request(request).await?)
    }
}
