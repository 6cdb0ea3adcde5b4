//! Streams of the states of an order.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{BoxStream, try_unfold};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use proto::order::v1 as pb;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tonic::Status;

use super::render;
use crate::domain::ids::{OrderId, UserId};
use crate::error::Error;
use crate::order_changes::{OrderChanges, Subscription};
use crate::transactions::OrderRepository;

/// Maximum number of streams of a replica: a few KiB each.
const MAX_STREAMS: usize = 1000;

/// Longest time that a stream stays open. Its client opens another one, perhaps at a replica that
/// was added in the meantime.
const MAX_DURATION: Duration = Duration::from_secs(10 * 60);

/// Maximum number of orders that streams read at the same time, of the five connections to the
/// database: when the listener is connected again, all streams read their orders.
const MAX_READS: usize = 2;

/// Streams of orders, and their limits. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct OrderStreams {
    repository: Arc<OrderRepository>,
    changes: OrderChanges,
    places: Arc<Semaphore>,
    reads: Arc<Semaphore>,
}

/// The states of an order.
pub(crate) type OrderStream = BoxStream<'static, Result<pb::Order, Status>>;

impl OrderStreams {
    pub(crate) fn new(repository: Arc<OrderRepository>, changes: OrderChanges) -> Self {
        Self {
            repository,
            changes,
            places: Arc::new(Semaphore::new(MAX_STREAMS)),
            reads: Arc::new(Semaphore::new(MAX_READS)),
        }
    }

    /// Opens the stream of an order; with `user`, only of an order of this customer.
    pub(super) async fn open(
        &self,
        id: OrderId,
        user: Option<UserId>,
    ) -> Result<OrderStream, Error> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| Error::TooManyStreams)?;
        // Before the first read, so that no change in between is missed.
        let subscription = self.changes.subscribe(id);
        let first = self.read(id, user).await?;
        let streams = self.clone();
        let read = move || {
            let streams = streams.clone();
            async move { streams.read(id, user).await }
        };
        Ok(states(place, subscription, first, read))
    }

    async fn read(&self, id: OrderId, user: Option<UserId>) -> Result<pb::Order, Error> {
        // The semaphore is never closed.
        let _permit = self.reads.acquire().await.ok();
        self.repository.read(id, user).await.map(render::order)
    }
}

/// Returns the first state, and then the state after each change until the stream has been open for
/// [`MAX_DURATION`]. A failed read ends the stream: its client opens another one.
fn states<F>(
    place: OwnedSemaphorePermit,
    subscription: Subscription,
    first: pb::Order,
    read: impl Fn() -> F + Send + 'static,
) -> OrderStream
where
    F: Future<Output = Result<pb::Order, Error>> + Send,
{
    let last = (first.clone(), subscription, read);
    let changes = try_unfold(last, |(last, mut subscription, read)| async move {
        loop {
            subscription.changed().await;
            let current = read().await?;
            if current != last {
                return Ok(Some((current.clone(), (current, subscription, read))));
            }
        }
    });
    let states =
        stream::once(async { Ok(first) }).chain(changes.map_err(|error: Error| error.into()));
    let states = states.take_until(sleep(MAX_DURATION)).map(move |state| {
        // The place is released with the stream.
        let _place = &place;
        state
    });
    states.boxed()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures::FutureExt as _;
    use kit::postgres::ListenEvent;
    use tokio::sync::mpsc;
    use tokio::time::Instant;
    use tonic::Code;
    use uuid::Uuid;

    use super::*;

    /// An order whose reads return a text, or fail without one.
    struct Fixture {
        stored: Arc<Mutex<Option<&'static str>>>,
        signals: mpsc::Sender<ListenEvent>,
        places: Arc<Semaphore>,
        stream: OrderStream,
    }

    fn order(text: &str) -> pb::Order {
        pb::Order { failure_code: text.to_owned(), ..Default::default() }
    }

    impl Fixture {
        fn open() -> Self {
            let changes = OrderChanges::default();
            let (signals, receiver) = mpsc::channel(8);
            let subscription = changes.subscribe(OrderId(Uuid::nil()));
            tokio::spawn(changes.follow(receiver));
            let stored = Arc::new(Mutex::new(Some("a")));
            let text = Arc::clone(&stored);
            let read = move || {
                let text = *text.lock().unwrap();
                async move { text.map(order).ok_or(Error::NotFound("order")) }
            };
            let places = Arc::new(Semaphore::new(1));
            let place = Arc::clone(&places).try_acquire_owned().unwrap();
            let stream = states(place, subscription, order("a"), read);
            Self { stored, signals, places, stream }
        }

        async fn store(&self, text: Option<&'static str>) {
            *self.stored.lock().unwrap() = text;
            self.signals.send(ListenEvent::Listening).await.unwrap();
            // Until the follower waits for the next signal.
            tokio::task::yield_now().await;
        }

        async fn next(&mut self) -> Option<Result<String, Code>> {
            let next = self.stream.next().await?;
            Some(next.map(|order| order.failure_code).map_err(|status| status.code()))
        }
    }

    #[tokio::test]
    async fn first_state_is_followed_by_changes() {
        let mut fixture = Fixture::open();
        assert_eq!(fixture.next().await, Some(Ok("a".into())));
        fixture.store(Some("a")).await;
        assert_eq!(fixture.next().now_or_never(), None, "nothing has changed");
        fixture.store(Some("b")).await;
        fixture.store(Some("c")).await;
        assert_eq!(fixture.next().await, Some(Ok("c".into())), "the current state");
        assert_eq!(fixture.next().now_or_never(), None);
    }

    #[tokio::test]
    async fn failed_read_ends_the_stream() {
        let mut fixture = Fixture::open();
        fixture.next().await;
        fixture.store(None).await;
        assert_eq!(fixture.next().await, Some(Err(Code::NotFound)));
        assert_eq!(fixture.next().await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn stream_ends_after_ten_minutes_and_releases_its_place() {
        let mut fixture = Fixture::open();
        let start = Instant::now();
        fixture.next().await;
        assert_eq!(fixture.next().await, None);
        assert_eq!(start.elapsed(), Duration::from_secs(600));
        assert_eq!(fixture.places.available_permits(), 0);
        drop(fixture.stream);
        assert_eq!(fixture.places.available_permits(), 1);
    }
}
