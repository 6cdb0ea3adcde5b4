//! Tests of crashes after any single write: of an installation, a version change, a suspend and a
//! resume.

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

use crate::fake_controllers::FakeControllers;
use crate::fixture::{Cluster, Replica, condition, until};

/// A crash point: a client layer that passes a number of writes and never responds to later ones.
#[derive(Clone)]
struct CrashPoint {
    left: Arc<AtomicUsize>,
    passed: Arc<AtomicUsize>,
    blocked: Arc<AtomicUsize>,
}

impl CrashPoint {
    fn after(writes: usize) -> Self {
        let left = Arc::new(AtomicUsize::new(writes));
        Self { left, passed: Arc::default(), blocked: Arc::default() }
    }

    fn is_reached(&self) -> bool {
        self.blocked.load(Ordering::SeqCst) > 0
    }

    /// Starts an operator with this crash point.
    async fn operator(&self, cluster: &Cluster) -> Replica {
        let config = cluster.config("one");
        let client = ClientBuilder::try_from(config).unwrap().with_layer(self).build();
        cluster.operator_with("one", client, Arc::new(State::default())).await
    }

    /// Waits until the operator has verified every child and stops writing.
    async fn wait_until_settled(&self) {
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

impl<S> Layer<S> for CrashPoint {
    type Service = CrashPointService<S>;

    fn layer(&self, inner: S) -> CrashPointService<S> {
        CrashPointService { inner, crash_point: self.clone() }
    }
}

#[derive(Clone)]
struct CrashPointService<S> {
    inner: S,
    crash_point: CrashPoint,
}

impl<S: Service<http::Request<Body>>> Service<http::Request<Body>> for CrashPointService<S> {
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
        if writes && self.crash_point.left.fetch_update(order, order, spent).is_err() {
            self.crash_point.blocked.fetch_add(1, order);
            return Either::Right(pending());
        }
        self.crash_point.passed.fetch_add(usize::from(writes), order);
        Either::Left(self.inner.call(request))
    }
}

/// The goal of a change: conditions, each with its status.
type Goal = &'static [(&'static str, &'static str)];

const READY: Goal = &[("Ready", "True")];
const SUSPENDED: Goal = &[("Suspended", "True"), ("Reconciling", "False")];

/// For every n: an operator that cannot continue after its n-th write is killed, and the next one
/// brings the Storefront to the same state.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_at_any_write_of_an_installation_converges() {
    let reference = Cluster::new().await;
    let _controllers = FakeControllers::start(&reference);
    let expected = install(&reference).await;
    let mut crashes = 0;
    for writes in 0.. {
        let cluster = Cluster::new().await;
        let _controllers = FakeControllers::start(&cluster);
        let crash_point = CrashPoint::after(writes);
        let operator = crash_point.operator(&cluster).await;
        cluster.create("demo", json!({})).await;
        let crashed = crash_or_reach(&cluster, &crash_point, operator, READY).await;
        recover(&cluster, READY, &expected, writes).await;
        if !crashed {
            break;
        }
        crashes += 1;
    }
    println!("{crashes} crashes survived, one after each write");
    assert!(crashes > 15, "only {crashes} writes were interrupted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_at_any_write_of_a_version_change_converges() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let expected = install(&cluster).await;
    let mut crashes = 0;
    for writes in 0.. {
        let version = format!("0.{}.0", writes + 2);
        let change = json!({ "spec": { "version": version } });
        let crashed = change_and_crash(&cluster, writes, change, READY).await;
        recover(&cluster, READY, &expected, writes).await;
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
async fn crash_at_any_write_of_suspend_or_resume_converges() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let expected = install(&cluster).await;
    let mut crashes = 0;
    for writes in 0.. {
        let mut crashed = false;
        for (suspend, goal) in [(true, SUSPENDED), (false, READY)] {
            let change = json!({ "spec": { "suspend": suspend } });
            crashed |= change_and_crash(&cluster, writes, change, goal).await;
            recover(&cluster, goal, &expected, writes).await;
        }
        if !crashed {
            break;
        }
        crashes += 1;
    }
    println!("{crashes} crashes survived, one after each write");
    assert!(crashes > 3, "only {crashes} writes were interrupted");
}

/// Installs a Storefront with an operator that is stopped gracefully; returns the kinds of its
/// children.
async fn install(cluster: &Cluster) -> Kinds {
    let operator = cluster.operator("one").await;
    cluster.create("demo", json!({})).await;
    cluster.until_ready("demo").await;
    operator.stop().await;
    kinds(cluster).await
}

/// Changes a settled Storefront whose operator crashes after `writes` writes. Returns whether the
/// crash point was reached.
async fn change_and_crash(cluster: &Cluster, writes: usize, change: Value, goal: Goal) -> bool {
    let crash_point = CrashPoint::after(usize::MAX);
    let operator = crash_point.operator(cluster).await;
    crash_point.wait_until_settled().await;
    crash_point.left.store(writes, Ordering::SeqCst);
    cluster.patch("demo", change).await;
    crash_or_reach(cluster, &crash_point, operator, goal).await
}

/// Kills the operator as soon as its crash point is reached, or when it has reached the goal
/// before. Returns whether the crash point was reached.
async fn crash_or_reach(
    cluster: &Cluster,
    crash_point: &CrashPoint,
    operator: Replica,
    goal: Goal,
) -> bool {
    until("the crash point or the goal is reached", || async {
        (crash_point.is_reached() || is_goal_reached(cluster, goal).await).then_some(())
    })
    .await;
    operator.kill().await;
    crash_point.is_reached()
}

/// Starts the next operator with the same pod name, so that it acquires the lease at once, and
/// waits for the goal.
async fn recover(cluster: &Cluster, goal: Goal, expected: &Kinds, writes: usize) {
    let next = cluster.operator("one").await;
    until(&format!("the goal is reached, after {writes} writes"), || async {
        (is_goal_reached(cluster, goal).await && kinds(cluster).await == *expected).then_some(())
    })
    .await;
    next.stop().await;
}

async fn is_goal_reached(cluster: &Cluster, goal: Goal) -> bool {
    let demo = cluster.storefronts().get("demo").await.unwrap();
    let observed = demo.status.as_ref().and_then(|status| status.observed_generation);
    let holds = |(type_, status): &(&str, &str)| {
        condition(&demo, type_).is_some_and(|(known, _)| known == *status)
    };
    observed == demo.metadata.generation && goal.iter().all(holds)
}

/// The number of children of each kind. Names are not compared, because those of Jobs depend on the
/// uids of Secrets.
type Kinds = Vec<(&'static str, usize)>;

async fn kinds(cluster: &Cluster) -> Kinds {
    let all = cluster.all_children().await;
    let count = |kind: &'static str| all.keys().filter(|(known, _)| *known == kind).count();
    storefront_desired::Kind::ALL.map(|kind| (kind.as_str(), count(kind.as_str()))).to_vec()
}
