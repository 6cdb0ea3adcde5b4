//! The observed state of one Storefront.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use storefront_desired::{Kind, ObjectId, ObservedChild, ObservedState, Progress};

use super::Source;
use super::write_history::WriteHistory;
use crate::observe::{Cause, Child, ObservedStorefront, Pod};

/// How long problems of existing pods are not reported after a change of their workload. Within
/// this time Kubernetes replaces the pods, if the change requires it.
const ROLLOUT_GRACE_PERIOD: Duration = Duration::from_secs(10);

/// The observed state of one Storefront, its children and its pods.
#[derive(Debug, Default)]
pub struct StorefrontState {
    /// The Storefront; absent if it was deleted and some of its children still exist.
    pub storefront: Option<ObservedStorefront>,
    /// The children, as last observed.
    pub children: BTreeMap<ObjectId, Child>,
    /// The write history of each child. It outlives the entry of the child.
    pub history: BTreeMap<ObjectId, WriteHistory>,
    /// The backoff of a failed write of the status: the number of earlier failures, and the time of
    /// the retry.
    pub status_backoff: Option<(u32, Instant)>,
    /// Whether the managed Redis is nearly full; `None` before the first measurement.
    pub redis_memory_pressure: Option<bool>,
    /// The number of consecutive reconciles that were requeued with backoff.
    pub requeues: u32,
    /// The writes in flight by child, each with the uids of children of that name whose deletion
    /// was observed since the write began. Bounded by the number of children, and by how often a
    /// child can be deleted within the timeout of one request.
    pub(super) in_flight: BTreeMap<ObjectId, Vec<String>>,
    pods: BTreeMap<String, PodEntry>,
}

#[derive(Debug)]
struct PodEntry {
    pod: Pod,
    /// When the cause, if there is one, becomes reportable. In the future while the cause may be
    /// transient.
    report_at: Instant,
    /// The end of the [`ROLLOUT_GRACE_PERIOD`] after a change of the workload.
    suppressed_until: Option<Instant>,
}

impl PodEntry {
    /// Returns when the cause becomes reportable, if there is one.
    fn reportable_at(&self) -> Option<Instant> {
        self.pod.cause.as_ref()?;
        Some(self.suppressed_until.map_or(self.report_at, |until| until.max(self.report_at)))
    }

    fn belongs_to(&self, component: &str) -> bool {
        self.pod.job.is_none() && self.pod.component.as_deref() == Some(component)
    }
}

impl StorefrontState {
    pub(super) fn set_storefront(&mut self, observed: ObservedStorefront) -> bool {
        if let Some(known) = &self.storefront {
            let same = known.uid == observed.uid;
            if same
                && observed.resource_version != 0
                && observed.resource_version <= known.resource_version
            {
                return false;
            }
            if !same {
                // This is another Storefront of the same name. The write history belongs to the
                // former one.
                self.history.clear();
                self.status_backoff = None;
                self.redis_memory_pressure = None;
            }
        }
        self.storefront = Some(observed);
        true
    }

    pub(super) fn set_child(&mut self, id: ObjectId, child: Child, now: Instant) -> bool {
        let known = self.children.get(&id);
        if known.is_some_and(|known| is_stale(known, &child)) {
            return false;
        }
        if id.kind == Kind::Job && known.map(|k| k.progress) != Some(child.progress) {
            self.history.entry(id.clone()).or_default().observe_job(child.progress, now);
        }
        let changed = known.is_none_or(|known| !eq_ignoring_resource_version(known, &child));
        if let (Some(known), Some(component)) = (known, &child.component)
            && (&known.uid, known.generation) != (&child.uid, child.generation)
            && matches!(id.kind, Kind::Deployment | Kind::StatefulSet)
        {
            let pods = self.pods.values_mut().filter(|entry| entry.belongs_to(component));
            pods.for_each(|entry| entry.suppressed_until = Some(now + ROLLOUT_GRACE_PERIOD));
        }
        self.children.insert(id, child);
        changed
    }

    pub(super) fn set_pod(&mut self, name: &str, pod: Pod, now: Instant) -> bool {
        let known = self.pods.get(name).filter(|entry| entry.pod.uid == pod.uid);
        let changed = known
            .is_none_or(|entry| (&entry.pod.cause, entry.pod.ended) != (&pod.cause, pod.ended));
        let reason = |pod: &Pod| pod.cause.as_ref().map(|cause| cause.kind.reason());
        let delay = pod.cause.as_ref().map_or(Duration::ZERO, |cause| cause.kind.report_delay());
        // Another message or kind with the same reason does not restart the delay.
        let report_at = match known {
            Some(entry) if reason(&entry.pod) == reason(&pod) => entry.report_at.min(now + delay),
            _ => now + delay,
        };
        let suppressed_until = known.and_then(|entry| entry.suppressed_until);
        // A new healthy pod does not matter: the status of the workload covers it.
        let ignorable = known.is_none() && pod.cause.is_none();
        self.pods.insert(name.to_owned(), PodEntry { pod, report_at, suppressed_until });
        changed && !ignorable
    }

