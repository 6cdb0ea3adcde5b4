//! Executes writes on the API server with server-side apply. Every request has a timeout.
//!
//! Responses contain only metadata. The progress of a workload comes from its watch.

use std::future::Future;
use std::time::Duration;

use kube::api::{
    ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams, Preconditions,
    PropagationPolicy,
};
use kube::core::GroupVersionKind;
use kube::{Api, Client};
use serde_json::Value;
use storefront_api::names::MANAGER;
use storefront_desired::{Kind, ObjectId, SecretTemplate};

use crate::fault::{Fault, FaultKind};
use crate::observe::Child;
use crate::ownership::{Ownership, ownership_of};
use crate::plan::{Operation, Write};
use crate::secret;

/// The timeout of one request. The API server's own timeout is a minute; etcd responds in
/// milliseconds, so ten seconds is an outage.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The outcome of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteOutcome {
    /// The child exists, with this state.
    Present(Child),
    /// The child is deleted.
    Deleted,
    /// The child is being deleted.
    Terminating,
}

/// Returns the API resource of a kind.
#[must_use]
pub fn resource(kind: Kind) -> ApiResource {
    let (group, version) = kind.api_version().split_once('/').unwrap_or(("", kind.api_version()));
    let kind = GroupVersionKind::gvk(group, version, kind.as_str());
    ApiResource::from_gvk(&kind)
}

/// Executes one write.
///
/// # Errors
///
/// When the API server rejects the write or does not respond in time.
pub async fn write(client: &Client, namespace: &str, write: &Write) -> Result<WriteOutcome, Fault> {
    let id = &write.id;
    let api = Api::namespaced_with(client.clone(), namespace, &resource(id.kind));
    match &write.operation {
        Operation::Apply(manifest) if write.reason.creates() => {
            create_by_apply(&api, id, manifest).await.map(WriteOutcome::Present)
        }
        Operation::Apply(manifest) => match apply(&api, id, manifest, Force::Yes).await {
            Err(fault) if fault.kind == FaultKind::Refused => {
                replace_lists(&api, id, manifest).await.map_err(|_| fault)
            }
            applied => applied,
        }
        .map(WriteOutcome::Present),
        Operation::Create(template) => {
            create_secret(&api, id, template).await.map(WriteOutcome::Present)
        }
        Operation::Delete { uid } => delete(&api, id, uid).await,
    }
}

/// Sends a request with a timeout.
///
/// # Errors
///
/// When the API server rejects the request or does not respond in time.
pub async fn with_timeout<T>(request: impl Future<Output = kube::Result<T>>) -> Result<T, Fault> {
    match tokio::time::timeout(REQUEST_TIMEOUT, request).await {
        Ok(result) => result.map_err(|error| Fault::from(&error)),
        Err(_) => Err(Fault::timeout()),
    }
}

/// Whether an apply takes fields from other field managers instead of failing with a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Force {
    Yes,
    No,
}

async fn apply(
    api: &Api<DynamicObject>,
    id: &ObjectId,
    manifest: &Value,
    force: Force,
) -> Result<Child, Fault> {
    let params = PatchParams { force: force == Force::Yes, ..PatchParams::apply(MANAGER) };
    let object =
        with_timeout(api.patch_metadata(&id.name, &params, &Patch::Apply(manifest))).await?;
    Ok(Child::from_metadata(id.kind, &object.metadata))
}

/// Creates a child, and does not overwrite an object of the same name that another client owns.
/// Apply has no precondition "only if it does not exist", so a get comes first. An object that is
/// created between the two requests causes a conflict, because that apply does not force.
async fn create_by_apply(
    api: &Api<DynamicObject>,
    id: &ObjectId,
    manifest: &Value,
) -> Result<Child, Fault> {
    let Some(existing) = with_timeout(api.get_metadata_opt(&id.name)).await? else {
        return apply(api, id, manifest, Force::No).await;
    };
    ensure_owned(ownership_of(&existing.metadata, manifest))?;
    apply(api, id, manifest, Force::Yes).await
}

fn ensure_owned(ownership: Ownership) -> Result<(), Fault> {
    let (kind, message) = match ownership {
        Ownership::Owned => return Ok(()),
        Ownership::Terminating => {
            (FaultKind::Conflict, "an object of that name is still being deleted")
        }
        Ownership::Foreign => (
            FaultKind::Refused,
            "an object of that name does not belong to this Storefront; rename or delete it",
        ),
    };
    Err(Fault { kind, message: message.to_owned() })
}

/// Replaces the lists of a child with those of the manifest. Apply keeps list items of other field
/// managers, even if they are invalid together with those of the manifest (two ports, one without a
/// name). When the API server rejects the merged list, a merge patch replaces it. An apply follows,
/// so that this field manager owns the fields again.
async fn replace_lists(
    api: &Api<DynamicObject>,
    id: &ObjectId,
    manifest: &Value,
) -> Result<Child, Fault> {
    let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    with_timeout(api.patch_metadata(&id.name, &params, &Patch::Merge(manifest))).await?;
    apply(api, id, manifest, Force::Yes).await
}

/// Creates a Secret, and never overwrites an existing one, because its content may be in use.
async fn create_secret(
    api: &Api<DynamicObject>,
    id: &ObjectId,
    template: &SecretTemplate,
) -> Result<Child, Fault> {
    let refused = |message| Fault { kind: FaultKind::Refused, message };
    let secret =
        secret::generate(template, &mut rand::rng()).map_err(|error| refused(error.to_string()))?;
    let secret: DynamicObject =
        serde_json::from_value(secret).map_err(|error| refused(error.to_string()))?;
    let params = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
    match with_timeout(api.create(&params, &secret)).await {
        Ok(created) => Ok(Child::from_metadata(id.kind, &created.metadata)),
        Err(fault) if fault.kind == FaultKind::Conflict => {
            let existing = with_timeout(api.get_metadata(&id.name)).await?;
            ensure_owned(ownership_of(&existing.metadata, &template.manifest))?;
            // The Secret is owned but lacks the label that the watch selects: the apply restores
            // it.
            apply(api, id, &template.manifest, Force::Yes).await
        }
        Err(fault) => Err(fault),
    }
}

/// Deletes the child with the uid as precondition, so that another object of the same name is kept.
/// Its dependents (pods) are deleted in the background, which is not the default for Jobs.
async fn delete(api: &Api<DynamicObject>, id: &ObjectId, uid: &str) -> Result<WriteOutcome, Fault> {
    let params = DeleteParams {
        propagation_policy: Some(PropagationPolicy::Background),
        preconditions: Some(Preconditions {
            uid: Some(uid.to_owned()),
            ..Preconditions::default()
        }),
        ..DeleteParams::default()
    };
    let response = tokio::time::timeout(REQUEST_TIMEOUT, api.delete(&id.name, &params)).await;
    match response.map_err(|_| Fault::timeout())? {
        Ok(response) => {
            Ok(if response.is_left() { WriteOutcome::Terminating } else { WriteOutcome::Deleted })
        }
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(WriteOutcome::Deleted),
        Err(error) => Err(Fault::from(&error)),
    }
}
