//! The number of mails that strangers can cause at one address, and that one account can cause.
//!
//! Anyone can register an address, or request a password reset for it. Each address therefore has a
//! token bucket: `BURST` mails at once, and one more every `INTERVAL`, so 30 a day at most. The
//! interval is the lifetime of a password reset token. A stranger who takes every mail of an
//! address therefore does not lock its owner out: the owner can request a mail, or has a recent
//! one.
//!
//! Each account has such a bucket, too, for the verification mails that its owner requests: an
//! account can name the addresses of any number of strangers. The mail of its registration does not
//! count, because registrations are limited otherwise.

use jiff::{SignedDuration, Timestamp};
use wire::Email;

use super::ids::UserId;
use super::token::Digest;

/// The number of mails at once.
const BURST: i32 = 6;

/// Time after which an address may get, or an account may cause, one more mail.
const INTERVAL: SignedDuration = SignedDuration::from_hours(1);

/// Returns the key of the bucket of an address.
#[must_use]
pub fn allowance_key(email: &Email) -> Digest {
    Digest::sha256(email.key().as_bytes())
}

/// Returns the key of the bucket of an account. It differs from that of any address, which has an
/// @.
#[must_use]
pub fn account_allowance_key(user: UserId) -> Digest {
    Digest::sha256(format!("account {}", user.0).as_bytes())
}

/// Takes a mail from a bucket that is full again at `full_at`, and returns when it is full after
/// that.
///
/// # Errors
/// Returns the time until the next mail if the bucket is empty.
pub fn take(full_at: Timestamp, now: Timestamp) -> Result<Timestamp, SignedDuration> {
    // Not later than an empty bucket: the clock that wrote `full_at` may have been ahead.
    let after = full_at.clamp(now, now + INTERVAL * BURST) + INTERVAL;
    let excess = after.duration_since(now) - INTERVAL * BURST;
    if excess.is_positive() { Err(excess) } else { Ok(after) }
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
            while let Ok(after) = take(full_at, now) {
                full_at = after;
                mails.push(minute);
            }
        }
        assert_eq!(mails.iter().filter(|minute| **minute == 0).count(), 6);
        assert_eq!(mails.len(), 6 + 23);
        assert!(mails.windows(2).skip(5).all(|pair| pair[1] - pair[0] == 60), "{mails:?}");
    }

    #[test]
    fn empty_bucket_returns_time_until_next_mail() {
        let now = Timestamp::UNIX_EPOCH;
        let empty = now + INTERVAL * BURST;
        assert_eq!(take(empty, now), Err(INTERVAL));
        let later = now + SignedDuration::from_mins(20);
        assert_eq!(take(empty, later), Err(SignedDuration::from_mins(40)));
        assert_eq!(take(empty, now + INTERVAL), Ok(empty + INTERVAL));
    }
}