    pub(super) fn remove(&mut self, source: Source, name: &str, uid: Option<&str>) -> bool {
        let matches_uid = |known: &str| uid.is_none_or(|uid| uid == known);
        match source {
            Source::Storefronts => {
                let removed = self.storefront.take_if(|known| matches_uid(&known.uid)).is_some();
                if removed {
                    self.history.clear();
                    self.status_backoff = None;
                }
                removed
            }
            Source::Children(kind) => {
                let id = ObjectId { kind, name: name.to_owned() };
                let known = self.children.get(&id).map(|child| child.uid.clone());
                if let Some(deleted) = self.in_flight.get_mut(&id) {
                    deleted.extend(uid.map(str::to_owned).or_else(|| known.clone()));
                }
                known.is_some_and(|known| matches_uid(&known))
                    && self.children.remove(&id).is_some()
            }
            Source::Pods => {
                let known = self.pods.get(name).is_some_and(|entry| matches_uid(&entry.pod.uid));
                let suspended = self.is_suspended();
                known
                    && self
                        .pods
                        .remove(name)
                        .is_some_and(|entry| suspended || entry.pod.cause.is_some())
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.storefront.is_none() && self.children.is_empty() && self.pods.is_empty()
    }

    pub(super) fn entries(&self, source: Source, name: &str) -> Vec<String> {
        match source {
            Source::Storefronts => self.storefront.iter().map(|_| name.to_owned()).collect(),
            Source::Children(kind) => {
                let of_kind = self.children.keys().filter(|id| id.kind == kind);
                of_kind.map(|id| id.name.clone()).collect()
            }
            Source::Pods => self.pods.keys().cloned().collect(),
        }
    }

    /// Returns the input of [`storefront_desired::desired`]: the children of this Storefront that
    /// are not being deleted.
    #[must_use]
    pub fn observed_state(&self) -> ObservedState {
        let uid = self.storefront.as_ref().map(|observed| observed.uid.as_str());
        let owned = self.children.iter().filter(|(_, child)| {
            !child.deleting && (child.owner.is_none() || child.owner.as_deref() == uid)
        });
        ObservedState {
            children: owned.map(|(id, child)| (id.clone(), observed_child(child))).collect(),
            parts_with_pods: self.parts_with_pods(),
        }
    }

    /// Returns the parts with pods that have not ended, including terminating pods.
    #[must_use]
    pub fn parts_with_pods(&self) -> BTreeSet<String> {
        let running = self.pods.values().filter(|entry| !entry.pod.ended);
        running.filter_map(|entry| entry.pod.component.clone()).collect()
    }

    fn is_suspended(&self) -> bool {
        let storefront = self.storefront.as_ref().and_then(|known| known.parsed.as_ref().ok());
        storefront.is_some_and(|storefront| storefront.spec.suspend)
    }

    /// Returns the worst reportable cause that keeps these pods from running.
    #[must_use]
    pub fn worst_cause(&self, pods: PodSelector<'_>, now: Instant) -> Option<&Cause> {
        self.pods
            .values()
            .filter(|entry| match pods {
                PodSelector::Component(name) => entry.belongs_to(name),
                PodSelector::Job(name) => entry.pod.job.as_deref() == Some(name),
            })
            .filter(|entry| entry.reportable_at().is_some_and(|at| now >= at))
            .filter_map(|entry| entry.pod.cause.as_ref())
            .min_by_key(|cause| cause.kind)
    }

    /// Returns when the next cause becomes reportable, if there is one.
    #[must_use]
    pub fn next_report_at(&self, now: Instant) -> Option<Instant> {
        self.pods.values().filter_map(PodEntry::reportable_at).filter(|at| *at > now).min()
    }
}

/// Selects the pods of one workload.
#[derive(Clone, Copy, Debug)]
pub enum PodSelector<'a> {
    /// The pods of a part of the shop, by its component label.
    Component(&'a str),
    /// The pods of a Job, by its name.
    Job(&'a str),
}

fn is_stale(known: &Child, observed: &Child) -> bool {
    known.uid == observed.uid
        && observed.resource_version != 0
        && observed.resource_version < known.resource_version
}

/// Compares all fields except `resourceVersion`, which changes with every heartbeat of a workload's
/// status.
fn eq_ignoring_resource_version(known: &Child, observed: &Child) -> bool {
    let resource_version = known.resource_version;
    *known == Child { resource_version, ..observed.clone() }
}

fn observed_child(child: &Child) -> ObservedChild {
    ObservedChild {
        uid: child.uid.clone(),
        version: child.version.clone(),
        progress: child.progress,
        ready_replicas: child.ready_replicas,
        desired_replicas: child.desired_replicas,
    }
}

impl StorefrontState {
    /// Stores the response to a write: the child's metadata. The progress of a workload, which only
    /// a watch reports, stays as known while the child and its generation are the same. An outdated
    /// response is ignored (see [`StorefrontState::begin_write`]).
    pub fn finish_write(&mut self, id: &ObjectId, mut child: Child, now: Instant) -> bool {
        if self.is_response_outdated(id, &child) {
            return false;
        }
        if let Some(known) = self.children.get(id)
            && known.uid == child.uid
            && known.generation == child.generation
        {
            child.progress = known.progress;
            child.ready_replicas = known.ready_replicas;
            child.desired_replicas = known.desired_replicas;
            child.pod_rejection = known.pod_rejection.clone();
        }
        self.set_child(id.clone(), child, now)
    }

    /// Returns the cause of the last failure of a Job that is being retried.
    #[must_use]
    pub fn last_failure(&self, job: &ObjectId) -> Option<&Cause> {
        let history = self.history.get(job)?;
        history.job.as_ref()?.cause.as_ref()
    }

    /// Returns the progress of a child.
    #[must_use]
    pub fn progress(&self, id: &ObjectId) -> Option<Progress> {
        self.children.get(id).map(|child| child.progress)
    }
}
