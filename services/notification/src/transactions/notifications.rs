//! Mails that are asked for again.

use kit::Env;
use sqlx::PgPool;

use crate::{
    domain::{NotificationId, delivery},
    error::Error,
    store,
};

/// Puts a failed mail back into the queue, if it is of any use.
pub(crate) async fn retry(pool: &PgPool, env: &Env, id: NotificationId) -> Result<(), Error> {
    let mut tx = pool.begin().await?;
    let standing = store::notifications::lock(&mut tx, id).await?;
    let standing = standing.ok_or(Error::NotFound("notification"))?;
    let now = env.now();
    if delivery::retry(standing.status, standing.is_kept, now, standing.expires_at)? {
        store::notifications::requeue(&mut tx, id, now).await?;
    }
    Ok(tx.commit().await?)
}
