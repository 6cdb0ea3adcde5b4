//! Transactions that count sign-in attempts.

use jiff::Timestamp;
use sqlx::PgPool;
use wire::Email;

use crate::domain::ids::MailId;
use crate::domain::token::Digest;
use crate::error::Error;
use crate::store;

/// Counts an attempt as failed before it is made, or rejects it if its key is throttled. If
/// throttling begins, adds a mail for the owner of the address in `mail` to the outbox, whether or
/// not an account has the address, so that both take the same time.
pub(crate) async fn begin(
    pool: &PgPool,
    now: Timestamp,
    key: Digest,
    mail: Option<(MailId, &Email)>,
) -> Result<(), Error> {
    let mut tx = pool.begin().await?;
    let before = store::attempts::lock(&mut tx, key, now).await?;
    let mut after =
        before.begin(now).map_err(|wait| Error::TooManyAttempts(wait.unsigned_abs()))?;
    if let Some((mail, email)) = mail.filter(|_| after.is_mail_due(now)) {
        after.mailed_at = Some(now);
        store::outbox::add_sign_in_throttled(&mut tx, mail, email, now).await?;
    }
    store::attempts::update(&mut tx, key, after).await?;
    Ok(tx.commit().await?)
}

/// Clears all attempts after a correct password.
pub(crate) async fn clear(pool: &PgPool, key: Digest, now: Timestamp) -> Result<(), Error> {
    store::attempts::clear(&mut *pool.acquire().await?, key, now).await
}

/// Reverts an attempt that failed for a reason other than the password.
pub(crate) async fn revert(pool: &PgPool, key: Digest, now: Timestamp) -> Result<(), Error> {
    store::attempts::revert(&mut *pool.acquire().await?, key, now).await
}
