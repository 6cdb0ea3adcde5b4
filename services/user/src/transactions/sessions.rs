//! Transactions that begin, refresh, list and end sessions.

use jiff::{SignedDuration, Timestamp};
use kit::Env;
use sqlx::{PgConnection, PgPool};

use crate::domain::account::Account;
use crate::domain::ids::{MailId, SessionId, UserId};
use crate::domain::password::PasswordHash;
use crate::domain::sealed_token::SealedToken;
use crate::domain::session::{Session, SessionMaxAge, TokenUse};
use crate::domain::token::{Digest, OpaqueToken};
use crate::error::Error;
use crate::store;

/// A session with its newest refresh token and its account.
pub(crate) struct OpenSession {
    pub(crate) account: Account,
    pub(crate) session: SessionId,
    /// When the session ends at the latest, however often it is refreshed.
    pub(crate) ends_at: Timestamp,
    pub(crate) token: OpaqueToken,
}

/// Creates an account with a session, and adds a mail that verifies its address to the outbox. The
/// owner is known to sign in from `network`.
pub(crate) async fn register(
    pool: &PgPool,
    env: &Env,
    (account, hash): (Account, &PasswordHash),
    policy: RefreshTokenPolicy,
    network: Option<Digest>,
) -> Result<OpenSession, Error> {
    let mut tx = pool.begin().await?;
    store::users::insert(&mut tx, &account, hash).await?;
    if let Some(network) = network {
        store::networks::remember(&mut tx, account.id, network, account.created_at).await?;
    }
    let mail = MailId(env.uuid());
    let owner = (account.id, &account.email);
    store::outbox::add_verification(&mut tx, mail, owner, account.created_at).await?;
    let open = begin_session(&mut tx, env, account, policy).await?;
    tx.commit().await?;
    Ok(open)
}

/// Begins a session of an account whose password was compared with `hash`; `None` if the stored
/// hash has changed since. The owner is known to sign in from `network` from now on.
pub(crate) async fn sign_in(
    pool: &PgPool,
    env: &Env,
    (user, hash): (UserId, &PasswordHash),
    policy: RefreshTokenPolicy,
    network: Option<Digest>,
) -> Result<Option<OpenSession>, Error> {
    let mut tx = pool.begin().await?;
    let Some(account) = store::users::lock(&mut tx, user).await? else { return Ok(None) };
    if store::users::password_hash(&mut tx, user).await?.as_ref() != Some(hash) {
        return Ok(None);
    }
    if account.disabled {
        return Err(Error::AccountDisabled);
    }
    if let Some(network) = network {
        store::networks::remember(&mut tx, user, network, env.now()).await?;
    }
    let open = begin_session(&mut tx, env, account, policy).await?;
    tx.commit().await?;
    Ok(Some(open))
}

async fn begin_session(
    conn: &mut PgConnection,
    env: &Env,
    account: Account,
    policy: RefreshTokenPolicy,
) -> Result<OpenSession, Error> {
    let (session, token) = (SessionId(env.uuid()), OpaqueToken::new(env));
    let now = env.now();
    let ends_at = policy.max_age.session_end(account.role, now);
    store::sessions::insert(conn, session, account.id, now).await?;
    let expires_at = policy.token_expiry(now, ends_at);
    store::sessions::add_token(conn, session, token.digest(), (now, expires_at)).await?;
    Ok(OpenSession { account, session, ends_at, token })
}

/// Lifetime of refresh tokens, the grace period of their reuse, and the maximum age of sessions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefreshTokenPolicy {
    pub(crate) ttl: SignedDuration,
    pub(crate) grace: SignedDuration,
    pub(crate) max_age: SessionMaxAge,
}

impl RefreshTokenPolicy {
    /// Returns when a token that is issued now expires: with its session at the latest.
    fn token_expiry(self, now: Timestamp, session_end: Timestamp) -> Timestamp {
        (now + self.ttl).min(session_end)
    }
}

/// Uses a refresh token, and returns the classification of the use. Locks the session, so that only
/// one of several concurrent uses is the first, and the others return its successor. The end of a
/// token family is committed, although the caller gets no token.
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
    let Some(created_at) = store::sessions::lock(&mut tx, session).await? else {
        return Ok((None, None));
    };
    let Some(stored) = store::sessions::find_token(&mut tx, digest).await? else {
        return Ok((None, None));
    };
    let account = store::users::find(&mut tx, user).await?;
    let account = account.ok_or(Error::UnknownValue("sessions.user_id"))?;
    let now = env.now();
    let ends_at = policy.max_age.session_end(account.role, created_at);
    let token_use = stored.classify_use(now, policy.grace, ends_at);
    let open = match token_use {
        TokenUse::Expired => None,
        TokenUse::Reuse | TokenUse::SessionTooOld => {
            store::sessions::end(&mut tx, session, user).await?;
            None
        }
        TokenUse::First | TokenUse::WithinGrace => {
            let token = match store::sessions::successor(&mut tx, digest).await? {
                Some(sealed) => sealed.open(used)?,
                None => issue_successor(&mut tx, env, policy, (session, ends_at), used).await?,
            };
            Some(OpenSession { account, session, ends_at, token })
        }
    };
    tx.commit().await?;
    Ok((Some(token_use), open))
}

/// Adds the successor of a refresh token to its session, and stores it sealed for further uses of
/// the token, if a grace period permits them. (A token within its grace period that has no
/// successor was used with the previous release, which did not store it.)
async fn issue_successor(
    conn: &mut PgConnection,
    env: &Env,
    policy: RefreshTokenPolicy,
    (session, ends_at): (SessionId, Timestamp),
    used: &OpaqueToken,
) -> Result<OpaqueToken, Error> {
    let (now, token) = (env.now(), OpaqueToken::new(env));
    let sealed = match policy.grace.is_zero() {
        true => None,
        false => Some(SealedToken::seal(&token, used, env)?),
    };
    store::sessions::mark_used(conn, used.digest(), now, sealed.as_ref()).await?;
    let expires_at = policy.token_expiry(now, ends_at);
    store::sessions::add_token(conn, session, token.digest(), (now, expires_at)).await?;
    Ok(token)
}

/// Returns the sessions of an account that have not ended, newest first.
pub(crate) async fn list(
    pool: &PgPool,
    now: Timestamp,
    user: UserId,
    max_age: SessionMaxAge,
) -> Result<Vec<Session>, Error> {
    let mut conn = pool.acquire().await?;
    let account = store::users::find(&mut conn, user).await?.ok_or(Error::NotFound("user"))?;
    let sessions = store::sessions::list(&mut conn, user).await?;
    let limited = sessions.into_iter().map(|session| {
        let end = max_age.session_end(account.role, session.created_at);
        Session { expires_at: session.expires_at.min(end), ..session }
    });
    Ok(limited.filter(|session| session.expires_at > now).collect())
}

/// Ends a session of an account, and returns whether the account had it.
pub(crate) async fn end_by_id(
    pool: &PgPool,
    user: UserId,
    session: SessionId,
) -> Result<bool, Error> {
    store::sessions::end(&mut *pool.acquire().await?, session, user).await
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
