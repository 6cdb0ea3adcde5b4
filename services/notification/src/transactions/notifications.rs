//! Transactions that retry mails.

use audit::Change;
use kit::Env;
use serde_json::json;
use sqlx::PgPool;

use crate::domain::{NotificationId, delivery};
use crate::error::Error;
use crate::store;

/// Puts a failed mail back into the queue unless it has expired.
pub(crate) async fn retry(pool: &PgPool, env: &Env, id: NotificationId) -> Result<(), Error> {
    let mut tx = pool.begin().await?;
    let state = store::notifications::lock(&mut tx, id).await?;
    let state = state.ok_or(Error::NotFound("notification"))?;
    let now = env.now();
    if delivery::decide_retry(state.status, state.has_content, now, state.expires_at)? {
        store::notifications::requeue(&mut tx, id, now).await?;
        let (before, after) = (json!({"status": "failed"}), json!({"status": "queued"}));
        let change = Change::updated("mail.retry", id.0, &before, &after);
        let recorded = change.write(&mut tx, env).await?;
        tx.commit().await?;
        recorded.log();
    }
    Ok(())
}
