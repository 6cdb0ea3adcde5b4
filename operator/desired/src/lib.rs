//! The desired state of a Storefront's children: a pure function from a [`Storefront`] and the
//! observed state of its children to the objects that should exist.
//!
//! There is no client, no clock and no randomness in this crate. The same input gives the same
//! bytes, so the controller can compare hashes to decide whether a write is needed.
//!
//! The controller calls [`desired`] after every change of the Storefront or of a child. The result
//! contains one [`Object`] for every child that should exist *now*, each with an [`Action`]. The
//! controller deletes a child that it has a record of and that is not in the result. A child that
//! waits in a rollout is in the result with [`Action::Keep`].
//!
//! - `context`: the input of all builders. `settings`: the environment of each process, with
//!   `spec_settings` for the values that come from the spec and `file_settings` for mounted files.
//! - `workload`, `service`, `secret`, `job`: the objects of a component. `pod`: what all pods
//!   share. `mesh`: the opt-out of service meshes.
//! - `program`: a Deployment of the shop's image. `inbox`: the mail catcher.
//! - `datastore`, `postgres`, `redis`: the datastores that the operator runs. Their start scripts
//!   are in `files/`.
//! - `rollout`: the order of changes.
//! - `ports`, `mounts`: constants that several builders share.

mod certificates;
mod context;
mod datastore;
mod environment_names;
mod file_settings;
mod inbox;
mod job;
mod manifest;
mod mesh;
mod mounts;
mod object;
mod observed;
mod pod;
mod ports;
mod postgres;
mod program;
mod redis;
mod rollout;
mod secret;
mod service;
mod settings;
mod spec_settings;
mod workload;

pub use environment_names::environment_names;
pub use object::{Action, Kind, Object, ObjectId, SecretField, SecretTemplate};
pub use observed::{ObservedChild, ObservedState, Progress};

use storefront_api::component::Component;
use storefront_api::names::{self, Part};
use storefront_api::{Storefront, defaults};

use crate::context::BuildContext;
use crate::rollout::Rollout;

/// The defaults that the operator is installed with, for Storefronts that do not set their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallationDefaults {
    /// The repository of the shop's image, with an optional registry: `storefront/shop`.
    pub shop_image: String,
    /// The PostgreSQL image for `postgres.mode: Managed`.
    pub postgres_image: String,
    /// The Redis image for `redis.mode: Managed`.
    pub redis_image: String,
    /// The id of the cluster, for the identity of databases: the uid of the namespace
    /// `kube-system`. `None` if the operator may not read it.
    pub cluster_id: Option<String>,
}

/// Returns every child that `storefront` should have now, given the observed state of its children.
///
/// The objects are sorted by id and their ids are unique. Every manifest is complete, with labels
/// and the owner reference. PersistentVolumeClaims have no owner reference, because they outlive
/// the Storefront.
#[must_use]
pub fn desired(
    storefront: &Storefront,
    observed: &ObservedState,
    installation: &InstallationDefaults,
) -> Vec<Object> {
    let context = BuildContext::new(storefront, observed, installation);
    let migrations: Vec<(Component, Option<Object>)> = Component::with_database()
        .map(|(owner, database)| (owner, job::migration(&context, owner, database)))
        .collect();
    let rollout = Rollout::new(&context, &migrations);

    let mut objects = secret::secrets(&context);
    objects.extend(postgres::objects(&context));
    objects.extend(redis::objects(&context));
    for part in defaults::components(&storefront.spec) {
        objects.extend(component(&context, &rollout, part));
    }
    objects.extend(service::for_internal_gateway(&context));
    objects.extend(inbox::objects(&context, &rollout));
    objects.extend(seed(&context, &rollout));
    let jobs = migrations.into_iter().filter_map(|(_, job)| job);
    objects.extend(jobs.filter_map(|job| rollout::job(&context, job, context.postgres_up())));
    objects.sort_by(|one, other| one.id.cmp(&other.id));
    objects
}

/// Builds the objects of one component. Its ConfigMap waits together with its Deployment, so that a
/// pod of the current version does not restart with the settings of the next one.
fn component(
    context: &BuildContext<'_>,
    rollout: &Rollout<'_>,
    component: Component,
) -> Vec<Object> {
    let name = names::component(&context.name, component);
    let settings = settings::serve(context, component);
    let deployment = workload::deployment(context, component, &settings)
        .filter(|_| rollout.may_update(component))
        .unwrap_or_else(|| Object::keep(Kind::Deployment, name.clone()));
    let waits = deployment.action == Action::Keep
        && context.observed.get(Kind::Deployment, &name).is_some()
        && context.observed.get(Kind::ConfigMap, &name).is_some();
    let config = if waits {
        Object::keep(Kind::ConfigMap, name.clone())
    } else {
        workload::config(context, component, &settings)
    };
    let account = service::account(context, name, Part::Component(component));
    vec![account, config, service::for_component(context, component), deployment]
}

fn seed(context: &BuildContext<'_>, rollout: &Rollout<'_>) -> Option<Object> {
    let job = context.spec.demo_data.then(|| job::seed(context))??;
    rollout::job(context, job, rollout.all_migrated() && context.postgres_up())
}
