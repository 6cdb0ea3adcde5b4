//! Parses API objects into the entries of the index. Fields that are not needed are not parsed.
//!
//! `ServiceAccount`, `Secret`, `ConfigMap`, `PersistentVolumeClaim` and `Service` are watched as
//! metadata only. Workloads and pods are deserialized into structs with only the fields that the
//! operator reads; serde skips the others.

mod cause;
mod log_summary;
mod pod;
mod pod_object;
mod storefront;
mod workload;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use storefront_api::names::{COMPONENT_LABEL, MAIN_CONTAINER_ANNOTATION, STOREFRONT_LABEL};
use storefront_desired::{Kind, Progress};

pub use cause::{Cause, CauseKind};
pub use log_summary::summarize_log;
pub use pod::Pod;
pub use pod_object::PodObject;
pub use storefront::{ObservedStorefront, StorefrontObject, storefront_resource};
pub use workload::WorkloadObject;

use crate::fingerprint;
use crate::object_key::ObjectKey;

/// The label with the release that an object was written for.
pub const VERSION_LABEL: &str = "app.kubernetes.io/version";

/// The observed state of one child, from the last event or response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`. It orders two observations of the same uid.
    pub resource_version: u64,
    /// `metadata.generation`; 0 for kinds that have none.
    pub generation: i64,
    /// The uid of the Storefront in the owner references, if there is one.
    pub owner: Option<String>,
    /// Whether the child is being deleted.
    pub deleting: bool,
    /// A fingerprint that changes whenever another field manager may have changed the child, and
    /// not when only the status changes.
    pub drift_fingerprint: u64,
    /// The label [`VERSION_LABEL`].
    pub version: Option<String>,
    /// The label [`COMPONENT_LABEL`].
    pub component: Option<String>,
    /// The progress of the child.
    pub progress: Progress,
    /// Ready replicas; 0 for kinds without replicas.
    pub ready_replicas: i32,
    /// Desired replicas; 0 for kinds without replicas.
    pub desired_replicas: i32,
    /// Why the pods of a Deployment cannot be created: a quota, a policy.
    pub pod_rejection: Option<String>,
}

impl Child {
    /// Reads the state of a child from its metadata. Kinds without a status are done when they
    /// exist; workloads are running until their status is known.
    #[must_use]
    pub fn from_metadata(kind: Kind, metadata: &ObjectMeta) -> Self {
        Self {
            uid: metadata.uid.clone().unwrap_or_default(),
            resource_version: resource_version(metadata),
            generation: metadata.generation.unwrap_or_default(),
            owner: owner(metadata).map(|owner| owner.uid.clone()),
            deleting: metadata.deletion_timestamp.is_some(),
            drift_fingerprint: drift_fingerprint(kind, metadata),
            version: label(metadata, VERSION_LABEL),
            component: label(metadata, COMPONENT_LABEL),
            progress: if is_workload(kind) { Progress::Running } else { Progress::Done },
            ready_replicas: 0,
            desired_replicas: 0,
            pod_rejection: None,
        }
    }
}

/// Returns the Storefront that an object belongs to: the one in its owner references or, without
/// one (volumes), the one in its label.
#[must_use]
pub fn storefront_of(metadata: &ObjectMeta) -> Option<ObjectKey> {
    let namespace = metadata.namespace.as_deref()?;
    let owner = owner(metadata).map(|owner| owner.name.clone());
    let name = owner.or_else(|| label(metadata, STOREFRONT_LABEL))?;
    Some(ObjectKey::new(namespace, &name))
}

/// Returns whether the kind is a workload, with a status that describes its progress.
#[must_use]
pub const fn is_workload(kind: Kind) -> bool {
    matches!(kind, Kind::Deployment | Kind::StatefulSet | Kind::Job)
}

/// Parses `resourceVersion`. Resource versions increase (guaranteed since Kubernetes 1.35, and
/// always the case with etcd). One that is not a number counts as 0: then every observation counts
/// as the latest.
fn resource_version(metadata: &ObjectMeta) -> u64 {
    metadata.resource_version.as_deref().and_then(|text| text.parse().ok()).unwrap_or_default()
}

fn owner(metadata: &ObjectMeta) -> Option<&OwnerReference> {
    let owners = metadata.owner_references.as_deref().unwrap_or_default();
    owners.iter().find(|owner| owner.kind == "Storefront" && owner.controller == Some(true))
}

fn label(metadata: &ObjectMeta, name: &str) -> Option<String> {
    metadata.labels.as_ref()?.get(name).cloned()
}

/// Computes the drift fingerprint. For kinds without a status every write counts, and every write
/// changes `resourceVersion`. The status of a workload changes often, so for workloads `generation`
/// covers the spec, and the metadata that the operator can own is hashed separately, without the
/// annotation that the Deployment controller of Kubernetes maintains.
fn drift_fingerprint(kind: Kind, metadata: &ObjectMeta) -> u64 {
    if !is_workload(kind) {
        return fingerprint::hash(&metadata.resource_version);
    }
    let annotations: Vec<_> = metadata
        .annotations
        .iter()
        .flatten()
        .filter(|(name, _)| name.as_str() != "deployment.kubernetes.io/revision")
        .collect();
    let owners: Vec<_> =
        metadata.owner_references.iter().flatten().map(|owner| &owner.uid).collect();
    fingerprint::hash(&(metadata.generation, &metadata.labels, annotations, owners))
}

#[cfg(test)]
mod tests;
