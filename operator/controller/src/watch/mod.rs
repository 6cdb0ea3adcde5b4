//! The watchers: one per kind, or per kind and namespace. Each applies its events to the index, as
//! kube's reflector applies them to its store.
//!
//! A watch that breaks resumes at its last `resourceVersion`. When that is too old, the watcher
//! lists again, and an entry that is in the index and not in the list was deleted while the watch
//! was broken.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use futures::future::BoxFuture;
use futures::{Stream, StreamExt as _};
use kube::api::{ApiResource, DynamicObject};
use kube::core::{ObjectMeta, PartialObjectMeta};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use storefront_api::names::STOREFRONT_LABEL;
use storefront_desired::{Kind, ObjectId};
use tokio::sync::oneshot;

use crate::apply::resource;
use crate::index::{EntryName, Index, Source};
use crate::object_key::ObjectKey;
use crate::observe::{
    self, Child, ObservedStorefront, Pod, PodObject, WorkloadObject, is_workload,
};
use crate::state::State;

/// A watch that runs while it is polled, and the signal that its first list is complete.
pub struct Watch {
    /// What is watched, for logs.
    pub name: String,
    /// The future that runs the watch. It ends only when it is dropped.
    pub run: BoxFuture<'static, ()>,
    /// Resolves when the first list is in the index.
    pub synced: oneshot::Receiver<()>,
}

/// Returns every watch: of the whole cluster, or of the given namespaces only.
#[must_use]
pub fn watches(client: &Client, state: &Arc<State>, namespaces: &[String]) -> Vec<Watch> {
    let scopes: Vec<Option<&str>> = match namespaces {
        [] => vec![None],
        some => some.iter().map(|namespace| Some(namespace.as_str())).collect(),
    };
    let scoped = |namespace: Option<&str>| {
        let storefronts = Watcher::new(client, state, Source::Storefronts, namespace).storefronts();
        let pods = Watcher::new(client, state, Source::Pods, namespace).pods();
        let children = Kind::ALL.map(|kind| {
            Watcher::new(client, state, Source::Children(kind), namespace).children(kind)
        });
        [storefronts, pods].into_iter().chain(children)
    };
    scopes.into_iter().flat_map(scoped).collect()
}

struct Watcher {
    client: Client,
    reflector: Reflector,
}

impl Watcher {
    fn new(client: &Client, state: &Arc<State>, source: Source, namespace: Option<&str>) -> Self {
        let reflector = Reflector {
            state: state.clone(),
            source,
            namespace: namespace.map(str::to_owned),
            unlisted: BTreeSet::new(),
            synced: None,
        };
        Self { client: client.clone(), reflector }
    }

    fn storefronts(self) -> Watch {
        let config = watcher::Config::default();
        self.start(observe::storefront_resource(), config, |index, key, object| {
            index.set_storefront(key, ObservedStorefront::from_object(object))
        })
    }

    fn pods(self) -> Watch {
        let resource = ApiResource::erase::<k8s_openapi::api::core::v1::Pod>(&());
        self.start(resource, labeled_config(), |index, key, object: PodObject| {
            let name = object.metadata.name.clone().unwrap_or_default();
            index.set_pod(key, &name, Pod::from_object(&object), Instant::now())
        })
    }

    fn children(self, kind: Kind) -> Watch {
        if is_workload(kind) {
            return self.start(
                resource(kind),
                labeled_config(),
                move |index, key, object: WorkloadObject| {
                    let child = Child::from_workload(kind, &object);
                    index.set_child(key, id(kind, &object.metadata), child, Instant::now())
                },
            );
        }
        type Metadata = PartialObjectMeta<DynamicObject>;
        self.start(resource(kind), labeled_config(), move |index, key, object: Metadata| {
            let child = Child::from_metadata(kind, &object.metadata);
            index.set_child(key, id(kind, &object.metadata), child, Instant::now())
        })
    }

