//! A simulated cluster: it applies the desired objects, assigns uids, and completes children when a
//! test requests it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use storefront_api::names::MANAGED_BY_LABEL;
use storefront_api::{Storefront, StorefrontSpec};
use storefront_desired::{
    Action, InstallationDefaults, Kind, Object, ObjectId, ObservedChild, ObservedState, Progress,
    desired,
};

/// The maximum number of rounds, more than any rollout has steps.
const MAX_ROUNDS: usize = 30;

#[derive(Clone, Debug)]
pub(crate) struct FakeCluster {
    pub(crate) storefront: Storefront,
    pub(crate) observed: ObservedState,
    pub(crate) manifests: BTreeMap<ObjectId, Value>,
    uids: u32,
}

impl FakeCluster {
    /// Creates a cluster with the Storefront `demo` in the namespace `shop` and without children.
    pub(crate) fn new(spec: StorefrontSpec) -> Self {
        Self::with_name("demo", spec)
    }

    pub(crate) fn with_name(name: &str, spec: StorefrontSpec) -> Self {
        let mut storefront = Storefront::new(name, spec);
        storefront.metadata.namespace = Some("shop".to_owned());
        storefront.metadata.uid = Some("4f8b7f1e-0000-4000-8000-000000000000".to_owned());
        Self { storefront, observed: ObservedState::default(), manifests: BTreeMap::new(), uids: 0 }
    }

    pub(crate) fn desired(&self) -> Vec<Object> {
        desired(&self.storefront, &self.observed, &defaults())
    }

    /// Reconciles once: writes objects that differ, deletes objects that are no longer desired, and
    /// returns the ids of both.
    pub(crate) fn reconcile(&mut self) -> BTreeSet<ObjectId> {
        let objects = self.desired();
        let desired: BTreeSet<&ObjectId> = objects.iter().map(|object| &object.id).collect();
        let obsolete: Vec<ObjectId> =
            self.observed.children.keys().filter(|id| !desired.contains(id)).cloned().collect();
        for id in &obsolete {
            assert_ne!(id.kind, Kind::PersistentVolumeClaim, "{id} is no longer desired");
            self.delete(id);
        }
        let mut written: BTreeSet<ObjectId> = obsolete.into_iter().collect();
        for Object { id, action } in objects {
            let manifest = match action {
                Action::Apply(manifest) => manifest,
                Action::CreateOnce(template) => template.manifest,
                Action::Keep => continue,
            };
            if self.manifests.get(&id) != Some(&manifest) {
                self.observe(&id, &manifest);
                self.manifests.insert(id.clone(), manifest);
                written.insert(id);
            }
        }
        written
    }

    fn observe(&mut self, id: &ObjectId, manifest: &Value) {
        assert_eq!(manifest["metadata"]["labels"][MANAGED_BY_LABEL], "storefront-operator");
        let is_workload = matches!(id.kind, Kind::Deployment | Kind::StatefulSet);
        let completes_later = is_workload || id.kind == Kind::Job;
        let before = self.observed.children.get(id).cloned();
        let ready_replicas = before.as_ref().map_or(0, |child| child.ready_replicas);
        let uid = before.map_or_else(|| self.next_uid(), |child| child.uid);
        let replicas = manifest["spec"]["replicas"].as_i64().filter(|_| is_workload).unwrap_or(0);
        let label = &manifest["metadata"]["labels"]["app.kubernetes.io/version"];
        let child = ObservedChild {
            uid,
            version: label.as_str().map(str::to_owned),
            progress: if completes_later { Progress::Running } else { Progress::Done },
            ready_replicas,
            desired_replicas: i32::try_from(replicas).unwrap(),
        };
        self.observed.children.insert(id.clone(), child);
    }

    fn next_uid(&mut self) -> String {
        self.uids += 1;
        format!("00000000-0000-4000-8000-{:012}", self.uids)
    }

