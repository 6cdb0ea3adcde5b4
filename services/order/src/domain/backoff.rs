//! Exponential backoff between the attempts of a saga step.
//!
//! The delay has no jitter: the transition functions that use it are pure, without randomness.

use std::time::Duration;

use kit::backoff::Backoff;

/// Delay after the first attempt; it doubles with each attempt.
const INITIAL_DELAY: Duration = Duration::from_millis(250);

/// The longest delay of a checkout or a refund. A customer waits for it, and a service that
/// recovers is used again soon.
pub const MAX_SAGA_BACKOFF: Duration = Duration::from_secs(15);

/// The longest delay of a message; no customer waits for a mail.
pub const MAX_MESSAGE_BACKOFF: Duration = Duration::from_secs(5 * 60);

/// The longest delay of a refund that the provider declines although it is owed. Each attempt is a
/// new request to the provider, and what it lacks, such as funds, does not arrive within seconds.
pub const MAX_OWED_REFUND_BACKOFF: Duration = Duration::from_secs(5 * 60);

/// Returns the delay after this many attempts (1 after the first).
#[must_use]
pub fn backoff(attempts: u32, max: Duration) -> Duration {
    Backoff::new(INITIAL_DELAY, max).delay(attempts)
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
