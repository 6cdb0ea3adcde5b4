//! What is due for one Storefront: `index → desired → plan`, or the report when nothing is. Pure.

use std::time::Instant;

use jiff::Timestamp;
use serde_json::Value;
use storefront_api::StorefrontStatus;
use storefront_desired::{InstallationDefaults, desired};

use crate::events::{Notice, notices};
use crate::index::{Index, Shop};
use crate::key::Key;
use crate::observe::StorefrontRow;
use crate::plan::{Plan, Write, plan};
use crate::status::{self, Picture};

/// What is to be done about a Storefront now.
#[derive(Debug, PartialEq)]
pub enum Due {
    /// Nothing: there is none, or it is going and its owner references do the work.
    Nothing,
    /// Children have to be written.
    Writes {
        /// The Storefront's uid.
        uid: String,
        /// The writes.
        writes: Vec<Write>,
    },
    /// Everything is written that can be written now.
    Report(Report),
}

/// What people have to be told, and when to look again.
#[derive(Debug, PartialEq)]
pub struct Report {
    /// The Storefront's uid.
    pub uid: String,
    /// The merge patch of the status, if its meaning changed.
    pub patch: Option<Value>,
    /// The event, if there was a transition.
    pub notice: Option<Notice>,
    /// Whether the shop is ready.
    pub ready: bool,
    /// When to look again although nothing happens until then.
    pub look_again: Option<Instant>,
}

/// What is due for this Storefront. Forgets what it remembers of children that are neither there
/// nor wanted any more, and trouble with what is not wanted any more.
pub fn due(
    index: &mut Index,
    key: &Key,
    defaults: &InstallationDefaults,
    now: Instant,
    time: Timestamp,
) -> Due {
    let Some(shop) = index.shop_mut(key) else { return Due::Nothing };
    let Some(row) = shop.storefront.clone().filter(|row| !row.deleting) else {
        return Due::Nothing;
    };
    let storefront = match &row.storefront {
        Ok(storefront) => storefront,
        Err(error) => {
            let picture = Picture { key, row: &row, shop, objects: &[], now, time };
            let status = status::unreadable(&picture, error);
            return Due::Report(report(shop, &row, &status, None, now));
        }
    };
    let objects = desired(storefront, &shop.facts(), defaults);
    let children = &shop.children;
    shop.memory
        .retain(|id, _| children.contains_key(id) || objects.iter().any(|object| object.id == *id));
    let Plan { writes, settled, look_again } = plan(objects.clone(), shop, now);
    for id in settled {
        shop.memory.entry(id).and_modify(|memory| memory.trouble = None);
    }
    if !writes.is_empty() {
        return Due::Writes { uid: row.uid, writes };
    }
    let picture = Picture { key, row: &row, shop, objects: &objects, now, time };
    let status = status::status(&picture, storefront);
    Due::Report(report(shop, &row, &status, look_again, now))
}

fn report(
    shop: &Shop,
    row: &StorefrontRow,
    status: &StorefrontStatus,
    planned: Option<Instant>,
    now: Instant,
) -> Report {
    let new = serde_json::to_value(status).unwrap_or_default();
    let mut patch = status::merge_patch(&row.status, &new);
    // A status that could not be written is tried again in its time, not with every event.
    let postponed = shop.status_trouble.map(|(_, retry_at)| retry_at).filter(|at| *at > now);
    if postponed.is_some() {
        patch = None;
    }
    let moments = [planned, shop.patience_ends(now), postponed];
    Report {
        uid: row.uid.clone(),
        notice: patch.as_ref().and_then(|_| notices(&row.last_status(), status)),
        patch,
        ready: is_ready(status),
        look_again: moments.into_iter().flatten().min(),
    }
}

fn is_ready(status: &StorefrontStatus) -> bool {
    status.conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True")
}

#[cfg(test)]
mod tests;
