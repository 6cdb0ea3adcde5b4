//! The number of mails that strangers can cause at one address.
//!
//! Anyone can register an address, or request a password reset for it. Each address therefore has a
//! token bucket: `BURST` mails at once, and one more every `INTERVAL`, so 30 a day at most. The
//! interval is the lifetime of a password reset token. A stranger who takes every mail of an
//! address therefore does not lock its owner out: the owner can request a mail, or has a recent
//! one.

use jiff::{SignedDuration, Timestamp};
use wire::Email;

use super::token::Digest;

/// The number of mails at once.
const BURST: i32 = 6;

/// Time after which an address may get one more mail.
const INTERVAL: SignedDuration = SignedDuration::from_hours(1);

/// Returns the key of the bucket of an address.
#[must_use]
pub fn allowance_key(email: &Email) -> Digest {
    Digest::sha256(email.key().as_bytes())
}

/// Takes a mail from a bucket that is full again at `full_at`, and returns when it is full after
/// that; `None` if the bucket is empty.
#[must_use]
pub fn take(full_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    // Not later than an empty bucket: the clock that wrote `full_at` may have been ahead.
    let after = full_at.clamp(now, now + INTERVAL * BURST) + INTERVAL;
    (after.duration_since(now) <= INTERVAL * BURST).then_some(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_gets_thirty_mails_a_day_at_most() {
        let start = Timestamp::UNIX_EPOCH;
        let (mut full_at, mut mails) = (start, Vec::new());
        for minute in 0..24 * 60 {
            let now = start + SignedDuration::from_mins(minute);
            while let Some(after) = take(full_at, now) {
                full_at = after;
                mails.push(minute);
            }
        }
        assert_eq!(mails.iter().filter(|minute| **minute == 0).count(), 6);
        assert_eq!(mails.len(), 6 + 23);
        assert!(mails.windows(2).skip(5).all(|pair| pair[1] - pair[0] == 60), "{mails:?}");
    }
}
