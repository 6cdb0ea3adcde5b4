//! What a Storefront tells. Each one is parsed by itself: one that cannot be read is told so in its
//! own status and stops no other.

use std::sync::Arc;

use kube::api::ApiResource;
use kube::core::Object;
use serde_json::Value;
use storefront_api::{Storefront, StorefrontSpec, StorefrontStatus};

use super::resource_version;

/// A Storefront whose spec and status have not been parsed yet.
pub type StorefrontObject = Object<Value, Value>;

/// Where Storefronts are read and written unparsed.
#[must_use]
pub fn storefront_resource() -> ApiResource {
    ApiResource::erase::<Storefront>(&())
}

/// A Storefront's row in the index.
#[derive(Clone, Debug)]
pub struct StorefrontRow {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub resource_version: u64,
    /// `metadata.generation`.
    pub generation: i64,
    /// Whether its deletion has begun.
    pub deleting: bool,
    /// What is wanted, or why it cannot be read.
    pub storefront: Result<Arc<Storefront>, String>,
    /// The status as it stands in the cluster, to be compared with and patched.
    pub status: Value,
}

impl StorefrontRow {
    /// What this object tells.
    #[must_use]
    pub fn from_object(object: StorefrontObject) -> Self {
        let mut metadata = object.metadata;
        metadata.managed_fields = None;
        let status = object.status.unwrap_or(Value::Null);
        Self {
            uid: metadata.uid.clone().unwrap_or_default(),
            resource_version: resource_version(&metadata),
            generation: metadata.generation.unwrap_or_default(),
            deleting: metadata.deletion_timestamp.is_some(),
            storefront: serde_path_to_error::deserialize::<_, StorefrontSpec>(object.spec)
                .map(|spec| Arc::new(Storefront { metadata, spec, status: None }))
                .map_err(|error| error.to_string()),
            status,
        }
    }

    /// The status that was written last, as far as it can be read.
    #[must_use]
    pub fn last_status(&self) -> StorefrontStatus {
        serde_json::from_value(self.status.clone()).unwrap_or_default()
    }
}
