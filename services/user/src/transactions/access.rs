//! Transactions that change the profile, role or status of an account.

use jiff::Timestamp;
use sqlx::PgPool;

use crate::domain::account::{AccessPatch, Account, ProfilePatch};
use crate::domain::ids::UserId;
use crate::domain::password::PasswordHash;
use crate::error::Error;
use crate::store;

/// Changes a profile.
pub(crate) async fn update_profile(
    pool: &PgPool,
    now: Timestamp,
    id: UserId,
    patch: ProfilePatch,
) -> Result<Account, Error> {
    let mut tx = pool.begin().await?;
    let mut account = store::users::lock(&mut tx, id).await?.ok_or(Error::NotFound("user"))?;
    let profile = patch.apply(account.profile.clone());
    if profile != account.profile {
        (account.profile, account.updated_at) = (profile, now);
        store::users::update(&mut tx, &account).await?;
    }
    tx.commit().await?;
    Ok(account)
}

/// Changes the role of an account, or disables or enables it. Disabling ends all sessions and
/// invalidates all password reset tokens.
pub(crate) async fn update_access(
    pool: &PgPool,
    now: Timestamp,
    id: UserId,
    patch: AccessPatch,
) -> Result<Account, Error> {
    let mut tx = pool.begin().await?;
    let others = store::users::lock_other_admins(&mut tx, id).await?;
    let before = store::users::lock(&mut tx, id).await?.ok_or(Error::NotFound("user"))?;
    let mut after = patch.apply(&before, others)?;
    if after != before {
        after.updated_at = now;
        store::users::update(&mut tx, &after).await?;
    }
    if after.disabled {
        store::sessions::end_all(&mut tx, id, None).await?;
        store::resets::delete_all(&mut tx, id).await?;
    }
    tx.commit().await?;
    Ok(after)
}

/// Creates an account without a welcome mail and without a session: the first administrator.
pub(crate) async fn create(
    pool: &PgPool,
    account: &Account,
    hash: &PasswordHash,
) -> Result<(), Error> {
    let mut tx = pool.begin().await?;
    store::users::insert(&mut tx, account, hash).await?;
    Ok(tx.commit().await?)
}
