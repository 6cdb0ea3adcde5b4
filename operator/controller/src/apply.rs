//! Writing to the API server: one request per write, each with a deadline.
//!
//! Answers are asked for as metadata only; what a workload makes of a write is told by its watch.

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
use crate::ownership::{Whose, whose};
use crate::plan::{Deed, Write};
use crate::secret;

/// How long the API server may take for one request. It gives up by itself after a minute; etcd
/// answers in milliseconds, so ten seconds is an outage.
pub const REQUEST: Duration = Duration::from_secs(10);

/// What a write left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// The child as it is now.
    Present(Child),
    /// Nothing.
    Gone,
    /// The child, on its way out.
    Leaving,
}

/// Where objects of a kind are read and written.
#[must_use]
pub fn resource(kind: Kind) -> ApiResource {
    let (group, version) = kind.api_version().split_once('/').unwrap_or(("", kind.api_version()));
    let kind = GroupVersionKind::gvk(group, version, kind.as_str());
    ApiResource::from_gvk(&kind)
}

/// Carries out one write.
///
/// # Errors
///
/// What the API server has against it.
pub async fn write(client: &Client, namespace: &str, write: &Write) -> Result<Written, Fault> {
    let id = &write.id;
    let api = Api::namespaced_with(client.clone(), namespace, &resource(id.kind));
    match &write.deed {
        Deed::Apply(manifest) if write.why.creates() => {
            make(&api, id, manifest).await.map(Written::Present)
        }
        Deed::Apply(manifest) => match apply(&api, id, manifest, Force::Yes).await {
            Err(fault) if fault.kind == FaultKind::Refused => {
                assert(&api, id, manifest).await.map_err(|_| fault)
            }
            applied => applied,
        }
        .map(Written::Present),
        Deed::Create(recipe) => create(&api, id, recipe).await.map(Written::Present),
        Deed::Delete { uid } => delete(&api, id, uid).await,
    }
}

/// A request with its deadline.
///
/// # Errors
///
/// What the API server has against it, or that it did not answer in time.
pub async fn within<T>(request: impl Future<Output = kube::Result<T>>) -> Result<T, Fault> {
    match tokio::time::timeout(REQUEST, request).await {
        Ok(answer) => answer.map_err(|error| Fault::from(&error)),
        Err(_) => Err(Fault::timeout()),
    }
}

/// Whether fields that others have set are taken from them.
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
    let object = within(api.patch_metadata(&id.name, &params, &Patch::Apply(manifest))).await?;
    Ok(Child::from_metadata(id.kind, &object.metadata))
}

/// Makes a child, and takes over nothing of somebody else's that has its name: apply has no way to
/// say "only if it is not there", so that is asked first. What appears between the two requests
/// conflicts with an apply that does not insist.
async fn make(api: &Api<DynamicObject>, id: &ObjectId, manifest: &Value) -> Result<Child, Fault> {
    let Some(there) = within(api.get_metadata_opt(&id.name)).await? else {
        return apply(api, id, manifest, Force::No).await;
    };
    may_write(whose(&there.metadata, manifest))?;
    apply(api, id, manifest, Force::Yes).await
}

fn may_write(whose: Whose) -> Result<(), Fault> {
    let (kind, message) = match whose {
        Whose::Ours => return Ok(()),
        Whose::Leaving => (FaultKind::Conflict, "one of that name is still being deleted"),
        Whose::Theirs => {
            (FaultKind::Refused, "exists and is not this Storefront's; rename or delete it")
        }
    };
    Err(Fault { kind, message: message.to_owned() })
}

/// Apply leaves alone what others added to a list, also where that and ours cannot be together (two
/// ports, one without a name). Where the API server refuses the sum, our lists take the place of
/// what is there; a plain apply follows, so that the fields are ours again.
async fn assert(api: &Api<DynamicObject>, id: &ObjectId, manifest: &Value) -> Result<Child, Fault> {
    let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    within(api.patch_metadata(&id.name, &params, &Patch::Merge(manifest))).await?;
    apply(api, id, manifest, Force::Yes).await
}

/// Creates, and never writes over what is there: the content of a Secret may be in use.
async fn create(
    api: &Api<DynamicObject>,
    id: &ObjectId,
    recipe: &SecretTemplate,
) -> Result<Child, Fault> {
    let refused = |message| Fault { kind: FaultKind::Refused, message };
    let secret =
        secret::fill(recipe, &mut rand::rng()).map_err(|error| refused(error.to_string()))?;
    let secret: DynamicObject =
        serde_json::from_value(secret).map_err(|error| refused(error.to_string()))?;
    let params = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
    match within(api.create(&params, &secret)).await {
        Ok(created) => Ok(Child::from_metadata(id.kind, &created.metadata)),
        Err(fault) if fault.kind == FaultKind::Conflict => {
            let there = within(api.get_metadata(&id.name)).await?;
            may_write(whose(&there.metadata, &recipe.manifest))?;
            // Ours, without the label by which it would have been seen: that is put back.
            apply(api, id, &recipe.manifest, Force::Yes).await
        }
        Err(fault) => Err(fault),
    }
}

/// Deletes the child that has this uid, and no other of its name. Its own children (pods) follow in
/// the background; for Jobs that is not the default.
async fn delete(api: &Api<DynamicObject>, id: &ObjectId, uid: &str) -> Result<Written, Fault> {
    let params = DeleteParams {
        propagation_policy: Some(PropagationPolicy::Background),
        preconditions: Some(Preconditions {
            uid: Some(uid.to_owned()),
            ..Preconditions::default()
        }),
        ..DeleteParams::default()
    };
    let answer = tokio::time::timeout(REQUEST, api.delete(&id.name, &params)).await;
    match answer.map_err(|_| Fault::timeout())? {
        Ok(answer) => Ok(if answer.is_left() { Written::Leaving } else { Written::Gone }),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(Written::Gone),
        Err(error) => Err(Fault::from(&error)),
    }
}
