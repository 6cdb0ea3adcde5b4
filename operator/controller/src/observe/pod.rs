//! What a pod tells: whose it is and what is wrong with it.

use super::cause::{self, Cause};
use super::pod_object::{PodObject, PodStatus};
use super::{COMPONENT_LABEL, label};

/// A pod's row in the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// `metadata.uid`.
    pub uid: String,
    /// Which part of the shop it runs.
    pub component: Option<String>,
    /// The Job that it runs, if it is one's.
    pub job: Option<String>,
    /// Whether all its containers have ended for good.
    pub ended: bool,
    /// What keeps it from running, if anything does.
    pub cause: Option<Cause>,
}

impl Pod {
    /// What this pod tells.
    #[must_use]
    pub fn from_object(object: &PodObject) -> Self {
        let metadata = &object.metadata;
        let job = label(metadata, "batch.kubernetes.io/job-name");
        let going = metadata.deletion_timestamp.is_some();
        let status = object.status.as_ref().filter(|_| !going);
        Self {
            uid: metadata.uid.clone().unwrap_or_default(),
            component: label(metadata, COMPONENT_LABEL),
            ended: object.status.as_ref().is_some_and(PodStatus::has_ended),
            cause: status.and_then(|status| cause::of_pod(&object.spec, status, job.is_some())),
            job,
        }
    }
}
