//! Background work, in every replica: delivery, the end of what is overdue, the watch over the queue,
//! and forgetting.
//!
//! A round leases a few mails and commits, speaks with the mail server, and notes how it went. Whoever
//! ends in between leaves rows whose lease runs out, for any replica. So the time of an attempt and of
//! its note has to be shorter than the lease: then nobody sends what another one is still sending.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use jiff::SignedDuration;
use kit::{Env, postgres::traced, run_periodically};
use sqlx::PgPool;
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    domain::{
        content::Content,
        delivery::{self, Attempt, Next},
    },
    error::Error,
    mail::Mailer,
    metrics::{Metrics, Outcome},
    store::{
        self,
        queue::{Due, Lease},
    },
};

/// Mails at a time, each over a connection of its own: few enough for the modest mail servers.
const AT_A_TIME: usize = 8;
/// Longest time for an attempt. RFC 5321 would wait for minutes; a server that needs so long is better
/// asked again later.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(45);
/// Longest time for trying to note how it went, while PostgreSQL is away.
const NOTE_TIMEOUT: Duration = Duration::from_secs(45);
/// How long nobody else takes a leased mail.
const LEASE: Duration = Duration::from_secs(120);
const _: () = assert!(
    ATTEMPT_TIMEOUT.as_secs() + NOTE_TIMEOUT.as_secs() + STEP_TIMEOUT.as_secs() < LEASE.as_secs()
);
/// The longest time for one step with the database: above what PostgreSQL allows its statements, so
/// that it only ends what waits for a connection that was lost in silence.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause between two tries to note something.
const NOTE_PAUSE: Duration = Duration::from_millis(500);
/// Time between two looks at the length of the queue.
const WATCH_EVERY: Duration = Duration::from_secs(10);
/// Time between two looks for mails to forget.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// The most that one look forgets, so that it is a short statement: a million a day.
const MAX_FORGOTTEN: i64 = 1000;

/// In metrics, for mails that a newer version wrote.
const UNKNOWN_KIND: &str = "unknown";

/// Delivers what is due, for ever.
pub(crate) struct Worker {
    pub(crate) pool: PgPool,
    pub(crate) env: Env,
    pub(crate) mailer: Mailer,
    pub(crate) metrics: Metrics,
    pub(crate) max_attempts: i32,
    pub(crate) poll_interval: Duration,
    /// Told by this replica's API of a new mail; those of others are found by looking.
    pub(crate) wake: Arc<Notify>,
    pub(crate) stopping: CancellationToken,
}

impl Worker {
    /// Ends soon after `stopping`: what is being sent is still sent and noted, if it is quick.
    pub(crate) async fn run(self) {
        while !self.stopping.is_cancelled() {
            match self.round().await {
                Ok(count) if count == AT_A_TIME => continue,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the queue is out of reach"
                    );
                }
            }
            tokio::select! {
                () = self.stopping.cancelled() => {}
                () = self.wake.notified() => {}
                () = sleep(self.poll_interval) => {}
            }
        }
    }

    /// Delivers a few mails; how many there were.
    async fn round(&self) -> Result<usize, Error> {
        let (now, limit) = (self.env.now(), i64::try_from(AT_A_TIME).unwrap_or(1));
        let length = SignedDuration::try_from(LEASE).unwrap_or(SignedDuration::MAX);
        let until = now.saturating_add(length).unwrap_or(now);
        let lease = Lease { id: self.env.uuid(), until };
        let taking = async {
            let mut conn = self.pool.acquire().await?;
            store::queue::lease(&mut conn, now, lease, self.max_attempts, limit).await
        };
        let due = step("take mails from the queue", taking).await?;
        let count = due.len();
        join_all(due.into_iter().map(|due| self.deliver(due, lease))).await;
        Ok(count)
    }

    async fn deliver(&self, due: Due, lease: Lease) {
        let Due { id, recipient, content, attempts, created_at, expires_at } = due;
        let kind = content.as_ref().map_or(UNKNOWN_KIND, Content::kind);
        let (attempt, code) = match content {
            Some(content) => {
                let sending = self.mailer.send(id.0, created_at, &recipient, &content);
                outcome(timeout(ATTEMPT_TIMEOUT, traced("notification.smtp", sending)).await)
            }
            None => (Attempt::Deferred("written by a newer version".to_owned()), None),
        };
        let now = self.env.now();
        let next = delivery::after(attempt, (attempts, self.max_attempts), now, expires_at);
        let outcome = match &next {
            Next::Sent => Outcome::Sent,
            Next::Failed(_) => Outcome::Failed,
            Next::Again { .. } => Outcome::Deferred,
        };
        self.metrics.count(kind, outcome);
        let told = outcome.as_str();
        match outcome {
            Outcome::Sent => tracing::info!(%id, kind, attempts, outcome = told, "a mail"),
            _ => tracing::warn!(%id, kind, attempts, outcome = told, smtp.code = code, "a mail"),
        }
        self.note(id, lease, &next).await;
    }

    /// Notes how it went, for as long as the lease allows: what is not noted is sent again.
    async fn note(&self, id: crate::domain::NotificationId, lease: Lease, next: &Next) {
        let end = Instant::now() + NOTE_TIMEOUT;
        loop {
            let noting = async {
                let mut conn = self.pool.acquire().await?;
                store::queue::note(&mut conn, id, lease, self.env.now(), next).await
            };
            match step("note a delivery", traced("notification.note", noting)).await {
                Ok(true) => return,
                Ok(false) => return tracing::warn!(%id, "the lease of a mail was lost"),
                Err(error) if Instant::now() < end => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "not noted yet");
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    return tracing::error!(error, %id, "how a mail went could not be noted");
                }
            }
            sleep(NOTE_PAUSE).await;
        }
    }
}

