//! Consistency check over all transactions in the database.

use jiff::{SignedDuration, Timestamp};
use kit::Env;
use sqlx::PgPool;

use crate::error::Error;
use crate::store;

/// Age at which an intent without an outcome counts as stale. The workers have looked it up many
/// times by then.
const MAX_OPEN: SignedDuration = SignedDuration::from_mins(10);

/// Number of inconsistent transactions, by kind of inconsistency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConsistencyReport {
    /// Authorizations with more captured than authorized.
    pub captures_above_authorization: i64,
    /// Captures and charges with more refunded than captured.
    pub refunds_above_capture: i64,
    /// Authorizations that are both captured and voided.
    pub captured_and_voided: i64,
    /// Transactions whose claimed or settled sum differs from the sum over their captures or
    /// refunds.
    pub sums_at_fault: i64,
    /// Intents whose outcome has been unknown for more than ten minutes.
    pub stale_intents: i64,
    /// Transactions that differ from the provider's records.
    pub provider_disagreements: i64,
}

impl ConsistencyReport {
    /// Returns whether all counts are zero.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        self.counts().iter().all(|(_, count)| *count == 0)
    }

    /// Returns the name and the count of each kind of inconsistency.
    #[must_use]
    pub fn counts(&self) -> [(&'static str, i64); 6] {
        let Self {
            captures_above_authorization,
            refunds_above_capture,
            captured_and_voided,
            sums_at_fault,
            stale_intents,
            provider_disagreements,
        } = *self;
        [
            ("captures_above_authorization", captures_above_authorization),
            ("refunds_above_capture", refunds_above_capture),
            ("captured_and_voided", captured_and_voided),
            ("sums_at_fault", sums_at_fault),
            ("stale_intents", stale_intents),
            ("provider_disagreements", provider_disagreements),
        ]
    }
}

/// Checks all transactions at the current time.
///
/// # Errors
///
/// Returns an error if the database fails.
pub async fn check_consistency(pool: &PgPool) -> Result<ConsistencyReport, Error> {
    check_consistency_at(pool, Env::system().now()).await
}

/// Checks all transactions at the time `now`, for callers with another clock, such as tests.
///
/// # Errors
///
/// Returns an error if the database fails.
pub async fn check_consistency_at(
    pool: &PgPool,
    now: Timestamp,
) -> Result<ConsistencyReport, Error> {
    let mut conn = pool.acquire().await?;
    store::consistency::report(&mut conn, now - MAX_OPEN).await
}
