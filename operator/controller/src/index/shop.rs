//! What is known of one Storefront.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use storefront_desired::{Kind, ObjectId, ObservedChild, ObservedState, Progress};

use super::Source;
use super::memory::Memory;
use crate::observe::{Cause, Child, Pod, StorefrontRow};

/// How long trouble that pods were in before their workload changed has to outlast the change: by
/// then Kubernetes has replaced them, if the change replaces them.
const AFTER_CHANGE: Duration = Duration::from_secs(10);

/// One Storefront, its children and its pods.
#[derive(Debug, Default)]
pub struct Shop {
    /// The Storefront itself; absent while only leftovers of it are known.
    pub storefront: Option<StorefrontRow>,
    /// Its children, as last seen.
    pub children: BTreeMap<ObjectId, Child>,
    /// What the operator did to each child and how that went. Outlives the child's row.
    pub memory: BTreeMap<ObjectId, Memory>,
    /// The last status that was written, and how many tries of it failed.
    pub status_trouble: Option<(u32, Instant)>,
    /// Passes in a row that could not even begin.
    pub put_off: u32,
    /// Children that are being written, with the uids of that name that were told gone meanwhile.
    /// Bounded by the children of one Storefront, and by how often one can be deleted in the time
    /// that one request may take.
    pub(super) under_way: BTreeMap<ObjectId, Vec<String>>,
    pods: BTreeMap<String, PodRow>,
}

#[derive(Debug)]
struct PodRow {
    pod: Pod,
    /// Since when its trouble, if it has any, is worth telling: in the future while it may pass.
    told_at: Instant,
    /// Until when nothing counts that the pod tells, because its workload has just changed.
    held_until: Option<Instant>,
}

impl PodRow {
    /// When its trouble is to be told, if it has any.
    fn tells_at(&self) -> Option<Instant> {
        self.pod.cause.as_ref()?;
        Some(self.held_until.map_or(self.told_at, |held| held.max(self.told_at)))
    }

    fn is_of(&self, component: &str) -> bool {
        self.pod.job.is_none() && self.pod.component.as_deref() == Some(component)
    }
}

impl Shop {
    pub(super) fn set_storefront(&mut self, row: StorefrontRow) -> bool {
        if let Some(known) = &self.storefront {
            let same = known.uid == row.uid;
            if same && row.resource_version != 0 && row.resource_version <= known.resource_version {
                return false;
            }
            if !same {
                // Another Storefront of the same name: nothing done for the former one counts.
                self.memory.clear();
                self.status_trouble = None;
            }
        }
        self.storefront = Some(row);
        true
    }

    pub(super) fn set_child(&mut self, id: ObjectId, child: Child, now: Instant) -> bool {
        let known = self.children.get(&id);
        if known.is_some_and(|known| is_late(known, &child)) {
            return false;
        }
        if id.kind == Kind::Job && known.map(|k| k.progress) != Some(child.progress) {
            self.memory.entry(id.clone()).or_default().job_went(child.progress, now);
        }
        let news = known.is_none_or(|known| !tells_the_same(known, &child));
        if let (Some(known), Some(component)) = (known, &child.component)
            && (&known.uid, known.generation) != (&child.uid, child.generation)
            && matches!(id.kind, Kind::Deployment | Kind::StatefulSet)
        {
            let pods = self.pods.values_mut().filter(|row| row.is_of(component));
            pods.for_each(|row| row.held_until = Some(now + AFTER_CHANGE));
        }
        self.children.insert(id, child);
        news
    }

    pub(super) fn set_pod(&mut self, name: &str, pod: Pod, now: Instant) -> bool {
        let known = self.pods.get(name).filter(|row| row.pod.uid == pod.uid);
        let news =
            known.is_none_or(|row| (&row.pod.cause, row.pod.ended) != (&pod.cause, pod.ended));
        let reason = |pod: &Pod| pod.cause.as_ref().map(|cause| cause.kind.reason());
        let patience = pod.cause.as_ref().map_or(Duration::ZERO, |cause| cause.kind.patience());
        // The same trouble in other words, or surer of itself, does not begin anew.
        let told_at = match known {
            Some(row) if reason(&row.pod) == reason(&pod) => row.told_at.min(now + patience),
            _ => now + patience,
        };
        let held_until = known.and_then(|row| row.held_until);
        // A healthy pod that appears is no news: the workload tells of it.
        let quiet = known.is_none() && pod.cause.is_none();
        self.pods.insert(name.to_owned(), PodRow { pod, told_at, held_until });
        news && !quiet
    }

