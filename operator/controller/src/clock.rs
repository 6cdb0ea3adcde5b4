//! The wall clock of the operator.

use jiff::Timestamp;

/// Returns the wall-clock time, for timestamps that users read. Delays are measured with
/// [`std::time::Instant`], which changes of the wall clock do not affect.
#[must_use]
pub fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    Timestamp::now()
}
