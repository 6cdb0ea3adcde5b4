//! The worker with an in-memory queue and a paused clock.

use super::*;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::time::{Instant, sleep};

const POLL_INTERVAL: Duration = Duration::from_secs(10);

const SEQUENTIAL: LeaseWorker = LeaseWorker {
    poll_interval: POLL_INTERVAL,
    batch_size: 1,
    max_in_flight: 1,
    round_limit: usize::MAX,
};

/// Behavior of the processing of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    Succeed,
    AskToWait,
    Fail,
    Panic,
    TakeSeconds(u64),
}

/// The items of one claim, or a failed claim.
type Claim = Result<Vec<Item>, ()>;

#[derive(Default)]
struct TestQueue {
    due: Mutex<Vec<Claim>>,
    /// When items were claimed, in seconds since the start.
    claims: Mutex<Vec<u64>>,
    started: Option<Instant>,
    in_flight: AtomicUsize,
    max_in_flight: AtomicUsize,
    completed: AtomicUsize,
    rounds: AtomicUsize,
}

impl TestQueue {
    /// A queue whose claims return these results, and then nothing.
    fn new(claims: impl IntoIterator<Item = Claim>) -> Arc<Self> {
        let mut due: Vec<Claim> = claims.into_iter().collect();
        due.reverse();
        let due = Mutex::new(due);
        Arc::new(Self { due, started: Some(Instant::now()), ..Self::default() })
    }

    fn claims(&self) -> Vec<u64> {
        self.claims.lock().expect("no panic").clone()
    }

    fn completed(&self) -> usize {
        self.completed.load(Ordering::SeqCst)
    }
}

impl LeaseQueue for TestQueue {
    type Item = Item;
    type Error = io::Error;

    async fn claim(&self, limit: usize) -> io::Result<Vec<Item>> {
        let seconds = self.started.expect("a start time").elapsed().as_secs();
        self.claims.lock().expect("no panic").push(seconds);
        let claim = self.due.lock().expect("no panic").pop().unwrap_or(Ok(Vec::new()));
        let items = claim.map_err(|()| io::Error::other("claim"))?;
        assert!(items.len() <= limit, "{} of {limit}", items.len());
        Ok(items)
    }

    async fn process(&self, item: Item) -> io::Result<NextClaim> {
        let in_flight = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.max_in_flight.fetch_max(in_flight, Ordering::SeqCst);
        if let Item::TakeSeconds(seconds) = item {
            sleep(Duration::from_secs(seconds)).await;
        }
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        match item {
            Item::Panic => panic!("test"),
            Item::Fail => return Err(io::Error::other("process")),
            Item::AskToWait => return Ok(NextClaim::AfterWait),
            Item::Succeed | Item::TakeSeconds(_) => {}
        }
        self.completed.fetch_add(1, Ordering::SeqCst);
        Ok(NextClaim::Immediately)
    }

    async fn round_completed(&self) -> io::Result<()> {
        self.rounds.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// Runs the worker for some seconds, then stops it and waits for its end.
async fn run_for(seconds: u64, worker: LeaseWorker, queue: &Arc<TestQueue>) {
    let stopping = CancellationToken::new();
    let running = tokio::spawn(worker.run(Arc::clone(queue), Wakeup::default(), stopping.clone()));
    sleep(Duration::from_secs(seconds)).await;
    stopping.cancel();
    running.await.expect("no panic");
}

#[tokio::test(start_paused = true)]
async fn claims_until_nothing_is_due_then_polls() {
    let queue = TestQueue::new([Ok(vec![Item::Succeed]), Ok(vec![Item::Succeed])]);
    run_for(25, SEQUENTIAL, &queue).await;
    assert_eq!(queue.claims(), [0, 0, 0, 10, 20]);
    assert_eq!(queue.completed(), 2);
    assert_eq!(queue.rounds.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn wakeup_claims_before_the_next_poll() {
    let queue = TestQueue::new([]);
    let (wakeup, stopping) = (Wakeup::default(), CancellationToken::new());
    let (events, receiver) = mpsc::channel(1);
    tokio::spawn(wakeup.clone().on_events(receiver));
    tokio::spawn(SEQUENTIAL.run(Arc::clone(&queue), wakeup, stopping));
    sleep(Duration::from_secs(3)).await;
    events.send(ListenEvent::Notified(String::new())).await.expect("a receiver");
    sleep(Duration::from_secs(11)).await;
    assert_eq!(queue.claims(), [0, 3, 13]);
}

#[tokio::test(start_paused = true)]
async fn item_that_asks_to_wait_ends_the_round() {
    let queue = TestQueue::new([Ok(vec![Item::AskToWait]), Ok(vec![Item::Succeed])]);
    run_for(15, SEQUENTIAL, &queue).await;
    assert_eq!(queue.claims(), [0, 10, 10]);
}

#[tokio::test(start_paused = true)]
async fn failed_claim_or_item_waits_for_the_next_poll() {
    let queue = TestQueue::new([Err(()), Ok(vec![Item::Fail]), Ok(vec![Item::Succeed])]);
    run_for(25, SEQUENTIAL, &queue).await;
    assert_eq!(queue.claims(), [0, 10, 20, 20]);
    assert_eq!(queue.completed(), 1);
}

#[tokio::test(start_paused = true)]
async fn panic_of_an_item_does_not_end_the_worker() {
    let queue = TestQueue::new([Ok(vec![Item::Panic]), Ok(vec![Item::Succeed])]);
    run_for(5, SEQUENTIAL, &queue).await;
    assert_eq!(queue.claims(), [0, 0, 0]);
    assert_eq!(queue.completed(), 1);
}

#[tokio::test(start_paused = true)]
async fn round_limit_ends_the_round_of_a_full_queue() {
    let queue = TestQueue::new((0..5).map(|_| Ok(vec![Item::Succeed])));
    run_for(15, LeaseWorker { round_limit: 2, ..SEQUENTIAL }, &queue).await;
    assert_eq!(queue.claims(), [0, 0, 10, 10]);
}

#[tokio::test(start_paused = true)]
async fn single_claims_are_processed_concurrently_up_to_the_limit() {
    let queue = TestQueue::new((0..6).map(|_| Ok(vec![Item::TakeSeconds(2)])));
    run_for(9, LeaseWorker { max_in_flight: 4, ..SEQUENTIAL }, &queue).await;
    assert_eq!(queue.claims(), [0, 0, 0, 0, 2, 2, 2]);
    assert_eq!(queue.max_in_flight.load(Ordering::SeqCst), 4);
    assert_eq!(queue.completed(), 6);
}

#[tokio::test(start_paused = true)]
async fn full_batch_is_followed_by_another_claim() {
    let batch = |size| Ok(vec![Item::TakeSeconds(2); size]);
    let queue = TestQueue::new([batch(8), batch(3)]);
    run_for(9, LeaseWorker { batch_size: 8, max_in_flight: 8, ..SEQUENTIAL }, &queue).await;
    assert_eq!(queue.claims(), [0, 2]);
    assert_eq!(queue.completed(), 11);
}

#[tokio::test(start_paused = true)]
async fn stop_completes_items_in_flight_and_claims_no_more() {
    let queue = TestQueue::new((0..3).map(|_| Ok(vec![Item::TakeSeconds(60)])));
    let start = Instant::now();
    run_for(5, SEQUENTIAL, &queue).await;
    assert_eq!(start.elapsed().as_secs(), 60);
    assert_eq!(queue.claims(), [0]);
    assert_eq!(queue.completed(), 1);
}
