//! PostgreSQL's notifications, across reconnections.

use super::within;
use crate::Runtime;
use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{PgPool, query};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep};

/// Signals that wait for a slow receiver; then reading stops and PostgreSQL keeps the rest.
const QUEUE: usize = 256;

/// Pauses between attempts to connect: doubled from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Time between two questions whether the connection still lives. Nobody tells a listener of a network
/// that drops its packets, and it has nothing to say by itself.
const ASK_EVERY: Duration = Duration::from_secs(30);

/// Longest wait for PostgreSQL to answer that, to connect, and to listen.
const ANSWER: Duration = Duration::from_secs(5);

/// What a listener is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenEvent {
    /// It listens from now on; what was notified before, since the connection was lost or since
    /// the start, has been missed. Always the first signal.
    Listening,
    /// A notification's payload.
    Notified(String),
}

/// Listens on `channel` with a connection of its own beside the pool's, for as long as the process
/// runs or the receiver lives.
#[must_use]
pub fn listen(
    pool: &PgPool,
    channel: &'static str,
    runtime: &Runtime,
) -> mpsc::Receiver<ListenEvent> {
    listen_with_probe_interval(ASK_EVERY, pool, channel, runtime)
}

/// As [`listen`], which asks every 30 seconds whether the connection lives, with another time between
/// the questions.
#[must_use]
pub fn listen_with_probe_interval(
    every: Duration,
    pool: &PgPool,
    channel: &'static str,
    runtime: &Runtime,
) -> mpsc::Receiver<ListenEvent> {
    let (signals, receiver) = mpsc::channel(QUEUE);
    let pool = pool.clone();
    runtime.spawn("listener", async move {
        let mut pause = PAUSES.0;
        while !signals.is_closed() {
            match listen_once(&pool, channel, every, &signals, &mut pause).await {
                Ok(()) => return,
                Err(error) => tracing::warn!(%error, channel, "listening was interrupted"),
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    });
    receiver
}

/// Until the connection is lost (an error) or nobody listens any more.
async fn listen_once(
    pool: &PgPool,
    channel: &str,
    ask_every: Duration,
    signals: &mpsc::Sender<ListenEvent>,
    pause: &mut Duration,
) -> Result<(), sqlx::Error> {
    // By the pool's present options, for passwords change.
    let options = pool.connect_options().as_ref().clone();
    let own = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
    let mut listener = within(ANSWER, PgListener::connect_with(&own)).await?;
    listener.eager_reconnect(false);
    within(ANSWER, listener.listen(channel)).await?;
    *pause = PAUSES.0;
    let mut questions = interval_at(Instant::now() + ask_every, ask_every);
    questions.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut signal = ListenEvent::Listening;
    loop {
        if signals.send(signal).await.is_err() {
            return Ok(());
        }
        signal = tokio::select! {
            next = next(&mut listener, &mut questions) => next?,
            () = signals.closed() => return Ok(()),
        };
    }
}

/// The next notification, of a connection that answers meanwhile.
async fn next(
    listener: &mut PgListener,
    questions: &mut Interval,
) -> Result<ListenEvent, sqlx::Error> {
    let lost = || sqlx::Error::Protocol("the connection was lost".to_owned());
    loop {
        tokio::select! {
            next = listener.try_recv() => {
                let notification = next?.ok_or_else(lost)?;
                return Ok(ListenEvent::Notified(notification.payload().to_owned()));
            }
            _ = questions.tick() => {
                within(ANSWER, query("SELECT 1").execute(&mut *listener)).await?;
            }
        }
    }
}
