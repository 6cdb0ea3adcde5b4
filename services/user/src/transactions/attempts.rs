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
    let mut tx = pool.begin().await?;
    store::attempts::revert(&mut tx, key, now).await?;
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests_with_servers {
    use super::*;

    async fn failures(pool: &PgPool) -> Vec<i32> {
        let rows = sqlx::query_scalar("SELECT failures FROM sign_in_attempts");
        rows.fetch_all(pool).await.unwrap()
    }

    #[tokio::test]
    async fn reverted_attempt_leaves_earlier_state() {
        let database = testing::database(&crate::MIGRATOR).await;
        let pool = database.pool();
        let (now, key) = (Timestamp::UNIX_EPOCH, Digest([1; 32]));
        begin(pool, now, key, None).await.unwrap();
        revert(pool, key, now).await.unwrap();
        assert!(failures(pool).await.is_empty());

        begin(pool, now, key, None).await.unwrap();
        begin(pool, now, key, None).await.unwrap();
        revert(pool, key, now).await.unwrap();
        assert_eq!(failures(pool).await, [1]);

        // The time of a mail is kept, so that there is no second one soon.
        sqlx::query("UPDATE sign_in_attempts SET mailed_at = now()").execute(pool).await.unwrap();
        revert(pool, key, now).await.unwrap();
        assert_eq!(failures(pool).await, [0]);
    }
}
