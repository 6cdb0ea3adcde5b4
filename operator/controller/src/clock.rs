//! The one place where the operator asks what time it is.

use jiff::Timestamp;

/// The wall clock, for timestamps that people read. Delays are measured with
/// [`std::time::Instant`], which no change of the wall clock can stretch.
#[must_use]
pub fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the clock seam")]
    Timestamp::now()
}
