//! The order of changes in a rollout.
//!
//! At first install only steps with dependencies wait: a workload starts as soon as the Secrets
//! that it references exist, and the owner of a database as soon as the database is migrated.
//!
//! A change of version proceeds wave by wave: first all migrations, then all components of the
//! first wave together, then each later wave as soon as every component of the earlier waves is
//! ready in the new version with all its pods. Waiting components stay as they are, so the rollout
//! of a version that does not become ready stops at that wave. A component without a Deployment
//! waits for no wave. A change of anything but the version does not wait for a wave, unless its
//! component waits for one. The rest of the spec may fit only the new version, so until then
//! neither the Deployment nor the settings of the component are changed or repaired.
//!
//! When a shop is suspended, its components stop first. The datastores stop when no pod,
//! terminating ones included, is left that may still write to them. When the shop resumes, stopped
//! components wait for the datastores.

use std::collections::BTreeSet;

use storefront_api::component::{self, Component, Wave};
use storefront_api::names::{self, Part};

use crate::context::BuildContext;
use crate::{Action, Kind, Object, ObservedChild, Progress};

/// The state of a rollout: which databases are migrated to the desired version.
#[derive(Clone, Debug)]
pub(crate) struct Rollout<'a> {
    context: &'a BuildContext<'a>,
    migrated: BTreeSet<Component>,
}

impl<'a> Rollout<'a> {
    /// Determines the state of the rollout. `migrations` are the Jobs of this version, one for each
    /// owner of a database; `None` if the Job cannot be built yet.
    pub(crate) fn new(
        context: &'a BuildContext<'a>,
        migrations: &[(Component, Option<Object>)],
    ) -> Self {
        let is_done = |job: &Object| context.observed.is_done(job.id.kind, &job.id.name);
        let migrated = migrations
            .iter()
            .filter(|(_, job)| job.as_ref().is_some_and(is_done))
            .map(|(owner, _)| *owner)
            .collect();
        Self { context, migrated }
    }

    /// Reports whether the component's database, if it owns one, is migrated to this version.
    fn is_migrated(&self, component: Component) -> bool {
        component.info().database.is_none() || self.migrated.contains(&component)
    }

    /// Reports whether every database is migrated to this version.
    pub(crate) fn all_migrated(&self) -> bool {
        Component::ALL.into_iter().all(|component| self.is_migrated(component))
    }

    /// Reports whether the component's Deployment may change to the desired state.
    pub(crate) fn may_update(&self, component: Component) -> bool {
        if self.context.spec.suspend {
            return true; // The desired state has no pods.
        }
        if !self.is_migrated(component) {
            return false;
        }
        let Some(deployment) = deployment(self.context, component) else {
            return true;
        };
        let is_stopped = deployment.desired_replicas == 0;
        if is_stopped && !self.context.datastores_up() {
            return false;
        }
        has_version(self.context, deployment) || self.may_start(component::wave(component))
    }

    /// Reports whether the inbox's Deployment may change to the desired state. The inbox needs no
    /// datastore. A new version of it rolls out together with the wave of the components that send
    /// mail, so that a rollout that stops earlier loses no mails.
    pub(crate) fn may_update_inbox(&self) -> bool {
        let inbox = self.context.observed.get(Kind::Deployment, &names::inbox(&self.context.name));
        self.context.spec.suspend
            || inbox.is_none_or(|deployment| has_version(self.context, deployment))
            || self.may_start(Wave::Services)
    }

    /// Reports whether a wave may change to another version.
    fn may_start(&self, wave: Wave) -> bool {
        self.all_migrated() && self.earlier_waves_are_ready(wave)
    }

    fn earlier_waves_are_ready(&self, wave: Wave) -> bool {
        Component::ALL.into_iter().filter(|other| component::wave(*other) < wave).all(|other| {
            deployment(self.context, other).is_some_and(|deployment| self.is_ready(deployment))
        })
    }

    fn is_ready(&self, deployment: &ObservedChild) -> bool {
        has_version(self.context, deployment) && deployment.progress == Progress::Done
    }
}

/// Decides the action for a Job. The Job is created when `ready` is true, and stays desired once it
/// exists. While the shop is suspended, only completed Jobs stay, so that they do not run again.
pub(crate) fn job(context: &BuildContext<'_>, job: Object, ready: bool) -> Option<Object> {
    let keep = |job: Object| Object { action: Action::Keep, ..job };
    let observed = context.observed.get(Kind::Job, &job.id.name);
    match (context.spec.suspend, observed) {
        (true, Some(observed)) if observed.progress == Progress::Done => Some(keep(job)),
        (true, _) => None,
        (false, None) if !ready => Some(keep(job)),
        (false, _) => Some(job),
    }
}

/// Reports whether the datastores may stop: the shop is suspended, every component is stopped, and
/// no pods are left except those of the datastores and the inbox. The counts of a Deployment do not
/// suffice, because they exclude terminating pods that still process requests.
pub(crate) fn datastores_may_stop(context: &BuildContext<'_>) -> bool {
    let is_stopped = |component| {
        deployment(context, component).is_none_or(|deployment| {
            deployment.desired_replicas == 0
                && deployment.ready_replicas == 0
                && deployment.progress == Progress::Done
        })
    };
    let independent = [Part::Postgres, Part::Redis, Part::Inbox].map(Part::label);
    context.spec.suspend
        && Component::ALL.into_iter().all(is_stopped)
        && context.observed.parts_with_pods.iter().all(|part| independent.contains(part))
}

fn deployment<'s>(context: &BuildContext<'s>, component: Component) -> Option<&'s ObservedChild> {
    context.observed.get(Kind::Deployment, &names::component(&context.name, component))
}

/// Reports whether a child has the desired version.
fn has_version(context: &BuildContext<'_>, child: &ObservedChild) -> bool {
    child.version.as_ref() == Some(&context.spec.version)
}
