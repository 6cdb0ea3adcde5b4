//! The work queue and the loop that runs its reconciles.
//!
//! After a write, a key is requeued without a delay. [`crate::reconcile`] defines the backoff of a
//! Storefront that cannot be read (0.5 to 15 s), [`crate::fault`] the backoff of failed writes by
//! kind (0.05 to 120 s), and [`crate::index`] the backoff of failed Jobs (5 to 120 s) and the write
//! limit per child.
//!
//! It replaces `kube::runtime::Controller`, which keeps a store of whole objects, loses deletions
//! of owned objects that happen while a watch is broken, and debounces by the second.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::delaying_queue::{DelayingQueue, Next};
use crate::object_key::ObjectKey;

/// The maximum number of concurrent reconciles: enough that one slow reconcile does not delay the
/// others, and few enough that a start with a thousand Storefronts does not overload the API
/// server.
const MAX_CONCURRENT_RECONCILES: usize = 8;

/// The requeue delay after a reconcile that panicked: the same input would most likely panic again.
const PANIC_REQUEUE_DELAY: Duration = Duration::from_secs(30);

/// How long running reconciles may take after shutdown was requested: less than the pod's grace
/// period, and more than a request normally takes.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// The keys to reconcile, shared by the watches that add keys and the loop that takes them.
#[derive(Debug, Default)]
pub struct WorkQueue {
    delaying_queue: Mutex<DelayingQueue>,
    changed: Notify,
}

impl WorkQueue {
    /// Enqueues the key to be reconciled now.
    pub fn push(&self, key: ObjectKey) {
        self.push_at(key, Instant::now());
    }

    /// Enqueues the key to be reconciled at `at`.
    pub fn push_at(&self, key: ObjectKey, at: Instant) {
        self.with(|queue| queue.add(key, at));
        self.changed.notify_one();
    }

    /// Returns the number of keys that wait.
    pub fn len(&self) -> usize {
        self.with(|queue| queue.len())
    }

    /// Returns whether no key waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn finished(&self, key: &ObjectKey) {
        self.with(|queue| queue.finished(key));
        self.changed.notify_one();
    }

    /// Ignores poisoning: a panic in another thread leaves the queue in a valid state.
    fn with<T>(&self, act: impl FnOnce(&mut DelayingQueue) -> T) -> T {
        act(&mut self.delaying_queue.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Reconciles every key that is due, until `stop` is cancelled; then drains the running reconciles
/// for at most `DRAIN_TIMEOUT`.
pub async fn run<R, F>(queue: Arc<WorkQueue>, stop: CancellationToken, reconcile: R)
where
    R: Fn(ObjectKey) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let mut reconciles = JoinSet::new();
    loop {
        let now = Instant::now();
        let full = reconciles.len() >= MAX_CONCURRENT_RECONCILES;
        let next = if full { Next::Idle } else { queue.with(|queue| queue.next(now)) };
        let wake_at = match next {
            Next::Run(key) => {
                let guard =
                    ReconcileGuard { queue: queue.clone(), key: key.clone(), completed: false };
                let reconcile = reconcile(key);
                reconciles.spawn(async move {
                    reconcile.await;
                    guard.complete();
                });
                continue;
            }
            Next::Wait(at) => Some(at),
            Next::Idle => None,
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = queue.changed.notified() => {}
            Some(_) = reconciles.join_next() => {}
            () = sleep_until(wake_at) => {}
        }
    }
    let drain = async { while reconciles.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN_TIMEOUT, drain).await.is_err() {
        tracing::warn!("drain timed out; running reconciles aborted, the next leader repeats them");
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// Releases the key when its reconcile ends, and requeues it with a delay after a panic.
struct ReconcileGuard {
    queue: Arc<WorkQueue>,
    key: ObjectKey,
    completed: bool,
}

impl ReconcileGuard {
    fn complete(mut self) {
        self.completed = true;
    }
}

impl Drop for ReconcileGuard {
    fn drop(&mut self) {
        if !self.completed {
            self.queue.push_at(self.key.clone(), Instant::now() + PANIC_REQUEUE_DELAY);
        }
        self.queue.finished(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn panicking_reconcile_is_requeued_and_others_complete() {
        let queue = Arc::new(WorkQueue::default());
        let stop = CancellationToken::new();
        let reconciles = Arc::new(AtomicUsize::new(0));
        let keys = 3 * MAX_CONCURRENT_RECONCILES;
        (0..keys).for_each(|n| queue.push(ObjectKey::new("shop", &n.to_string())));
        let counted = reconciles.clone();
        let last = stop.clone();
        run(queue.clone(), stop, move |key| {
            let (reconciles, stop) = (counted.clone(), last.clone());
            async move {
                if reconciles.fetch_add(1, Ordering::SeqCst) + 1 == keys {
                    stop.cancel();
                }
                assert_ne!(key.name, "0", "this reconcile panics");
            }
        })
        .await;
        assert_eq!(reconciles.load(Ordering::SeqCst), keys);
        assert_eq!(queue.len(), 1, "the key that panicked is requeued");
    }
}
