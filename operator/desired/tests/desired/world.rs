//! A cluster in a few lines: it takes what is desired, gives uids, and lets children come up when
//! the test says so.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use storefront_api::names::MANAGED_BY_LABEL;
use storefront_api::{Storefront, StorefrontSpec};
use storefront_desired::{
    Action, InstallationDefaults, Kind, Object, ObjectId, ObservedChild, ObservedState, Progress,
    desired,
};

/// More rounds than any rollout has steps.
const ROUNDS: usize = 30;

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) storefront: Storefront,
    pub(crate) observed: ObservedState,
    pub(crate) manifests: BTreeMap<ObjectId, Value>,
    made: u32,
}

impl World {
    /// The Storefront `demo` in the namespace `shop`, without any child.
    pub(crate) fn of(spec: StorefrontSpec) -> Self {
        Self::named("demo", spec)
    }

    pub(crate) fn named(name: &str, spec: StorefrontSpec) -> Self {
        let mut storefront = Storefront::new(name, spec);
        storefront.metadata.namespace = Some("shop".to_owned());
        storefront.metadata.uid = Some("4f8b7f1e-0000-4000-8000-000000000000".to_owned());
        Self { storefront, observed: ObservedState::default(), manifests: BTreeMap::new(), made: 0 }
    }

    pub(crate) fn desired(&self) -> Vec<Object> {
        desired(&self.storefront, &self.observed, &defaults())
    }

    /// Writes what is desired and differs, deletes what is not desired any more, and tells what of
    /// that it was.
    pub(crate) fn write(&mut self) -> BTreeSet<ObjectId> {
        let objects = self.desired();
        let wanted: BTreeSet<&ObjectId> = objects.iter().map(|object| &object.id).collect();
        let gone: Vec<ObjectId> =
            self.observed.children.keys().filter(|id| !wanted.contains(id)).cloned().collect();
        for id in &gone {
            assert_ne!(id.kind, Kind::PersistentVolumeClaim, "{id} is not wanted any more");
            self.delete(id);
        }
        let mut written: BTreeSet<ObjectId> = gone.into_iter().collect();
        for Object { id, action } in objects {
            let manifest = match action {
                Action::Apply(manifest) => manifest,
                Action::CreateOnce(template) => template.manifest,
                Action::Keep => continue,
            };
            if self.manifests.get(&id) != Some(&manifest) {
                self.see(&id, &manifest);
                self.manifests.insert(id.clone(), manifest);
                written.insert(id);
            }
        }
        written
    }

    fn see(&mut self, id: &ObjectId, manifest: &Value) {
        assert_eq!(manifest["metadata"]["labels"][MANAGED_BY_LABEL], "storefront-operator");
        let is_workload = matches!(id.kind, Kind::Deployment | Kind::StatefulSet);
        let takes_time = is_workload || id.kind == Kind::Job;
        let before = self.observed.children.get(id).cloned();
        let ready_replicas = before.as_ref().map_or(0, |seen| seen.ready_replicas);
        let uid = before.map_or_else(|| self.next_uid(), |seen| seen.uid);
        let replicas = manifest["spec"]["replicas"].as_i64().filter(|_| is_workload).unwrap_or(0);
        let label = &manifest["metadata"]["labels"]["app.kubernetes.io/version"];
        let seen = ObservedChild {
            uid,
            version: label.as_str().map(str::to_owned),
            progress: if takes_time { Progress::Running } else { Progress::Done },
            ready_replicas,
            desired_replicas: i32::try_from(replicas).unwrap(),
        };
        self.observed.children.insert(id.clone(), seen);
    }

    fn next_uid(&mut self) -> String {
        self.made += 1;
        format!("00000000-0000-4000-8000-{:012}", self.made)
    }

    /// Somebody deletes the child.
    pub(crate) fn delete(&mut self, id: &ObjectId) {
        self.manifests.remove(id);
        self.observed.children.remove(id);
    }

    /// The child comes as far as it can.
    pub(crate) fn come_up(&mut self, id: &ObjectId) {
        let seen = self.observed.children.get_mut(id).unwrap_or_else(|| panic!("no {id}"));
        seen.progress = Progress::Done;
        seen.ready_replicas = seen.desired_replicas;
    }

    /// The child will not come up.
    pub(crate) fn fail(&mut self, id: &ObjectId) {
        self.observed.children.get_mut(id).unwrap().progress = Progress::Failed;
    }

    /// The workloads and Jobs that have not come as far as they can.
    pub(crate) fn going(&self) -> Vec<ObjectId> {
        let going = |seen: &ObservedChild| seen.progress == Progress::Running;
        let children = self.observed.children.iter();
        children.filter(|(_, seen)| going(seen)).map(|(id, _)| id.clone()).collect()
    }

    /// Writes until nothing changes, while no child comes up, and tells the workloads and Jobs that
    /// were written.
    pub(crate) fn write_all(&mut self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for _ in 0..ROUNDS {
            let written = self.write();
            if written.is_empty() {
                return all;
            }
            all.extend(written.iter().filter(|id| is_slow(id)).map(|id| self.short(id)));
        }
        panic!("it never comes to rest");
    }

    /// Writes, and lets everything come up, until nothing changes any more. Each item is what was
    /// written in one go.
    pub(crate) fn settle(&mut self) -> Vec<BTreeSet<String>> {
        let mut waves = Vec::new();
        for _ in 0..ROUNDS {
            let written = self.write_all();
            let going = self.going();
            if !written.is_empty() {
                waves.push(written);
            }
            if going.is_empty() {
                return waves;
            }
            for id in going {
                self.come_up(&id);
            }
        }
        panic!("it never comes to rest");
    }

    /// The child's id without the Storefront's name and, for Jobs, without the hash.
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

    /// The Job whose name begins so.
    pub(crate) fn job(&self, start: &str) -> ObjectId {
        let start = format!("demo-{start}-");
        let mut jobs = self
            .observed
            .children
            .keys()
            .filter(|id| id.kind == Kind::Job && id.name.starts_with(&start));
        let job = jobs.next().unwrap_or_else(|| panic!("no Job {start}…")).clone();
        assert_eq!(jobs.next(), None, "two Jobs {start}…");
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
    }
}

/// Whether children of this kind take time to come up.
fn is_slow(id: &ObjectId) -> bool {
    matches!(id.kind, Kind::Deployment | Kind::StatefulSet | Kind::Job)
}
