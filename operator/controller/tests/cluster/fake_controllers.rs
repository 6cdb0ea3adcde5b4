//! Fake controllers of Deployments, StatefulSets, Jobs and volumes: they report every workload as
//! ready and every Job as complete.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kube::Api;
use kube::api::{DynamicObject, ListParams, Patch, PatchParams};
use serde_json::{Value, json};
use storefront_desired::Kind;
use tokio::task::JoinHandle;

use crate::fixture::Cluster;

const TIMESTAMP: &str = "2026-01-01T00:00:00Z";

/// The fake controllers of one namespace. They stop when dropped.
pub(crate) struct FakeControllers {
    task: JoinHandle<()>,
    fail_jobs: Arc<AtomicBool>,
}

impl FakeControllers {
    pub(crate) fn start(cluster: &Cluster) -> Self {
        let apis = [Kind::Deployment, Kind::StatefulSet, Kind::Job, Kind::PersistentVolumeClaim]
            .map(|kind| (kind, cluster.children(kind)));
        let fail_jobs = Arc::new(AtomicBool::new(false));
        let failing = fail_jobs.clone();
        let task = tokio::spawn(async move {
            loop {
                for (kind, api) in &apis {
                    report(*kind, api, failing.load(Ordering::Relaxed)).await;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        Self { task, fail_jobs }
    }

    /// Sets whether Jobs that are not complete yet fail.
    pub(crate) fn fail_jobs(&self, fail: bool) {
        self.fail_jobs.store(fail, Ordering::Relaxed);
    }
}

impl Drop for FakeControllers {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn report(kind: Kind, api: &Api<DynamicObject>, fail_jobs: bool) {
    let Ok(objects) = api.list(&ListParams::default()).await else { return };
    for object in objects {
        let Some(status) = status(kind, &object, fail_jobs) else { continue };
        let patch = Patch::Merge(json!({ "status": status }));
        let name = object.metadata.name.unwrap();
        match api.patch_status(&name, &PatchParams::default(), &patch).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => panic!("{name}: {error}"),
        }
    }
}

/// Returns the status to report, if the object does not have it.
fn status(kind: Kind, object: &DynamicObject, fail_jobs: bool) -> Option<Value> {
    let current = &object.data["status"];
    if kind == Kind::Job {
        let ended =
            current["conditions"].as_array().is_some_and(|conditions| !conditions.is_empty());
        return (!ended).then(|| job(fail_jobs));
    }
    if kind == Kind::PersistentVolumeClaim {
        return (current["phase"] != "Bound").then(|| json!({ "phase": "Bound" }));
    }
    let replicas = object.data["spec"]["replicas"].clone();
    let generation = object.metadata.generation;
    let matches =
        |field: &str| current[field].as_i64().unwrap_or(0) == replicas.as_i64().unwrap_or(1);
    if current["observedGeneration"].as_i64() == generation
        && matches("replicas")
        && matches("readyReplicas")
    {
        return None;
    }
    let mut status = json!({
        "observedGeneration": generation,
        "replicas": replicas,
        "updatedReplicas": replicas,
        "readyReplicas": replicas,
        "availableReplicas": replicas,
    });
    if kind == Kind::StatefulSet {
        status["currentRevision"] = "one".into();
        status["updateRevision"] = "one".into();
    }
    Some(status)
}

fn job(fail: bool) -> Value {
    let condition = |type_: &str| {
        json!({
            "type": type_, "status": "True", "reason": "Test", "message": "",
            "lastProbeTime": TIMESTAMP, "lastTransitionTime": TIMESTAMP,
        })
    };
    if fail {
        let conditions = [condition("FailureTarget"), condition("Failed")];
        return json!({ "startTime": TIMESTAMP, "failed": 1, "conditions": conditions });
    }
    let conditions = [condition("SuccessCriteriaMet"), condition("Complete")];
    json!({
        "startTime": TIMESTAMP, "completionTime": TIMESTAMP, "succeeded": 1,
        "conditions": conditions,
    })
}
