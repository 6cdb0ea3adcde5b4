//! Counting attempts to sign in.

use jiff::Timestamp;
use sqlx::PgPool;

use crate::{domain::token::Digest, error::Error, store};

/// Counts an attempt as failed before it is made, or refuses it.
pub(crate) async fn begin(pool: &PgPool, key: Digest, now: Timestamp) -> Result<(), Error> {
    let mut tx = pool.begin().await?;
    let before = store::attempts::lock(&mut tx, key, now).await?;
    let after = before.begin(now).map_err(|wait| Error::TooManyAttempts(wait.unsigned_abs()))?;
    store::attempts::update(&mut tx, key, after).await?;
    Ok(tx.commit().await?)
}

/// The password was right: none counts any more.
pub(crate) async fn succeeded(pool: &PgPool, key: Digest) -> Result<(), Error> {
    store::attempts::forget(&mut *pool.acquire().await?, key).await
}

/// The attempt came to nothing through no fault of whoever made it.
pub(crate) async fn take_back(pool: &PgPool, key: Digest, now: Timestamp) -> Result<(), Error> {
    store::attempts::take_back(&mut *pool.acquire().await?, key, now).await
}
