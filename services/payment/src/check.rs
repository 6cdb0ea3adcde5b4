//! Whether the transactions add up, asked of the whole database at once.

use jiff::{SignedDuration, Timestamp};
use kit::Env;
use sqlx::PgPool;

use crate::{error::Error, store};

/// The longest time that the outcome of a movement may stay unknown before it is a fault: the workers
/// have asked many times by then.
const MAX_OPEN: SignedDuration = SignedDuration::from_mins(10);

/// How many transactions do not add up, by what is wrong with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Authorisations with more captured than held.
    pub captures_above_authorization: i64,
    /// Captures and charges with more refunded than taken.
    pub refunds_above_capture: i64,
    /// Authorisations both captured and voided.
    pub captured_and_voided: i64,
    /// Rows whose sums are not those of what was taken from them.
    pub sums_at_fault: i64,
    /// Movements whose outcome has been unknown for more than ten minutes.
    pub stale_intents: i64,
    /// Movements of which the provider's records say something else than ours.
    pub provider_disagreements: i64,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.faults().iter().all(|(_, count)| *count == 0)
    }

    /// Each kind of fault by name, and how many there are.
    #[must_use]
    pub fn faults(&self) -> [(&'static str, i64); 6] {
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

/// Checks all transactions by the time of now.
///
/// # Errors
/// When the database fails.
pub async fn check(pool: &PgPool) -> Result<Report, Error> {
    check_at(pool, Env::system().now()).await
}

/// Checks all transactions by another clock, as that of a test.
///
/// # Errors
/// When the database fails.
pub async fn check_at(pool: &PgPool, now: Timestamp) -> Result<Report, Error> {
    let mut conn = pool.acquire().await?;
    store::audit::report(&mut conn, now - MAX_OPEN).await
}
