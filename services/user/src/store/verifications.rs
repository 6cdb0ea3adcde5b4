//! Tokens that verify e-mail addresses, and the allowances of mails.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query, query_scalar};
use wire::Email;

use crate::domain::ids::{MailId, UserId};
use crate::domain::mail_allowance;
use crate::domain::token::Digest;
use crate::error::Error;

/// Inserts the token of a mail to `email`.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    digest: Digest,
    (user, email): (UserId, &Email),
    mail: MailId,
    expires_at: Timestamp,
) -> Result<(), Error> {
    query!(
        "INSERT INTO email_verifications (digest, user_id, email, mail_id, expires_at)
         VALUES ($1, $2, $3, $4, $5)",
        &digest.0,
        user.0,
        email.as_str(),
        mail.0,
        expires_at.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns whether a mail has a token: an earlier attempt to send it may have succeeded.
pub(crate) async fn has_token(conn: &mut PgConnection, mail: MailId) -> Result<bool, Error> {
    let exists = query_scalar!(
        r#"SELECT EXISTS (SELECT FROM email_verifications WHERE mail_id = $1)
               OR EXISTS (SELECT FROM password_resets WHERE mail_id = $1) AS "exists!""#,
        mail.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(exists)
}

/// Returns the account and the address that a token verifies now.
pub(crate) async fn find(
    conn: &mut PgConnection,
    digest: Digest,
    now: Timestamp,
) -> Result<Option<(UserId, Email)>, Error> {
    let row = query!(
        "SELECT user_id, email FROM email_verifications WHERE digest = $1 AND expires_at > $2",
        &digest.0,
        now.to_sqlx(),
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let email = Email::new(&row.email).ok_or(Error::UnknownValue("email_verifications.email"))?;
    Ok(Some((row.user_id.into(), email)))
}

/// Deletes all tokens of an account.
pub(crate) async fn delete_all(conn: &mut PgConnection, user: UserId) -> Result<(), Error> {
    query!("DELETE FROM email_verifications WHERE user_id = $1", user.0).execute(conn).await?;
    Ok(())
}

/// Takes a mail from the allowance of an address or an account, or returns the time until it has
/// the next one.
pub(crate) async fn take_allowance(
    conn: &mut PgConnection,
    key: Digest,
    now: Timestamp,
) -> Result<Result<(), SignedDuration>, Error> {
    let full_at = query_scalar!(
        r#"INSERT INTO mail_allowances (digest, full_at) VALUES ($1, $2)
           ON CONFLICT (digest) DO UPDATE SET full_at = mail_allowances.full_at
           RETURNING full_at AS "full_at: jiff_sqlx::Timestamp""#,
        &key.0,
        now.to_sqlx(),
    )
    .fetch_one(&mut *conn)
    .await?;
    let after = match mail_allowance::take(full_at.to_jiff(), now) {
        Ok(after) => after,
        Err(wait) => return Ok(Err(wait)),
    };
    query!("UPDATE mail_allowances SET full_at = $2 WHERE digest = $1", &key.0, after.to_sqlx())
        .execute(conn)
        .await?;
    Ok(Ok(()))
}

/// Deletes up to `limit` expired tokens, and returns their number.
pub(crate) async fn sweep(
    conn: &mut PgConnection,
    now: Timestamp,
    limit: i64,
) -> Result<u64, Error> {
    let done = query!(
        "DELETE FROM email_verifications WHERE digest = ANY(ARRAY(
             SELECT digest FROM email_verifications WHERE expires_at <= $1
             ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        now.to_sqlx(),
        limit,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes up to `limit` allowances that are full, and returns their number.
pub(crate) async fn sweep_allowances(
    conn: &mut PgConnection,
    now: Timestamp,
    limit: i64,
) -> Result<u64, Error> {
    let done = query!(
        "DELETE FROM mail_allowances WHERE digest = ANY(ARRAY(
             SELECT digest FROM mail_allowances WHERE full_at <= $1
             ORDER BY full_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        now.to_sqlx(),
        limit,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