    /// Deletes a child, as a user does.
    pub(crate) fn delete(&mut self, id: &ObjectId) {
        self.manifests.remove(id);
        self.observed.children.remove(id);
    }

    /// Completes a child: a workload becomes ready, a Job succeeds.
    pub(crate) fn complete(&mut self, id: &ObjectId) {
        let child = self.observed.children.get_mut(id).unwrap_or_else(|| panic!("no {id}"));
        child.progress = Progress::Done;
        child.ready_replicas = child.desired_replicas;
    }

    /// Fails a child.
    pub(crate) fn fail(&mut self, id: &ObjectId) {
        self.observed.children.get_mut(id).unwrap().progress = Progress::Failed;
    }

    /// Returns the workloads and Jobs that have not completed.
    pub(crate) fn running(&self) -> Vec<ObjectId> {
        let children = self.observed.children.iter();
        let running = children.filter(|(_, child)| child.progress == Progress::Running);
        running.map(|(id, _)| id.clone()).collect()
    }

    /// Reconciles until nothing changes, without completing any child, and returns the workloads
    /// and Jobs that were written.
    pub(crate) fn reconcile_all(&mut self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for _ in 0..MAX_ROUNDS {
            let written = self.reconcile();
            if written.is_empty() {
                return all;
            }
            all.extend(written.iter().filter(|id| is_asynchronous(id)).map(|id| self.short(id)));
        }
        panic!("reconciliation does not settle");
    }

    /// Reconciles and completes all children until nothing changes. Each item contains the objects
    /// that were written in one step.
    pub(crate) fn settle(&mut self) -> Vec<BTreeSet<String>> {
        let mut waves = Vec::new();
        for _ in 0..MAX_ROUNDS {
            let written = self.reconcile_all();
            let running = self.running();
            if !written.is_empty() {
                waves.push(written);
            }
            if running.is_empty() {
                return waves;
            }
            for id in running {
                self.complete(&id);
            }
        }
        panic!("reconciliation does not settle");
    }

    /// Returns a child's id without the Storefront's name and, for Jobs, without the hash.
    pub(crate) fn short(&self, id: &ObjectId) -> String {
        let prefix = format!("{}-", self.storefront.metadata.name.as_ref().unwrap());
        let name = id.name.strip_prefix(&prefix).unwrap_or(&id.name);
        let name = match id.kind {
            Kind::Job => name.rsplit_once('-').unwrap().0,
            _ => name,
        };
        format!("{}/{name}", id.kind.as_str())
    }

    pub(crate) fn deployment(&self, component: &str) -> ObjectId {
        id(Kind::Deployment, &format!("demo-{component}"))
    }

    /// Returns the Job whose name has this prefix.
    pub(crate) fn job(&self, prefix: &str) -> ObjectId {
        let prefix = format!("demo-{prefix}-");
        let mut jobs = self
            .observed
            .children
            .keys()
            .filter(|id| id.kind == Kind::Job && id.name.starts_with(&prefix));
        let job = jobs.next().unwrap_or_else(|| panic!("no Job {prefix}…")).clone();
        assert_eq!(jobs.next(), None, "two Jobs {prefix}…");
        job
    }
}

pub(crate) fn id(kind: Kind, name: &str) -> ObjectId {
    ObjectId { kind, name: name.to_owned() }
}

pub(crate) fn defaults() -> InstallationDefaults {
    InstallationDefaults {
        shop_image: "storefront/shop".to_owned(),
        postgres_image: "postgres:17".to_owned(),
        redis_image: "redis:8".to_owned(),
        cluster_id: Some("0b54f7c6-7d3e-4a34-9f6c-0d2a4b9a2f10".to_owned()),
    }
}

/// Reports whether children of this kind complete later than they are written.
fn is_asynchronous(id: &ObjectId) -> bool {
    matches!(id.kind, Kind::Deployment | Kind::StatefulSet | Kind::Job)
}
