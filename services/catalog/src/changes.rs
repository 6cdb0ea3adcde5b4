//! What became stale, told to whoever watches: triggers send PostgreSQL notifications (`0004`), one
//! listener a process receives them, and every watcher gets a copy.
//!
//! A watcher may believe its cache as long as its stream lives. For that, whatever may have been missed
//! is said to be [`Change::All`]: a stream begins with it, and it follows each lost connection to
//! PostgreSQL and each message that a slow watcher could not take in time.

use futures::{Stream, StreamExt as _, stream};
use kit::postgres::ListenEvent;
use tokio::sync::{broadcast, mpsc};
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};
use uuid::Uuid;

use crate::domain::ids::ProductId;

/// The channel of the triggers.
pub(crate) const CHANNEL: &str = "catalog_changes";

/// Messages kept for slow watchers; whoever falls further behind starts over with [`Change::All`].
const BUFFER: usize = 256;

/// What a watcher must not believe any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// These products.
    Products(Vec<ProductId>),
    /// Categories, or how many products they hold.
    Categories,
    /// Everything.
    All,
}

impl Change {
    /// What a notification says. One that a newer version sends may concern anything.
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

/// Where changes come in and watchers take them. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Changes(broadcast::Sender<Change>);

impl Changes {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(BUFFER))
    }

    /// Changes from now on, until the watcher leaves.
    pub(crate) fn watch(&self) -> impl Stream<Item = Change> + Send + 'static {
        let changes = BroadcastStream::new(self.0.subscribe()).map(|change| match change {
            Ok(change) => change,
            Err(BroadcastStreamRecvError::Lagged(_)) => Change::All,
        });
        stream::once(async { Change::All }).chain(changes)
    }

    /// Passes on what PostgreSQL tells, as long as it tells something.
    pub(crate) async fn follow(self, mut signals: mpsc::Receiver<ListenEvent>) {
        while let Some(signal) = signals.recv().await {
            let change = match signal {
                ListenEvent::Listening => Change::All,
                ListenEvent::Notified(payload) => Change::parse(&payload),
            };
            // An error says that nobody watches.
            self.0.send(change).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notifications_are_read_and_the_unknown_means_everything() {
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
    async fn a_watcher_that_falls_behind_starts_over() {
        let changes = Changes::new();
        let mut watcher = Box::pin(changes.watch());
        assert_eq!(watcher.next().await, Some(Change::All));
        let (signals, receiver) = mpsc::channel(1);
        let follower = tokio::spawn(changes.clone().follow(receiver));
        for _ in 0..=BUFFER {
            signals.send(ListenEvent::Notified("categories".into())).await.unwrap();
        }
        drop(signals);
        follower.await.unwrap();
        assert_eq!(watcher.next().await, Some(Change::All));
        assert_eq!(watcher.next().await, Some(Change::Categories));
    }
}