    fn start<K>(
        mut self,
        resource: ApiResource,
        config: watcher::Config,
        set: impl Fn(&mut Index, &ObjectKey, K) -> bool + Send + 'static,
    ) -> Watch
    where
        K: Resource<DynamicType = ApiResource, Scope = kube::core::DynamicResourceScope>
            + Clone
            + std::fmt::Debug
            + DeserializeOwned
            + Send
            + 'static,
    {
        let api: Api<K> = match &self.reflector.namespace {
            Some(namespace) => Api::namespaced_with(self.client, namespace, &resource),
            None => Api::all_with(self.client, &resource),
        };
        let (done, synced) = oneshot::channel();
        self.reflector.synced = Some(done);
        let name = match &self.reflector.namespace {
            Some(namespace) => format!("{} in {namespace}", resource.plural),
            None => resource.plural.clone(),
        };
        let events = watcher(api, config).default_backoff();
        let run = Box::pin(run_watch(name.clone(), events, self.reflector, set));
        Watch { name, run, synced }
    }
}

fn labeled_config() -> watcher::Config {
    watcher::Config::default().labels(STOREFRONT_LABEL)
}

fn id(kind: Kind, metadata: &ObjectMeta) -> ObjectId {
    ObjectId { kind, name: metadata.name.clone().unwrap_or_default() }
}

async fn run_watch<K: Resource + Send>(
    name: String,
    events: impl Stream<Item = Result<Event<K>, watcher::Error>> + Send,
    mut reflector: Reflector,
    set: impl Fn(&mut Index, &ObjectKey, K) -> bool + Send,
) {
    let mut events = pin!(events);
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => reflector.handle(event, &set),
            Err(error) => tracing::warn!(watch = name, %error, "watch restarted"),
        }
    }
}

/// Applies the events of one watch to the index.
struct Reflector {
    state: Arc<State>,
    source: Source,
    namespace: Option<String>,
    /// During a list: the entries that it has not contained so far.
    unlisted: BTreeSet<EntryName>,
    synced: Option<oneshot::Sender<()>>,
}

impl Reflector {
    fn handle<K: Resource>(
        &mut self,
        event: Event<K>,
        set: &impl Fn(&mut Index, &ObjectKey, K) -> bool,
    ) {
        match event {
            Event::Init => {
                let (source, namespace) = (self.source, self.namespace.as_deref());
                self.unlisted = self.state.index(|index| index.entries(source, namespace));
            }
            Event::InitApply(object) | Event::Apply(object) => {
                let Some(entry) = self.entry_name(object.meta()) else { return };
                self.unlisted.remove(&entry);
                self.state.update_index(&entry.0, |index| set(index, &entry.0, object));
            }
            Event::InitDone => {
                for entry in std::mem::take(&mut self.unlisted) {
                    self.remove(&entry, None);
                }
                if let Some(synced) = self.synced.take() {
                    // The receiver is dropped when the process is already shutting down.
                    synced.send(()).unwrap_or_default();
                }
            }
            Event::Delete(object) => {
                let Some(entry) = self.entry_name(object.meta()) else { return };
                self.remove(&entry, object.meta().uid.as_deref());
            }
        }
    }

    fn entry_name(&self, metadata: &ObjectMeta) -> Option<EntryName> {
        let name = metadata.name.clone()?;
        let key = match self.source {
            Source::Storefronts => ObjectKey::new(metadata.namespace.as_deref()?, &name),
            Source::Children(_) | Source::Pods => observe::storefront_of(metadata)?,
        };
        Some((key, name))
    }

    fn remove(&self, entry: &EntryName, uid: Option<&str>) {
        self.state.update_index(&entry.0, |index| index.remove(self.source, entry, uid));
        if self.source == Source::Storefronts {
            self.state.metrics.remove_storefront(&entry.0);
        }
    }
}

#[cfg(test)]
mod tests;
