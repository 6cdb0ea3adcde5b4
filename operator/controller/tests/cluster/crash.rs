//! The operator can end after any single write: of a first installation, of a version change, of
//! suspending and of resuming.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::{Either, Pending, pending};
use http::Method;
use kube::client::{Body, ClientBuilder};
use serde_json::{Value, json};
use storefront_operator::state::State;
use tower::{Layer, Service};

use crate::controllers::Controllers;
use crate::fixture::{Cluster, Replica, condition, until};

/// Lets so many writes through and never answers any later one.
#[derive(Clone)]
struct Fuse {
    left: Arc<AtomicUsize>,
    passed: Arc<AtomicUsize>,
    blown: Arc<AtomicUsize>,
}

impl Fuse {
    fn of(writes: usize) -> Self {
        let left = Arc::new(AtomicUsize::new(writes));
        Self { left, passed: Arc::default(), blown: Arc::default() }
    }

    fn has_blown(&self) -> bool {
        self.blown.load(Ordering::SeqCst) > 0
    }

    /// Starts an operator whose writes go through the fuse.
    async fn operator(&self, cluster: &Cluster) -> Replica {
        let config = cluster.config("one");
        let client = ClientBuilder::try_from(config).unwrap().with_layer(self).build();
        cluster.operator_with("one", client, Arc::new(State::default())).await
    }

    /// Waits until the operator has made sure of every child and writes no more.
    async fn settles(&self) {
        let mut before = 0;
        loop {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let passed = self.passed.load(Ordering::SeqCst);
            if passed > 0 && passed == before {
                return;
            }
            before = passed;
        }
    }
}

impl<S> Layer<S> for Fuse {
    type Service = Fused<S>;

    fn layer(&self, inner: S) -> Fused<S> {
        Fused { inner, fuse: self.clone() }
    }
}

#[derive(Clone)]
struct Fused<S> {
    inner: S,
    fuse: Fuse,
}

impl<S: Service<http::Request<Body>>> Service<http::Request<Body>> for Fused<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = Either<S::Future, Pending<Result<S::Response, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let lease = request.uri().path().contains("/leases");
        let writes = request.method() != Method::GET && !lease;
        let spent = |left: usize| left.checked_sub(1);
        let order = Ordering::SeqCst;
        if writes && self.fuse.left.fetch_update(order, order, spent).is_err() {
            self.fuse.blown.fetch_add(1, order);
            return Either::Right(pending());
        }
        self.fuse.passed.fetch_add(usize::from(writes), order);
        Either::Left(self.inner.call(request))
    }
}

/// A state that the Storefront is brought to: conditions, each with its status.
type Goal = &'static [(&'static str, &'static str)];

const READY: Goal = &[("Ready", "True")];
const SUSPENDED: Goal = &[("Suspended", "True"), ("Reconciling", "False")];

