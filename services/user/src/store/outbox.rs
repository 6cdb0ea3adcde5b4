//! Mails that are to be sent.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query};
use wire::Email;

use crate::{
    domain::{
        ids::MailId,
        mail::{Kind, Mail},
    },
    error::Error,
};

/// Puts a welcome into the outbox.
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

/// Puts a request for a new password into the outbox, whether or not somebody has the address. One
/// that is there already is written anew, so that this takes the same time.
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

/// Takes the mail that is due for longest, until `lease`: if it is there by then, its worker died and
/// another takes it. Those that are just being taken elsewhere are passed over.
pub(crate) async fn take(
    conn: &mut PgConnection,
    now: Timestamp,
    lease: Timestamp,
) -> Result<Option<Mail>, Error> {
    let row = query!(
        "UPDATE outbox SET attempts = attempts + 1, due_at = $2
         WHERE id = (SELECT id FROM outbox WHERE due_at <= $1
                     ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING id, kind, email, first_name, attempts",
        now.to_sqlx(),
        lease.to_sqlx(),
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Mail {
        id: row.id.into(),
        kind: Kind::of_word(&row.kind).ok_or(Error::Stored("outbox.kind"))?,
        email: Email::new(&row.email).ok_or(Error::Stored("outbox.email"))?,
        first_name: row.first_name,
        attempts: row.attempts,
    }))
}

/// Leaves a mail for later.
pub(crate) async fn put_off(
    conn: &mut PgConnection,
    id: MailId,
    until: Timestamp,
) -> Result<(), Error> {
    query!("UPDATE outbox SET due_at = $2 WHERE id = $1", id.0, until.to_sqlx())
        .execute(conn)
        .await?;
    Ok(())
}

/// Deletes a mail that is done with.
pub(crate) async fn delete(conn: &mut PgConnection, id: MailId) -> Result<(), Error> {
    query!("DELETE FROM outbox WHERE id = $1", id.0).execute(conn).await?;
    Ok(())
}

/// How many mails wait, and since when the oldest does.
pub(crate) async fn depth(conn: &mut PgConnection) -> Result<(i64, Option<Timestamp>), Error> {
    let row = query!(r#"SELECT count(*) AS "count!", min(created_at) AS oldest FROM outbox"#)
        .fetch_one(conn)
        .await?;
    Ok((row.count, row.oldest.map(jiff_sqlx::Timestamp::to_jiff)))
}
