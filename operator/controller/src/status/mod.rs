//! The status: from what is wanted and what is known to what people are told. Pure.
//!
//! Only what has a meaning is in it: nothing that ticks, so it is the same until something happens.

mod conditions;
mod health;
mod parts;
mod patch;

use std::time::Instant;

use jiff::Timestamp;
use storefront_api::component::{Component, Protocol};
use storefront_api::datastores::Mode;
use storefront_api::status::{
    ComponentState, ComponentStatus, ConditionType, DatabaseStatus, Endpoints, VersionStatus,
};
use storefront_api::{Storefront, StorefrontStatus, names};
use storefront_desired::Object;

pub use health::{Health, Trouble};
pub use patch::merge_patch;

use crate::index::Shop;
use crate::key::Key;
use crate::observe::StorefrontRow;
use conditions::Verdict;
use parts::Parts;

/// What the status speaks of.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// Which Storefront.
    pub key: &'a Key,
    /// The Storefront as last seen.
    pub row: &'a StorefrontRow,
    /// What is known of its children.
    pub shop: &'a Shop,
    /// What should exist.
    pub objects: &'a [Object],
    /// For what is only told when it lasts.
    pub now: Instant,
    /// For the times of transitions.
    pub time: Timestamp,
}

/// The status of a Storefront that can be read.
#[must_use]
pub fn status(picture: &Picture<'_>, storefront: &Storefront) -> StorefrontStatus {
    let last = picture.row.last_status();
    let parts = Parts::of(picture, storefront);
    let verdicts = conditions::verdicts(&parts, storefront);
    let conditions = conditions::stamp(&verdicts, &last.conditions, picture);
    let ready = conditions::holds(&conditions, ConditionType::Ready);
    let components = components(&parts, storefront, &last);
    let up = components.iter().filter(|component| component.state == ComponentState::Ready);
    StorefrontStatus {
        observed_generation: Some(picture.row.generation),
        ready: Some(format!("{}/{}", up.count(), components.len())),
        version: Some(version(&components, storefront, &last, ready)),
        conditions,
        components,
        endpoints: Some(endpoints(storefront, picture.key)),
        database: Some(database(storefront, picture.key)),
    }
}

/// The status of a Storefront that cannot be read: everything that was known stays, and what is
/// wrong is told.
#[must_use]
pub fn unreadable(picture: &Picture<'_>, error: &str) -> StorefrontStatus {
    let last = picture.row.last_status();
    let message = format!("the spec cannot be read: {error}");
    let verdicts = [
        Verdict::no(ConditionType::Ready, "InvalidSpec", &message),
        Verdict::no(
            ConditionType::Reconciling,
            "InvalidSpec",
            "nothing is done until it is mended",
        ),
        Verdict::yes(ConditionType::Stalled, "InvalidSpec", &message),
    ];
    let conditions = conditions::stamp(&verdicts, &last.conditions, picture);
    StorefrontStatus { observed_generation: Some(picture.row.generation), conditions, ..last }
}

fn components(
    parts: &Parts,
    storefront: &Storefront,
    last: &StorefrontStatus,
) -> Vec<ComponentStatus> {
    let suspended = storefront.spec.suspend;
    let row = |component: Component| {
        let part = parts.component(component);
        let before = last.components.iter().find(|known| known.name == component);
        let served = before.and_then(|known| known.version.clone());
        let done = matches!(part.health, Health::Ready);
        let trouble = part.health.trouble();
        ComponentStatus {
            name: component,
            ready: part.ready,
            desired: part.desired,
            version: if done && !suspended { part.version.clone() } else { served },
            state: match &part.health {
                _ if suspended => ComponentState::Suspended,
                Health::Ready => ComponentState::Ready,
                Health::Waiting(_) => ComponentState::Pending,
                Health::Going(_) => ComponentState::Progressing,
                Health::Broken(_) => ComponentState::Failed,
            },
            reason: trouble.map(|trouble| trouble.reason.to_owned()),
            message: trouble.map(|trouble| trouble.message.clone()),
        }
    };
    Component::ALL.into_iter().map(row).collect()
}

fn version(
    components: &[ComponentStatus],
    storefront: &Storefront,
    last: &StorefrontStatus,
    ready: bool,
) -> VersionStatus {
    let last = last.version.clone().unwrap_or_default();
    let target = &storefront.spec.version;
    let one = components.first().and_then(|component| component.version.clone());
    let same = components.iter().all(|component| component.version == one);
    VersionStatus {
        current: one.filter(|_| same).or(last.current),
        target: Some(target.clone()),
        last_stable: if ready { Some(target.clone()) } else { last.last_stable },
    }
}

fn endpoints(storefront: &Storefront, Key { namespace, name }: &Key) -> Endpoints {
    let urls = &storefront.spec.expose.urls;
    let inside = || {
        let listen = Component::Gateway.info().listen;
        let scheme = match listen.protocol {
            Protocol::Http => "http",
            Protocol::Grpc => "grpc",
        };
        let service = names::component(name, Component::Gateway);
        format!("{scheme}://{service}.{namespace}.svc:{}", listen.port)
    };
    Endpoints {
        web: urls.web.as_ref().map(|url| url.as_str().to_owned()),
        api: Some(urls.api.as_ref().map_or_else(inside, |url| url.as_str().to_owned())),
    }
}

fn database(storefront: &Storefront, Key { namespace, name }: &Key) -> DatabaseStatus {
    let postgres = &storefront.spec.postgres;
    let host = match postgres.mode {
        Mode::Managed => Some(format!("{}.{namespace}.svc", names::postgres(name))),
        Mode::External => postgres.external.as_ref().map(|external| external.host.clone()),
    };
    DatabaseStatus { mode: postgres.mode, host }
}

#[cfg(test)]
mod tests;
