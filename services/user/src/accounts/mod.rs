//! Ways into an account. Each hashes or compares a password between transactions.

mod first_admin;
mod passwords;
mod register;
mod sessions;
mod sign_in;

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use kit::{Env, Runtime};
use sqlx::PgPool;

pub(crate) use first_admin::FirstAdmin;
pub(crate) use passwords::Change;
pub(crate) use register::Registration;
pub(crate) use sessions::Ending;

use crate::{
    access_tokens::AccessTokens,
    domain::account::Account,
    error::Error,
    hasher::Hasher,
    metrics::Metrics,
    transactions::sessions::{Open, Times},
};

/// What the ways into an account stand on. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Accounts {
    pub(crate) pool: PgPool,
    pub(crate) env: Env,
    pub(crate) hasher: Hasher,
    pub(crate) tokens: Arc<AccessTokens>,
    pub(crate) times: Times,
    pub(crate) metrics: Metrics,
    pub(crate) runtime: Runtime,
}

/// A session as its bearer gets it.
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

    fn signed_in(&self, open: Open) -> Result<SignedIn, Error> {
        let Open { account, session, token } = open;
        Ok(SignedIn {
            access_token: self.tokens.sign(account.id, session, account.role)?,
            refresh_token: token.text(),
            expires_in_secs: self.tokens.ttl_secs(),
            account,
        })
    }
}

/// A length of time from the settings, which are bounded to much less than this type holds.
pub(crate) fn signed(time: Duration) -> SignedDuration {
    SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX)
}
