//! The change stream: triggers send PostgreSQL notifications (`0004`), one listener per process
//! receives them, and a broadcast channel copies them to every subscriber.
//!
//! A subscriber may trust its cache while its stream lives. Therefore every possible gap is
//! reported as [`Change::All`]: at the beginning of a stream, after each lost connection to
//! PostgreSQL, and when a lagging subscriber missed messages.

use futures::{Stream, StreamExt as _, stream};
use kit::postgres::ListenEvent;
use tokio::sync::{broadcast, mpsc};
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;
use uuid::Uuid;

use crate::domain::ids::ProductId;

/// The NOTIFY channel of the triggers.
pub(crate) const CHANNEL: &str = "catalog_changes";

/// Messages buffered for slow subscribers; one that lags further behind continues with
/// [`Change::All`].
const BUFFER: usize = 256;

/// Data that subscribers must invalidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// These products.
    Products(Vec<ProductId>),
    /// Categories, or their product counts.
    Categories,
    /// Everything.
    All,
}

impl Change {
    /// Parses the payload of a notification. An unknown payload, which a newer version may send, is
    /// parsed as [`Change::All`].
    fn parse(payload: &str) -> Self {
        let products = |ids: &str| {
            let parse = |id| Uuid::try_parse(id).map(ProductId);
            ids.split(',').map(parse).collect::<Result<_, _>>().ok().map(Self::Products)
        };
        match payload.strip_prefix("product:") {
            Some(ids) => products(ids).unwrap_or(Self::All),
            None if payload == "categories" => Self::Categories,
            None => Self::All,
        }
    }
}

/// The broadcast channel of changes. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Changes(broadcast::Sender<Change>);

impl Changes {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(BUFFER))
    }

    /// Subscribes to changes from now on.
    pub(crate) fn watch(&self) -> impl Stream<Item = Change> + Send + 'static {
        let changes = BroadcastStream::new(self.0.subscribe()).map(|change| match change {
            Ok(change) => change,
            Err(BroadcastStreamRecvError::Lagged(_)) => Change::All,
        });
        stream::once(async { Change::All }).chain(changes)
    }

    /// Broadcasts the notifications of PostgreSQL until the listener ends.
    pub(crate) async fn follow(self, mut signals: mpsc::Receiver<ListenEvent>) {
        while let Some(signal) = signals.recv().await {
            let change = match signal {
                ListenEvent::Listening => Change::All,
                ListenEvent::Notified(payload) => Change::parse(&payload),
            };
            // An error means that there is no subscriber.
            self.0.send(change).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_notification_means_all() {
        let id = Uuid::from_u128(7);
        let one = Change::Products(vec![ProductId(id)]);
        let two = Change::Products(vec![ProductId(id), ProductId(Uuid::nil())]);
        for (payload, change) in [
            (format!("product:{id}"), one),
            (format!("product:{id},{}", Uuid::nil()), two),
            ("categories".into(), Change::Categories),
            ("all".into(), Change::All),
            ("product:7".into(), Change::All),
            ("prices".into(), Change::All),
        ] {
            assert_eq!(Change::parse(&payload), change, "{payload}");
        }
    }

    #[tokio::test]
    async fn lagging_subscriber_continues_with_all() {
        let changes = Changes::new();
        let mut subscriber = Box::pin(changes.watch());
        assert_eq!(subscriber.next().await, Some(Change::All));
        let (signals, receiver) = mpsc::channel(1);
        let follower = tokio::spawn(changes.clone().follow(receiver));
        for _ in 0..=BUFFER {
            signals.send(ListenEvent::Notified("categories".into())).await.unwrap();
        }
        drop(signals);
        follower.await.unwrap();
        assert_eq!(subscriber.next().await, Some(Change::All));
        assert_eq!(subscriber.next().await, Some(Change::Categories));
    }
}