    pub(super) fn remove(&mut self, source: Source, name: &str, uid: Option<&str>) -> bool {
        let is_it = |known: &str| uid.is_none_or(|uid| uid == known);
        match source {
            Source::Storefronts => {
                let gone = self.storefront.take_if(|row| is_it(&row.uid)).is_some();
                if gone {
                    self.memory.clear();
                    self.status_trouble = None;
                }
                gone
            }
            Source::Children(kind) => {
                let id = ObjectId { kind, name: name.to_owned() };
                let known = self.children.get(&id).map(|child| child.uid.clone());
                if let Some(gone) = self.under_way.get_mut(&id) {
                    gone.extend(uid.map(str::to_owned).or_else(|| known.clone()));
                }
                known.is_some_and(|known| is_it(&known)) && self.children.remove(&id).is_some()
            }
            Source::Pods => {
                let gone = self.pods.get(name).is_some_and(|row| is_it(&row.pod.uid));
                let awaited = self.is_suspended();
                gone && self.pods.remove(name).is_some_and(|row| awaited || row.pod.cause.is_some())
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.storefront.is_none() && self.children.is_empty() && self.pods.is_empty()
    }

    pub(super) fn rows(&self, source: Source, name: &str) -> Vec<String> {
        match source {
            Source::Storefronts => self.storefront.iter().map(|_| name.to_owned()).collect(),
            Source::Children(kind) => {
                let of_kind = self.children.keys().filter(|id| id.kind == kind);
                of_kind.map(|id| id.name.clone()).collect()
            }
            Source::Pods => self.pods.keys().cloned().collect(),
        }
    }

    /// What `desired` may know: the children that are this Storefront's and that stay.
    #[must_use]
    pub fn facts(&self) -> ObservedState {
        let uid = self.storefront.as_ref().map(|row| row.uid.as_str());
        let ours = self.children.iter().filter(|(_, child)| {
            !child.deleting && (child.owner.is_none() || child.owner.as_deref() == uid)
        });
        ObservedState {
            children: ours.map(|(id, child)| (id.clone(), seen(child))).collect(),
            parts_with_pods: self.with_pods(),
        }
    }

    /// The parts that have pods which have not ended, those on their way out among them.
    #[must_use]
    pub fn with_pods(&self) -> BTreeSet<String> {
        let left = self.pods.values().filter(|row| !row.pod.ended);
        left.filter_map(|row| row.pod.component.clone()).collect()
    }

    fn is_suspended(&self) -> bool {
        let storefront = self.storefront.as_ref().and_then(|row| row.storefront.as_ref().ok());
        storefront.is_some_and(|storefront| storefront.spec.suspend)
    }

    /// The worst trouble of a component's pods, or of a Job's.
    #[must_use]
    pub fn cause(&self, of: Owner<'_>, now: Instant) -> Option<&Cause> {
        self.pods
            .values()
            .filter(|row| match of {
                Owner::Component(name) => row.is_of(name),
                Owner::Job(name) => row.pod.job.as_deref() == Some(name),
            })
            .filter(|row| row.tells_at().is_some_and(|at| now >= at))
            .filter_map(|row| row.pod.cause.as_ref())
            .min_by_key(|cause| cause.kind)
    }

    /// When trouble that is not told yet has lasted long enough, if there is any.
    #[must_use]
    pub fn patience_ends(&self, now: Instant) -> Option<Instant> {
        self.pods.values().filter_map(PodRow::tells_at).filter(|at| *at > now).min()
    }
}

/// Whose pods.
#[derive(Clone, Copy, Debug)]
pub enum Owner<'a> {
    /// Those of a part of the shop, by its component label.
    Component(&'a str),
    /// Those of a Job, by its name.
    Job(&'a str),
}

fn is_late(known: &Child, told: &Child) -> bool {
    known.uid == told.uid
        && told.resource_version != 0
        && told.resource_version < known.resource_version
}

/// Apart from `resourceVersion` itself, which moves with every heartbeat of a workload's status.
fn tells_the_same(known: &Child, told: &Child) -> bool {
    let resource_version = known.resource_version;
    *known == Child { resource_version, ..told.clone() }
}

fn seen(child: &Child) -> ObservedChild {
    ObservedChild {
        uid: child.uid.clone(),
        version: child.version.clone(),
        progress: child.progress,
        ready_replicas: child.ready_replicas,
        desired_replicas: child.desired_replicas,
    }
}

impl Shop {
    /// Takes in the answer to a write: the child's metadata. What only a watch can tell, how far a
    /// workload has come, stays as known while the child and its generation are the same. Nothing,
    /// when the answer is late (see [`Shop::writing`]).
    pub fn answered(&mut self, id: &ObjectId, mut child: Child, now: Instant) -> bool {
        if self.is_outdated(id, &child) {
            return false;
        }
        if let Some(known) = self.children.get(id)
            && known.uid == child.uid
            && known.generation == child.generation
        {
            child.progress = known.progress;
            child.ready_replicas = known.ready_replicas;
            child.desired_replicas = known.desired_replicas;
            child.refusal = known.refusal.clone();
        }
        self.set_child(id.clone(), child, now)
    }

    /// Whether a Job's pods failed and it is being tried again, with the cause of the last failure.
    #[must_use]
    pub fn last_failure(&self, job: &ObjectId) -> Option<&Cause> {
        let memory = self.memory.get(job)?;
        memory.job.as_ref()?.cause.as_ref()
    }

    /// Whether a child is in its final state.
    #[must_use]
    pub fn progress(&self, id: &ObjectId) -> Option<Progress> {
        self.children.get(id).map(|child| child.progress)
    }
}
