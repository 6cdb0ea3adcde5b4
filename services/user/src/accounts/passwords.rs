//! Password change (with the current password) and password reset (with a mailed token).

use kit::postgres::traced;
use secrecy::SecretString;
use wire::Email;

use super::Accounts;
use crate::domain::ids::{MailId, SessionId, UserId};
use crate::domain::password::Password;
use crate::domain::token::OpaqueToken;
use crate::error::Error;
use crate::hasher::{Caller, Owner};
use crate::store;
use crate::transactions::passwords;

/// A request to change a password.
pub(crate) struct PasswordChange {
    pub(crate) user: UserId,
    pub(crate) current: SecretString,
    pub(crate) new: Password,
    /// The session that is kept.
    pub(crate) session: Option<SessionId>,
}

impl Accounts {
    /// Changes a password. The caller proves the current password.
    pub(crate) async fn change_password(&self, change: PasswordChange) -> Result<(), Error> {
        let PasswordChange { user, current, new, session } = change;
        let account = self.find_account(user).await?;
        let new = validate_new_password(new, &account.email)?;
        let found = self.confirm_password(&account, current, "password.change").await?;
        let place = self.hasher.enter(Caller::Known(Owner::of(&account.email)))?;
        let new = self.hasher.hash(place, new).await?;
        let owner = (user, self.network_digest(&account.email));
        let hashes = (&found.hash, &new);
        let work = passwords::change(&self.pool, self.now(), owner, hashes, session);
        traced("user.change_password", work).await?;
        audit::log_event("password.change", "succeeded", &user.to_string());
        Ok(())
    }

    /// Queues a password reset mail in the outbox. Nothing here depends on whether an account has
    /// the address: the outbox worker looks the account up when it sends the mail, so that neither
    /// the response nor its timing reveals it.
    pub(crate) async fn request_password_reset(&self, email: &Email) -> Result<(), Error> {
        let mut conn = self.pool.acquire().await?;
        let mail = MailId(self.env.uuid());
        let work = store::outbox::add_password_reset(&mut conn, mail, email, self.now());
        traced("user.request_password_reset", work).await
    }

    /// Sets a new password with a reset token. The caller has proved to own the account: its
    /// network becomes the only known one.
    pub(crate) async fn reset_password(
        &self,
        token: Option<OpaqueToken>,
        new: Password,
    ) -> Result<(), Error> {
        let digest = token.ok_or(Error::InvalidResetToken)?.digest();
        let account = passwords::find_token_owner(&self.pool, self.now(), digest).await?;
        let new = validate_new_password(new, &account.email)?;
        let place = self.hasher.enter(Caller::Known(Owner::of(&account.email)))?;
        let new = self.hasher.hash(place, new).await?;
        let network = self.network_digest(&account.email);
        let owner = (account.id, network);
        let work = passwords::reset(&self.pool, &self.env, digest, owner, &new);
        traced("user.reset_password", work).await?;
        audit::log_event("password.reset", "succeeded", &account.id.to_string());
        Ok(())
    }
}

fn validate_new_password(new: Password, email: &Email) -> Result<Password, Error> {
    new.for_account(email).map_err(|error| Error::Password("new_password", error))
}