/// For every n: an operator that never gets beyond its n-th write is killed, and the next one
/// brings the Storefront to the same end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_crash_at_any_write_of_an_installation_the_next_operator_converges() {
    let undisturbed = Cluster::new().await;
    let _controllers = Controllers::start(&undisturbed);
    let wanted = install(&undisturbed).await;
    let mut crashes = 0;
    for writes in 0.. {
        let cluster = Cluster::new().await;
        let _controllers = Controllers::start(&cluster);
        let fuse = Fuse::of(writes);
        let operator = fuse.operator(&cluster).await;
        cluster.create("demo", json!({})).await;
        let crashed = crash_or_reach(&cluster, &fuse, operator, READY).await;
        recover(&cluster, READY, &wanted, writes).await;
        if !crashed {
            break;
        }
        crashes += 1;
    }
    println!("{crashes} crashes survived, one after each write");
    assert!(crashes > 15, "only {crashes} writes were interrupted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_crash_at_any_write_of_a_version_change_the_next_operator_converges() {
    let cluster = Cluster::new().await;
    let _controllers = Controllers::start(&cluster);
    let wanted = install(&cluster).await;
    let mut crashes = 0;
    for writes in 0.. {
        let version = format!("0.{}.0", writes + 2);
        let change = json!({ "spec": { "version": version } });
        let crashed = change_and_crash(&cluster, writes, change, READY).await;
        recover(&cluster, READY, &wanted, writes).await;
        let status = cluster.storefronts().get("demo").await.unwrap().status.unwrap();
        assert_eq!(status.version.unwrap().current, Some(version), "after {writes} writes");
        if !crashed {
            break;
        }
        crashes += 1;
    }
    println!("{crashes} crashes survived, one after each write");
    assert!(crashes > 5, "only {crashes} writes were interrupted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_crash_at_any_write_of_suspending_or_resuming_the_next_operator_converges() {
    let cluster = Cluster::new().await;
    let _controllers = Controllers::start(&cluster);
    let wanted = install(&cluster).await;
    let mut crashes = 0;
    for writes in 0.. {
        let mut crashed = false;
        for (suspend, goal) in [(true, SUSPENDED), (false, READY)] {
            let change = json!({ "spec": { "suspend": suspend } });
            crashed |= change_and_crash(&cluster, writes, change, goal).await;
            recover(&cluster, goal, &wanted, writes).await;
        }
        if !crashed {
            break;
        }
        crashes += 1;
    }
    println!("{crashes} crashes survived, one after each write");
    assert!(crashes > 3, "only {crashes} writes were interrupted");
}

/// Installs a Storefront with an operator that ends in peace; answers with what it has made.
async fn install(cluster: &Cluster) -> Kinds {
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({})).await;
    cluster.until_ready("demo").await;
    operator.stop().await;
    kinds(cluster).await
}

/// Changes a Storefront that is at rest; its operator never gets beyond so many writes. Whether
/// that was too few.
async fn change_and_crash(cluster: &Cluster, writes: usize, change: Value, goal: Goal) -> bool {
    let fuse = Fuse::of(usize::MAX);
    let operator = fuse.operator(cluster).await;
    fuse.settles().await;
    fuse.left.store(writes, Ordering::SeqCst);
    cluster.patch("demo", change).await;
    crash_or_reach(cluster, &fuse, operator, goal).await
}

/// Kills the operator as soon as its fuse has blown, or when it has reached the goal before. Whether
/// the fuse has blown.
async fn crash_or_reach(cluster: &Cluster, fuse: &Fuse, operator: Replica, goal: Goal) -> bool {
    until("the fuse has blown, or nothing is left to write", || async {
        (fuse.has_blown() || reached(cluster, goal).await).then_some(())
    })
    .await;
    operator.kill().await;
    fuse.has_blown()
}

/// The same pod name: the next process in the same pod takes the lease back at once.
async fn recover(cluster: &Cluster, goal: Goal, wanted: &Kinds, writes: usize) {
    let next = cluster.operator("one").await;
    until(&format!("the goal is reached, after {writes} writes"), || async {
        (reached(cluster, goal).await && kinds(cluster).await == *wanted).then_some(())
    })
    .await;
    next.stop().await;
}

async fn reached(cluster: &Cluster, goal: Goal) -> bool {
    let demo = cluster.storefronts().get("demo").await.unwrap();
    let observed = demo.status.as_ref().and_then(|status| status.observed_generation);
    let holds = |(type_, status): &(&str, &str)| {
        condition(&demo, type_).is_some_and(|(known, _)| known == *status)
    };
    observed == demo.metadata.generation && goal.iter().all(holds)
}

/// How many children there are of each kind; names of Jobs depend on the uids of Secrets.
type Kinds = Vec<(&'static str, usize)>;

async fn kinds(cluster: &Cluster) -> Kinds {
    let all = cluster.everything().await;
    let count = |kind: &'static str| all.keys().filter(|(known, _)| *known == kind).count();
    storefront_desired::Kind::ALL.map(|kind| (kind.as_str(), count(kind.as_str()))).to_vec()
}
