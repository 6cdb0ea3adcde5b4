//! The networks from which the owners of accounts have signed in.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query};
use wire::Email;

use crate::domain::ids::UserId;
use crate::domain::network::MAX_NETWORKS;
use crate::domain::password::PasswordHash;
use crate::domain::token::Digest;
use crate::error::Error;

/// What is necessary to compare the password of an account.
pub(crate) struct Credentials {
    pub(crate) user: UserId,
    pub(crate) hash: PasswordHash,
    /// Whether the owner has signed in from the network of the attempt.
    pub(crate) network_is_known: bool,
}

/// Returns the credentials of an e-mail address's account. `network` is that of the attempt, which
/// is known if the owner has signed in from it after `since`.
pub(crate) async fn find_credentials(
    conn: &mut PgConnection,
    email: &Email,
    network: Option<Digest>,
    since: Timestamp,
) -> Result<Option<Credentials>, Error> {
    let row = query!(
        r#"SELECT u.id, u.password_hash, EXISTS (
               SELECT FROM known_networks n
               WHERE n.user_id = u.id AND n.digest = $2 AND n.last_used_at > $3
           ) AS "network_is_known!"
           FROM users u WHERE u.email_key = $1"#,
        email.key(),
        network.as_ref().map(|digest| digest.0.as_slice()),
        since.to_sqlx(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Credentials {
        user: row.id.into(),
        hash: PasswordHash::new(row.password_hash),
        network_is_known: row.network_is_known,
    }))
}

/// Stores that the owner of an account, which must be locked, signed in from a network. Forgets the
/// least recently used networks of an account that has too many.
pub(crate) async fn remember(
    conn: &mut PgConnection,
    user: UserId,
    network: Digest,
    now: Timestamp,
) -> Result<(), Error> {
    query!(
        "INSERT INTO known_networks (user_id, digest, last_used_at) VALUES ($1, $2, $3)
         ON CONFLICT (user_id, digest) DO UPDATE SET last_used_at = EXCLUDED.last_used_at",
        user.0,
        &network.0,
        now.to_sqlx(),
    )
    .execute(&mut *conn)
    .await?;
    query!(
        "DELETE FROM known_networks WHERE user_id = $1 AND digest IN (
             SELECT digest FROM known_networks WHERE user_id = $1
             ORDER BY last_used_at DESC, digest OFFSET $2)",
        user.0,
        MAX_NETWORKS,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets all networks of an account.
pub(crate) async fn forget_all(conn: &mut PgConnection, user: UserId) -> Result<(), Error> {
    query!("DELETE FROM known_networks WHERE user_id = $1", user.0).execute(conn).await?;
    Ok(())
}

/// Deletes up to `limit` networks that were last used before `before`, and returns their number.
pub(crate) async fn sweep(
    conn: &mut PgConnection,
    before: Timestamp,
    limit: i64,
) -> Result<u64, Error> {
    let done = query!(
        "DELETE FROM known_networks WHERE (user_id, digest) IN (
             SELECT user_id, digest FROM known_networks WHERE last_used_at <= $1
             ORDER BY last_used_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
        before.to_sqlx(),
        limit,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
