//! A cluster in memory, for tests of what is pure: writes succeed at once and workloads come up.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::core::ObjectMeta;
use serde_json::{Value, json};
use storefront_api::StorefrontStatus;
use storefront_desired::{InstallationDefaults, Kind, ObjectId, Progress};

use crate::decide::{Due, Report, due};
use crate::index::{Index, Shop, Source};
use crate::key::Key;
use crate::observe::{Child, StorefrontRow};
use crate::plan::{Deed, Write};

/// More passes than any Storefront needs: beyond it two passes undo each other.
const MOST_PASSES: usize = 20;

pub(crate) struct Simulation {
    pub(crate) index: Index,
    pub(crate) key: Key,
    pub(crate) now: Instant,
    spec: Value,
    status: Value,
    generation: i64,
    clock: u64,
}

impl Simulation {
    /// A Storefront `shop/demo` of the Dev profile, version 0.1.0, with this besides.
    pub(crate) fn of(spec: Value) -> Self {
        let mut simulation = Self {
            index: Index::default(),
            key: Key::new("shop", "demo"),
            now: Instant::now(),
            spec: json!({ "version": "0.1.0", "profile": "Dev" }),
            status: Value::Null,
            generation: 0,
            clock: 0,
        };
        simulation.change(spec);
        simulation
    }

    /// Changes the spec.
    pub(crate) fn change(&mut self, spec: Value) {
        for (name, value) in spec.as_object().unwrap() {
            self.spec[name] = value.clone();
        }
        self.generation += 1;
        self.store(json!({}));
    }

    /// Stores the Storefront with this in its metadata besides.
    pub(crate) fn store(&mut self, metadata: Value) {
        self.clock += 1;
        let mut object = json!({
            "metadata": {
                "name": "demo", "namespace": "shop", "uid": "demo-uid",
                "generation": self.generation, "resourceVersion": self.clock.to_string(),
            },
            "spec": self.spec, "status": self.status,
        });
        for (name, value) in metadata.as_object().unwrap() {
            object["metadata"][name] = value.clone();
        }
        let row = StorefrontRow::from_object(serde_json::from_value(object).unwrap());
        self.index.set_storefront(&self.key, row);
    }

    pub(crate) fn due(&mut self) -> Due {
        let defaults = InstallationDefaults {
            shop_image: "storefront/shop".to_owned(),
            postgres_image: "postgres:17".to_owned(),
            redis_image: "redis:7".to_owned(),
        };
        let time = Timestamp::UNIX_EPOCH + Duration::from_secs(self.clock);
        due(&mut self.index, &self.key, &defaults, self.now, time)
    }

    /// Passes until there is nothing to write; the last one's report, with its status stored.
    pub(crate) fn settle(&mut self) -> Report {
        for _ in 0..MOST_PASSES {
            match self.due() {
                Due::Writes { writes, .. } => writes.iter().for_each(|write| self.write(write)),
                Due::Report(report) => {
                    if let Some(patch) = &report.patch {
                        merge(&mut self.status, patch);
                        self.store(json!({}));
                    }
                    return report;
                }
                Due::Nothing => panic!("there is a Storefront"),
            }
        }
        panic!("it does not settle")
    }

    /// One pass: what it writes takes place, and no Job that it makes has run yet.
    pub(crate) fn write_once(&mut self) {
        let Due::Writes { writes, .. } = self.due() else { panic!("writes are due") };
        for write in &writes {
            self.write(write);
            if write.id.kind == Kind::Job && self.shop().children.contains_key(&write.id) {
                self.see(Kind::Job, &write.id.name, |child| child.progress = Progress::Running);
            }
        }
    }

    pub(crate) fn status(&self) -> StorefrontStatus {
        serde_json::from_value(self.status.clone()).unwrap()
    }

    /// The status and reason of a condition.
    pub(crate) fn condition(&self, type_: &str) -> Option<(String, String)> {
        let conditions = self.status().conditions;
        let found = conditions.into_iter().find(|condition| condition.type_ == type_)?;
        Some((found.status, found.reason))
    }

    pub(crate) fn shop(&mut self) -> &mut Shop {
        self.index.shop_mut(&self.key).unwrap()
    }

    /// Changes what is known of a child.
    pub(crate) fn see(&mut self, kind: Kind, name: &str, change: impl FnOnce(&mut Child)) {
        let id = ObjectId { kind, name: name.to_owned() };
        self.clock += 1;
        let mut child = self.shop().children[&id].clone();
        child.resource_version = self.clock;
        change(&mut child);
        let (key, now) = (self.key.clone(), self.now);
        self.index.set_child(&key, id, child, now);
    }

    /// The Job whose name contains this.
    pub(crate) fn job(&mut self, part: &str) -> ObjectId {
        let jobs = self.shop().children.keys();
        jobs.filter(|id| id.kind == Kind::Job).find(|id| id.name.contains(part)).unwrap().clone()
    }

    /// Carries out a write.
    pub(crate) fn write(&mut self, write: &Write) {
        self.clock += 1;
        let (key, now, id) = (self.key.clone(), self.now, write.id.clone());
        let manifest = match &write.deed {
            Deed::Apply(manifest) => manifest,
            Deed::Create(recipe) => &recipe.manifest,
            Deed::Delete { .. } => {
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
        let shop = self.index.shop_mut(&key).unwrap();
        let memory = shop.memory.entry(id.clone()).or_default();
        memory.wrote(write.fingerprint, child.mark, now);
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
