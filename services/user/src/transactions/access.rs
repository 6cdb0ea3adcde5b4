//! Transactions that change the profile, role or status of an account.

use audit::Change;
use jiff::Timestamp;
use kit::Env;
use serde_json::{Value, json};
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

/// Changes the role of an account, or disables or enables it. Another role ends all sessions: they
/// began with the rights of the former one, and a stolen session must not gain those of an
/// administrator. Disabling ends all sessions too, and invalidates all password reset tokens.
pub(crate) async fn update_access(
    pool: &PgPool,
    env: &Env,
    id: UserId,
    patch: AccessPatch,
) -> Result<Account, Error> {
    let mut tx = pool.begin().await?;
    let others = store::users::lock_other_admins(&mut tx, id).await?;
    let before = store::users::lock(&mut tx, id).await?.ok_or(Error::NotFound("user"))?;
    let mut after = patch.apply(&before, others)?;
    if after != before {
        after.updated_at = env.now();
        store::users::update(&mut tx, &after).await?;
    }
    if after.disabled || after.role != before.role {
        store::sessions::end_all(&mut tx, id, None).await?;
    }
    if after.disabled {
        store::resets::delete_all(&mut tx, id).await?;
        store::verifications::delete_all(&mut tx, id).await?;
        store::outbox::discard_address_changes(&mut tx, id).await?;
    }
    let change = Change::updated("user.access", id.0, &audited(&before), &audited(&after));
    let recorded = change.write(&mut tx, env).await?;
    tx.commit().await?;
    recorded.log();
    Ok(after)
}

/// The fields of an account in the audit log.
fn audited(account: &Account) -> Value {
    json!({"role": account.role.as_str(), "disabled": account.disabled})
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
