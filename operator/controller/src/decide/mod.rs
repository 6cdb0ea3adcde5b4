//! Decides what a reconcile does: `index → desired → plan`, or the report when nothing has to be
//! written. Pure.

use std::time::Instant;

use jiff::Timestamp;
use serde_json::Value;
use storefront_api::StorefrontStatus;
use storefront_desired::{InstallationDefaults, desired};

use crate::events::{EventBody, event_for_transition};
use crate::index::{Index, StorefrontState};
use crate::object_key::ObjectKey;
use crate::observe::ObservedStorefront;
use crate::plan::{Plan, Write, plan};
use crate::status::{self, StatusContext};

/// The decision of one reconcile.
#[derive(Debug, PartialEq)]
pub enum Decision {
    /// Do nothing: the Storefront does not exist, or is being deleted, and the garbage collector
    /// deletes its children by their owner references.
    Nothing,
    /// Write children.
    Writes {
        /// The Storefront's uid.
        uid: String,
        /// The writes.
        writes: Vec<Write>,
    },
    /// Report the status: every write that is due has been sent.
    Report(Report),
}

/// The report of a reconcile.
#[derive(Debug, PartialEq)]
pub struct Report {
    /// The Storefront's uid.
    pub uid: String,
    /// The merge patch of the status, if the status changed.
    pub patch: Option<Value>,
    /// The event, if the status made a transition that needs one.
    pub event: Option<EventBody>,
    /// Whether the Storefront is Ready.
    pub ready: bool,
    /// When to requeue the Storefront if no event arrives earlier.
    pub requeue_at: Option<Instant>,
}

/// Decides what to do for this Storefront. It removes the write history of children that neither
/// exist nor are desired, and failed writes of children that no longer need a write.
pub fn decide(
    index: &mut Index,
    key: &ObjectKey,
    defaults: &InstallationDefaults,
    now: Instant,
    time: Timestamp,
) -> Decision {
    let Some(state) = index.get_mut(key) else { return Decision::Nothing };
    let Some(observed) = state.storefront.clone().filter(|observed| !observed.deleting) else {
        return Decision::Nothing;
    };
    let cluster_known = defaults.cluster_id.is_some();
    let storefront = match &observed.parsed {
        Ok(storefront) => storefront,
        Err(error) => {
            let objects = &[];
            let observed = &observed;
            let context = StatusContext { key, observed, state, objects, cluster_known, now, time };
            let status = status::invalid_spec(&context, error);
            return Decision::Report(report(state, observed, &status, None, now));
        }
    };
    let objects = desired(storefront, &state.observed_state(), defaults);
    let children = &state.children;
    state
        .history
        .retain(|id, _| children.contains_key(id) || objects.iter().any(|object| object.id == *id));
    let Plan { writes, settled, requeue_at } = plan(objects.clone(), state, now);
    for id in settled {
        state.history.entry(id).and_modify(|history| history.failed_write = None);
    }
    if !writes.is_empty() {
        return Decision::Writes { uid: observed.uid, writes };
    }
    let context = StatusContext {
        key,
        observed: &observed,
        state,
        objects: &objects,
        cluster_known,
        now,
        time,
    };
    let status = status::status(&context, storefront);
    Decision::Report(report(state, &observed, &status, requeue_at, now))
}

fn report(
    state: &StorefrontState,
    observed: &ObservedStorefront,
    status: &StorefrontStatus,
    planned: Option<Instant>,
    now: Instant,
) -> Report {
    let new = serde_json::to_value(status).unwrap_or_default();
    let mut patch = status::merge_patch(&observed.status, &new);
    // A failed write of the status is retried after its backoff, not with every event.
    let postponed = state.status_backoff.map(|(_, retry_at)| retry_at).filter(|at| *at > now);
    if postponed.is_some() {
        patch = None;
    }
    let requeue_times = [planned, state.next_report_at(now), postponed];
    Report {
        uid: observed.uid.clone(),
        event: patch.as_ref().and_then(|_| event_for_transition(&observed.last_status(), status)),
        patch,
        ready: is_ready(status),
        requeue_at: requeue_times.into_iter().flatten().min(),
    }
}

fn is_ready(status: &StorefrontStatus) -> bool {
    status.conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True")
}

#[cfg(test)]
mod tests;
