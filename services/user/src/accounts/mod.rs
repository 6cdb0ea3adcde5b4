//! Use cases that authenticate: registration, sign-in, token refresh, passwords. Those that hash or
//! compare a password do so between transactions.

mod attempts;
mod first_admin;
mod passwords;
mod register;
mod sessions;
mod sign_in;
mod verification;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kit::{Env, Runtime};
use sqlx::PgPool;

pub(crate) use first_admin::FirstAdmin;
pub(crate) use passwords::PasswordChange;
pub(crate) use register::Registration;
pub(crate) use sessions::SessionsToEnd;
pub(crate) use verification::EmailChange;

use crate::access_tokens::AccessTokens;
use crate::domain::account::Account;
use crate::domain::ids::UserId;
use crate::error::Error;
use crate::hasher::Hasher;
use crate::metrics::Metrics;
use crate::store;
use crate::transactions::sessions::{OpenSession, RefreshTokenPolicy};

/// Dependencies of the use cases. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Accounts {
    pub(crate) pool: PgPool,
    pub(crate) env: Env,
    pub(crate) hasher: Hasher,
    pub(crate) tokens: Arc<AccessTokens>,
    pub(crate) refresh_tokens: RefreshTokenPolicy,
    pub(crate) metrics: Metrics,
    pub(crate) runtime: Runtime,
}

/// An authenticated session: the response to a registration, sign-in or refresh.
pub(crate) struct SignedIn {
    pub(crate) account: Account,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) expires_in_secs: i64,
}

impl Accounts {
    fn now(&self) -> Timestamp {
        self.env.now()
    }

    async fn find_account(&self, user: UserId) -> Result<Account, Error> {
        let mut conn = self.pool.acquire().await?;
        store::users::find(&mut conn, user).await?.ok_or(Error::NotFound("user"))
    }

    fn issue_tokens(&self, open: OpenSession) -> Result<SignedIn, Error> {
        let OpenSession { account, session, ends_at, token } = open;
        let signed = self.tokens.sign(account.id, account.role, (session, ends_at))?;
        Ok(SignedIn {
            access_token: signed.text,
            refresh_token: token.text(),
            expires_in_secs: signed.expires_in_secs,
            account,
        })
    }
}

/// Converts a duration from the settings, whose bounds are far below the limit of this type.
pub(crate) fn to_signed_duration(time: Duration) -> SignedDuration {
    SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX)
}
