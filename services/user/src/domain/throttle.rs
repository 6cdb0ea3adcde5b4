//! How often somebody may try to sign in with one e-mail address.
//!
//! An attempt counts as failed when it begins, and a right password takes all of them back: so no number
//! of attempts at the same time gets more guesses than one after the other. The wait grows to five
//! minutes and no further, since it holds up the owner of the address as well: some 300 guesses a day.

use jiff::{SignedDuration, Timestamp};
use wire::Email;

use super::token::Digest;

/// Failures that cost no wait: people mistype, and devices with an old password try by themselves.
const FREE: i32 = 10;

/// The longest wait.
const MAX_WAIT: SignedDuration = SignedDuration::from_mins(5);

/// After this time without an attempt all are forgotten.
pub const FORGET_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Under what attempts with an address are counted.
#[must_use]
pub fn key_of(email: &Email) -> Digest {
    Digest::of(email.key().as_bytes())
}

/// The failed attempts on one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    /// How many in a row.
    pub failures: i32,
    /// When the last one began.
    pub last_at: Timestamp,
    /// When the next one may begin.
    pub blocked_until: Timestamp,
}

impl Attempts {
    /// None so far.
    #[must_use]
    pub fn none(now: Timestamp) -> Self {
        Self { failures: 0, last_at: now, blocked_until: now }
    }

    /// The attempts with one more, which may go on.
    ///
    /// # Errors
    /// How long to wait when it may not; it then does not count.
    pub fn begin(self, now: Timestamp) -> Result<Self, SignedDuration> {
        if now < self.blocked_until {
            return Err(self.blocked_until.duration_since(now));
        }
        let forgotten = now.duration_since(self.last_at) >= FORGET_AFTER;
        let failures = if forgotten { 1 } else { self.failures.saturating_add(1) };
        Ok(Self { failures, last_at: now, blocked_until: now + wait(failures) })
    }
}

/// The wait after so many failures: 1 s, 2 s, 4 s, …
fn wait(failures: i32) -> SignedDuration {
    let Ok(doublings) = u32::try_from(failures - FREE) else { return SignedDuration::ZERO };
    let seconds = 1_i64.checked_shl(doublings).filter(|seconds| *seconds > 0);
    seconds.map_or(MAX_WAIT, SignedDuration::from_secs).min(MAX_WAIT)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_wait_begins_at_the_tenth_failure_and_doubles() {
        let waits: Vec<i64> = (8..20).map(|failures| wait(failures).as_secs()).collect();
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        assert_eq!(wait(i32::MAX), MAX_WAIT);
        assert_eq!(wait(i32::MIN + FREE), SignedDuration::ZERO);
    }

    #[test]
    fn a_day_of_silence_forgets() {
        let tired = Attempts { failures: 30, last_at: at(0), blocked_until: at(300) };
        assert_eq!(tired.begin(at(299)), Err(SignedDuration::from_secs(1)));
        assert_eq!(tired.begin(at(300)).unwrap().failures, 31);
        assert_eq!(tired.begin(at(24 * 3600)).unwrap().failures, 1);
    }

    proptest! {
        /// However they are spread, no more than 10 + 12 per hour get through in the long run.
        #[test]
        fn guesses_are_bounded(pauses in proptest::collection::vec(0..600_i64, 0..400)) {
            let (mut attempts, mut now, mut passed) = (Attempts::none(at(0)), 0, 0);
            for pause in pauses {
                now += pause;
                match attempts.begin(at(now)) {
                    Ok(next) => { attempts = next; passed += 1; }
                    Err(left) => prop_assert!(left <= MAX_WAIT && left.is_positive()),
                }
            }
            // Ten free ones, nine on the way to the longest wait, then one in five minutes.
            prop_assert!(passed <= 10 + 9 + now / 300 + 1, "{passed} in {now} s");
        }
    }
}
