//! Signing in by password.

use kit::postgres::traced;
use secrecy::{ExposeSecret as _, SecretString};
use wire::Email;

use super::{Accounts, SignedIn};
use crate::{
    domain::{
        ids::UserId,
        password::{Password, PasswordHash},
        throttle,
    },
    error::Error,
    store, transactions,
};

impl Accounts {
    /// Signs in. An address that no account has takes the same way and the same time as a wrong
    /// password, its throttle included; that an account is disabled is told to those who know the
    /// password.
    pub(crate) async fn sign_in(
        &self,
        email: &Email,
        password: SecretString,
    ) -> Result<SignedIn, Error> {
        let result = self.try_sign_in(email, password).await;
        self.metrics.signed_in(&result);
        result
    }

    /// Tries a second time when the hash changed between the comparison and the session: another
    /// sign-in may have made it anew for the same password. If the password itself changed, the second
    /// comparison finds it out.
    async fn try_sign_in(&self, email: &Email, password: SecretString) -> Result<SignedIn, Error> {
        self.tokens.check()?;
        for _ in 0..2 {
            let found = self.find(email).await?;
            let hash = found.as_ref().map(|(_, hash)| hash.clone());
            let right = self.prove(email, password.clone(), hash).await?;
            let (user, hash) = found.filter(|_| right).ok_or(Error::InvalidCredentials)?;
            let ttl = self.times.ttl;
            let work = transactions::sessions::sign_in(&self.pool, &self.env, user, &hash, ttl);
            let Some(open) = traced("user.sign_in", work).await? else { continue };
            if self.hasher.is_outdated(&hash) {
                let renewal = self.clone().renew(user, hash, password);
                self.runtime.spawn("rehash", renewal);
            }
            return self.signed_in(open);
        }
        Err(Error::InvalidCredentials)
    }

    /// Makes the hash of a password anew, at the cost of now. Nobody waits for it: a sign-in that takes
    /// twice the time could be too slow for its caller, and each one after it. The hasher's queue bounds
    /// how many there are. If one does not work out, the next sign-in tries again.
    async fn renew(self, user: UserId, old: PasswordHash, password: SecretString) {
        let renewed = async {
            let Ok(password) = Password::new(password.expose_secret()) else { return Ok(()) };
            let new = self.hasher.hash(password).await?;
            let mut conn = self.pool.acquire().await?;
            store::users::replace_hash(&mut conn, user, &old, &new).await
        };
        if let Err(error) = renewed.await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a hash stays as it was");
        }
    }

    async fn find(&self, email: &Email) -> Result<Option<(UserId, PasswordHash)>, Error> {
        let mut conn = self.pool.acquire().await?;
        traced("user.find", store::users::find_by_email(&mut conn, email)).await
    }

    /// Whether a password is that of `hash`, by the rules on how often that may be asked.
    pub(super) async fn prove(
        &self,
        email: &Email,
        password: SecretString,
        hash: Option<PasswordHash>,
    ) -> Result<bool, Error> {
        let key = throttle::key_of(email);
        traced("user.attempt", transactions::attempts::begin(&self.pool, key, self.now())).await?;
        let proof = self.hasher.matches(password, hash).await;
        match proof {
            Ok(true) => transactions::attempts::succeeded(&self.pool, key).await?,
            Ok(false) => {}
            Err(_) => transactions::attempts::take_back(&self.pool, key, self.now()).await?,
        }
        proof
    }
}
