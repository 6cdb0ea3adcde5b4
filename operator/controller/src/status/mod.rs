//! Computes the status of a Storefront from the desired objects and the observed state. Pure.
//!
//! The status contains no value that changes with time alone, so a Storefront without changes
//! causes no writes.

mod conditions;
mod health;
mod parts;
mod patch;

use std::time::Instant;

use jiff::Timestamp;
use storefront_api::component::Component;
use storefront_api::datastores::Mode;
use storefront_api::exposure::Origin;
use storefront_api::status::{
    ComponentState, ComponentStatus, ConditionType, DatabaseStatus, Endpoints, VersionStatus,
};
use storefront_api::{Storefront, StorefrontStatus, defaults, names};
use storefront_desired::Object;

pub use health::{Health, Problem, Severity};
pub use patch::merge_patch;

use crate::index::StorefrontState;
use crate::object_key::ObjectKey;
use crate::observe::ObservedStorefront;
use conditions::ConditionValue;
use parts::Parts;

/// The inputs of the status.
#[derive(Clone, Copy, Debug)]
pub struct StatusContext<'a> {
    /// The Storefront's namespace and name.
    pub key: &'a ObjectKey,
    /// The Storefront as last observed.
    pub observed: &'a ObservedStorefront,
    /// The observed state of its children.
    pub state: &'a StorefrontState,
    /// The desired objects.
    pub objects: &'a [Object],
    /// Whether the id of the cluster is known. Without it databases on external servers are not
    /// provisioned.
    pub cluster_known: bool,
    /// The present time, for problems that are reported after a delay.
    pub now: Instant,
    /// The present wall-clock time, for transition times.
    pub time: Timestamp,
}

/// Computes the status of a Storefront whose spec is valid.
#[must_use]
pub fn status(context: &StatusContext<'_>, storefront: &Storefront) -> StorefrontStatus {
    let last = context.observed.last_status();
    let parts = Parts::new(context, storefront);
    let values = conditions::condition_values(&parts, storefront);
    let conditions = conditions::with_transition_times(&values, &last.conditions, context);
    let ready = conditions::holds(&conditions, ConditionType::Ready);
    let components = components(&parts, storefront, &last);
    let ready_components =
        components.iter().filter(|component| component.state == ComponentState::Ready);
    StorefrontStatus {
        observed_generation: Some(context.observed.generation),
        ready: Some(format!("{}/{}", ready_components.count(), components.len())),
        version: Some(version(&components, storefront, &last, ready)),
        conditions,
        components,
        endpoints: Some(endpoints(storefront, context.key)),
        database: Some(database(storefront, context.key)),
    }
}

/// Computes the status of a Storefront whose spec cannot be parsed: the last status, with the parse
/// error in its conditions.
#[must_use]
pub fn invalid_spec(context: &StatusContext<'_>, error: &str) -> StorefrontStatus {
    let last = context.observed.last_status();
    let message = format!("the spec is invalid: {error}");
    let values = [
        ConditionValue::unmet(ConditionType::Ready, "InvalidSpec", &message),
        ConditionValue::unmet(
            ConditionType::Reconciling,
            "InvalidSpec",
            "reconciliation stopped until the spec is corrected",
        ),
        ConditionValue::met(ConditionType::Stalled, "InvalidSpec", &message),
    ];
    let conditions = conditions::with_transition_times(&values, &last.conditions, context);
    StorefrontStatus { observed_generation: Some(context.observed.generation), conditions, ..last }
}

fn components(
    parts: &Parts,
    storefront: &Storefront,
    last: &StorefrontStatus,
) -> Vec<ComponentStatus> {
    let suspended = storefront.spec.suspend;
    let component_status = |component: Component| {
        let part = parts.component(component);
        let previous = last.components.iter().find(|known| known.name == component);
        let served = previous.and_then(|known| known.version.clone());
        let done = matches!(part.health, Health::Ready);
        let problem = part.health.problem();
        ComponentStatus {
            name: component,
            ready: part.ready,
            desired: part.desired,
            version: if done && !suspended { part.version.clone() } else { served },
            state: match &part.health {
                _ if suspended => ComponentState::Suspended,
                Health::Ready => ComponentState::Ready,
                Health::Pending(_) => ComponentState::Pending,
                Health::Progressing(_) => ComponentState::Progressing,
                Health::Failed(_) => ComponentState::Failed,
            },
            reason: problem.map(|problem| problem.reason.to_owned()),
            message: problem.map(|problem| problem.message.clone()),
        }
    };
    defaults::components(&storefront.spec).map(component_status).collect()
}

fn version(
    components: &[ComponentStatus],
    storefront: &Storefront,
    last: &StorefrontStatus,
    ready: bool,
) -> VersionStatus {
    let last = last.version.clone().unwrap_or_default();
    let target = &storefront.spec.version;
    let first = components.first().and_then(|component| component.version.clone());
    let same = components.iter().all(|component| component.version == first);
    VersionStatus {
        current: first.filter(|_| same).or(last.current),
        target: Some(target.clone()),
        last_stable: if ready { Some(target.clone()) } else { last.last_stable },
    }
}

fn endpoints(storefront: &Storefront, ObjectKey { namespace, name }: &ObjectKey) -> Endpoints {
    let urls = &storefront.spec.expose.urls;
    let internal = |component: Component| {
        let service = names::component(name, component);
        format!("http://{service}.{namespace}.svc:{}", component.info().listen.port)
    };
    let endpoint = |url: &Option<Origin>, component| match url {
        Some(url) => Some(url.as_str().to_owned()),
        None => defaults::is_enabled(&storefront.spec, component).then(|| internal(component)),
    };
    Endpoints {
        web: endpoint(&urls.web, Component::Web),
        api: endpoint(&urls.api, Component::Gateway),
    }
}

fn database(storefront: &Storefront, ObjectKey { namespace, name }: &ObjectKey) -> DatabaseStatus {
    let postgres = &storefront.spec.postgres;
    let host = match postgres.mode {
        Mode::Managed => Some(format!("{}.{namespace}.svc", names::postgres(name))),
        Mode::External => postgres.external.as_ref().map(|external| external.host.clone()),
    };
    DatabaseStatus { mode: postgres.mode, host }
}

#[cfg(test)]
mod tests;
