//! The queue and the loop that works it off.
//!
//! `kube::runtime::Controller` was weighed and left: it keeps a store of whole objects, loses
//! deletions of owned objects that happen while a watch is broken, and debounces by the second.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::key::Key;
use crate::schedule::{Next, Schedule};

/// Passes at the same time: enough that one that waits for the API server does not hold up the
/// others, few enough that a start with a thousand Storefronts does not flood it.
const CONCURRENT_PASSES: usize = 8;

/// The pause after a pass that panicked: the same input would most likely panic again.
const AFTER_PANIC: Duration = Duration::from_secs(30);

/// How long passes may go on after the end was asked for: less than the pod's grace period, and
/// more than a request takes.
const FINISH: Duration = Duration::from_secs(5);

/// The keys that are due, shared by the watches that add and the engine that takes.
#[derive(Debug, Default)]
pub struct Queue {
    schedule: Mutex<Schedule>,
    changed: Notify,
}

impl Queue {
    /// The key is to be looked at now.
    pub fn push(&self, key: Key) {
        self.push_at(key, Instant::now());
    }

    /// The key is to be looked at then.
    pub fn push_at(&self, key: Key, at: Instant) {
        self.with(|schedule| schedule.add(key, at));
        self.changed.notify_one();
    }

    /// How many keys wait.
    pub fn len(&self) -> usize {
        self.with(|schedule| schedule.len())
    }

    /// Whether no key waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn finished(&self, key: &Key) {
        self.with(|schedule| schedule.finished(key));
        self.changed.notify_one();
    }

    /// A panic in another thread leaves a schedule behind that is still a schedule.
    fn with<T>(&self, act: impl FnOnce(&mut Schedule) -> T) -> T {
        act(&mut self.schedule.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Runs a pass for every key that is due, until `stop`; then waits for the running ones, bounded.
pub async fn run<P, F>(queue: Arc<Queue>, stop: CancellationToken, pass: P)
where
    P: Fn(Key) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let mut passes = JoinSet::new();
    loop {
        let now = Instant::now();
        let full = passes.len() >= CONCURRENT_PASSES;
        let next = if full { Next::Idle } else { queue.with(|schedule| schedule.next(now)) };
        let wake_at = match next {
            Next::Run(key) => {
                let done = Done { queue: queue.clone(), key: key.clone(), whole: false };
                let pass = pass(key);
                passes.spawn(async move {
                    pass.await;
                    done.completed();
                });
                continue;
            }
            Next::Wait(at) => Some(at),
            Next::Idle => None,
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = queue.changed.notified() => {}
            Some(_) = passes.join_next() => {}
            () = until(wake_at) => {}
        }
    }
    let finish = async { while passes.join_next().await.is_some() {} };
    if tokio::time::timeout(FINISH, finish).await.is_err() {
        tracing::warn!("passes were cut short at the end; the next leader continues them");
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// Frees the key when its pass ends, also by a panic; then it is looked at again.
struct Done {
    queue: Arc<Queue>,
    key: Key,
    whole: bool,
}

impl Done {
    fn completed(mut self) {
        self.whole = true;
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        if !self.whole {
            self.queue.push_at(self.key.clone(), Instant::now() + AFTER_PANIC);
        }
        self.queue.finished(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn keys_are_worked_off_side_by_side_and_one_that_panics_frees_its_place() {
        let queue = Arc::new(Queue::default());
        let stop = CancellationToken::new();
        let passes = Arc::new(AtomicUsize::new(0));
        let keys = 3 * CONCURRENT_PASSES;
        (0..keys).for_each(|n| queue.push(Key::new("shop", &n.to_string())));
        let counted = passes.clone();
        let last = stop.clone();
        run(queue.clone(), stop, move |key| {
            let (passes, stop) = (counted.clone(), last.clone());
            async move {
                if passes.fetch_add(1, Ordering::SeqCst) + 1 == keys {
                    stop.cancel();
                }
                assert_ne!(key.name, "0", "this pass panics");
            }
        })
        .await;
        assert_eq!(passes.load(Ordering::SeqCst), keys);
        assert_eq!(queue.len(), 1, "the one that panicked is looked at again, later");
    }
}