/// What an attempt means, and the server's code.
fn outcome(
    sent: Result<Result<(), crate::mail::Failure>, tokio::time::error::Elapsed>,
) -> (Attempt, Option<u16>) {
    match sent {
        Ok(Ok(())) => (Attempt::Taken, None),
        Ok(Err(failure)) if failure.is_final => (Attempt::Refused(failure.text), failure.code),
        Ok(Err(failure)) => (Attempt::Deferred(failure.text), failure.code),
        Err(_) => (Attempt::Deferred("the mail server did not answer in time".to_owned()), None),
    }
}

async fn step<T>(
    what: &'static str,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    timeout(STEP_TIMEOUT, work).await.unwrap_or_else(|_| Err(Error::TimedOut(what)))
}

/// Ends what is of no use any more, or was tried as often as may be, for ever.
pub(crate) async fn end_overdue(
    pool: PgPool,
    env: Env,
    metrics: Metrics,
    max_attempts: i32,
    period: Duration,
) {
    run_periodically(period, || async {
        let ending = async {
            let mut conn = pool.acquire().await?;
            let now = env.now();
            for kind in store::queue::expire(&mut conn, now).await? {
                metrics.count(&kind, Outcome::Expired);
                tracing::warn!(kind, "a mail expired");
            }
            for kind in store::queue::give_up(&mut conn, now, max_attempts).await? {
                metrics.count(&kind, Outcome::Failed);
                tracing::warn!(kind, "a mail was given up");
            }
            Ok(())
        };
        if let Err(error) = step("end overdue mails", ending).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "overdue mails could not be ended");
        }
    })
    .await;
}

/// Keeps the metrics of the queue up to date, for ever.
pub(crate) async fn watch_queue(pool: PgPool, env: Env, metrics: Metrics) {
    run_periodically(WATCH_EVERY, || async {
        let looking = async {
            let mut conn = pool.acquire().await?;
            store::queue::depth(&mut conn).await
        };
        match step("look at the queue", looking).await {
            Ok((queued, oldest)) => {
                let age = oldest.map_or(0, |oldest| env.now().duration_since(oldest).as_secs());
                metrics.depth(queued, age.max(0));
            }
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "no look at the queue");
            }
        }
    })
    .await;
}

/// Forgets mails that were sent or have failed once they are older than `keep`, for ever.
pub(crate) async fn forget_old(pool: PgPool, env: Env, keep: Duration) {
    let keep = SignedDuration::try_from(keep).unwrap_or(SignedDuration::MAX);
    run_periodically(FORGET_EVERY, || async {
        let Ok(before) = env.now().checked_sub(keep) else { return };
        let forgetting = async {
            let mut conn = pool.acquire().await?;
            store::queue::forget(&mut conn, before, MAX_FORGOTTEN).await
        };
        match step("forget old mails", forgetting).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "old mails were forgotten"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "old mails could not be forgotten");
            }
        }
    })
    .await;
}
