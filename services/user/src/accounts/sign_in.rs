//! Sign-in with a password.

use kit::postgres::traced;
use secrecy::{ExposeSecret as _, SecretString};
use wire::Email;

use super::attempts::Attempt;
use super::{Accounts, SignedIn};
use crate::domain::ids::UserId;
use crate::domain::password::{Password, PasswordHash};
use crate::domain::throttle;
use crate::error::Error;
use crate::hasher::{Caller, PasswordMatch};
use crate::{store, transactions};

impl Accounts {
    /// Signs in. An unknown e-mail address takes the same steps and the same time as a wrong
    /// password, throttling included. A disabled account is reported only if the password is
    /// correct.
    pub(crate) async fn sign_in(
        &self,
        email: &Email,
        password: SecretString,
    ) -> Result<SignedIn, Error> {
        let network = self.network_digest(email);
        let result = self.try_sign_in(&Attempt { email, password, network }).await;
        self.metrics.record_sign_in(&result);
        match &result {
            Ok(signed_in) => {
                audit::log_event("sign_in", "succeeded", &signed_in.account.id.to_string());
            }
            // A digest relates the attempts to one address without revealing it.
            Err(_) => {
                audit::log_event("sign_in", "refused", &throttle::attempts_key(email).short_hex())
            }
        }
        result
    }

    /// Tries again once if the stored hash changed between the comparison and the creation of the
    /// session: a concurrent sign-in may have rehashed the same password. If the password itself
    /// changed, the second comparison fails.
    async fn try_sign_in(&self, attempt: &Attempt<'_>) -> Result<SignedIn, Error> {
        self.tokens.require_signing_key()?;
        for _ in 0..2 {
            let found = self.find_credentials(attempt).await?;
            let matched = self.verify_password(attempt, found.as_ref()).await?;
            let found = found.filter(|_| matched != PasswordMatch::Wrong);
            let found = found.ok_or(Error::InvalidCredentials)?;
            let policy = self.refresh_tokens;
            let credentials = (found.user, &found.hash);
            let work = transactions::sessions::sign_in(
                &self.pool,
                &self.env,
                credentials,
                policy,
                attempt.network,
            );
            let Some(open) = traced("user.sign_in", work).await? else { continue };
            if matched == PasswordMatch::Outdated {
                let password = attempt.password.clone();
                let rehash = self.clone().rehash(found.user, found.hash, password);
                self.runtime.spawn("rehash", rehash);
            }
            return self.issue_tokens(open);
        }
        Err(Error::InvalidCredentials)
    }

    /// Rehashes a password in its normal form and at the configured cost, in the background: a
    /// sign-in that takes twice the time could exceed its caller's deadline, and so would each
    /// later one. The hasher's queue bounds the number of concurrent rehashes. After a failure, the
    /// next sign-in tries again.
    async fn rehash(self, user: UserId, old: PasswordHash, password: SecretString) {
        let rehashed = async {
            let password = Password::from_verified(password.expose_secret());
            let Some(password) = password else { return Ok(()) };
            let new = self.hasher.hash(self.hasher.enter(Caller::Unknown)?, password).await?;
            let mut conn = self.pool.acquire().await?;
            store::users::replace_hash(&mut conn, user, &old, &new).await
        };
        if let Err(error) = rehashed.await {
            tracing::warn!(error = &error as &dyn std::error::Error, "password not rehashed");
        }
    }
}
