//! Sessions: when a refresh token gets a successor, and when its family has to end.
//!
//! A token is good for one use. A second use within the grace is a lost answer or a second tab, and
//! gets a successor of its own. Later it shows that two have the token, its owner and a thief, and
//! nobody knows who is who: the whole family ends, and the owner signs in again.

use jiff::{SignedDuration, Timestamp};

/// The most sessions of one account at a time; a further sign-in ends the oldest. It bounds the rows of
/// an account, and is more than anybody has devices.
pub const MAX_SESSIONS: i64 = 50;

/// A refresh token as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it was first used.
    pub used_at: Option<Timestamp>,
}

/// What becomes of the use of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// The first one: a successor.
    First,
    /// One more within the grace: a further successor.
    Again,
    /// One too late: the family ends.
    Reuse,
    /// Its time is over; that is all that is known.
    Expired,
}

impl Kept {
    /// What its use at `now` is.
    #[must_use]
    pub fn use_at(self, now: Timestamp, grace: SignedDuration) -> Use {
        match self.used_at {
            Some(used_at) if now.duration_since(used_at) >= grace => Use::Reuse,
            _ if self.expires_at <= now => Use::Expired,
            Some(_) => Use::Again,
            None => Use::First,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn uses_are_told_apart_by_time() {
        let fresh = Kept { expires_at: at(100), used_at: None };
        let used = Kept { expires_at: at(100), used_at: Some(at(50)) };
        let grace = SignedDuration::from_secs(10);
        for (kept, now, expected) in [
            (fresh, 0, Use::First),
            (fresh, 99, Use::First),
            (fresh, 100, Use::Expired),
            (used, 50, Use::Again),
            (used, 59, Use::Again),
            (used, 60, Use::Reuse),
            (used, 1000, Use::Reuse),
            // The clock of another replica is a little behind.
            (used, 49, Use::Again),
        ] {
            assert_eq!(kept.use_at(at(now), grace), expected, "{kept:?} at {now}");
        }
        let late = Kept { expires_at: at(52), used_at: Some(at(50)) };
        assert_eq!(late.use_at(at(55), grace), Use::Expired);
    }

    #[test]
    fn without_grace_every_second_use_ends_the_family() {
        let used = Kept { expires_at: at(100), used_at: Some(at(50)) };
        assert_eq!(used.use_at(at(50), SignedDuration::ZERO), Use::Reuse);
    }
}
