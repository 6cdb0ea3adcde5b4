//! How sessions begin, go on and end.

use jiff::SignedDuration;
use kit::Env;
use sqlx::{PgConnection, PgPool};

use crate::{
    domain::{
        account::Account,
        ids::{MailId, SessionId, UserId},
        password::PasswordHash,
        session::Use,
        token::Opaque,
    },
    error::Error,
    store,
};

/// A session with its newest token, and whose it is.
pub(crate) struct Open {
    pub(crate) account: Account,
    pub(crate) session: SessionId,
    pub(crate) token: Opaque,
}

/// Makes an account, signed in, and has it welcomed.
pub(crate) async fn register(
    pool: &PgPool,
    env: &Env,
    account: Account,
    hash: &PasswordHash,
    ttl: SignedDuration,
) -> Result<Open, Error> {
    let mut tx = pool.begin().await?;
    store::users::insert(&mut tx, &account, hash).await?;
    let mail = MailId(env.uuid());
    let first_name = &account.profile.first_name;
    store::outbox::add_welcome(&mut tx, mail, &account.email, first_name, account.created_at)
        .await?;
    let (session, token) = begin(&mut tx, env, account.id, ttl).await?;
    tx.commit().await?;
    Ok(Open { account, session, token })
}

/// Begins a session of an account whose password was found to be that of `hash`; none when that is not
/// its hash any more.
pub(crate) async fn sign_in(
    pool: &PgPool,
    env: &Env,
    user: UserId,
    hash: &PasswordHash,
    ttl: SignedDuration,
) -> Result<Option<Open>, Error> {
    let mut tx = pool.begin().await?;
    let Some(account) = store::users::lock(&mut tx, user).await? else { return Ok(None) };
    if store::users::password_hash(&mut tx, user).await?.as_ref() != Some(hash) {
        return Ok(None);
    }
    if account.disabled {
        return Err(Error::AccountDisabled);
    }
    let (session, token) = begin(&mut tx, env, user, ttl).await?;
    tx.commit().await?;
    Ok(Some(Open { account, session, token }))
}

async fn begin(
    conn: &mut PgConnection,
    env: &Env,
    user: UserId,
    ttl: SignedDuration,
) -> Result<(SessionId, Opaque), Error> {
    let (session, token) = (SessionId(env.uuid()), Opaque::new(env));
    let now = env.now();
    store::sessions::insert(conn, session, user, now).await?;
    store::sessions::add_token(conn, session, token.digest(), now + ttl).await?;
    Ok((session, token))
}

/// How long tokens and second uses of them are good.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) ttl: SignedDuration,
    pub(crate) grace: SignedDuration,
}

/// Uses a token, and tells what use it was. The session is locked, so that of several uses at a time one
/// is the first. A use that ends the family commits, although its bearer gets nothing.
pub(crate) async fn refresh(
    pool: &PgPool,
    env: &Env,
    used: &Opaque,
    times: Times,
) -> Result<(Option<Use>, Option<Open>), Error> {
    let mut tx = pool.begin().await?;
    let digest = used.digest();
    let Some((session, user)) = store::sessions::of_token(&mut tx, digest).await? else {
        return Ok((None, None));
    };
    if !store::sessions::lock(&mut tx, session).await? {
        return Ok((None, None));
    }
    let Some(kept) = store::sessions::token(&mut tx, digest).await? else {
        return Ok((None, None));
    };
    let now = env.now();
    let use_of_it = kept.use_at(now, times.grace);
    let open = match use_of_it {
        Use::Expired => None,
        Use::Reuse => {
            store::sessions::end(&mut tx, session, user).await?;
            None
        }
        Use::First | Use::Again => {
            if use_of_it == Use::First {
                store::sessions::mark_used(&mut tx, digest, now).await?;
            }
            let token = Opaque::new(env);
            store::sessions::add_token(&mut tx, session, token.digest(), now + times.ttl).await?;
            let account = store::users::find(&mut tx, user).await?;
            let account = account.ok_or(Error::Stored("sessions.user_id"))?;
            Some(Open { account, session, token })
        }
    };
    tx.commit().await?;
    Ok((Some(use_of_it), open))
}

/// Ends the session of a token, if it is one of this account.
pub(crate) async fn end(pool: &PgPool, user: UserId, token: &Opaque) -> Result<(), Error> {
    let mut tx = pool.begin().await?;
    if let Some((session, _)) = store::sessions::of_token(&mut tx, token.digest()).await? {
        store::sessions::end(&mut tx, session, user).await?;
    }
    Ok(tx.commit().await?)
}

/// Ends all sessions of an account, those that just begin included.
pub(crate) async fn end_all(pool: &PgPool, user: UserId) -> Result<(), Error> {
    let mut tx = pool.begin().await?;
    store::users::lock(&mut tx, user).await?;
    store::sessions::end_all(&mut tx, user, None).await?;
    Ok(tx.commit().await?)
}
