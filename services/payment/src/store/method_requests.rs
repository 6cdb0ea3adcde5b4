//! Requests to save a card with an idempotency key, and the leases on these keys.
//!
//! Until the card is saved, a request has a fingerprint that covers the card's number. With the
//! payment method, only one byte of it remains: whether the card was to be the default.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query};
use uuid::Uuid;

use crate::domain::ids::{IdempotencyKey, PaymentMethodId, UserId};
use crate::error::Error;

/// Stored request.
pub(crate) struct MethodRequest {
    /// Fingerprint of the request; once the card is saved, its [`reduced_fingerprint`].
    pub(crate) fingerprint: Vec<u8>,
    /// Idempotency key of the request to the provider.
    pub(crate) id: Uuid,
    /// Payment method that the request saved.
    pub(crate) method: Option<PaymentMethodId>,
    /// End of the lease of the process that handles the request.
    pub(crate) lease_expires_at: Timestamp,
}

/// Returns what remains of a fingerprint when the card is saved. It is empty in rows of the
/// previous release.
pub(crate) fn reduced_fingerprint(is_default: bool) -> [u8; 1] {
    [u8::from(is_default)]
}

/// Inserts a request; returns `false` if its idempotency key is already in use.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    (user, key): (UserId, &IdempotencyKey),
    request: &MethodRequest,
    now: Timestamp,
) -> Result<bool, Error> {
    let inserted = query!(
        "INSERT INTO method_requests (user_id, key, fingerprint, id, busy_until, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        user.0,
        key.as_str(),
        &request.fingerprint,
        request.id,
        request.lease_expires_at.to_sqlx(),
        now.to_sqlx(),
    );
    Ok(inserted.execute(conn).await?.rows_affected() == 1)
}

/// Reads and locks the request with a key.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    (user, key): (UserId, &IdempotencyKey),
) -> Result<Option<MethodRequest>, Error> {
    let row = query!(
        "SELECT fingerprint, id, method_id, busy_until FROM method_requests
         WHERE user_id = $1 AND key = $2 FOR UPDATE",
        user.0,
        key.as_str(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| MethodRequest {
        fingerprint: row.fingerprint,
        id: row.id,
        method: row.method_id.map(PaymentMethodId::from),
        lease_expires_at: row.busy_until.to_jiff(),
    }))
}

/// Takes over a request whose lease has expired.
pub(crate) async fn take_over(
    conn: &mut PgConnection,
    id: Uuid,
    lease_expires_at: Timestamp,
) -> Result<(), Error> {
    query!(
        "UPDATE method_requests SET busy_until = $2 WHERE id = $1",
        id,
        lease_expires_at.to_sqlx()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Records the payment method of a request and reduces its fingerprint; returns `false` if another
/// process has recorded one.
pub(crate) async fn finish(
    conn: &mut PgConnection,
    id: Uuid,
    method: PaymentMethodId,
    is_default: bool,
) -> Result<bool, Error> {
    let finished = query!(
        "UPDATE method_requests SET method_id = $2, fingerprint = $3
         WHERE id = $1 AND method_id IS NULL",
        id,
        method.0,
        &reduced_fingerprint(is_default),
    );
    Ok(finished.execute(conn).await?.rows_affected() == 1)
}

/// Releases the lease of a failed request, so that a retry can start immediately.
pub(crate) async fn release(
    conn: &mut PgConnection,
    id: Uuid,
    lease_expires_at: Timestamp,
) -> Result<(), Error> {
    query!(
        "UPDATE method_requests SET busy_until = created_at
         WHERE id = $1 AND method_id IS NULL AND busy_until = $2",
        id,
        lease_expires_at.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes a batch of requests that were created before a time, except those in progress.
pub(crate) async fn delete_before(
    conn: &mut PgConnection,
    before: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    query!(
        "DELETE FROM method_requests WHERE id = ANY(ARRAY(
             SELECT id FROM method_requests WHERE created_at < $1 AND busy_until <= $2
             ORDER BY created_at LIMIT 500 FOR UPDATE SKIP LOCKED))",
        before.to_sqlx(),
        now.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes a batch of requests that were created before a time and have saved no card, except those
/// in progress: a retry of an old request holds the lease, and could not record its card.
pub(crate) async fn delete_unfinished_before(
    conn: &mut PgConnection,
    before: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    query!(
        "DELETE FROM method_requests WHERE id = ANY(ARRAY(
             SELECT id FROM method_requests
             WHERE created_at < $1 AND busy_until <= $2 AND method_id IS NULL
             ORDER BY created_at LIMIT 500 FOR UPDATE SKIP LOCKED))",
        before.to_sqlx(),
        now.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
