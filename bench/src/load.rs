//! An open loop: arrivals come at their time, whether or not those before have been answered.
//!
//! A thread of its own lets arrivals in when they are due, and shoppers, each with a connection, take
//! them in turn. Where all shoppers wait for answers, arrivals queue, and the wait counts: latency is
//! measured from when an arrival was due. So a server that stands still for a second is charged with
//! all that should have been asked in that second, and not with one slow answer ("coordinated
//! omission").

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

/// Arrivals are let in at most this often, those together that came due meanwhile: fine enough not to
/// be seen in latencies of milliseconds, coarse enough not to take the processor from the shop.
const TICK: Duration = Duration::from_micros(200);

/// After the last arrival was due, those that still queue are asked for this long, then given up.
const GRACE: Duration = Duration::from_secs(1);

/// A run under way, as its shoppers see it.
struct Course {
    schedule: Schedule,
    round: Vec<Step>,
    start: Instant,
    /// Arrivals that have come due and that nobody has taken.
    due: Semaphore,
    taken: AtomicU64,
}

/// Lets `workload` arrive as `schedule` says, and tells what came of it. Bounded by the schedule, the
/// grace for those that queue, and the time that one answer is waited for.
pub(crate) async fn run(shoppers: &mut [Shopper], schedule: Schedule, workload: Workload) -> Tally {
    let course = Arc::new(Course {
        schedule,
        round: workload.round(),
        start: Instant::now(),
        due: Semaphore::new(0),
        taken: AtomicU64::new(0),
    });
    let count = shoppers.len();
    let pacer = Arc::clone(&course);
    let pacer = spawn_blocking(move || pacer.let_in(count));
    let parts = join_all(shoppers.iter_mut().map(|shopper| course.serve(shopper))).await;
    let mut all = Tally::of(schedule);
    parts.into_iter().for_each(|part| all.merge(part));
    if let Err(error) = pacer.await {
        all.failed(format!("the pacer: {error}"));
    }
    all
}

impl Course {
    /// Lets each arrival in when it is due, and then sends `shoppers` home.
    fn let_in(&self, shoppers: usize) {
        let count = self.schedule.count();
        let mut let_in = 0;
        while let_in < count {
            let elapsed = self.start.elapsed();
            let arrived = self.schedule.arrived(elapsed);
            self.add(arrived - let_in);
            let_in = arrived;
            let next = self.schedule.due(let_in).saturating_sub(elapsed);
            std::thread::sleep(next.max(TICK));
        }
        self.due.add_permits(shoppers);
    }

    fn add(&self, arrivals: u64) {
        self.due.add_permits(usize::try_from(arrivals).unwrap_or(Semaphore::MAX_PERMITS));
    }

    /// Takes arrivals until there are no more.
    async fn serve(&self, shopper: &mut Shopper) -> Tally {
        let mut tally = Tally::of(self.schedule);
        let over = self.schedule.length + GRACE;
        // The semaphore is never closed; if it were, the day would be over too.
        while let Ok(arrival) = self.due.acquire().await {
            arrival.forget();
            let index = self.taken.fetch_add(1, Ordering::Relaxed);
            if index >= self.schedule.count() {
                break;
            }
            if self.start.elapsed() > over {
                tally.missed();
                continue;
            }
            let due = self.schedule.due(index);
            let step = self.step(index);
            let done = shopper.take(step, index).await;
            let at = self.start.elapsed();
            match done {
                Ok(()) => tally.answered(step, at.saturating_sub(due), at),
                Err(reason) => tally.failed(format!("{}: {reason}", step.name())),
            }
        }
        tally
    }

    fn step(&self, index: u64) -> Step {
        let place = index % self.round.len() as u64;
        self.round[usize::try_from(place).unwrap_or_default()]
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

    /// Shoppers of a server that answers with `router`.
    async fn shoppers_of(router: Router, count: usize) -> Vec<Shopper> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let target = Target::find(&url).await.expect("here");
        (0..count).map(|_| Shopper::anonymous(&target).expect("paths")).collect()
    }

    async fn run_for(shoppers: &mut [Shopper], rate: u32, millis: u64) -> Summary {
        let schedule = Schedule { rate, length: Duration::from_millis(millis) };
        run(shoppers, schedule, Workload::Constant).await.summary()
    }

    #[tokio::test]
    async fn as_many_requests_as_the_schedule_says_are_answered() {
        let router = Router::new().route("/", get(|| async { "constant" }));
        let mut shoppers = shoppers_of(router, 4).await;
        let schedule = Schedule { rate: 200, length: Duration::from_millis(500) };
        let tally = run(&mut shoppers, schedule, Workload::Constant).await;
        let steps = tally.steps();
        assert_eq!(steps.len(), 1);
        assert_eq!((steps[0].0, steps[0].1), (Step::Constant, 100), "{tally:?}");
        assert_eq!(tally.summary().errors, 0);
    }

    /// A door that stands shut for 400 ms, and answers at once after that.
    #[tokio::test]
    async fn all_that_was_due_while_a_server_stood_still_is_charged_to_it() {
        let door = Arc::new(Mutex::new(()));
        let shut = Arc::clone(&door).lock_owned().await;
        let router = Router::new().route("/", get(async move || drop(door.lock().await)));
        let mut shoppers = shoppers_of(router, 1).await;
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(400)).await;
            drop(shut);
        });
        let summary = run_for(&mut shoppers, 100, 400).await;
        // One connection asked once, and waited for 400 ms; the 39 other arrivals were due within that
        // time. From when each was asked, all but one took next to nothing; from when they were due,
        // half of them waited for 200 ms or more.
        assert_eq!((summary.errors, summary.missed), (0, 0));
        assert!(summary.latencies.p50 >= 190.0, "{summary:?}");
        assert!(summary.latencies.max >= 390.0, "{summary:?}");
    }

    #[tokio::test]
    async fn a_refusal_is_an_error_by_its_step_and_status() {
        let router = Router::new().route("/", get(|| async { StatusCode::SERVICE_UNAVAILABLE }));
        let mut shoppers = shoppers_of(router, 1).await;
        let schedule = Schedule { rate: 20, length: Duration::from_millis(200) };
        let tally = run(&mut shoppers, schedule, Workload::Constant).await;
        let errors: Vec<_> = tally.errors().iter().collect();
        assert_eq!(errors, [(&"constant: status 503".to_owned(), &4)]);
        assert!(!tally.summary().sustained);
    }

    /// Each answer takes 300 ms, of which 1.5 s hold five; 30 are meant.
    #[tokio::test]
    async fn what_nobody_was_free_for_is_missed_and_the_run_ends() {
        let slow = || tokio::time::sleep(Duration::from_millis(300));
        let router = Router::new().route("/", get(slow));
        let mut shoppers = shoppers_of(router, 1).await;
        let began = Instant::now();
        let summary = run_for(&mut shoppers, 60, 500).await;
        assert!(began.elapsed() < Duration::from_secs(10));
        assert!(summary.missed >= 20, "{summary:?}");
        assert!(!summary.sustained);
    }
}
