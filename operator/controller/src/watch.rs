//! The watches: one per kind, or per kind and namespace, folded into the index event by event.
//!
//! A watch that breaks continues where it was. When that is not possible any more it lists anew,
//! and what is in the index and not in the list was deleted meanwhile.

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
use crate::index::{Index, RowName, Source};
use crate::key::Key;
use crate::observe::{self, Child, Pod, PodObject, StorefrontRow, WorkloadObject, is_workload};
use crate::state::State;

/// A watch that runs for as long as it is polled, and the moment when it has seen everything that
/// there was at the start.
pub struct Watch {
    /// What it watches, for logs.
    pub name: String,
    /// The watch itself. It ends only when it is dropped.
    pub run: BoxFuture<'static, ()>,
    /// Resolves once everything is in the index.
    pub synced: oneshot::Receiver<()>,
}

/// Every watch: of the whole cluster, or of the given namespaces only.
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
    fold: Fold,
}

impl Watcher {
    fn new(client: &Client, state: &Arc<State>, source: Source, namespace: Option<&str>) -> Self {
        let fold = Fold {
            state: state.clone(),
            source,
            namespace: namespace.map(str::to_owned),
            unlisted: BTreeSet::new(),
            synced: None,
        };
        Self { client: client.clone(), fold }
    }

    fn storefronts(self) -> Watch {
        let config = watcher::Config::default();
        self.start(observe::storefront_resource(), config, |index, key, object| {
            index.set_storefront(key, StorefrontRow::from_object(object))
        })
    }

    fn pods(self) -> Watch {
        let resource = ApiResource::erase::<k8s_openapi::api::core::v1::Pod>(&());
        self.start(resource, labelled(), |index, key, object: PodObject| {
            let name = object.metadata.name.clone().unwrap_or_default();
            index.set_pod(key, &name, Pod::from_object(&object), Instant::now())
        })
    }

    fn children(self, kind: Kind) -> Watch {
        if is_workload(kind) {
            return self.start(
                resource(kind),
                labelled(),
                move |index, key, object: WorkloadObject| {
                    let child = Child::from_workload(kind, &object);
                    index.set_child(key, id(kind, &object.metadata), child, Instant::now())
                },
            );
        }
        type Metadata = PartialObjectMeta<DynamicObject>;
        self.start(resource(kind), labelled(), move |index, key, object: Metadata| {
            let child = Child::from_metadata(kind, &object.metadata);
            index.set_child(key, id(kind, &object.metadata), child, Instant::now())
        })
    }

    fn start<K>(
        mut self,
        resource: ApiResource,
        config: watcher::Config,
        set: impl Fn(&mut Index, &Key, K) -> bool + Send + 'static,
    ) -> Watch
    where
        K: Resource<DynamicType = ApiResource, Scope = kube::core::DynamicResourceScope>
            + Clone
            + std::fmt::Debug
            + DeserializeOwned
            + Send
            + 'static,
    {
        let api: Api<K> = match &self.fold.namespace {
            Some(namespace) => Api::namespaced_with(self.client, namespace, &resource),
            None => Api::all_with(self.client, &resource),
        };
        let (done, synced) = oneshot::channel();
        self.fold.synced = Some(done);
        let name = match &self.fold.namespace {
            Some(namespace) => format!("{} in {namespace}", resource.plural),
            None => resource.plural.clone(),
        };
        let events = watcher(api, config).default_backoff();
        let run = Box::pin(follow(name.clone(), events, self.fold, set));
        Watch { name, run, synced }
    }
}

fn labelled() -> watcher::Config {
    watcher::Config::default().labels(STOREFRONT_LABEL)
}

fn id(kind: Kind, metadata: &ObjectMeta) -> ObjectId {
    ObjectId { kind, name: metadata.name.clone().unwrap_or_default() }
}

async fn follow<K: Resource + Send>(
    name: String,
    events: impl Stream<Item = Result<Event<K>, watcher::Error>> + Send,
    mut fold: Fold,
    set: impl Fn(&mut Index, &Key, K) -> bool + Send,
) {
    let mut events = pin!(events);
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => fold.take(event, &set),
            Err(error) => tracing::warn!(watch = name, %error, "a watch broke; it goes on"),
        }
    }
}

/// One watch's way into the index.
struct Fold {
    state: Arc<State>,
    source: Source,
    namespace: Option<String>,
    /// During a list: the rows that it has not named so far.
    unlisted: BTreeSet<RowName>,
    synced: Option<oneshot::Sender<()>>,
}

impl Fold {
    fn take<K: Resource>(&mut self, event: Event<K>, set: &impl Fn(&mut Index, &Key, K) -> bool) {
        match event {
            Event::Init => {
                let (source, namespace) = (self.source, self.namespace.as_deref());
                self.unlisted = self.state.index(|index| index.rows(source, namespace));
            }
            Event::InitApply(object) | Event::Apply(object) => {
                let Some(row) = self.row(object.meta()) else { return };
                self.unlisted.remove(&row);
                self.state.fold(&row.0, |index| set(index, &row.0, object));
            }
            Event::InitDone => {
                for row in std::mem::take(&mut self.unlisted) {
                    self.remove(&row, None);
                }
                if let Some(synced) = self.synced.take() {
                    // Nobody waits for it any more when the process is already ending.
                    synced.send(()).unwrap_or_default();
                }
            }
            Event::Delete(object) => {
                let Some(row) = self.row(object.meta()) else { return };
                self.remove(&row, object.meta().uid.as_deref());
            }
        }
    }

    fn row(&self, metadata: &ObjectMeta) -> Option<RowName> {
        let name = metadata.name.clone()?;
        let key = match self.source {
            Source::Storefronts => Key::new(metadata.namespace.as_deref()?, &name),
            Source::Children(_) | Source::Pods => observe::storefront_of(metadata)?,
        };
        Some((key, name))
    }

    fn remove(&self, row: &RowName, uid: Option<&str>) {
        self.state.fold(&row.0, |index| index.remove(self.source, row, uid));
        if self.source == Source::Storefronts {
            self.state.metrics.forget(&row.0);
        }
    }
}

#[cfg(test)]
mod tests;
