//! Throttling of sign-in attempts.
//!
//! Attempts from a network from which the owner has signed in before are counted by account and
//! network, all others by e-mail address alone. So strangers delay each other, and the owner on a
//! new network, but not the owner at home.
//!
//! An attempt counts as failed when it begins, and a correct password clears all failures. So
//! concurrent attempts get no more guesses than sequential ones. The wait grows exponentially up to
//! five minutes and no further, because it also delays the owner of the address: about 300 guesses
//! per day.

use jiff::{SignedDuration, Timestamp};
use wire::Email;

use super::token::Digest;

/// Number of failures without a wait, because users mistype passwords and devices retry with an old
/// one.
const FREE_FAILURES: i32 = 10;

/// Maximum wait.
const MAX_WAIT: SignedDuration = SignedDuration::from_mins(5);

/// After this time without an attempt, all failures are cleared.
pub const CLEAR_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Least time between two mails to one address about throttled sign-ins.
const MAIL_INTERVAL: SignedDuration = SignedDuration::from_hours(24);

/// Returns the key under which the attempts with an address from unknown networks are counted.
#[must_use]
pub fn attempts_key(email: &Email) -> Digest {
    Digest::sha256(email.key().as_bytes())
}

/// The failed sign-in attempts with one e-mail address, or with one from one network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    /// Number of failures in a row.
    pub failures: i32,
    /// When the last attempt started.
    pub last_at: Timestamp,
    /// When the next attempt may begin.
    pub blocked_until: Timestamp,
    /// When the owner was last sent a mail because throttling had begun.
    pub mailed_at: Option<Timestamp>,
}

impl Attempts {
    /// Returns the state without failures.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { failures: 0, last_at: now, blocked_until: now, mailed_at: None }
    }

    /// Counts one more attempt.
    ///
    /// # Errors
    /// Returns the remaining wait if the attempt is throttled. A throttled attempt does not count.
    pub fn begin(self, now: Timestamp) -> Result<Self, SignedDuration> {
        if now < self.blocked_until {
            return Err(self.blocked_until.duration_since(now));
        }
        let cleared = now.duration_since(self.last_at) >= CLEAR_AFTER;
        let failures = if cleared { 1 } else { self.failures.saturating_add(1) };
        Ok(Self { failures, last_at: now, blocked_until: now + backoff(failures), ..self })
    }

    /// Returns whether the owner is to be sent a mail: throttling began with the last attempt, and
    /// the previous mail is at least a day old.
    #[must_use]
    pub fn is_mail_due(self, now: Timestamp) -> bool {
        let is_recent = |mailed_at| now.duration_since(mailed_at) < MAIL_INTERVAL;
        self.failures == FREE_FAILURES && !self.mailed_at.is_some_and(is_recent)
    }
}

/// Returns the exponential backoff after this number of failures: 1 s, 2 s, 4 s, …
fn backoff(failures: i32) -> SignedDuration {
    let Ok(doublings) = u32::try_from(failures - FREE_FAILURES) else {
        return SignedDuration::ZERO;
    };
    let seconds = 1_i64.checked_shl(doublings).filter(|seconds| *seconds > 0);
    seconds.map_or(MAX_WAIT, SignedDuration::from_secs).min(MAX_WAIT)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn timestamp(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn backoff_begins_at_tenth_failure_and_doubles() {
        let waits: Vec<i64> = (8..20).map(|failures| backoff(failures).as_secs()).collect();
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        assert_eq!(backoff(i32::MAX), MAX_WAIT);
        assert_eq!(backoff(i32::MIN + FREE_FAILURES), SignedDuration::ZERO);
    }

    #[test]
    fn failures_are_cleared_after_a_day() {
        let throttled = Attempts {
            failures: 30,
            last_at: timestamp(0),
            blocked_until: timestamp(300),
            mailed_at: None,
        };
        assert_eq!(throttled.begin(timestamp(299)), Err(SignedDuration::from_secs(1)));
        assert_eq!(throttled.begin(timestamp(300)).unwrap().failures, 31);
        assert_eq!(throttled.begin(timestamp(24 * 3600)).unwrap().failures, 1);
    }

    #[test]
    fn mail_is_due_once_when_throttling_begins() {
        let mut attempts = Attempts::new(timestamp(0));
        let mut due = Vec::new();
        for n in 1..=30 {
            let now = timestamp(n * 400);
            attempts = attempts.begin(now).unwrap();
            if attempts.is_mail_due(now) {
                due.push(n);
                attempts.mailed_at = Some(now);
            }
        }
        assert_eq!(due, [10]);
        // The failures were cleared in between.
        let again = Attempts { failures: FREE_FAILURES, ..attempts };
        assert!(!again.is_mail_due(timestamp(4000 + 24 * 3600 - 1)));
        assert!(again.is_mail_due(timestamp(4000 + 24 * 3600)));
    }

    proptest! {
        /// Any spacing of attempts gets at most 10 free guesses and then 12 per hour in the long
        /// run.
        #[test]
        fn number_of_guesses_is_bounded(pauses in proptest::collection::vec(0..600_i64, 0..400)) {
            let (mut attempts, mut now, mut passed) = (Attempts::new(timestamp(0)), 0, 0);
            for pause in pauses {
                now += pause;
                match attempts.begin(timestamp(now)) {
                    Ok(next) => { attempts = next; passed += 1; }
                    Err(left) => prop_assert!(left <= MAX_WAIT && left.is_positive()),
                }
            }
            // Ten free guesses, nine until the maximum wait, then one every five minutes.
            prop_assert!(passed <= 10 + 9 + now / 300 + 1, "{passed} in {now} s");
        }
    }
}
