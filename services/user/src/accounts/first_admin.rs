//! The first administrator, from the settings: without one nobody could make another.

use std::time::Duration;

use kit::secret;
use secrecy::ExposeSecret as _;
use tokio::time::sleep;
use wire::Email;

use super::Accounts;
use crate::{
    Args,
    domain::{
        account::{Profile, Role},
        password::Password,
    },
    error::Error,
    store, transactions,
};

/// Pauses between attempts while the database is away: doubled from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// The account that there must be.
pub(crate) struct FirstAdmin {
    email: Email,
    password: Password,
}

impl FirstAdmin {
    /// As the settings say; none when they name nobody.
    ///
    /// # Errors
    /// When they name somebody who could not have an account.
    pub(crate) fn of(args: &Args) -> Result<Option<Self>, kit::Error> {
        let wrong = |name, reason: String| kit::Error::Setting { name, reason };
        let Some(email) = args.admin_email.as_deref().filter(|email| !email.trim().is_empty())
        else {
            return Ok(None);
        };
        let email = Email::new(email)
            .ok_or_else(|| wrong("ADMIN_EMAIL", "must be an e-mail address".to_owned()))?;
        let (value, file) = (args.admin_password.as_ref(), args.admin_password_file.as_deref());
        let password = secret::require("ADMIN_PASSWORD", value, file)?;
        let password = Password::new(password.expose_secret())
            .and_then(|password| password.of(&email))
            .map_err(|error| wrong("ADMIN_PASSWORD", error.to_string()))?;
        Ok(Some(Self { email, password }))
    }

    /// Makes the account, however long the database is away. Of several replicas one does.
    pub(crate) async fn ensure(self, accounts: Accounts) {
        let mut pause = PAUSES.0;
        while let Err(error) = self.make(&accounts).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the first administrator could not be made yet"
            );
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// An account that is there already stays as it is: its password may have been changed, and a
    /// customer who took the address first must not come to power by it.
    async fn make(&self, accounts: &Accounts) -> Result<(), Error> {
        if self.look(accounts).await? {
            return Ok(());
        }
        let hash = accounts.hasher.hash(self.password.clone()).await?;
        let account = accounts.account(self.email.clone(), Profile::default(), Role::Admin);
        match transactions::access::create(&accounts.pool, &account, &hash).await {
            Ok(()) => {
                tracing::info!(id = %account.id, "the first administrator was made");
                Ok(())
            }
            // Another replica, or somebody who registers just now.
            Err(Error::EmailTaken) => self.look(accounts).await.map(|_| ()),
            Err(error) => Err(error),
        }
    }

    /// Whether the address has an account, and a warning if that is no administrator.
    async fn look(&self, accounts: &Accounts) -> Result<bool, Error> {
        let mut conn = accounts.pool.acquire().await?;
        let Some((id, _)) = store::users::find_by_email(&mut conn, &self.email).await? else {
            return Ok(false);
        };
        let account = store::users::find(&mut conn, id).await?;
        if !account.is_some_and(|account| account.is_active_admin()) {
            tracing::error!(%id, "the account of ADMIN_EMAIL is no administrator and stays so");
        }
        Ok(true)
    }
}
