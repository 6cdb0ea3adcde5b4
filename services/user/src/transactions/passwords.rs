//! New passwords.

use jiff::Timestamp;
use kit::Env;
use sqlx::{PgConnection, PgPool};

use crate::{
    domain::{
        account::Account,
        ids::{SessionId, UserId},
        mail::{MAX_RESET_MAILS, Mail, RESET_TTL},
        password::PasswordHash,
        throttle,
        token::{Digest, Opaque},
    },
    error::Error,
    store,
};

/// Sets a new password in place of the one of `old`, unless that was changed meanwhile. All sessions but
/// `keep` end.
pub(crate) async fn change(
    pool: &PgPool,
    now: Timestamp,
    user: UserId,
    (old, new): (&PasswordHash, &PasswordHash),
    keep: Option<SessionId>,
) -> Result<(), Error> {
    let mut tx = pool.begin().await?;
    store::users::lock(&mut tx, user).await?.ok_or(Error::NotFound("user"))?;
    if store::users::password_hash(&mut tx, user).await?.as_ref() != Some(old) {
        return Err(Error::WrongPassword);
    }
    set(&mut tx, now, user, new, keep).await?;
    Ok(tx.commit().await?)
}

/// Sets a new password by a token, which is good once. All sessions end, and attempts to sign in are
/// forgotten: the owner is back.
pub(crate) async fn reset(
    pool: &PgPool,
    now: Timestamp,
    token: Digest,
    user: UserId,
    new: &PasswordHash,
) -> Result<(), Error> {
    let mut tx = pool.begin().await?;
    let account = store::users::lock(&mut tx, user).await?;
    let account = account.filter(|account| !account.disabled).ok_or(Error::InvalidResetToken)?;
    if store::resets::find(&mut tx, token, now).await? != Some(user) {
        return Err(Error::InvalidResetToken);
    }
    set(&mut tx, now, user, new, None).await?;
    store::attempts::forget(&mut tx, throttle::key_of(&account.email)).await?;
    Ok(tx.commit().await?)
}

/// Of an account that is locked. Whatever could set a password before cannot any more.
async fn set(
    conn: &mut PgConnection,
    now: Timestamp,
    user: UserId,
    new: &PasswordHash,
    keep: Option<SessionId>,
) -> Result<(), Error> {
    store::users::set_password(conn, user, new, now).await?;
    store::sessions::end_all(conn, user, keep).await?;
    store::resets::delete_all(conn, user).await
}

/// Whose password a token can set.
pub(crate) async fn bearer(pool: &PgPool, now: Timestamp, token: Digest) -> Result<Account, Error> {
    let mut conn = pool.acquire().await?;
    let user = store::resets::find(&mut conn, token, now).await?;
    let user = user.ok_or(Error::InvalidResetToken)?;
    store::users::find(&mut conn, user).await?.ok_or(Error::InvalidResetToken)
}

/// Makes the token for a mail that asks for a new password, and tells whose it is. Nobody's, when no
/// account has the address, or it is disabled, or has got enough of these mails.
pub(crate) async fn token_for(
    pool: &PgPool,
    env: &Env,
    mail: &Mail,
) -> Result<Option<(Account, Opaque)>, Error> {
    let mut tx = pool.begin().await?;
    let Some((user, _)) = store::users::find_by_email(&mut tx, &mail.email).await? else {
        return Ok(None);
    };
    let account = store::users::lock(&mut tx, user).await?;
    let Some(account) = account.filter(|account| !account.disabled) else { return Ok(None) };
    let now = env.now();
    let others = store::resets::other_mails(&mut tx, user, mail.id, now).await?;
    if others >= MAX_RESET_MAILS {
        return Ok(None);
    }
    let token = Opaque::new(env);
    store::resets::insert(&mut tx, token.digest(), user, mail.id, now + RESET_TTL).await?;
    tx.commit().await?;
    Ok(Some((account, token)))
}
