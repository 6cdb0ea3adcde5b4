//! What happens together or not at all, and what happens with the provider in between.
//!
//! No transaction of the database is open while the provider is asked: an intent is committed before,
//! its outcome after.

mod begin;
mod methods;
mod settle;
mod void;

use std::time::Duration;

use jiff::SignedDuration;
use kit::Env;
use sqlx::PgPool;

use crate::{domain::transaction::Transaction, error::Error, provider::Caller, store};

pub(crate) use begin::{Payment, Refund, Source};
pub(crate) use methods::NewMethod;
pub(crate) use void::Void;

/// After this time a worker asks about an intent: the call that wrote it has been answered by then, or
/// has given up.
const DUE_AFTER: SignedDuration = SignedDuration::from_secs(10);

/// Keys of methods are remembered for this time; callers are promised a day.
const REMEMBER_REQUESTS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The money of the shop, and who moves it. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    pub(crate) pool: PgPool,
    pub(crate) env: Env,
    pub(crate) provider: Caller,
    pub(crate) authorization_ttl: Duration,
}

/// What came of a request.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) transaction: Transaction,
    /// Whether an earlier request had begun it.
    pub(crate) is_replay: bool,
}

impl Ledger {
    /// Ends what ran out of time, and forgets what is old.
    pub(crate) async fn sweep(&self) -> Result<(), Error> {
        let mut conn = self.pool.acquire().await?;
        let now = self.env.now();
        let expired = store::intents::expire(&mut conn, now).await?;
        if expired > 0 {
            tracing::info!(count = expired, "authorisations ran out");
        }
        store::method_requests::forget(&mut conn, now - REMEMBER_REQUESTS).await
    }

    /// How many intents are open, and how old the oldest is.
    pub(crate) async fn open_intents(&self) -> Result<(i64, Duration), Error> {
        let mut conn = self.pool.acquire().await?;
        let (count, oldest) = store::intents::open(&mut conn).await?;
        let age = oldest.map(|since| self.env.now().duration_since(since)).unwrap_or_default();
        Ok((count, Duration::try_from(age).unwrap_or_default()))
    }
}
