//! Verification and change of the e-mail address.

use kit::postgres::traced;
use secrecy::SecretString;
use wire::Email;

use super::Accounts;
use crate::domain::ids::UserId;
use crate::domain::token::OpaqueToken;
use crate::error::Error;
use crate::transactions::verification::{self, Verified};

/// A request to change the e-mail address.
pub(crate) struct EmailChange {
    pub(crate) user: UserId,
    pub(crate) email: Email,
    pub(crate) current_password: SecretString,
}

impl Accounts {
    /// Mails a verification token again, unless the address is verified.
    pub(crate) async fn request_email_verification(&self, user: UserId) -> Result<(), Error> {
        let work = verification::request(&self.pool, &self.env, user);
        traced("user.request_email_verification", work).await
    }

    /// Verifies an address with a mailed token.
    pub(crate) async fn verify_email(&self, token: Option<OpaqueToken>) -> Result<(), Error> {
        let digest = token.ok_or(Error::InvalidVerificationToken)?.digest();
        let work = verification::verify(&self.pool, &self.env, digest);
        match traced("user.verify_email", work).await? {
            Verified::Address => {}
            Verified::NewAddress(user) => {
                audit::log_event("email.change", "succeeded", &user.to_string());
            }
        }
        Ok(())
    }

    /// Mails a token to a new address, with which the account takes it over. The caller proves the
    /// password, so that a stolen session cannot take the account over.
    pub(crate) async fn change_email(&self, change: EmailChange) -> Result<(), Error> {
        let EmailChange { user, email, current_password } = change;
        let account = self.find_account(user).await?;
        let found = self.confirm_password(&account, current_password, "email.change").await?;
        if account.email.key() == email.key() {
            return Err(Error::EmailUnchanged);
        }
        let network = self.network_digest(&email);
        let proved = (user, &found.hash);
        let work = verification::request_change(&self.pool, &self.env, proved, &email, network);
        traced("user.request_email_change", work).await?;
        audit::log_event("email.change", "requested", &user.to_string());
        Ok(())
    }
}
