//! An in-memory cluster for tests of the pure modules: writes succeed at once and workloads become
//! ready.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::core::ObjectMeta;
use serde_json::{Value, json};
use storefront_api::StorefrontStatus;
use storefront_desired::{InstallationDefaults, Kind, ObjectId, Progress};

use crate::decide::{Decision, Report, decide};
use crate::index::{Index, Source, StorefrontState};
use crate::object_key::ObjectKey;
use crate::observe::{Child, ObservedStorefront};
use crate::plan::{Operation, Write};

/// The maximum number of steps until a Storefront settles. If it needs more, two steps undo each
/// other.
const MAX_STEPS: usize = 20;

pub(crate) struct FakeCluster {
    pub(crate) index: Index,
    pub(crate) key: ObjectKey,
    pub(crate) now: Instant,
    /// The id of the cluster; `None` if the operator may not read it.
    pub(crate) cluster_id: Option<String>,
    spec: Value,
    status: Value,
    generation: i64,
    clock: u64,
}

impl FakeCluster {
    /// Creates a Storefront `shop/demo` of the Dev profile, version 0.1.0, with these fields of the
    /// spec.
    pub(crate) fn with_spec(spec: Value) -> Self {
        let mut cluster = Self {
            index: Index::default(),
            key: ObjectKey::new("shop", "demo"),
            now: Instant::now(),
            cluster_id: Some("cluster".to_owned()),
            spec: json!({ "version": "0.1.0", "profile": "Dev" }),
            status: Value::Null,
            generation: 0,
            clock: 0,
        };
        cluster.change_spec(spec);
        cluster
    }

    /// Changes fields of the spec.
    pub(crate) fn change_spec(&mut self, spec: Value) {
        for (name, value) in spec.as_object().unwrap() {
            self.spec[name] = value.clone();
        }
        self.generation += 1;
        self.store(json!({}));
    }

    /// Returns the Storefront as the API server stores it.
    pub(crate) fn object(&self) -> Value {
        json!({
            "metadata": {
                "name": "demo", "namespace": "shop", "uid": "demo-uid",
                "generation": self.generation, "resourceVersion": self.clock.to_string(),
            },
            "spec": self.spec, "status": self.status,
        })
    }

    /// Stores the Storefront with these fields in its metadata.
    pub(crate) fn store(&mut self, metadata: Value) {
        self.clock += 1;
        let mut object = self.object();
        for (name, value) in metadata.as_object().unwrap() {
            object["metadata"][name] = value.clone();
        }
        let observed = ObservedStorefront::from_object(serde_json::from_value(object).unwrap());
        self.index.set_storefront(&self.key, observed);
    }

    pub(crate) fn decide(&mut self) -> Decision {
        let defaults = InstallationDefaults {
            shop_image: "storefront/shop".to_owned(),
            postgres_image: "postgres:17".to_owned(),
            redis_image: "redis:7".to_owned(),
            cluster_id: self.cluster_id.clone(),
        };
        let time = Timestamp::UNIX_EPOCH + Duration::from_secs(self.clock);
        decide(&mut self.index, &self.key, &defaults, self.now, time)
    }

    /// Executes writes until none is due; stores the status of the report and returns the report.
    pub(crate) fn settle(&mut self) -> Report {
        for _ in 0..MAX_STEPS {
            match self.decide() {
                Decision::Writes { writes, .. } => {
                    writes.iter().for_each(|write| self.write(write))
                }
                Decision::Report(report) => {
                    if let Some(patch) = &report.patch {
                        merge(&mut self.status, patch);
                        self.store(json!({}));
                    }
                    return report;
                }
                Decision::Nothing => panic!("the Storefront does not exist"),
            }
        }
        panic!("the Storefront does not settle")
    }

    /// Executes one step of writes, and leaves the Jobs that it creates running.
    pub(crate) fn write_once(&mut self) {
        let Decision::Writes { writes, .. } = self.decide() else { panic!("writes are due") };
        for write in &writes {
            self.write(write);
            if write.id.kind == Kind::Job && self.state().children.contains_key(&write.id) {
                self.observe_child(Kind::Job, &write.id.name, |child| {
                    child.progress = Progress::Running
                });
            }
        }
    }

    pub(crate) fn status(&self) -> StorefrontStatus {
        serde_json::from_value(self.status.clone()).unwrap()
    }

    /// Returns the status and reason of a condition.
    pub(crate) fn condition(&self, type_: &str) -> Option<(String, String)> {
        let conditions = self.status().conditions;
        let found = conditions.into_iter().find(|condition| condition.type_ == type_)?;
        Some((found.status, found.reason))
    }

    pub(crate) fn state(&mut self) -> &mut StorefrontState {
        self.index.get_mut(&self.key).unwrap()
    }

    /// Changes the observed state of a child.
    pub(crate) fn observe_child(
        &mut self,
        kind: Kind,
        name: &str,
        change: impl FnOnce(&mut Child),
    ) {
        let id = ObjectId { kind, name: name.to_owned() };
        self.clock += 1;
        let mut child = self.state().children[&id].clone();
        child.resource_version = self.clock;
        change(&mut child);
        let (key, now) = (self.key.clone(), self.now);
        self.index.set_child(&key, id, child, now);
    }

    /// Finds the Job whose name contains `part`.
    pub(crate) fn job(&mut self, part: &str) -> ObjectId {
        let jobs = self.state().children.keys();
        jobs.filter(|id| id.kind == Kind::Job).find(|id| id.name.contains(part)).unwrap().clone()
    }

    /// Executes a write.
    pub(crate) fn write(&mut self, write: &Write) {
        self.clock += 1;
        let (key, now, id) = (self.key.clone(), self.now, write.id.clone());
        let manifest = match &write.operation {
            Operation::Apply(manifest) => manifest,
            Operation::Create(template) => &template.manifest,
            Operation::Delete { .. } => {
                self.index.remove(Source::Children(id.kind), &(key, id.name), None);
                return;
            }
        };
        let mut metadata: ObjectMeta =
            serde_json::from_value(manifest["metadata"].clone()).unwrap();
        metadata.uid = Some(format!("uid of {id}"));
        metadata.resource_version = Some(self.clock.to_string());
        metadata.generation = Some(1);
        let mut child = Child::from_metadata(id.kind, &metadata);
        child.progress = Progress::Done;
        if matches!(id.kind, Kind::Deployment | Kind::StatefulSet) {
            let replicas = manifest["spec"]["replicas"].as_i64().unwrap();
            child.desired_replicas = replicas.try_into().unwrap();
            child.ready_replicas = child.desired_replicas;
        }
        let state = self.index.get_mut(&key).unwrap();
        let history = state.history.entry(id.clone()).or_default();
        history.record_write(write.fingerprint, child.drift_fingerprint, now);
        self.index.set_child(&key, id, child, now);
    }
}

fn merge(into: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *into = patch.clone();
        return;
    };
    if !into.is_object() {
        *into = json!({});
    }
    for (name, value) in patch {
        match value {
            Value::Null => drop(into.as_object_mut().unwrap().remove(name)),
            value => merge(&mut into[name.as_str()], value),
        }
    }
}
