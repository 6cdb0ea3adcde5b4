//! One pass over one Storefront: the operator's table of contents.
//!
//! A pass looks, writes what is due, and ends; it never waits for what it wrote to come up. If it
//! wrote something it is followed by another pass, which sees what came of it; a pass that finds
//! nothing to write reports.

use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use kube::Api;
use storefront_api::Storefront;

use crate::apply::{self, Written};
use crate::decide::{self, Due};
use crate::fault::{Fault, FaultKind, doubled};
use crate::index::{Owner, Shop};
use crate::key::Key;
use crate::operator::Operator;
use crate::plan::{Deed, Write};
use crate::report;
use crate::{clock, observe};

/// Writes of one pass that are under way at the same time.
const CONCURRENT_WRITES: usize = 8;

/// How long one pass may take. Every request has its own deadline; this bounds their sum.
const PASS: Duration = Duration::from_secs(60);

/// The pause after a pass that found no answer to whether the Storefront is still there, doubling
/// from the first to the second: while the API server is out, every Storefront that has something
/// to make asks it, and the longest pause is how long after the outage the last one goes on.
const UNSURE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));

impl Operator {
    /// One pass. Failures are remembered with the child or the status that they concern, so a pass
    /// itself has none.
    pub async fn pass(&self, key: Key) {
        let started = Instant::now();
        let outcome = match tokio::time::timeout(PASS, self.look_and_act(&key)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                tracing::warn!(storefront = %key, "a pass took too long and was cut short");
                self.put_off(&key);
                "timeout"
            }
        };
        self.state.metrics.passed(outcome, started.elapsed());
    }

    async fn look_and_act(&self, key: &Key) -> &'static str {
        let due = self
            .state
            .index(|index| decide::due(index, key, &self.defaults, Instant::now(), clock::now()));
        match due {
            Due::Nothing => "nothing",
            Due::Writes { uid, writes } => self.act(key, &uid, writes).await,
            Due::Report(due) => {
                self.got_through(key);
                report::report(self, key, due).await;
                "reported"
            }
        }
    }

    async fn act(&self, key: &Key, uid: &str, writes: Vec<Write>) -> &'static str {
        if writes.iter().any(|write| write.why.creates()) {
            match self.is_still_there(key, uid).await {
                Ok(true) => {}
                Ok(false) => {
                    // Its deletion, or that of its namespace, is on its way through the watch.
                    self.put_off(key);
                    return "leaving";
                }
                Err(fault) => {
                    tracing::warn!(storefront = %key, error = fault.message, "cannot be read");
                    self.put_off(key);
                    return "unsure";
                }
            }
        }
        self.got_through(key);
        // What workloads refer to comes before the workloads.
        let (last, first): (Vec<_>, Vec<_>) =
            writes.into_iter().partition(|write| observe::is_workload(write.id.kind));
        for wave in [first, last] {
            let writes = wave.into_iter().map(|write| self.write(key, write));
            stream::iter(writes).buffer_unordered(CONCURRENT_WRITES).collect::<()>().await;
        }
        self.state.queue.push(key.clone());
        "wrote"
    }

    /// Looks at the Storefront again, later each time. One that is gone from the index is not looked
    /// at any more.
    fn put_off(&self, key: &Key) {
        let times = self.state.index(|index| {
            let shop = index.shop_mut(key)?;
            let times = shop.put_off;
            shop.put_off = times.saturating_add(1);
            Some(times)
        });
        if let Some(times) = times {
            let pause = doubled(UNSURE.0, UNSURE.1, times);
            self.state.queue.push_at(key.clone(), Instant::now() + pause);
        }
    }

    fn got_through(&self, key: &Key) {
        self.state.index(|index| {
            if let Some(shop) = index.shop_mut(key) {
                shop.put_off = 0;
            }
        });
    }

    /// Whether the Storefront that children would be made for still exists: the watch may lag.
    async fn is_still_there(&self, key: &Key, uid: &str) -> Result<bool, Fault> {
        let api: Api<Storefront> = Api::namespaced(self.client.clone(), &key.namespace);
        let found = apply::within(api.get_metadata_opt(&key.name)).await?;
        Ok(found.is_some_and(|found| {
            let metadata = found.metadata;
            metadata.uid.as_deref() == Some(uid) && metadata.deletion_timestamp.is_none()
        }))
    }

    async fn write(&self, key: &Key, write: Write) {
        let before = self.state.index(|index| {
            let shop = index.shop_mut(key)?;
            shop.writing(&write.id);
            Some(shop.children.get(&write.id)?.mark)
        });
        let outcome = apply::write(&self.client, &key.namespace, &write).await;
        match &outcome {
            Ok(Written::Present(child)) => self.tell_of(key, &write, before != Some(child.mark)),
            Ok(Written::Gone | Written::Leaving) => self.tell_of(key, &write, true),
            Err(fault) if fault.kind == FaultKind::NamespaceGone => {}
            Err(fault) => {
                let (child, error) = (&write.id, &fault.message);
                tracing::warn!(storefront = %key, %child, error, "a write failed");
            }
        }
        self.state.index(|index| {
            if let Some(shop) = index.shop_mut(key) {
                remember(shop, write, outcome);
            }
        });
    }

    /// A write that left the child as it was has made sure and nothing else: Kubernetes itself
    /// touches children, as when a volume is bound.
    fn tell_of(&self, key: &Key, write: &Write, moved: bool) {
        let Write { id: child, why, deed, .. } = write;
        let deed = match deed {
            _ if !moved => return tracing::debug!(storefront = %key, %child, "made sure of"),
            _ if why.repairs() => {
                self.state.metrics.repaired(child.kind);
                "drift repaired"
            }
            Deed::Apply(_) => "applied",
            Deed::Create(_) => "created",
            Deed::Delete { .. } => "deleted",
        };
        tracing::info!(storefront = %key, %child, ?why, "{deed}");
    }
}

