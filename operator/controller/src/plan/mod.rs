//! Plans the writes of one Storefront from its desired objects and the observed state. Pure.
//!
//! A child is up to date, and is not written, when the fingerprint of the manifest equals that of
//! the last write and the drift fingerprint of the child equals the one recorded after that write.
//! After a start the write history is empty, so every child is applied once. A server-side apply
//! that changes nothing leaves the `resourceVersion` as it is and causes no watch event.

use std::time::Instant;

use serde_json::Value;
use storefront_desired::{Action, Kind, Object, ObjectId, Progress, SecretTemplate};

use crate::fingerprint;
use crate::index::{StorefrontState, WriteHistory};
use crate::observe::Child;

/// The writes that are due.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The writes, in the order of [`Kind`].
    pub writes: Vec<Write>,
    /// Children that need no write. Their failed writes are cleared.
    pub settled: Vec<ObjectId>,
    /// When to requeue the Storefront if no event arrives earlier.
    pub requeue_at: Option<Instant>,
}

/// One write of a child.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// The child.
    pub id: ObjectId,
    /// The fingerprint of the manifest; 0 for deletions.
    pub fingerprint: u64,
    /// Why the child is written.
    pub reason: WriteReason,
    /// How the child is written.
    pub operation: Operation,
}

/// The API operation of a write.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Server-side apply of this manifest.
    Apply(Value),
    /// Creation of a Secret from this template.
    Create(SecretTemplate),
    /// Deletion of the child with this uid.
    Delete {
        /// The precondition: the uid that the child must still have.
        uid: String,
    },
}

/// Why a child is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteReason {
    /// The child was never created.
    Missing,
    /// The desired manifest differs from the one that was written last.
    Changed,
    /// Another field manager changed the child.
    Drifted,
    /// Another client deleted the child.
    Deleted,
    /// The child has not been verified since the operator started.
    Unverified,
    /// The child belongs to a former Storefront of the same name.
    StaleOwner,
    /// The child is no longer desired.
    Obsolete,
    /// The child is a failed Job whose retry is due.
    Retried,
}

impl WriteReason {
    /// Returns whether the write creates a child that does not exist.
    #[must_use]
    pub const fn creates(self) -> bool {
        matches!(self, Self::Missing | Self::Deleted)
    }

    /// Returns whether the write repairs drift: a change or deletion by another client.
    #[must_use]
    pub const fn repairs_drift(self) -> bool {
        matches!(self, Self::Drifted | Self::Deleted)
    }
}

/// Plans the writes of this Storefront that are due now. `objects` is the result of
/// [`storefront_desired::desired`].
#[must_use]
pub fn plan(objects: Vec<Object>, state: &StorefrontState, now: Instant) -> Plan {
    let mut plan = Plan::default();
    let Some(observed) = &state.storefront else { return plan };
    let obsolete = obsolete(&objects, state);
    for object in objects {
        let child_state = ChildState {
            child: state.children.get(&object.id),
            history: state.history.get(&object.id),
            owner: &observed.uid,
        };
        let id = object.id.clone();
        match child_state.next(object, now) {
            Next::Nothing => plan.settled.push(id),
            Next::Later(at) => plan.requeue_by(at),
            Next::Write(write) => match child_state.postponed(&write, now) {
                Some(at) => plan.requeue_by(at),
                None => plan.writes.push(write),
            },
        }
    }
    for write in obsolete {
        let history = state.history.get(&write.id);
        match history.and_then(|history| postponed(history, write.fingerprint, now)) {
            Some(at) => plan.requeue_by(at),
            None => plan.writes.push(write),
        }
    }
    plan.writes.sort_by(|a, b| a.id.cmp(&b.id));
    plan
}

impl Plan {
    fn requeue_by(&mut self, at: Instant) {
        self.requeue_at = Some(self.requeue_at.map_or(at, |known| known.min(at)));
    }
}

