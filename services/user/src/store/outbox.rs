//! The outbox of mails.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query, query_scalar};
use wire::Email;

use crate::domain::ids::{MailId, UserId};
use crate::domain::mail::{Mail, MailKind};
use crate::error::Error;

/// Adds a welcome mail to the outbox.
pub(crate) async fn add_welcome(
    conn: &mut PgConnection,
    id: MailId,
    email: &Email,
    first_name: &str,
    now: Timestamp,
) -> Result<(), Error> {
    query!(
        "INSERT INTO outbox (id, kind, email, email_key, first_name, created_at, due_at)
         VALUES ($1, 'welcome', $2, $3, $4, $5, $5)",
        id.0,
        email.as_str(),
        email.key(),
        first_name,
        now.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds a password reset mail to the outbox, whether or not an account has the address. If the
/// outbox already has one for the address, its row is rewritten, so that the statement takes the
/// same time.
pub(crate) async fn add_password_reset(
    conn: &mut PgConnection,
    id: MailId,
    email: &Email,
    now: Timestamp,
) -> Result<(), Error> {
    query!(
        "INSERT INTO outbox (id, kind, email, email_key, first_name, created_at, due_at)
         VALUES ($1, 'password_reset', $2, $3, '', $4, $4)
         ON CONFLICT (email_key) WHERE kind = 'password_reset'
         DO UPDATE SET email = EXCLUDED.email",
        id.0,
        email.as_str(),
        email.key(),
        now.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds a mail about throttled sign-ins to the outbox, whether or not an account has the address,
/// unless one waits already.
pub(crate) async fn add_sign_in_throttled(
    conn: &mut PgConnection,
    id: MailId,
    email: &Email,
    now: Timestamp,
) -> Result<(), Error> {
    query!(
        "INSERT INTO outbox (id, kind, email, email_key, first_name, created_at, due_at)
         VALUES ($1, 'sign_in_throttled', $2, $3, '', $4, $4)
         ON CONFLICT (email_key) WHERE kind = 'sign_in_throttled' DO NOTHING",
        id.0,
        email.as_str(),
        email.key(),
        now.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds a mail that verifies an address of an account to the outbox, unless the outbox has one.
/// Returns whether it was added.
pub(crate) async fn add_verification(
    conn: &mut PgConnection,
    id: MailId,
    (user, email): (UserId, &Email),
    now: Timestamp,
) -> Result<bool, Error> {
    let stored = query_scalar!(
        "INSERT INTO outbox (id, kind, user_id, email, email_key, first_name, created_at, due_at)
         VALUES ($1, 'email_verification', $2, $3, $4, '', $5, $5)
         ON CONFLICT (user_id, email_key) WHERE kind = 'email_verification'
         DO UPDATE SET email = EXCLUDED.email
         RETURNING id",
        id.0,
        user.0,
        email.as_str(),
        email.key(),
        now.to_sqlx(),
    )
    .fetch_one(conn)
    .await?;
    Ok(stored == id.0)
}

/// Deletes the mails that would let an account take over another address.
pub(crate) async fn discard_address_changes(
    conn: &mut PgConnection,
    user: UserId,
) -> Result<(), Error> {
    query!(
        "DELETE FROM outbox o USING users u
         WHERE u.id = $1 AND o.user_id = u.id AND o.kind = 'email_verification'
           AND o.email_key <> u.email_key",
        user.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns whether the outbox still has a mail: it may have been discarded after its lease began.
pub(crate) async fn exists(conn: &mut PgConnection, id: MailId) -> Result<bool, Error> {
    let exists =
        query_scalar!(r#"SELECT EXISTS (SELECT FROM outbox WHERE id = $1) AS "exists!""#, id.0);
    Ok(exists.fetch_one(conn).await?)
}

/// Adds a notice to the former address of an account to the outbox.
pub(crate) async fn add_email_changed(
    conn: &mut PgConnection,
    id: MailId,
    former: &Email,
    now: Timestamp,
) -> Result<(), Error> {
    query!(
        "INSERT INTO outbox (id, kind, email, email_key, first_name, created_at, due_at)
         VALUES ($1, 'email_changed', $2, $3, '', $4, $4)",
        id.0,
        former.as_str(),
        former.key(),
        now.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Leases the mail that has been due longest, until `lease`. If the row still exists then, its
/// worker died and another one leases it. Skips rows that another worker has locked.
pub(crate) async fn lease_next(
    conn: &mut PgConnection,
    now: Timestamp,
    lease: Timestamp,
) -> Result<Option<Mail>, Error> {
    let row = query!(
        "UPDATE outbox SET attempts = attempts + 1, due_at = $2
         WHERE id = (SELECT id FROM outbox WHERE due_at <= $1
                     ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING id, kind, user_id, email, first_name, attempts",
        now.to_sqlx(),
        lease.to_sqlx(),
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Mail {
        id: row.id.into(),
        kind: MailKind::parse(&row.kind).ok_or(Error::UnknownValue("outbox.kind"))?,
        user: row.user_id.map(UserId::from),
        email: Email::new(&row.email).ok_or(Error::UnknownValue("outbox.email"))?,
        first_name: row.first_name,
        attempts: row.attempts,
    }))
}

/// Postpones a mail until `until`.
pub(crate) async fn postpone(
    conn: &mut PgConnection,
    id: MailId,
    until: Timestamp,
) -> Result<(), Error> {
    query!("UPDATE outbox SET due_at = $2 WHERE id = $1", id.0, until.to_sqlx())
        .execute(conn)
        .await?;
    Ok(())
}

/// Deletes a mail that was delivered or discarded.
pub(crate) async fn delete(conn: &mut PgConnection, id: MailId) -> Result<(), Error> {
    query!("DELETE FROM outbox WHERE id = $1", id.0).execute(conn).await?;
    Ok(())
}

/// Returns the number of mails in the outbox and when the oldest was added.
pub(crate) async fn depth(conn: &mut PgConnection) -> Result<(i64, Option<Timestamp>), Error> {
    let row = query!(r#"SELECT count(*) AS "count!", min(created_at) AS oldest FROM outbox"#)
        .fetch_one(conn)
        .await?;
    Ok((row.count, row.oldest.map(jiff_sqlx::Timestamp::to_jiff)))
}
