//! Registration.

use kit::postgres::traced;
use wire::Email;

use super::{Accounts, SignedIn};
use crate::domain::account::{Account, Profile, Role};
use crate::domain::password::Password;
use crate::error::Error;
use crate::hasher::Caller;
use crate::{store, transactions};

/// A request to create an account.
pub(crate) struct Registration {
    pub(crate) email: Email,
    pub(crate) password: Password,
    pub(crate) profile: Profile,
}

impl Accounts {
    /// Creates an account and signs it in.
    pub(crate) async fn register(&self, registration: Registration) -> Result<SignedIn, Error> {
        let Registration { email, password, profile } = registration;
        self.tokens.require_signing_key()?;
        if self.email_exists(&email).await? {
            // Saves the cost of hashing. The unique constraint decides.
            return Err(Error::EmailTaken);
        }
        let hash = self.hasher.hash(self.hasher.enter(Caller::New)?, password).await?;
        let network = self.network_digest(&email);
        let account = self.new_account(email, profile, Role::Customer);
        let policy = self.refresh_tokens;
        let new = (account, &hash);
        let work = transactions::sessions::register(&self.pool, &self.env, new, policy, network);
        self.issue_tokens(traced("user.register", work).await?)
    }

    pub(super) async fn email_exists(&self, email: &Email) -> Result<bool, Error> {
        let mut conn = self.pool.acquire().await?;
        let found = traced("user.find", store::users::find_by_email(&mut conn, email)).await?;
        Ok(found.is_some())
    }

    /// Returns a new account, not yet stored. The address of an administrator, which comes from the
    /// settings, counts as verified.
    pub(super) fn new_account(&self, email: Email, profile: Profile, role: Role) -> Account {
        let now = self.now();
        Account {
            id: self.env.uuid().into(),
            email,
            email_verified: role == Role::Admin,
            role,
            disabled: false,
            profile,
            created_at: now,
            updated_at: now,
        }
    }
}
