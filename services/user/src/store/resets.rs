//! Password reset tokens.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query, query_scalar};

use crate::domain::ids::{MailId, UserId};
use crate::domain::token::Digest;
use crate::error::Error;

/// Inserts the token of a mail.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    digest: Digest,
    user: UserId,
    mail: MailId,
    expires_at: Timestamp,
) -> Result<(), Error> {
    query!(
        "INSERT INTO password_resets (digest, user_id, mail_id, expires_at)
         VALUES ($1, $2, $3, $4)",
        &digest.0,
        user.0,
        mail.0,
        expires_at.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Counts the other mails that have sent an account tokens that are still valid.
pub(crate) async fn count_other_mails(
    conn: &mut PgConnection,
    user: UserId,
    mail: MailId,
    now: Timestamp,
) -> Result<i64, Error> {
    let count = query_scalar!(
        r#"SELECT count(DISTINCT mail_id) AS "count!" FROM password_resets
           WHERE user_id = $1 AND mail_id <> $2 AND expires_at > $3"#,
        user.0,
        mail.0,
        now.to_sqlx(),
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// Returns the account whose password a token can reset now.
pub(crate) async fn find(
    conn: &mut PgConnection,
    digest: Digest,
    now: Timestamp,
) -> Result<Option<UserId>, Error> {
    let user = query_scalar!(
        "SELECT user_id FROM password_resets WHERE digest = $1 AND expires_at > $2",
        &digest.0,
        now.to_sqlx(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(user.map(UserId::from))
}

/// Deletes all tokens of an account.
pub(crate) async fn delete_all(conn: &mut PgConnection, user: UserId) -> Result<(), Error> {
    query!("DELETE FROM password_resets WHERE user_id = $1", user.0).execute(conn).await?;
    Ok(())
}

/// Deletes up to `limit` expired tokens, and returns their number.
pub(crate) async fn sweep(
    conn: &mut PgConnection,
    now: Timestamp,
    limit: i64,
) -> Result<u64, Error> {
    let done = query!(
        "DELETE FROM password_resets WHERE digest = ANY(ARRAY(
             SELECT digest FROM password_resets WHERE expires_at <= $1
             ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        now.to_sqlx(),
        limit,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
