//! Whose turn it is.
//!
//! At first install nothing waits that need not: each workload starts as soon as the Secrets that
//! it names are there, and the owner of a database as soon as that is migrated.
//!
//! A change of version goes wave by wave. First all migrations; then the components of the first
//! wave together; a later wave when every component of the earlier ones serves the new version
//! with all its pods. Whoever waits stays as it is, so a version that does not come up stops where
//! it is. A component that does not exist has nothing to keep, and waits for no wave. Any other
//! change than of the version waits for no wave either, unless its component waits for one: what
//! else is wanted may only fit the new version, so until its turn comes neither its Deployment nor
//! its settings are changed or repaired.
//!
//! A suspended shop stops its components first; the stores when no pod is left that may still write
//! to them, those on their way out included. When it goes on, components that were stopped wait for
//! the stores.

use std::collections::BTreeSet;

use storefront_api::component::{self, Component, Wave};
use storefront_api::names::{self, Part};

use crate::context::BuildContext;
use crate::{Action, Kind, Object, ObservedChild, Progress};

/// What has to be known of the migrations before it can be said whose turn it is.
#[derive(Clone, Debug)]
pub(crate) struct Rollout<'a> {
    context: &'a BuildContext<'a>,
    migrated: BTreeSet<Component>,
}

impl<'a> Rollout<'a> {
    /// `migrations` are the Jobs that this version wants, one for each owner of a database, as far
    /// as they can be told yet.
    pub(crate) fn of(
        context: &'a BuildContext<'a>,
        migrations: &[(Component, Option<Object>)],
    ) -> Self {
        let done = |job: &Object| context.observed.is_done(job.id.kind, &job.id.name);
        let migrated = migrations
            .iter()
            .filter(|(_, job)| job.as_ref().is_some_and(done))
            .map(|(owner, _)| *owner)
            .collect();
        Self { context, migrated }
    }

    /// Whether the component's database, if it owns one, is what this version needs.
    fn is_migrated(&self, component: Component) -> bool {
        component.info().database.is_none() || self.migrated.contains(&component)
    }

    /// Whether every database is what this version needs.
    pub(crate) fn all_migrated(&self) -> bool {
        Component::ALL.into_iter().all(|component| self.is_migrated(component))
    }

    /// Whether the component's Deployment may become what is wanted.
    pub(crate) fn may_move(&self, component: Component) -> bool {
        if self.context.spec.suspend {
            return true; // to no pods at all
        }
        if !self.is_migrated(component) {
            return false;
        }
        let Some(seen) = deployment(self.context, component) else {
            return true;
        };
        let stopped = seen.desired_replicas == 0;
        if stopped && !self.context.stores_up() {
            return false;
        }
        is_of_version(self.context, seen) || self.is_turn_of(component::wave(component))
    }

    /// Whether the inbox's Deployment may become what is wanted. It needs no store; another version
    /// of it comes with whoever sends it mails, so that a version that does not get as far as that
    /// costs no mail.
    pub(crate) fn may_move_inbox(&self) -> bool {
        let inbox = self.context.observed.get(Kind::Deployment, &names::inbox(&self.context.name));
        self.context.spec.suspend
            || inbox.is_none_or(|seen| is_of_version(self.context, seen))
            || self.is_turn_of(Wave::Services)
    }

    /// Whether a wave may become what is wanted in another version.
    fn is_turn_of(&self, wave: Wave) -> bool {
        self.all_migrated() && self.earlier_waves_serve(wave)
    }

    fn earlier_waves_serve(&self, wave: Wave) -> bool {
        Component::ALL
            .into_iter()
            .filter(|other| component::wave(*other) < wave)
            .all(|other| deployment(self.context, other).is_some_and(|seen| self.serves(seen)))
    }

    fn serves(&self, seen: &ObservedChild) -> bool {
        is_of_version(self.context, seen) && seen.progress == Progress::Done
    }
}

/// What is to be done about a Job: it starts when `ready` says so, and once there it stays. While
/// the shop is suspended only what is already done stays, so that it need not be done again.
pub(crate) fn job(context: &BuildContext<'_>, job: Object, ready: bool) -> Option<Object> {
    let keep = |job: Object| Object { action: Action::Keep, ..job };
    let seen = context.observed.get(Kind::Job, &job.id.name);
    match (context.spec.suspend, seen) {
        (true, Some(seen)) if seen.progress == Progress::Done => Some(keep(job)),
        (true, _) => None,
        (false, None) if !ready => Some(keep(job)),
        (false, _) => Some(job),
    }
}

/// Whether nobody needs the stores any more: the shop is suspended, every component is stopped, and
/// no pod is left but the stores' own and the inbox's. What a Deployment counts does not suffice:
/// it forgets pods that are still answering their last requests.
pub(crate) fn stores_may_stop(context: &BuildContext<'_>) -> bool {
    let is_still = |component| {
        deployment(context, component).is_none_or(|seen| {
            seen.desired_replicas == 0
                && seen.ready_replicas == 0
                && seen.progress == Progress::Done
        })
    };
    let without_need = [Part::Postgres, Part::Redis, Part::Inbox].map(Part::label);
    context.spec.suspend
        && Component::ALL.into_iter().all(is_still)
        && context.observed.parts_with_pods.iter().all(|part| without_need.contains(part))
}

fn deployment<'s>(context: &BuildContext<'s>, component: Component) -> Option<&'s ObservedChild> {
    context.observed.get(Kind::Deployment, &names::component(&context.name, component))
}

fn is_of_version(context: &BuildContext<'_>, seen: &ObservedChild) -> bool {
    seen.version.as_ref() == Some(&context.spec.version)
}
