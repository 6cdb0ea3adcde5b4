//! The ledger: recording of payment transactions and their settlement with the provider.
//!
//! No database transaction is open during a call to the provider: the intent is committed before
//! the call, its outcome after it.

mod intents;
mod payment_methods;
mod settle;
mod void;

use std::time::Duration;

use jiff::SignedDuration;
use kit::Env;
use sqlx::PgPool;

use crate::domain::transaction::Transaction;
use crate::error::Error;
use crate::provider::ProviderClient;
use crate::store;

pub(crate) use intents::{Payment, Refund, Source};
pub(crate) use payment_methods::NewPaymentMethod;
pub(crate) use void::Void;

/// Age at which a worker settles an open intent. The call that recorded it has returned or timed
/// out by then.
const DUE_AFTER: SignedDuration = SignedDuration::from_secs(10);

/// Retention of the idempotency keys of payment methods; the API promises one day.
const METHOD_KEY_RETENTION: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Retention of the idempotency keys of requests that saved no card, whose fingerprints cover the
/// card's number. It is far above the lease on a key; a later retry is a new request.
const UNFINISHED_KEY_RETENTION: SignedDuration = SignedDuration::from_hours(1);

/// Ledger of payment transactions and payment methods. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    pub(crate) pool: PgPool,
    pub(crate) env: Env,
    pub(crate) provider: ProviderClient,
    pub(crate) authorization_ttl: Duration,
}

/// Result of a request.
#[derive(Debug)]
pub(crate) struct RequestResult {
    pub(crate) transaction: Transaction,
    /// Whether an earlier request with the same idempotency key began the transaction.
    pub(crate) is_replay: bool,
}

impl Ledger {
    /// Expires authorizations and deletes old idempotency keys of payment methods.
    pub(crate) async fn sweep(&self) -> Result<(), Error> {
        let mut conn = self.pool.acquire().await?;
        let now = self.env.now();
        let expired = store::intents::expire(&mut conn, now).await?;
        if expired > 0 {
            tracing::info!(count = expired, "authorizations expired");
        }
        let unfinished = now - UNFINISHED_KEY_RETENTION;
        store::method_requests::delete_unfinished_before(&mut conn, unfinished, now).await?;
        store::method_requests::delete_before(&mut conn, now - METHOD_KEY_RETENTION, now).await
    }

    /// Returns the number of open intents and the age of the oldest one.
    pub(crate) async fn open_intents(&self) -> Result<(i64, Duration), Error> {
        let mut conn = self.pool.acquire().await?;
        let (count, oldest) = store::intents::count_open(&mut conn).await?;
        let age =
            oldest.map(|created_at| self.env.now().duration_since(created_at)).unwrap_or_default();
        Ok((count, Duration::try_from(age).unwrap_or_default()))
    }
}
