//! Transactions that count sign-in attempts.

use jiff::Timestamp;
use sqlx::PgPool;

use crate::domain::token::Digest;
use crate::error::Error;
use crate::store;

/// Counts an attempt as failed before it is made, or rejects it if the address is throttled.
pub(crate) async fn begin(pool: &PgPool, key: Digest, now: Timestamp) -> Result<(), Error> {
    let mut tx = pool.begin().await?;
    let before = store::attempts::lock(&mut tx, key, now).await?;
    let after = before.begin(now).map_err(|wait| Error::TooManyAttempts(wait.unsigned_abs()))?;
    store::attempts::update(&mut tx, key, after).await?;
    Ok(tx.commit().await?)
}

/// Clears all attempts after a correct password.
pub(crate) async fn clear(pool: &PgPool, key: Digest) -> Result<(), Error> {
    store::attempts::clear(&mut *pool.acquire().await?, key).await
}

/// Reverts an attempt that failed for a reason other than the password.
pub(crate) async fn revert(pool: &PgPool, key: Digest, now: Timestamp) -> Result<(), Error> {
    store::attempts::revert(&mut *pool.acquire().await?, key, now).await
}
