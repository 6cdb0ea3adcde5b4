//! From objects of the API to rows of the index: what is not needed is never even parsed.
//!
//! `ServiceAccount`, `Secret`, `ConfigMap`, `PersistentVolumeClaim` and `Service` are watched as
//! metadata only. Workloads and pods are read through structs that name just the fields below, so
//! the rest of them falls away while it is parsed.

mod cause;
mod gist;
mod pod;
mod pod_object;
mod storefront;
mod workload;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use storefront_api::names::{COMPONENT_LABEL, STOREFRONT_LABEL};
use storefront_desired::{Kind, Progress};

pub use cause::{Cause, CauseKind};
pub use gist::gist;
pub use pod::Pod;
pub use pod_object::PodObject;
pub use storefront::{StorefrontObject, StorefrontRow, storefront_resource};
pub use workload::WorkloadObject;

use crate::fingerprint;
use crate::key::Key;

/// The label that says which release an object was made for.
pub const VERSION_LABEL: &str = "app.kubernetes.io/version";

/// One child as the last event or answer told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`. Decides which of two tellings is the later one.
    pub resource_version: u64,
    /// `metadata.generation`; 0 for kinds that have none.
    pub generation: i64,
    /// The uid of the Storefront that owns it, if one does.
    pub owner: Option<String>,
    /// Whether its deletion has begun.
    pub deleting: bool,
    /// A fingerprint that changes whenever a foreign hand may have touched the child, and not when
    /// only its status moves.
    pub mark: u64,
    /// The label [`VERSION_LABEL`].
    pub version: Option<String>,
    /// The label [`COMPONENT_LABEL`].
    pub component: Option<String>,
    /// How far it has come.
    pub progress: Progress,
    /// Replicas that serve; 0 for what has none.
    pub ready_replicas: i32,
    /// Replicas asked for; 0 for what has none.
    pub desired_replicas: i32,
    /// Why its pods are not even made, for Deployments: a quota, a policy.
    pub refusal: Option<String>,
}

impl Child {
    /// What metadata alone tells. Kinds without a status are done by existing; the others are on
    /// their way until their status says more.
    #[must_use]
    pub fn from_metadata(kind: Kind, metadata: &ObjectMeta) -> Self {
        Self {
            uid: metadata.uid.clone().unwrap_or_default(),
            resource_version: resource_version(metadata),
            generation: metadata.generation.unwrap_or_default(),
            owner: owner(metadata).map(|owner| owner.uid.clone()),
            deleting: metadata.deletion_timestamp.is_some(),
            mark: mark(kind, metadata),
            version: label(metadata, VERSION_LABEL),
            component: label(metadata, COMPONENT_LABEL),
            progress: if is_workload(kind) { Progress::Running } else { Progress::Done },
            ready_replicas: 0,
            desired_replicas: 0,
            refusal: None,
        }
    }
}

/// The Storefront that an object belongs to: its owner, or where nobody owns it (volumes) the one
/// that its label names.
#[must_use]
pub fn storefront_of(metadata: &ObjectMeta) -> Option<Key> {
    let namespace = metadata.namespace.as_deref()?;
    let owner = owner(metadata).map(|owner| owner.name.clone());
    let name = owner.or_else(|| label(metadata, STOREFRONT_LABEL))?;
    Some(Key::new(namespace, &name))
}

/// Whether the kind has a status that says how far it has come.
#[must_use]
pub const fn is_workload(kind: Kind) -> bool {
    matches!(kind, Kind::Deployment | Kind::StatefulSet | Kind::Job)
}

/// Resource versions grow (Kubernetes promises it since 1.35 and etcd has always kept it). One that
/// is no number counts as 0: then every telling is taken as the latest.
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

/// For kinds without a status every write counts, and `resourceVersion` tells of every write. The
/// status of a workload moves all the time: there `generation` tells of the spec, and of the
/// metadata what can be ours is compared by itself. The one annotation that Kubernetes' own
/// Deployment controller keeps is left out.
fn mark(kind: Kind, metadata: &ObjectMeta) -> u64 {
    if !is_workload(kind) {
        return fingerprint::of(&metadata.resource_version);
    }
    let annotations: Vec<_> = metadata
        .annotations
        .iter()
        .flatten()
        .filter(|(name, _)| name.as_str() != "deployment.kubernetes.io/revision")
        .collect();
    let owners: Vec<_> =
        metadata.owner_references.iter().flatten().map(|owner| &owner.uid).collect();
    fingerprint::of(&(metadata.generation, &metadata.labels, annotations, owners))
}

#[cfg(test)]
mod tests;
