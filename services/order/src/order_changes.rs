//! Changes of orders: a trigger sends PostgreSQL notifications (`0011`), one listener per process
//! receives them, and wakes the subscribers of the order.
//!
//! A subscriber reads the order itself, so several changes may be one signal. Changes may have been
//! missed while the listener was disconnected; when it is connected again, all subscribers are
//! woken.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kit::postgres::ListenEvent;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use crate::domain::ids::OrderId;

/// The NOTIFY channel of the trigger.
pub(crate) const CHANNEL: &str = "order_changes";

/// One channel for each order that has subscribers.
type Channels = HashMap<OrderId, watch::Sender<()>>;

/// The subscribers of all orders. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct OrderChanges(Arc<Mutex<Channels>>);

impl OrderChanges {
    /// Subscribes to the changes of an order from now on.
    pub(crate) fn subscribe(&self, order: OrderId) -> Subscription {
        let mut channels = self.channels();
        let receiver = channels.entry(order).or_default().subscribe();
        drop(channels);
        Subscription { changes: self.clone(), order, receiver }
    }

    /// Wakes subscribers by the notifications of PostgreSQL until the listener ends.
    pub(crate) async fn follow(self, mut events: mpsc::Receiver<ListenEvent>) {
        while let Some(event) = events.recv().await {
            match event {
                ListenEvent::Listening => self.wake_all(),
                ListenEvent::Notified(payload) => match Uuid::try_parse(&payload) {
                    Ok(id) => self.wake(OrderId(id)),
                    // A newer version may send other payloads.
                    Err(_) => self.wake_all(),
                },
            }
        }
    }

    fn wake(&self, order: OrderId) {
        if let Some(channel) = self.channels().get(&order) {
            channel.send_replace(());
        }
    }

    fn wake_all(&self) {
        for channel in self.channels().values() {
            channel.send_replace(());
        }
    }

    fn channels(&self) -> MutexGuard<'_, Channels> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The subscription of one stream to one order.
#[derive(Debug)]
pub(crate) struct Subscription {
    changes: OrderChanges,
    order: OrderId,
    receiver: watch::Receiver<()>,
}

impl Subscription {
    /// Waits until the order may have changed since the subscription or the last call.
    pub(crate) async fn changed(&mut self) {
        // The channel exists as long as it has a subscription.
        if self.receiver.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut channels = self.changes.channels();
        // This subscription still counts.
        if channels.get(&self.order).is_some_and(|channel| channel.receiver_count() <= 1) {
            channels.remove(&self.order);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn order(number: u128) -> OrderId {
        OrderId(Uuid::from_u128(number))
    }

    /// Sends these events to the subscribers.
    async fn send(changes: &OrderChanges, events: &[ListenEvent]) {
        let (sender, receiver) = mpsc::channel(events.len().max(1));
        for event in events {
            sender.send(event.clone()).await.unwrap();
        }
        drop(sender);
        changes.clone().follow(receiver).await;
    }

    fn notified(payload: impl ToString) -> ListenEvent {
        ListenEvent::Notified(payload.to_string())
    }

    #[tokio::test]
    async fn notification_wakes_the_subscribers_of_its_order() {
        let changes = OrderChanges::default();
        let mut of_one = [(); 2].map(|()| changes.subscribe(order(1)));
        let mut of_two = changes.subscribe(order(2));
        for (event, wakes_two) in [
            (notified(Uuid::from_u128(1)), false),
            (ListenEvent::Listening, true),
            (notified("another payload"), true),
        ] {
            send(&changes, &[event.clone(), event.clone()]).await;
            for subscription in &mut of_one {
                assert!(subscription.changed().now_or_never().is_some(), "{event:?}");
                assert!(subscription.changed().now_or_never().is_none(), "once");
            }
            assert_eq!(of_two.changed().now_or_never().is_some(), wakes_two, "{event:?}");
        }
    }

    #[tokio::test]
    async fn order_without_subscribers_has_no_channel() {
        let changes = OrderChanges::default();
        let (first, mut second) = (changes.subscribe(order(1)), changes.subscribe(order(1)));
        drop(first);
        send(&changes, &[notified(Uuid::from_u128(1))]).await;
        assert!(second.changed().now_or_never().is_some());
        drop(second);
        assert!(changes.channels().is_empty());
        send(&changes, &[notified(Uuid::from_u128(1))]).await;
    }
}
