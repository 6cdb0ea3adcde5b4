//! The plan: from what should exist and what is known to the writes that are due now.
//!
//! Nothing is written that is as it should be: the manifest's fingerprint is the one that was
//! written last, and the child's mark is the one that this write left behind. After a start
//! nothing is remembered, so every child is applied once; where nothing changed meanwhile, the API
//! server answers with the same `resourceVersion` and nobody notices.

use std::time::Instant;

use serde_json::Value;
use storefront_desired::{Action, Kind, Object, ObjectId, Progress, SecretTemplate};

use crate::fingerprint;
use crate::index::{Memory, Shop};
use crate::observe::Child;

/// What is due.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The writes, in the order of [`Kind`].
    pub writes: Vec<Write>,
    /// Children of which nothing is asked that they are not: whatever failed before is over.
    pub settled: Vec<ObjectId>,
    /// When to look again although nothing happens until then.
    pub look_again: Option<Instant>,
}

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// The child that is written.
    pub id: ObjectId,
    /// The fingerprint of what is written; 0 for deletions.
    pub fingerprint: u64,
    /// Why it is written.
    pub why: Why,
    /// What is written.
    pub deed: Deed,
}

/// What is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// Server-side apply of this manifest.
    Apply(Value),
    /// Creation of a Secret from this recipe.
    Create(SecretTemplate),
    /// Deletion of the child with this uid.
    Delete {
        /// The uid that the child must still have.
        uid: String,
    },
}

/// Why something is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// It is not there yet.
    Missing,
    /// It should be different from what was written last.
    Changed,
    /// Somebody else changed it.
    Drifted,
    /// Somebody else deleted it.
    Gone,
    /// Nobody knows what happened to it while the operator was away.
    Unknown,
    /// It belongs to a former Storefront of the same name.
    Leftover,
    /// It is not wanted any more.
    Obsolete,
    /// It is a Job that failed, and it is time for another try.
    Retried,
}

impl Why {
    /// Whether the write makes a child that is not there.
    #[must_use]
    pub const fn creates(self) -> bool {
        matches!(self, Self::Missing | Self::Gone)
    }

    /// Whether the write undoes what somebody else did.
    #[must_use]
    pub const fn repairs(self) -> bool {
        matches!(self, Self::Drifted | Self::Gone)
    }
}

/// What is due for this Storefront now. `objects` are those of [`storefront_desired::desired`].
#[must_use]
pub fn plan(objects: Vec<Object>, shop: &Shop, now: Instant) -> Plan {
    let mut plan = Plan::default();
    let Some(row) = &shop.storefront else { return plan };
    let obsolete = obsolete(&objects, shop);
    for object in objects {
        let known = Known {
            child: shop.children.get(&object.id),
            memory: shop.memory.get(&object.id),
            owner: &row.uid,
        };
        let id = object.id.clone();
        match known.next(object, now) {
            Next::Nothing => plan.settled.push(id),
            Next::Later(at) => plan.note(at),
            Next::Write(write) => match known.postponed(&write, now) {
                Some(at) => plan.note(at),
                None => plan.writes.push(write),
            },
        }
    }
    for write in obsolete {
        let memory = shop.memory.get(&write.id);
        match memory.and_then(|memory| postponed(memory, write.fingerprint, now)) {
            Some(at) => plan.note(at),
            None => plan.writes.push(write),
        }
    }
    plan.writes.sort_by(|a, b| a.id.cmp(&b.id));
    plan
}

impl Plan {
    fn note(&mut self, at: Instant) {
        self.look_again = Some(self.look_again.map_or(at, |known| known.min(at)));
    }
}

/// What is known of one child.
struct Known<'a> {
    child: Option<&'a Child>,
    memory: Option<&'a Memory>,
    owner: &'a str,
}

enum Next {
    Nothing,
    Later(Instant),
    Write(Write),
}

impl Known<'_> {
    fn next(&self, Object { id, action }: Object, now: Instant) -> Next {
        let deed = match action {
            Action::Keep => return Next::Nothing,
            Action::Apply(manifest) => Deed::Apply(manifest),
            Action::CreateOnce(recipe) => Deed::Create(recipe),
        };
        let fingerprint = match &deed {
            Deed::Apply(manifest) => fingerprint::of_manifest(manifest),
            Deed::Create(recipe) => fingerprint::of_manifest(&recipe.manifest),
            Deed::Delete { .. } => 0,
        };
        let Some(child) = self.child else {
            let why = if self.applied().is_some() { Why::Gone } else { Why::Missing };
            return Next::Write(Write { id, fingerprint, why, deed });
        };
        if child.deleting {
            return Next::Nothing;
        }
        if child.owner.as_deref().is_some_and(|owner| owner != self.owner) {
            return Next::Write(delete(id, child, Why::Leftover));
        }
        if id.kind == Kind::Job && child.progress == Progress::Failed {
            return match self.memory.and_then(|memory| memory.job.as_ref()) {
                Some(retry) if retry.retry_at > now => Next::Later(retry.retry_at),
                _ => Next::Write(delete(id, child, Why::Retried)),
            };
        }
        match (&deed, self.applied()) {
            (Deed::Create(_), _) => Next::Nothing,
            (_, Some((written, mark))) if (written, mark) == (fingerprint, child.mark) => {
                Next::Nothing
            }
            (_, applied) => {
                let why = match applied {
                    None => Why::Unknown,
                    Some((written, _)) if written != fingerprint => Why::Changed,
                    Some(_) => Why::Drifted,
                };
                Next::Write(Write { id, fingerprint, why, deed })
            }
        }
    }

    fn applied(&self) -> Option<(u64, u64)> {
        let applied = self.memory?.applied?;
        Some((applied.fingerprint, applied.mark))
    }

    fn postponed(&self, write: &Write, now: Instant) -> Option<Instant> {
        postponed(self.memory?, write.fingerprint, now)
    }
}

/// When a write that failed before, or that would be one too many, may be tried.
fn postponed(memory: &Memory, fingerprint: u64, now: Instant) -> Option<Instant> {
    let trouble = memory.trouble.as_ref().filter(|t| t.fingerprint == fingerprint);
    let retry_at = trouble.map(|trouble| trouble.retry_at).filter(|at| *at > now);
    retry_at.max(memory.may_write_at(now))
}

fn delete(id: ObjectId, child: &Child, why: Why) -> Write {
    Write { id, fingerprint: 0, why, deed: Deed::Delete { uid: child.uid.clone() } }
}

/// Children that no answer of `desired` names. Volumes are people's data and never among them, and
/// neither is what has no Storefront for an owner: labels are copied with a `kubectl expose`, and
/// everything that is deleted here was made with an owner.
fn obsolete(objects: &[Object], shop: &Shop) -> Vec<Write> {
    let wanted: std::collections::BTreeSet<_> = objects.iter().map(|object| &object.id).collect();
    let unwanted = shop.children.iter().filter(|(id, child)| {
        let owned = child.owner.is_some() && id.kind != Kind::PersistentVolumeClaim;
        owned && !child.deleting && !wanted.contains(id)
    });
    unwanted.map(|(id, child)| delete(id.clone(), child, Why::Obsolete)).collect()
}

#[cfg(test)]
mod tests;
