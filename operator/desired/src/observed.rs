//! The observed state of a Storefront's children.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Kind, ObjectId};

/// The observed state: everything that [`crate::desired`] may depend on besides the Storefront and
/// the installation's defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedState {
    /// The children that exist, as last observed.
    pub children: BTreeMap<ObjectId, ObservedChild>,
    /// The component labels of the parts that have pods that have not ended. Unlike the counts in
    /// the status of a Deployment, this includes terminating pods.
    pub parts_with_pods: BTreeSet<String>,
}

impl ObservedState {
    /// Returns the observed state of a child, if it exists.
    #[must_use]
    pub fn get(&self, kind: Kind, name: &str) -> Option<&ObservedChild> {
        self.children.get(&ObjectId { kind, name: name.to_owned() })
    }

    /// Reports whether a child exists and is [`Progress::Done`]: a workload whose replicas of the
    /// current generation are all ready, a Job that completed, or any other object that exists.
    #[must_use]
    pub fn is_done(&self, kind: Kind, name: &str) -> bool {
        self.get(kind, name).is_some_and(|child| child.progress == Progress::Done)
    }
}

/// The observed state of one child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedChild {
    /// `metadata.uid`. A different uid means that the child was recreated.
    pub uid: String,
    /// The label `app.kubernetes.io/version`, on children that have it.
    pub version: Option<String>,
    /// The progress of the child.
    pub progress: Progress,
    /// The number of ready replicas of a workload; 0 for other kinds.
    pub ready_replicas: i32,
    /// The number of desired replicas of a workload; 0 for other kinds.
    pub desired_replicas: i32,
}

/// The progress of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It has not completed yet.
    Running,
    /// It has completed.
    Done,
    /// It has failed: a Job without retries left, or a rollout past its deadline.
    Failed,
}
