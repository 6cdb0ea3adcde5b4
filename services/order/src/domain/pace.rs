//! When what had no answer is asked again.

use jiff::SignedDuration;

/// The first pause; it doubles with each try.
const FIRST: SignedDuration = SignedDuration::from_millis(250);

/// The longest pause of a checkout or a refund: somebody waits for it, and a service that was away
/// shall not stay unused for long after it has come back.
pub const FLOW_CAP: SignedDuration = SignedDuration::from_secs(15);

/// The longest pause of a message: nobody stands at the counter for a mail.
pub const MESSAGE_CAP: SignedDuration = SignedDuration::from_mins(5);

/// The longest pause of what the provider refuses and owes: each try is a request of its own there, and
/// what it lacks, such as money, does not come within seconds.
pub const OWED_CAP: SignedDuration = SignedDuration::from_mins(5);

/// The pause after the try of this number, from 1.
pub fn pause(attempts: u32, cap: SignedDuration) -> SignedDuration {
    // 2^20 quarter seconds are three days, above every cap.
    let doublings = attempts.saturating_sub(1).min(20);
    FIRST.checked_mul(1 << doublings).map_or(cap, |pause| pause.min(cap))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_cap() {
        let millis = |attempts| pause(attempts, FLOW_CAP).as_millis();
        assert_eq!(
            [0, 1, 2, 3, 6, 7, u32::MAX].map(millis),
            [250, 250, 500, 1000, 8000, 15_000, 15_000]
        );
        assert_eq!(pause(60, MESSAGE_CAP), MESSAGE_CAP);
    }
}
