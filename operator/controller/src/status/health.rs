//! How one part of the shop is.

use std::time::Instant;

use storefront_desired::{Kind, ObjectId, Progress};

use crate::fault::FaultKind;
use crate::index::{Owner, Shop};

/// The longest message that is taken from an API server's answer, in characters.
const MESSAGE_LENGTH: usize = 400;

/// Failures in a row after which an API server that does not answer is worth a word.
const PATIENT_ATTEMPTS: u32 = 3;

/// How one part is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// As far as it can come.
    Ready,
    /// Something else comes first.
    Waiting(Trouble),
    /// On its way, or in trouble that may pass by itself.
    Going(Trouble),
    /// It will not get there unless somebody acts.
    Broken(Trouble),
}

/// What keeps a part from being ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// In one word, as conditions have it.
    pub reason: &'static str,
    /// In words.
    pub message: String,
    /// Whether people should hear of it although it may pass by itself.
    pub loud: bool,
}

impl Trouble {
    /// What happens in the ordinary course of things.
    pub(super) fn quiet(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), loud: false }
    }

    /// What people should hear of.
    pub(super) fn loud(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), loud: true }
    }
}

impl Health {
    /// What keeps it from being ready, if anything does.
    #[must_use]
    pub const fn trouble(&self) -> Option<&Trouble> {
        match self {
            Self::Ready => None,
            Self::Waiting(trouble) | Self::Going(trouble) | Self::Broken(trouble) => Some(trouble),
        }
    }

    /// Worse is more.
    pub(super) fn severity(&self) -> u8 {
        match self {
            Self::Ready => 0,
            Self::Waiting(_) => 1,
            Self::Going(trouble) => 2 + u8::from(trouble.loud),
            Self::Broken(_) => 4,
        }
    }
}

/// How a Deployment or StatefulSet is, whose pods carry this component label.
pub(super) fn of_workload(shop: &Shop, id: &ObjectId, label: &str, now: Instant) -> Health {
    if let Some(fault) = of_write(shop, id) {
        return fault;
    }
    let Some(child) = shop.children.get(id) else {
        return Health::Waiting(Trouble::quiet("Waiting", "waits for what it needs to start"));
    };
    if child.progress == Progress::Done {
        return Health::Ready;
    }
    if let Some(cause) = shop.cause(Owner::Component(label), now) {
        let trouble = Trouble::loud(cause.kind.reason(), cause.message.clone());
        return match cause.kind.needs_somebody() {
            true => Health::Broken(trouble),
            false => Health::Going(trouble),
        };
    }
    // A quota may be freed by others meanwhile; past the deadline nobody waits for that.
    if let Some(refusal) = &child.refusal {
        let trouble = Trouble::loud("PodsRefused", refusal.clone());
        return match child.progress {
            Progress::Failed => Health::Broken(trouble),
            _ => Health::Going(trouble),
        };
    }
    let (ready, desired) = (child.ready_replicas, child.desired_replicas);
    let message = match desired {
        0 => "its pods are being stopped".to_owned(),
        _ => format!("{ready} of {desired} pods ready"),
    };
    match child.progress {
        Progress::Failed => Health::Broken(Trouble::loud("DeadlineExceeded", message)),
        _ => Health::Going(Trouble::quiet("Progressing", message)),
    }
}

/// How a workload is that is to have no pods: pods on their way out count here, because somebody
/// may wait for what they still do.
pub(super) fn stopped(shop: &Shop, id: &ObjectId, label: &str, health: Health) -> Health {
    let wants_pods = shop.children.get(id).is_some_and(|child| child.desired_replicas > 0);
    match health {
        Health::Ready if wants_pods || shop.with_pods().contains(label) => {
            Health::Going(Trouble::quiet("Progressing", "its pods are being stopped"))
        }
        other => other,
    }
}

/// The scheduler says of a volume only that it is not there. Which storage class was to make it is
/// what people can look at.
pub(super) fn naming_class(health: Health, class: Option<&str>) -> Health {
    let hint = match class {
        Some(class) => format!("is there a storage class {class}?"),
        None => "has the cluster a default storage class?".to_owned(),
    };
    match health {
        Health::Going(trouble) if trouble.message.contains("PersistentVolumeClaim") => {
            Health::Going(Trouble { message: format!("{}; {hint}", trouble.message), ..trouble })
        }
        other => other,
    }
}

