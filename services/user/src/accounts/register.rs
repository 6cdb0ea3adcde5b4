//! New accounts.

use kit::postgres::traced;
use wire::Email;

use super::{Accounts, SignedIn};
use crate::{
    domain::{
        account::{Account, Profile, Role},
        password::Password,
    },
    error::Error,
    store, transactions,
};

/// What somebody gives for an account.
pub(crate) struct Registration {
    pub(crate) email: Email,
    pub(crate) password: Password,
    pub(crate) profile: Profile,
}

impl Accounts {
    /// Makes an account and signs it in.
    pub(crate) async fn register(&self, registration: Registration) -> Result<SignedIn, Error> {
        let Registration { email, password, profile } = registration;
        self.tokens.check()?;
        if self.exists(&email).await? {
            return Err(Error::EmailTaken); // without the work of hashing; the constraint decides
        }
        let hash = self.hasher.hash(password).await?;
        let account = self.account(email, profile, Role::Customer);
        let ttl = self.times.ttl;
        let work = transactions::sessions::register(&self.pool, &self.env, account, &hash, ttl);
        self.signed_in(traced("user.register", work).await?)
    }

    pub(super) async fn exists(&self, email: &Email) -> Result<bool, Error> {
        let mut conn = self.pool.acquire().await?;
        let found = traced("user.find", store::users::find_by_email(&mut conn, email)).await?;
        Ok(found.is_some())
    }

    /// A new account, not written yet.
    pub(super) fn account(&self, email: Email, profile: Profile, role: Role) -> Account {
        let (id, now) = (self.env.uuid().into(), self.now());
        Account { id, email, role, disabled: false, profile, created_at: now, updated_at: now }
    }
}
