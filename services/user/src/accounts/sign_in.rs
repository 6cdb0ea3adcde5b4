//! Sign-in with a password.

use kit::postgres::traced;
use secrecy::{ExposeSecret as _, SecretString};
use wire::Email;

use super::{Accounts, SignedIn};
use crate::domain::ids::UserId;
use crate::domain::password::{Password, PasswordHash};
use crate::domain::throttle;
use crate::error::Error;
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
        let result = self.try_sign_in(email, password).await;
        self.metrics.record_sign_in(&result);
        result
    }

    /// Tries again once if the stored hash changed between the comparison and the creation of the
    /// session: a concurrent sign-in may have rehashed the same password. If the password itself
    /// changed, the second comparison fails.
    async fn try_sign_in(&self, email: &Email, password: SecretString) -> Result<SignedIn, Error> {
        self.tokens.require_signing_key()?;
        for _ in 0..2 {
            let found = self.find_credentials(email).await?;
            let hash = found.as_ref().map(|(_, hash)| hash.clone());
            let right = self.verify_password(email, password.clone(), hash).await?;
            let (user, hash) = found.filter(|_| right).ok_or(Error::InvalidCredentials)?;
            let policy = self.refresh_tokens;
            let work = transactions::sessions::sign_in(&self.pool, &self.env, user, &hash, policy);
            let Some(open) = traced("user.sign_in", work).await? else { continue };
            if self.hasher.is_outdated(&hash) {
                let rehash = self.clone().rehash(user, hash, password);
                self.runtime.spawn("rehash", rehash);
            }
            return self.issue_tokens(open);
        }
        Err(Error::InvalidCredentials)
    }

    /// Rehashes a password at the configured cost, in the background: a sign-in that takes twice
    /// the time could exceed its caller's deadline, and so would each later one. The hasher's queue
    /// bounds the number of concurrent rehashes. After a failure, the next sign-in tries again.
    async fn rehash(self, user: UserId, old: PasswordHash, password: SecretString) {
        let rehashed = async {
            let Ok(password) = Password::new(password.expose_secret()) else { return Ok(()) };
            let new = self.hasher.hash(password).await?;
            let mut conn = self.pool.acquire().await?;
            store::users::replace_hash(&mut conn, user, &old, &new).await
        };
        if let Err(error) = rehashed.await {
            tracing::warn!(error = &error as &dyn std::error::Error, "password not rehashed");
        }
    }

    async fn find_credentials(
        &self,
        email: &Email,
    ) -> Result<Option<(UserId, PasswordHash)>, Error> {
        let mut conn = self.pool.acquire().await?;
        traced("user.find", store::users::find_by_email(&mut conn, email)).await
    }

    /// Returns whether `password` matches `hash`, subject to the throttle of the e-mail address.
    pub(super) async fn verify_password(
        &self,
        email: &Email,
        password: SecretString,
        hash: Option<PasswordHash>,
    ) -> Result<bool, Error> {
        let key = throttle::attempts_key(email);
        traced("user.attempt", transactions::attempts::begin(&self.pool, key, self.now())).await?;
        let proof = self.hasher.matches(password, hash).await;
        match proof {
            Ok(true) => transactions::attempts::clear(&self.pool, key).await?,
            Ok(false) => {}
            Err(_) => transactions::attempts::revert(&self.pool, key, self.now()).await?,
        }
        proof
    }
}
