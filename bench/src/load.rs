//! Open-loop load generation: requests arrive on schedule, whether or not earlier ones have been
//! answered.
//!
//! A thread of its own releases arrivals when they are due, and shoppers, each with a connection,
//! take them in turn. If all shoppers are waiting for responses, arrivals queue, and the time in
//! the queue counts: latency is measured from the time at which an arrival was due. A server that
//! stalls for a second is therefore charged with every request that was due in that second, not
//! with one slow response. This avoids coordinated omission.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::schedule::Schedule;
use crate::shopper::Shopper;
use crate::tally::Tally;
use crate::workload::{Step, Workload};

/// The shortest time between two releases; arrivals that came due meanwhile are released together.
/// Short enough not to matter for latencies of milliseconds, long enough to leave the processor to
/// the shop.
const RELEASE_INTERVAL: Duration = Duration::from_micros(200);

/// How long after the end of the schedule queued arrivals are still sent. The rest is dropped.
const QUEUE_GRACE: Duration = Duration::from_secs(1);

/// The shared state of a run.
struct Run {
    schedule: Schedule,
    cycle: Vec<Step>,
    start: Instant,
    /// Arrivals that are due and not taken yet.
    due: Semaphore,
    taken: AtomicU64,
}

/// Runs `workload` on `schedule` and returns the results.
///
/// The duration is bounded by the schedule, the grace period of queued arrivals, and the timeout of
/// one request.
pub(crate) async fn run(shoppers: &mut [Shopper], schedule: Schedule, workload: Workload) -> Tally {
    let run = Arc::new(Run {
        schedule,
        cycle: workload.cycle(),
        start: Instant::now(),
        due: Semaphore::new(0),
        taken: AtomicU64::new(0),
    });
    let count = shoppers.len();
    let pacer = Arc::clone(&run);
    let pacer = spawn_blocking(move || pacer.release_arrivals(count));
    let tallies = join_all(shoppers.iter_mut().map(|shopper| run.drive(shopper))).await;
    let mut total = Tally::new(schedule);
    tallies.into_iter().for_each(|tally| total.merge(tally));
    if let Err(error) = pacer.await {
        total.record_error(format!("the pacer: {error}"));
    }
    total
}

impl Run {
    /// Releases each arrival when it is due, and at the end one more permit for each shopper, which
    /// ends it.
    fn release_arrivals(&self, shoppers: usize) {
        let count = self.schedule.count();
        let mut released = 0;
        while released < count {
            let elapsed = self.start.elapsed();
            let due = self.schedule.due_count(elapsed);
            self.release(due - released);
            released = due;
            let wait = self.schedule.due_at(released).saturating_sub(elapsed);
            std::thread::sleep(wait.max(RELEASE_INTERVAL));
        }
        self.due.add_permits(shoppers);
    }

    fn release(&self, arrivals: u64) {
        self.due.add_permits(usize::try_from(arrivals).unwrap_or(Semaphore::MAX_PERMITS));
    }

    /// Takes arrivals and sends their requests until there are no more.
    async fn drive(&self, shopper: &mut Shopper) -> Tally {
        let mut tally = Tally::new(self.schedule);
        let deadline = self.schedule.duration + QUEUE_GRACE;
        // The semaphore is never closed; if it were, the run would end too.
        while let Ok(arrival) = self.due.acquire().await {
            arrival.forget();
            let index = self.taken.fetch_add(1, Ordering::Relaxed);
            if index >= self.schedule.count() {
                break;
            }
            if self.start.elapsed() > deadline {
                tally.record_dropped();
                continue;
            }
            let due_at = self.schedule.due_at(index);
            let step = self.step(index);
            let result = shopper.execute(step, index).await;
            let elapsed = self.start.elapsed();
            match result {
                Ok(()) => tally.record_response(step, elapsed.saturating_sub(due_at), elapsed),
                Err(reason) => tally.record_error(format!("{}: {reason}", step.name())),
            }
        }
        tally
    }

    fn step(&self, index: u64) -> Step {
        let position = index % self.cycle.len() as u64;
        self.cycle[usize::try_from(position).unwrap_or_default()]
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use http::StatusCode;
    use tokio::net::TcpListener;
    use tokio::sync::Mutex;

    use super::*;
    use crate::client::Target;
    use crate::tally::Summary;

    /// Returns shoppers of a server with these routes.
    async fn shoppers_of(router: Router, count: usize) -> Vec<Shopper> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let target = Target::resolve(&url).await.expect("a local target");
        (0..count).map(|_| Shopper::anonymous(&target).expect("valid paths")).collect()
    }

    async fn run_for(shoppers: &mut [Shopper], rate: u32, millis: u64) -> Summary {
        let schedule = Schedule { rate, duration: Duration::from_millis(millis) };
        run(shoppers, schedule, Workload::Constant).await.summary()
    }

    #[tokio::test]
    async fn run_sends_every_scheduled_arrival() {
        let router = Router::new().route("/", get(|| async { "constant" }));
        let mut shoppers = shoppers_of(router, 4).await;
        let schedule = Schedule { rate: 200, duration: Duration::from_millis(500) };
        let tally = run(&mut shoppers, schedule, Workload::Constant).await;
        let steps = tally.steps();
        assert_eq!(steps.len(), 1);
        assert_eq!((steps[0].step, steps[0].count), (Step::Constant, 100), "{tally:?}");
        assert_eq!(tally.summary().errors, 0);
    }

    /// The server stalls for 400 ms, then answers immediately.
    #[tokio::test]
    async fn stall_is_charged_to_every_arrival_due_meanwhile() {
        let stall = Arc::new(Mutex::new(()));
        let stalled = Arc::clone(&stall).lock_owned().await;
        let router = Router::new().route("/", get(async move || drop(stall.lock().await)));
        let mut shoppers = shoppers_of(router, 1).await;
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(400)).await;
            drop(stalled);
        });
        let summary = run_for(&mut shoppers, 100, 400).await;
        // One connection sent one request and waited for 400 ms; the 39 other arrivals were due
        // within that time. Measured from the send time, all but one took almost no time; measured
        // from the due time, half of them took 200 ms or more.
        assert_eq!((summary.errors, summary.dropped), (0, 0));
        assert!(summary.latencies.p50 >= 190.0, "{summary:?}");
        assert!(summary.latencies.max >= 390.0, "{summary:?}");
    }

    #[tokio::test]
    async fn error_status_is_counted_by_step_and_status() {
        let router = Router::new().route("/", get(|| async { StatusCode::SERVICE_UNAVAILABLE }));
        let mut shoppers = shoppers_of(router, 1).await;
        let schedule = Schedule { rate: 20, duration: Duration::from_millis(200) };
        let tally = run(&mut shoppers, schedule, Workload::Constant).await;
        let errors: Vec<_> = tally.errors().iter().collect();
        assert_eq!(errors, [(&"constant: status 503".to_owned(), &4)]);
        assert!(!tally.summary().sustained);
    }

    /// Each response takes 300 ms, so that 1.5 s are enough for five of the 30 arrivals.
    #[tokio::test]
    async fn arrivals_queued_after_the_grace_period_are_dropped() {
        let slow = || tokio::time::sleep(Duration::from_millis(300));
        let router = Router::new().route("/", get(slow));
        let mut shoppers = shoppers_of(router, 1).await;
        let started = Instant::now();
        let summary = run_for(&mut shoppers, 60, 500).await;
        assert!(started.elapsed() < Duration::from_secs(10));
        assert!(summary.dropped >= 20, "{summary:?}");
        assert!(!summary.sustained);
    }
}
