//! Transactions that change or reset a password.

use jiff::Timestamp;
use kit::Env;
use sqlx::{PgConnection, PgPool};

use crate::domain::account::Account;
use crate::domain::ids::{SessionId, UserId};
use crate::domain::mail::{MAX_RESET_MAILS, Mail, RESET_TTL};
use crate::domain::password::PasswordHash;
use crate::domain::throttle;
use crate::domain::token::{Digest, OpaqueToken};
use crate::error::Error;
use crate::store;
use crate::transactions::verification;

/// Changes a password from `old` to `new`, unless it was changed concurrently. Ends all sessions
/// except `keep`. The caller's network becomes the only known one: someone else may have signed in
/// from the others.
pub(crate) async fn change(
    pool: &PgPool,
    now: Timestamp,
    (user, network): (UserId, Option<Digest>),
    (old, new): (&PasswordHash, &PasswordHash),
    keep: Option<SessionId>,
) -> Result<(), Error> {
    let mut tx = pool.begin().await?;
    store::users::lock(&mut tx, user).await?.ok_or(Error::NotFound("user"))?;
    if store::users::password_hash(&mut tx, user).await?.as_ref() != Some(old) {
        return Err(Error::WrongPassword);
    }
    set_password(&mut tx, now, user, new, keep).await?;
    know_only(&mut tx, user, network, now).await?;
    Ok(tx.commit().await?)
}

/// Resets a password with a token, which is valid once. Ends all sessions, clears the sign-in
/// attempts, and verifies the address, since the caller has proved to own it. The caller's network
/// becomes the only known one: someone else may have signed in from the others.
pub(crate) async fn reset(
    pool: &PgPool,
    env: &Env,
    token: Digest,
    (user, network): (UserId, Option<Digest>),
    new: &PasswordHash,
) -> Result<(), Error> {
    let now = env.now();
    let mut tx = pool.begin().await?;
    let account = store::users::lock(&mut tx, user).await?;
    let account = account.filter(|account| !account.disabled).ok_or(Error::InvalidResetToken)?;
    if store::resets::find(&mut tx, token, now).await? != Some(user) {
        return Err(Error::InvalidResetToken);
    }
    set_password(&mut tx, now, user, new, None).await?;
    store::attempts::clear(&mut tx, throttle::attempts_key(&account.email), now).await?;
    know_only(&mut tx, user, network, now).await?;
    verification::mark_verified(&mut tx, env, &account).await?;
    Ok(tx.commit().await?)
}

/// Makes a network the only known one of an account, and clears its sign-in attempts.
async fn know_only(
    conn: &mut PgConnection,
    user: UserId,
    network: Option<Digest>,
    now: Timestamp,
) -> Result<(), Error> {
    store::networks::forget_all(conn, user).await?;
    if let Some(network) = network {
        store::attempts::clear(conn, network, now).await?;
        store::networks::remember(conn, user, network, now).await?;
    }
    Ok(())
}

/// Sets the password of a locked account. Invalidates all tokens that were mailed to it, and
/// discards changes of its address that wait to be mailed: they were requested with the former
/// password.
async fn set_password(
    conn: &mut PgConnection,
    now: Timestamp,
    user: UserId,
    new: &PasswordHash,
    keep: Option<SessionId>,
) -> Result<(), Error> {
    store::users::set_password(conn, user, new, now).await?;
    store::sessions::end_all(conn, user, keep).await?;
    store::verifications::delete_all(conn, user).await?;
    store::outbox::discard_address_changes(conn, user).await?;
    store::resets::delete_all(conn, user).await
}

/// Returns the account whose password a token can reset.
pub(crate) async fn find_token_owner(
    pool: &PgPool,
    now: Timestamp,
    token: Digest,
) -> Result<Account, Error> {
    let mut conn = pool.acquire().await?;
    let user = store::resets::find(&mut conn, token, now).await?;
    let user = user.ok_or(Error::InvalidResetToken)?;
    store::users::find(&mut conn, user).await?.ok_or(Error::InvalidResetToken)
}

/// Creates the token for a password reset mail, and returns it with its account. `None` if no
/// account has the address, or the account is disabled or has got the maximum number of these
/// mails.
pub(crate) async fn create_reset_token(
    pool: &PgPool,
    env: &Env,
    mail: &Mail,
) -> Result<Option<(Account, OpaqueToken)>, Error> {
    let mut tx = pool.begin().await?;
    let Some((user, _)) = store::users::find_by_email(&mut tx, &mail.email).await? else {
        return Ok(None);
    };
    let account = store::users::lock(&mut tx, user).await?;
    let Some(account) = account.filter(|account| !account.disabled) else { return Ok(None) };
    let now = env.now();
    let others = store::resets::count_other_mails(&mut tx, user, mail.id, now).await?;
    if others >= MAX_RESET_MAILS || !verification::take_allowance(&mut tx, mail, now).await? {
        return Ok(None);
    }
    let token = OpaqueToken::new(env);
    store::resets::insert(&mut tx, token.digest(), user, mail.id, now + RESET_TTL).await?;
    tx.commit().await?;
    Ok(Some((account, token)))
}
