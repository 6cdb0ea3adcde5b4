//! Transactions that begin, refresh and end sessions.

use jiff::SignedDuration;
use kit::Env;
use sqlx::{PgConnection, PgPool};

use crate::domain::account::Account;
use crate::domain::ids::{MailId, SessionId, UserId};
use crate::domain::password::PasswordHash;
use crate::domain::session::TokenUse;
use crate::domain::token::OpaqueToken;
use crate::error::Error;
use crate::store;

/// A session with its newest refresh token and its account.
pub(crate) struct OpenSession {
    pub(crate) account: Account,
    pub(crate) session: SessionId,
    pub(crate) token: OpaqueToken,
}

/// Creates an account with a session, and adds a welcome mail to the outbox.
pub(crate) async fn register(
    pool: &PgPool,
    env: &Env,
    account: Account,
    hash: &PasswordHash,
    ttl: SignedDuration,
) -> Result<OpenSession, Error> {
    let mut tx = pool.begin().await?;
    store::users::insert(&mut tx, &account, hash).await?;
    let mail = MailId(env.uuid());
    let first_name = &account.profile.first_name;
    store::outbox::add_welcome(&mut tx, mail, &account.email, first_name, account.created_at)
        .await?;
    let (session, token) = begin_session(&mut tx, env, account.id, ttl).await?;
    tx.commit().await?;
    Ok(OpenSession { account, session, token })
}

/// Begins a session of an account whose password was compared with `hash`; `None` if the stored
/// hash has changed since.
pub(crate) async fn sign_in(
    pool: &PgPool,
    env: &Env,
    user: UserId,
    hash: &PasswordHash,
    ttl: SignedDuration,
) -> Result<Option<OpenSession>, Error> {
    let mut tx = pool.begin().await?;
    let Some(account) = store::users::lock(&mut tx, user).await? else { return Ok(None) };
    if store::users::password_hash(&mut tx, user).await?.as_ref() != Some(hash) {
        return Ok(None);
    }
    if account.disabled {
        return Err(Error::AccountDisabled);
    }
    let (session, token) = begin_session(&mut tx, env, user, ttl).await?;
    tx.commit().await?;
    Ok(Some(OpenSession { account, session, token }))
}

async fn begin_session(
    conn: &mut PgConnection,
    env: &Env,
    user: UserId,
    ttl: SignedDuration,
) -> Result<(SessionId, OpaqueToken), Error> {
    let (session, token) = (SessionId(env.uuid()), OpaqueToken::new(env));
    let now = env.now();
    store::sessions::insert(conn, session, user, now).await?;
    store::sessions::add_token(conn, session, token.digest(), now + ttl).await?;
    Ok((session, token))
}

/// Lifetime of refresh tokens, and the grace period of their reuse.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefreshTokenPolicy {
    pub(crate) ttl: SignedDuration,
    pub(crate) grace: SignedDuration,
}

/// Uses a refresh token, and returns the classification of the use. Locks the session, so that only
/// one of several concurrent uses is the first. A reuse that ends the token family is committed,
/// although the caller gets no token.
pub(crate) async fn refresh(
    pool: &PgPool,
    env: &Env,
    used: &OpaqueToken,
    policy: RefreshTokenPolicy,
) -> Result<(Option<TokenUse>, Option<OpenSession>), Error> {
    let mut tx = pool.begin().await?;
    let digest = used.digest();
    let Some((session, user)) = store::sessions::find_by_token(&mut tx, digest).await? else {
        return Ok((None, None));
    };
    if !store::sessions::lock(&mut tx, session).await? {
        return Ok((None, None));
    }
    let Some(stored) = store::sessions::find_token(&mut tx, digest).await? else {
        return Ok((None, None));
    };
    let now = env.now();
    let token_use = stored.classify_use(now, policy.grace);
    let open = match token_use {
        TokenUse::Expired => None,
        TokenUse::Reuse => {
            store::sessions::end(&mut tx, session, user).await?;
            None
        }
        TokenUse::First | TokenUse::WithinGrace => {
            if token_use == TokenUse::First {
                store::sessions::mark_used(&mut tx, digest, now).await?;
            }
            let token = OpaqueToken::new(env);
            store::sessions::add_token(&mut tx, session, token.digest(), now + policy.ttl).await?;
            let account = store::users::find(&mut tx, user).await?;
            let account = account.ok_or(Error::UnknownValue("sessions.user_id"))?;
            Some(OpenSession { account, session, token })
        }
    };
    tx.commit().await?;
    Ok((Some(token_use), open))
}

/// Ends the session of a token, if it belongs to this account.
pub(crate) async fn end(pool: &PgPool, user: UserId, token: &OpaqueToken) -> Result<(), Error> {
    let mut tx = pool.begin().await?;
    if let Some((session, _)) = store::sessions::find_by_token(&mut tx, token.digest()).await? {
        store::sessions::end(&mut tx, session, user).await?;
    }
    Ok(tx.commit().await?)
}

/// Ends all sessions of an account, including those that begin concurrently.
pub(crate) async fn end_all(pool: &PgPool, user: UserId) -> Result<(), Error> {
    let mut tx = pool.begin().await?;
    store::users::lock(&mut tx, user).await?;
    store::sessions::end_all(&mut tx, user, None).await?;
    Ok(tx.commit().await?)
}
