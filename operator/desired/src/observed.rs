//! What has been seen of a Storefront's children.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Kind, ObjectId};

/// Everything that [`crate::desired`] may depend on besides the Storefront itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedState {
    /// The children that exist, as last seen.
    pub children: BTreeMap<ObjectId, ObservedChild>,
    /// The parts, by their component label, that have pods which have not ended. Pods on their way
    /// out are among them, unlike in what a Deployment counts.
    pub parts_with_pods: BTreeSet<String>,
}

impl ObservedState {
    /// What was last seen of a child, if it exists.
    pub fn get(&self, kind: Kind, name: &str) -> Option<&ObservedChild> {
        self.children.get(&ObjectId { kind, name: name.to_owned() })
    }

    /// Whether the child exists and has come as far as it can: a workload that serves with all its
    /// replicas of its present generation, a Job that completed, anything else that exists.
    pub fn is_done(&self, kind: Kind, name: &str) -> bool {
        self.get(kind, name).is_some_and(|seen| seen.progress == Progress::Done)
    }
}

/// One child as last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedChild {
    /// `metadata.uid`: another one means that the child was made anew.
    pub uid: String,
    /// The label `app.kubernetes.io/version`, on children that carry it.
    pub version: Option<String>,
    /// How far it has come.
    pub progress: Progress,
    /// Replicas that serve, for workloads; 0 otherwise.
    pub ready_replicas: i32,
    /// Replicas asked for, for workloads; 0 otherwise.
    pub desired_replicas: i32,
}

/// How far a child has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// On its way.
    Running,
    /// As far as it can come.
    Done,
    /// Given up: a Job whose retries are used up, a rollout past its deadline.
    Failed,
}
