//! The first administrator, created from the settings: only administrators can appoint others.

use std::time::Duration;

use kit::backoff::Backoff;
use kit::secret;
use secrecy::ExposeSecret as _;
use tokio::time::sleep;
use wire::Email;

use super::Accounts;
use crate::domain::account::{Profile, Role};
use crate::domain::password::{Password, PasswordError};
use crate::error::Error;
use crate::hasher::{Caller, Owner};
use crate::{Args, store, transactions};

/// The delays between attempts while the database is unavailable.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));

/// The administrator account that the settings ask for.
pub(crate) struct FirstAdmin {
    email: Email,
    /// The password, or why the account cannot be created with it.
    password: Result<Password, PasswordError>,
}

impl FirstAdmin {
    /// Reads the first administrator from the settings; `None` if the settings name no
    /// administrator.
    ///
    /// A password that only newer rules refuse is an error when the account is created: an upgrade
    /// must not stop a shop whose administrator exists.
    ///
    /// # Errors
    /// Returns an error if the e-mail address or the password was never acceptable.
    pub(crate) fn from_args(args: &Args) -> Result<Option<Self>, kit::Error> {
        let invalid = |name, reason: String| kit::Error::Setting { name, reason };
        let Some(email) = args.admin_email.as_deref().filter(|email| !email.trim().is_empty())
        else {
            return Ok(None);
        };
        let email = Email::new(email)
            .ok_or_else(|| invalid("ADMIN_EMAIL", "must be an e-mail address".to_owned()))?;
        let (value, file) = (args.admin_password.as_ref(), args.admin_password_file.as_deref());
        let password = secret::require("ADMIN_PASSWORD", value, file)?;
        let password = match Password::new(password.expose_secret())
            .and_then(|password| password.for_account(&email))
        {
            Err(error @ (PasswordError::Common | PasswordError::ControlCharacter)) => Err(error),
            Err(error) => return Err(invalid_password(error)),
            Ok(password) => Ok(password),
        };
        Ok(Some(Self { email, password }))
    }

    /// Creates the account, with retries until the database is available. If several replicas
    /// run, one of them creates it.
    ///
    /// # Errors
    /// Returns an error if the account is missing and the password is not acceptable.
    pub(crate) async fn ensure(self, accounts: Accounts) -> Result<(), kit::Error> {
        let mut attempts = 0;
        loop {
            match self.create_if_missing(&accounts).await {
                Ok(()) => return Ok(()),
                Err(Error::Kit(refused)) => return Err(refused),
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "first administrator not created, retrying"
                ),
            }
            attempts += 1;
            sleep(BACKOFF.delay_with_jitter(attempts, accounts.env.random())).await;
        }
    }

    /// Creates the account unless the e-mail address has one. An existing account is never
    /// changed: its password may have been changed since, and a customer who registered the
    /// address first must not become an administrator.
    async fn create_if_missing(&self, accounts: &Accounts) -> Result<(), Error> {
        if self.exists(accounts).await? {
            if let Err(reason) = self.password {
                tracing::warn!(
                    %reason,
                    "ADMIN_PASSWORD is not acceptable for a new account; the account exists"
                );
            }
            return Ok(());
        }
        let password = self.password.clone().map_err(invalid_password)?;
        let place = accounts.hasher.enter(Caller::Known(Owner::of(&self.email)))?;
        let hash = accounts.hasher.hash(place, password).await?;
        let account = accounts.new_account(self.email.clone(), Profile::default(), Role::Admin);
        match transactions::access::create(&accounts.pool, &account, &hash).await {
            Ok(()) => {
                tracing::info!(id = %account.id, "first administrator created");
                Ok(())
            }
            // Another replica or a concurrent registration created the account.
            Err(Error::EmailTaken) => self.exists(accounts).await.map(|_| ()),
            Err(error) => Err(error),
        }
    }

    /// Returns whether the address has an account. Logs an error if the account is not an
    /// active administrator.
    async fn exists(&self, accounts: &Accounts) -> Result<bool, Error> {
        let mut conn = accounts.pool.acquire().await?;
        let Some((id, _)) = store::users::find_by_email(&mut conn, &self.email).await? else {
            return Ok(false);
        };
        let account = store::users::find(&mut conn, id).await?;
        if !account.is_some_and(|account| account.is_active_admin()) {
            tracing::error!(%id, "account of ADMIN_EMAIL is not an active administrator");
        }
        Ok(true)
    }
}

fn invalid_password(error: PasswordError) -> kit::Error {
    kit::Error::Setting { name: "ADMIN_PASSWORD", reason: error.to_string() }
}
