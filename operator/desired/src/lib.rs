//! From a [`Storefront`] and what has been seen of its children to the objects that should exist.
//!
//! Everything here is pure: no client, no clock, no randomness. The same input gives the same
//! bytes, so the controller can tell by a fingerprint whether anything has to be written.
//!
//! [`desired`] is called for every change of the Storefront or of a child. It answers with one
//! [`Object`] for every child that should exist *now*, each with what to do about it. A child that
//! is not in the answer and that the controller has a record of is to be deleted; a child that
//! waits for its turn in a rollout is in the answer with [`Action::Keep`].

//!
//! - `shop`: what every builder is given. `settings`: what each process is told.
//! - `workload`, `service`, `secret`, `job`: a component's objects. `pod`: what all pods share.
//! - `program`: the Deployment of anything that runs the shop's image. `inbox`: the mail catcher.
//! - `store`, `postgres`, `redis`: the stores that the operator runs; their start scripts are in
//!   `files/`.
//! - `rollout`: whose turn it is.

mod certificates;
mod context;
mod datastore;
mod environment;
mod file_settings;
mod inbox;
mod job;
mod manifest;
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

pub use environment::environment_names;
pub use object::{Action, Kind, Object, ObjectId, SecretField, SecretTemplate};
pub use observed::{ObservedChild, ObservedState, Progress};

use storefront_api::Storefront;
use storefront_api::component::Component;
use storefront_api::names::{self, Part};

use crate::context::BuildContext;
use crate::rollout::Rollout;

/// What the operator's installation decides for every Storefront that does not say otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallationDefaults {
    /// Repository of the shop's image, registry included when there is one: `storefront/shop`.
    pub shop_image: String,
    /// PostgreSQL image for `postgres.mode: Managed`.
    pub postgres_image: String,
    /// Redis image for `redis.mode: Managed`.
    pub redis_image: String,
}

/// Every child that `storefront` should have now, given what has been seen of those it has: sorted
/// by id, no id twice, every manifest complete with labels and, except for volumes, which stay,
/// the owner reference.
#[must_use]
pub fn desired(
    storefront: &Storefront,
    observed: &ObservedState,
    defaults: &InstallationDefaults,
) -> Vec<Object> {
    let context = BuildContext::new(storefront, observed, defaults);
    let migrations: Vec<(Component, Option<Object>)> = Component::with_database()
        .map(|(owner, database)| (owner, job::migration(&context, owner, database)))
        .collect();
    let rollout = Rollout::of(&context, &migrations);

    let mut objects = secret::secrets(&context);
    objects.extend(postgres::objects(&context));
    objects.extend(redis::objects(&context));
    objects.extend(Component::ALL.into_iter().flat_map(|one| component(&context, &rollout, one)));
    objects.extend(inbox::objects(&context, &rollout));
    objects.extend(seed(&context, &rollout));
    let wanted = migrations.into_iter().filter_map(|(_, job)| job);
    objects.extend(wanted.filter_map(|job| rollout::job(&context, job, context.postgres_up())));
    objects.sort_by(|one, other| one.id.cmp(&other.id));
    objects
}

/// The objects of one component. Its settings wait with its Deployment, so that a pod of the
/// version that still serves does not restart into those of the next.
fn component(
    context: &BuildContext<'_>,
    rollout: &Rollout<'_>,
    component: Component,
) -> Vec<Object> {
    let name = names::component(&context.name, component);
    let settings = settings::serve(context, component);
    let deployment = workload::deployment(context, component, &settings)
        .filter(|_| rollout.may_move(component))
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
    vec![account, config, service::of_component(context, component), deployment]
}

fn seed(context: &BuildContext<'_>, rollout: &Rollout<'_>) -> Option<Object> {
    let job = context.spec.demo_data.then(|| job::seed(context))??;
    rollout::job(context, job, rollout.all_migrated() && context.postgres_up())
}
