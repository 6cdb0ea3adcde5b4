//! Transactions that verify and change e-mail addresses.

use jiff::Timestamp;
use kit::Env;
use sqlx::{PgConnection, PgPool};
use wire::Email;

use crate::domain::account::Account;
use crate::domain::ids::{MailId, UserId};
use crate::domain::mail::{Mail, VERIFICATION_TTL};
use crate::domain::mail_allowance;
use crate::domain::password::PasswordHash;
use crate::domain::token::{Digest, OpaqueToken};
use crate::error::Error;
use crate::store;

/// Queues a verification mail to the address of an account, unless it is verified.
///
/// # Errors
/// Returns [`Error::TooManyMails`] if the account has caused too many mails.
pub(crate) async fn request(pool: &PgPool, env: &Env, user: UserId) -> Result<(), Error> {
    let mut tx = pool.begin().await?;
    let account = store::users::lock(&mut tx, user).await?.ok_or(Error::NotFound("user"))?;
    if account.email_verified {
        return Ok(());
    }
    queue_mail(&mut tx, env, (user, &account.email)).await?;
    Ok(tx.commit().await?)
}

/// Queues a verification mail that the owner of a locked account requested, at the expense of the
/// account's allowance. A mail that waits already costs nothing.
async fn queue_mail(
    conn: &mut PgConnection,
    env: &Env,
    owner: (UserId, &Email),
) -> Result<(), Error> {
    let now = env.now();
    if store::outbox::add_verification(conn, MailId(env.uuid()), owner, now).await? {
        let key = mail_allowance::account_allowance_key(owner.0);
        let taken = store::verifications::take_allowance(conn, key, now).await?;
        taken.map_err(|wait| Error::TooManyMails(wait.unsigned_abs()))?;
    }
    Ok(())
}

/// Queues a verification mail to the new address of an account, whether or not another account has
/// it: the response and its time do not reveal that. Fails if the password is no longer `proved`.
/// `network` is the caller's, which stays known with the new address.
///
/// # Errors
/// Returns [`Error::TooManyMails`] if the account has caused too many mails.
pub(crate) async fn request_change(
    pool: &PgPool,
    env: &Env,
    (user, proved): (UserId, &PasswordHash),
    new: &Email,
    network: Option<Digest>,
) -> Result<(), Error> {
    let now = env.now();
    let mut tx = pool.begin().await?;
    store::users::lock(&mut tx, user).await?.ok_or(Error::NotFound("user"))?;
    if store::users::password_hash(&mut tx, user).await?.as_ref() != Some(proved) {
        return Err(Error::WrongPassword);
    }
    queue_mail(&mut tx, env, (user, new)).await?;
    if let Some(network) = network {
        store::networks::remember(&mut tx, user, network, now).await?;
    }
    Ok(tx.commit().await?)
}

/// Creates the token for a verification mail. `None` if the mail is not to be sent: the address is
/// verified or has another account, the account is disabled or has gone, the mail was discarded, or
/// the address got the maximum number of mails.
pub(crate) async fn create_token(
    pool: &PgPool,
    env: &Env,
    mail: &Mail,
) -> Result<Option<OpaqueToken>, Error> {
    let Some(user) = mail.user else { return Ok(None) };
    let mut tx = pool.begin().await?;
    let account = store::users::lock(&mut tx, user).await?;
    let Some(account) = account.filter(|account| !account.disabled) else { return Ok(None) };
    let is_current = account.email.key() == mail.email.key();
    let is_useless = match is_current {
        true => account.email_verified,
        false => store::users::find_by_email(&mut tx, &mail.email).await?.is_some(),
    };
    // The account is locked: a change of its password has discarded mails to other addresses.
    if !store::outbox::exists(&mut tx, mail.id).await? {
        return Ok(None);
    }
    if is_useless || !take_allowance(&mut tx, mail, env.now()).await? {
        return Ok(None);
    }
    let token = OpaqueToken::new(env);
    let expires_at = env.now() + VERIFICATION_TTL;
    let owner = (user, &mail.email);
    store::verifications::insert(&mut tx, token.digest(), owner, mail.id, expires_at).await?;
    tx.commit().await?;
    Ok(Some(token))
}

/// Takes the mail from the allowance of its address, once for all attempts to send it.
pub(crate) async fn take_allowance(
    conn: &mut PgConnection,
    mail: &Mail,
    now: Timestamp,
) -> Result<bool, Error> {
    if store::verifications::has_token(conn, mail.id).await? {
        return Ok(true);
    }
    let key = mail_allowance::allowance_key(&mail.email);
    Ok(store::verifications::take_allowance(conn, key, now).await?.is_ok())
}

/// What a verification token verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verified {
    /// The address of an account.
    Address,
    /// An address that this account took over.
    NewAddress(UserId),
}

/// Verifies the address of a token. If it is a new one, the account takes it over, and the former
/// address gets a notice. All tokens that were mailed to the account become invalid.
pub(crate) async fn verify(pool: &PgPool, env: &Env, token: Digest) -> Result<Verified, Error> {
    let mut tx = pool.begin().await?;
    let now = env.now();
    let invalid = || Error::InvalidVerificationToken;
    let (user, _) = store::verifications::find(&mut tx, token, now).await?.ok_or_else(invalid)?;
    let account = store::users::lock(&mut tx, user).await?;
    let account = account.filter(|account| !account.disabled).ok_or_else(invalid)?;
    // Read again under the lock: the token is valid once.
    let (_, email) = store::verifications::find(&mut tx, token, now).await?.ok_or_else(invalid)?;
    let is_new = email.key() != account.email.key();
    if is_new {
        store::users::set_email(&mut tx, user, &email, now).await?;
        store::resets::delete_all(&mut tx, user).await?;
        if account.email_verified {
            let mail = MailId(env.uuid());
            store::outbox::add_email_changed(&mut tx, mail, &account.email, now).await?;
        }
    }
    mark_verified(&mut tx, env, &Account { email, ..account }).await?;
    store::verifications::delete_all(&mut tx, user).await?;
    tx.commit().await?;
    Ok(match is_new {
        true => Verified::NewAddress(user),
        false => Verified::Address,
    })
}

/// Marks the address of a locked account as verified. The first time, the account gets the welcome
/// mail.
pub(crate) async fn mark_verified(
    conn: &mut PgConnection,
    env: &Env,
    account: &Account,
) -> Result<(), Error> {
    if account.email_verified {
        return Ok(());
    }
    store::users::set_email_verified(conn, account.id).await?;
    let mail = MailId(env.uuid());
    let first_name = &account.profile.first_name;
    store::outbox::add_welcome(conn, mail, &account.email, first_name, env.now()).await
}