/// What came of a write, for the next pass.
fn remember(shop: &mut Shop, write: Write, outcome: Result<Written, Fault>) {
    let now = Instant::now();
    match outcome {
        Ok(Written::Present(child)) => {
            let memory = shop.memory.entry(write.id.clone()).or_default();
            memory.wrote(write.fingerprint, child.mark, now);
            shop.answered(&write.id, child, now);
        }
        Ok(Written::Gone | Written::Leaving) => {
            shop.unanswered(&write.id);
            let cause = shop.cause(Owner::Job(&write.id.name), now).cloned();
            if let Some(memory) = shop.memory.get_mut(&write.id) {
                memory.deleted(cause);
            }
            if let Some(child) = shop.children.get_mut(&write.id) {
                child.deleting = true;
            }
        }
        Err(fault) => {
            shop.unanswered(&write.id);
            let memory = shop.memory.entry(write.id).or_default();
            memory.failed(write.fingerprint, fault, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;

    use http::{Request, Response};
    use kube::Client;
    use kube::client::Body;
    use serde_json::json;
    use storefront_desired::InstallationDefaults;

    use super::*;
    use crate::events::Teller;
    use crate::index::Source;
    use crate::observe::StorefrontRow;
    use crate::state::State;

    /// An operator with one Storefront to make, whose API server answers everything with this.
    fn operator(status: u16) -> (Operator, Key) {
        let answer = move |_: Request<Body>| async move {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = status.try_into().unwrap();
            Ok::<_, Infallible>(response)
        };
        let client = Client::new(tower::service_fn(answer), "shop");
        let state = Arc::new(State::default());
        let key = Key::new("shop", "demo");
        let demo = json!({
            "metadata": { "name": "demo", "namespace": "shop", "uid": "uid" },
            "spec": { "version": "0.1.0" },
        });
        let row = StorefrontRow::from_object(serde_json::from_value(demo).unwrap());
        state.index(|index| index.set_storefront(&key, row));
        let defaults = InstallationDefaults {
            shop_image: String::new(),
            postgres_image: String::new(),
            redis_image: String::new(),
        };
        let teller = Teller::new(client.clone(), "one");
        (Operator { client, state, defaults, teller }, key)
    }

    fn put_off(operator: &Operator, key: &Key) -> Option<u32> {
        operator.state.index(|index| Some(index.shop(key)?.put_off))
    }

    #[tokio::test]
    async fn a_storefront_that_cannot_be_asked_for_is_asked_for_ever_more_slowly() {
        for status in [503, 404] {
            let (operator, key) = operator(status);
            for times in 1..4 {
                operator.pass(key.clone()).await;
                assert_eq!(put_off(&operator, &key), Some(times), "{status}");
                assert_eq!(operator.state.queue.len(), 1, "it is looked at again, later");
            }
            operator.got_through(&key);
            assert_eq!(put_off(&operator, &key), Some(0));
        }
    }

    #[tokio::test]
    async fn a_storefront_that_is_gone_is_not_looked_at_again() {
        let (operator, key) = operator(404);
        let demo = (key.clone(), "demo".to_owned());
        operator.state.index(|index| index.remove(Source::Storefronts, &demo, None));
        operator.put_off(&key);
        assert!(operator.state.queue.is_empty());
    }
}
