//! What a worker does with the queue before it delivers.

use jiff::SignedDuration;
use kit::Env;
use sqlx::PgPool;

use crate::{
    error::Error,
    store::{
        self,
        queue::{Due, Lease},
    },
};

/// What a worker has to do.
pub(crate) struct Work {
    pub(crate) lease: Lease,
    pub(crate) due: Vec<Due>,
    /// Kinds of the mails that ran out of time.
    pub(crate) expired: Vec<String>,
    /// Kinds of the mails that ran out of attempts.
    pub(crate) given_up: Vec<String>,
}

/// Ends what has no further attempt, and leases what has one.
pub(crate) async fn take(
    pool: &PgPool,
    env: &Env,
    max_attempts: i32,
    lease: SignedDuration,
    limit: i64,
) -> Result<Work, Error> {
    let now = env.now();
    let until = now.saturating_add(lease).unwrap_or(now);
    let lease = Lease { id: env.uuid(), until };
    let mut tx = pool.begin().await?;
    let expired = store::queue::expire(&mut tx, now).await?;
    let given_up = store::queue::give_up(&mut tx, now, max_attempts).await?;
    let due = store::queue::lease(&mut tx, now, lease, limit).await?;
    tx.commit().await?;
    Ok(Work { lease, due, expired, given_up })
}
