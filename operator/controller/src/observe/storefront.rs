//! The observed state of a Storefront. Each Storefront is parsed separately. A parse error is
//! reported in the conditions of that Storefront and does not affect others.

use std::sync::Arc;

use kube::api::ApiResource;
use kube::core::Object;
use serde_json::Value;
use storefront_api::{Storefront, StorefrontSpec, StorefrontStatus};

use super::resource_version;

/// A Storefront whose spec and status have not been parsed.
pub type StorefrontObject = Object<Value, Value>;

/// Returns the API resource of unparsed Storefronts.
#[must_use]
pub fn storefront_resource() -> ApiResource {
    ApiResource::erase::<Storefront>(&())
}

/// The observed state of a Storefront, as stored in the index.
#[derive(Clone, Debug)]
pub struct ObservedStorefront {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub resource_version: u64,
    /// `metadata.generation`.
    pub generation: i64,
    /// Whether the Storefront is being deleted.
    pub deleting: bool,
    /// The parsed Storefront, or why it cannot be parsed.
    pub parsed: Result<Arc<Storefront>, String>,
    /// The status as stored in the cluster: the base of the next status patch.
    pub status: Value,
}

impl ObservedStorefront {
    /// Reads the state of a Storefront from the object.
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
            parsed: serde_path_to_error::deserialize::<_, StorefrontSpec>(object.spec)
                .map(|spec| Arc::new(Storefront { metadata, spec, status: None }))
                .map_err(|error| error.to_string()),
            status,
        }
    }

    /// Returns the status that was written last, as far as it can be parsed.
    #[must_use]
    pub fn last_status(&self) -> StorefrontStatus {
        serde_json::from_value(self.status.clone()).unwrap_or_default()
    }
}
