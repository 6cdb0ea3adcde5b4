//! PostgreSQL notifications (LISTEN/NOTIFY) with automatic reconnection.

use super::retirement::{Retirement, retirements};
use super::with_timeout;
use crate::Runtime;
use crate::backoff::Backoff;
use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{PgPool, query_scalar};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep};

/// Maximum number of events that wait for a slow receiver. Then reading pauses, and PostgreSQL
/// keeps the rest.
const QUEUE_SIZE: usize = 256;

/// Delays between attempts to connect.
const RETRY: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));

/// Interval of probes of the connection. A listener sends nothing else, so without probes it would
/// not detect a network that drops packets.
const PROBE_INTERVAL: Duration = Duration::from_secs(30);

/// Longest time to connect, to listen, and for the response to a probe.
const TIMEOUT: Duration = Duration::from_secs(5);

/// An event of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenEvent {
    /// The listener is connected. Notifications since the start or since the connection was lost
    /// have been missed. Always the first event.
    Listening,
    /// The payload of a notification.
    Notified(String),
}

/// Listens on `channel` over a dedicated connection, in addition to those of the pool, until the
/// process stops or the receiver is dropped.
#[must_use]
pub fn listen(
    pool: &PgPool,
    channel: &'static str,
    runtime: &Runtime,
) -> mpsc::Receiver<ListenEvent> {
    listen_with_probe_interval(PROBE_INTERVAL, pool, channel, runtime)
}

/// [`listen`] with another interval of connection probes than 30 seconds.
#[must_use]
pub fn listen_with_probe_interval(
    probe_interval: Duration,
    pool: &PgPool,
    channel: &'static str,
    runtime: &Runtime,
) -> mpsc::Receiver<ListenEvent> {
    let (events, receiver) = mpsc::channel(QUEUE_SIZE);
    let (pool, env) = (pool.clone(), runtime.env.clone());
    runtime.spawn("listener", async move {
        let mut attempts = 0;
        while !events.is_closed() {
            match listen_once(&pool, channel, probe_interval, &events, &mut attempts).await {
                Ok(()) => return,
                Err(error) => tracing::warn!(%error, channel, "listener disconnected"),
            }
            attempts += 1;
            sleep(RETRY.delay_with_jitter(attempts, env.random())).await;
        }
    });
    receiver
}

/// Listens until the connection is lost (an error) or the receiver is dropped. Resets `attempts`
/// once connected.
async fn listen_once(
    pool: &PgPool,
    channel: &str,
    probe_interval: Duration,
    events: &mpsc::Sender<ListenEvent>,
    attempts: &mut u32,
) -> Result<(), sqlx::Error> {
    let mut retirements = retirements();
    // The pool's current options, because passwords change.
    let options = pool.connect_options().as_ref().clone();
    let own = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
    let mut listener = with_timeout(TIMEOUT, PgListener::connect_with(&own)).await?;
    listener.eager_reconnect(false);
    with_timeout(TIMEOUT, listener.listen(channel)).await?;
    *attempts = 0;
    let mut probes = interval_at(Instant::now() + probe_interval, probe_interval);
    probes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut event = ListenEvent::Listening;
    loop {
        if events.send(event).await.is_err() {
            return Ok(());
        }
        event = tokio::select! {
            next = next_notification(&mut listener, &mut probes, &mut retirements) => next?,
            () = events.closed() => return Ok(()),
        };
    }
}

/// Waits for the next notification and probes the connection meanwhile. A server that is read-only
/// sends no notifications, so its connection counts as lost.
async fn next_notification(
    listener: &mut PgListener,
    probes: &mut Interval,
    retirements: &mut watch::Receiver<Retirement>,
) -> Result<ListenEvent, sqlx::Error> {
    let lost = || sqlx::Error::Protocol("the connection was lost".to_owned());
    loop {
        tokio::select! {
            next = listener.try_recv() => {
                let notification = next?.ok_or_else(lost)?;
                return Ok(ListenEvent::Notified(notification.payload().to_owned()));
            }
            _ = probes.tick() => {
                let probe = query_scalar("SELECT current_setting('transaction_read_only') = 'on'");
                if with_timeout(TIMEOUT, probe.fetch_one(&mut *listener)).await? {
                    return Err(lost());
                }
            }
            changed = retirements.changed() => {
                // The sender is static, so it is never dropped.
                changed.map_err(|_| lost())?;
                probes.reset_immediately();
            }
        }
    }
}