/// The observed state of one child.
struct ChildState<'a> {
    child: Option<&'a Child>,
    history: Option<&'a WriteHistory>,
    /// The uid of the Storefront.
    owner: &'a str,
}

enum Next {
    Nothing,
    Later(Instant),
    Write(Write),
}

impl ChildState<'_> {
    fn next(&self, Object { id, action }: Object, now: Instant) -> Next {
        let operation = match action {
            Action::Keep => return Next::Nothing,
            Action::Apply(manifest) => Operation::Apply(manifest),
            Action::CreateOnce(template) => Operation::Create(template),
        };
        let fingerprint = match &operation {
            Operation::Apply(manifest) => fingerprint::hash_manifest(manifest),
            Operation::Create(template) => fingerprint::hash_manifest(&template.manifest),
            Operation::Delete { .. } => 0,
        };
        let Some(child) = self.child else {
            let reason = match self.applied() {
                Some(_) => WriteReason::Deleted,
                None => WriteReason::Missing,
            };
            return Next::Write(Write { id, fingerprint, reason, operation });
        };
        if child.deleting {
            return Next::Nothing;
        }
        if child.owner.as_deref().is_some_and(|owner| owner != self.owner) {
            return Next::Write(delete(id, child, WriteReason::StaleOwner));
        }
        if id.kind == Kind::Job && child.progress == Progress::Failed {
            return match self.history.and_then(|history| history.job.as_ref()) {
                Some(retry) if retry.retry_at > now => Next::Later(retry.retry_at),
                _ => Next::Write(delete(id, child, WriteReason::Retried)),
            };
        }
        match (&operation, self.applied()) {
            (Operation::Create(_), _) => Next::Nothing,
            (_, Some(applied)) if applied == (fingerprint, child.drift_fingerprint) => {
                Next::Nothing
            }
            (_, applied) => {
                let reason = match applied {
                    None => WriteReason::Unverified,
                    Some((written, _)) if written != fingerprint => WriteReason::Changed,
                    Some(_) => WriteReason::Drifted,
                };
                Next::Write(Write { id, fingerprint, reason, operation })
            }
        }
    }

    fn applied(&self) -> Option<(u64, u64)> {
        let applied = self.history?.applied?;
        Some((applied.fingerprint, applied.drift_fingerprint))
    }

    fn postponed(&self, write: &Write, now: Instant) -> Option<Instant> {
        postponed(self.history?, write.fingerprint, now)
    }
}

/// Returns until when a write is postponed: by the backoff of a failed write of the same manifest,
/// or by the rate limit of the child.
fn postponed(history: &WriteHistory, fingerprint: u64, now: Instant) -> Option<Instant> {
    let failed = history.failed_write.as_ref().filter(|failed| failed.fingerprint == fingerprint);
    let retry_at = failed.map(|failed| failed.retry_at).filter(|at| *at > now);
    retry_at.max(history.next_write_at(now))
}

fn delete(id: ObjectId, child: &Child, reason: WriteReason) -> Write {
    Write { id, fingerprint: 0, reason, operation: Operation::Delete { uid: child.uid.clone() } }
}

/// Returns the deletions of children that are no longer desired. PersistentVolumeClaims hold user
/// data and are never deleted. Neither are objects without a Storefront as owner: `kubectl expose`
/// copies labels, and every child that may be deleted here was created with an owner reference.
fn obsolete(objects: &[Object], state: &StorefrontState) -> Vec<Write> {
    let desired: std::collections::BTreeSet<_> = objects.iter().map(|object| &object.id).collect();
    let obsolete = state.children.iter().filter(|(id, child)| {
        let owned = child.owner.is_some() && id.kind != Kind::PersistentVolumeClaim;
        owned && !child.deleting && !desired.contains(id)
    });
    obsolete.map(|(id, child)| delete(id.clone(), child, WriteReason::Obsolete)).collect()
}

#[cfg(test)]
mod tests;
