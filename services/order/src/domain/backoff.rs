//! Exponential backoff between the attempts of a saga step.
//!
//! The delay has no jitter: the transition functions that use it are pure, without randomness.

use jiff::SignedDuration;

/// Delay after the first attempt; it doubles with each attempt.
const INITIAL_DELAY: SignedDuration = SignedDuration::from_millis(250);

/// The longest delay of a checkout or a refund. A customer waits for it, and a service that
/// recovers is used again soon.
pub const MAX_SAGA_BACKOFF: SignedDuration = SignedDuration::from_secs(15);

/// The longest delay of a message; no customer waits for a mail.
pub const MAX_MESSAGE_BACKOFF: SignedDuration = SignedDuration::from_mins(5);

/// The longest delay of a refund that the provider declines although it is owed. Each attempt is a
/// new request to the provider, and what it lacks, such as funds, does not arrive within seconds.
pub const MAX_OWED_REFUND_BACKOFF: SignedDuration = SignedDuration::from_mins(5);

/// Returns the delay after this many attempts (1 after the first).
#[must_use]
pub fn backoff(attempts: u32, max: SignedDuration) -> SignedDuration {
    // 2^20 quarter seconds are three days, above every maximum.
    let doublings = attempts.saturating_sub(1).min(20);
    INITIAL_DELAY.checked_mul(1 << doublings).map_or(max, |delay| delay.min(max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_maximum() {
        let millis = |attempts| backoff(attempts, MAX_SAGA_BACKOFF).as_millis();
        assert_eq!(
            [0, 1, 2, 3, 6, 7, u32::MAX].map(millis),
            [250, 250, 500, 1000, 8000, 15_000, 15_000]
        );
        assert_eq!(backoff(60, MAX_MESSAGE_BACKOFF), MAX_MESSAGE_BACKOFF);
    }
}
