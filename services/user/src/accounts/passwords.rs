//! New passwords: by the old one, or by a token that a mail brings.

use kit::postgres::traced;
use secrecy::SecretString;
use wire::Email;

use super::Accounts;
use crate::{
    domain::{
        ids::{MailId, SessionId, UserId},
        password::Password,
        token::Opaque,
    },
    error::Error,
    store,
    transactions::passwords,
};

/// What changes a password.
pub(crate) struct Change {
    pub(crate) user: UserId,
    pub(crate) current: SecretString,
    pub(crate) new: Password,
    /// The session that stays.
    pub(crate) session: Option<SessionId>,
}

impl Accounts {
    /// Changes a password; whoever wants to must know the present one.
    pub(crate) async fn change_password(&self, change: Change) -> Result<(), Error> {
        let Change { user, current, new, session } = change;
        let (account, old) = {
            let mut conn = self.pool.acquire().await?;
            let account = store::users::find(&mut conn, user).await?;
            let hash = store::users::password_hash(&mut conn, user).await?;
            account.zip(hash).ok_or(Error::NotFound("user"))?
        };
        let new = acceptable(new, &account.email)?;
        if !self.prove(&account.email, current, Some(old.clone())).await? {
            return Err(Error::WrongPassword);
        }
        let new = self.hasher.hash(new).await?;
        let work = passwords::change(&self.pool, self.now(), user, (&old, &new), session);
        traced("user.change_password", work).await
    }

    /// Asks for a mail with a token. Nothing here depends on whether an account has the address: that
    /// is looked up when the mail is sent, so that neither the answer nor its time tells.
    pub(crate) async fn request_password_reset(&self, email: &Email) -> Result<(), Error> {
        let mut conn = self.pool.acquire().await?;
        let mail = MailId(self.env.uuid());
        let work = store::outbox::add_password_reset(&mut conn, mail, email, self.now());
        traced("user.request_password_reset", work).await
    }

    /// Sets a new password by a token.
    pub(crate) async fn reset_password(
        &self,
        token: Option<Opaque>,
        new: Password,
    ) -> Result<(), Error> {
        let digest = token.ok_or(Error::InvalidResetToken)?.digest();
        let account = passwords::bearer(&self.pool, self.now(), digest).await?;
        let new = acceptable(new, &account.email)?;
        let new = self.hasher.hash(new).await?;
        let work = passwords::reset(&self.pool, self.now(), digest, account.id, &new);
        traced("user.reset_password", work).await
    }
}

fn acceptable(new: Password, email: &Email) -> Result<Password, Error> {
    new.of(email).map_err(|error| Error::Password("new_password", error))
}