/// How a Job is; `failed` is the reason that is given when it fails.
pub(super) fn of_job(shop: &Shop, id: &ObjectId, failed: &'static str, now: Instant) -> Health {
    if let Some(fault) = of_write(shop, id) {
        return fault;
    }
    let progress = shop.children.get(id).map(|child| child.progress);
    if progress == Some(Progress::Done) {
        return Health::Ready;
    }
    let cause = shop.cause(Owner::Job(&id.name), now);
    let memory = shop.memory.get(id);
    if let Some(retry) = memory.and_then(|memory| memory.job.as_ref()) {
        let told = cause.or(retry.cause.as_ref());
        let message = told.map_or("its retries are used up", |cause| &cause.message);
        return Health::Broken(Trouble::loud(failed, format!("{message}; it is tried again")));
    }
    match (cause, progress) {
        (Some(cause), _) if cause.kind == crate::observe::CauseKind::Failed => {
            Health::Going(Trouble::loud(failed, format!("{}; it is tried again", cause.message)))
        }
        (Some(cause), _) if cause.kind.needs_somebody() => {
            Health::Broken(Trouble::loud(cause.kind.reason(), cause.message.clone()))
        }
        (Some(cause), _) => {
            Health::Going(Trouble::loud(cause.kind.reason(), cause.message.clone()))
        }
        (None, None) => Health::Waiting(Trouble::quiet("Waiting", "waits for PostgreSQL")),
        (None, Some(_)) => Health::Going(Trouble::quiet("Running", "its job is running")),
    }
}

/// What the API server says against a child, if its last write failed for a reason to be told.
pub(super) fn of_write(shop: &Shop, id: &ObjectId) -> Option<Health> {
    let trouble = shop.memory.get(id)?.trouble.as_ref()?;
    let message: String = trouble.fault.message.chars().take(MESSAGE_LENGTH).collect();
    let message = format!("{id}: {message}");
    match trouble.fault.kind {
        FaultKind::Refused => Some(Health::Broken(Trouble::loud("ApplyRefused", message))),
        FaultKind::Unavailable | FaultKind::Conflict if trouble.attempts >= PATIENT_ATTEMPTS => {
            Some(Health::Going(Trouble::loud("ApplyFailed", message)))
        }
        FaultKind::Unavailable | FaultKind::Conflict | FaultKind::NamespaceGone => None,
    }
}

/// What the API server says against children that are no workloads, the worst first. A claim that
/// is there holds nobody up: see [`of_claims`].
pub(super) fn of_other_writes(shop: &Shop, now_wanted: &[&ObjectId]) -> Health {
    let passive = now_wanted
        .iter()
        .filter(|id| !crate::observe::is_workload(id.kind) && !is_claim_there(shop, id));
    let worst = passive.filter_map(|id| of_write(shop, id)).max_by_key(Health::severity);
    worst.unwrap_or(Health::Ready)
}

/// Whether the claims that are there could be made what is wanted; `None` without claims. One that
/// cannot grow still holds its data, and the shop serves from it.
pub(super) fn of_claims(shop: &Shop, now_wanted: &[&ObjectId]) -> Option<Health> {
    let there: Vec<_> = now_wanted.iter().filter(|id| is_claim_there(shop, id)).collect();
    let of_claim = |id: &&&ObjectId| match of_write(shop, id) {
        Some(Health::Broken(Trouble { message, .. })) => {
            let way_out = "the shop goes on with the volume as it is; it grows when its storage \
                           class allows that (allowVolumeExpansion)";
            Health::Going(Trouble::loud("ChangeRefused", format!("{message}; {way_out}")))
        }
        Some(other) => other,
        None => Health::Ready,
    };
    there.iter().map(of_claim).max_by_key(Health::severity)
}

fn is_claim_there(shop: &Shop, id: &ObjectId) -> bool {
    id.kind == Kind::PersistentVolumeClaim && shop.children.contains_key(id)
}

/// The Job among `wanted` whose name begins like this; the rest of its name stands for its content.
pub(super) fn job<'a>(wanted: &[&'a ObjectId], prefix: &str) -> Option<&'a ObjectId> {
    wanted.iter().find(|id| id.kind == Kind::Job && id.name.starts_with(prefix)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_that_cannot_be_had_names_its_storage_class() {
        let unbound = "no node is available: pod has unbound immediate PersistentVolumeClaims";
        let of = |message: &str, class| {
            let health = Health::Going(Trouble::loud("Unschedulable", message));
            naming_class(health, class).trouble().map(|trouble| trouble.message.clone()).unwrap()
        };
        assert_eq!(of(unbound, Some("fast")), format!("{unbound}; is there a storage class fast?"));
        assert!(of(unbound, None).ends_with("; has the cluster a default storage class?"));
        assert_eq!(of("no node has enough memory", Some("fast")), "no node has enough memory");
    }
}
