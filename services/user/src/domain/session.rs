//! Sessions: refresh token rotation and reuse detection.
//!
//! A refresh token is valid for one use, which issues a successor. A second use within the grace
//! period is attributed to a lost response or a concurrent request and issues another successor. A
//! later use shows that two parties have the token, its owner and a thief, and which is which is
//! unknown: the whole token family (the session) ends, and the owner has to sign in again.

use jiff::{SignedDuration, Timestamp};

/// The maximum number of sessions of one account. A further sign-in ends the oldest. It bounds the
/// rows of an account and exceeds the number of devices that a person has.
pub const MAX_SESSIONS: i64 = 50;

/// A stored refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredRefreshToken {
    /// When the token expires.
    pub expires_at: Timestamp,
    /// When the token was first used.
    pub used_at: Option<Timestamp>,
}

/// The classification of one use of a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenUse {
    /// First use: issues a successor.
    First,
    /// Repeated use within the grace period: issues another successor.
    WithinGrace,
    /// Reuse after the grace period: ends the token family.
    Reuse,
    /// The token has expired, and no reuse was detected.
    Expired,
}

impl StoredRefreshToken {
    /// Classifies a use of the token at `now`.
    #[must_use]
    pub fn classify_use(self, now: Timestamp, grace: SignedDuration) -> TokenUse {
        match self.used_at {
            Some(used_at) if now.duration_since(used_at) >= grace => TokenUse::Reuse,
            _ if self.expires_at <= now => TokenUse::Expired,
            Some(_) => TokenUse::WithinGrace,
            None => TokenUse::First,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timestamp(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn token_use_is_classified_by_time() {
        let fresh = StoredRefreshToken { expires_at: timestamp(100), used_at: None };
        let used = StoredRefreshToken { expires_at: timestamp(100), used_at: Some(timestamp(50)) };
        let grace = SignedDuration::from_secs(10);
        for (stored, now, expected) in [
            (fresh, 0, TokenUse::First),
            (fresh, 99, TokenUse::First),
            (fresh, 100, TokenUse::Expired),
            (used, 50, TokenUse::WithinGrace),
            (used, 59, TokenUse::WithinGrace),
            (used, 60, TokenUse::Reuse),
            (used, 1000, TokenUse::Reuse),
            // The clock of another replica is slightly behind.
            (used, 49, TokenUse::WithinGrace),
        ] {
            assert_eq!(stored.classify_use(timestamp(now), grace), expected, "{stored:?} at {now}");
        }
        let late = StoredRefreshToken { expires_at: timestamp(52), used_at: Some(timestamp(50)) };
        assert_eq!(late.classify_use(timestamp(55), grace), TokenUse::Expired);
    }

    #[test]
    fn second_use_without_grace_period_is_reuse() {
        let used = StoredRefreshToken { expires_at: timestamp(100), used_at: Some(timestamp(50)) };
        assert_eq!(used.classify_use(timestamp(50), SignedDuration::ZERO), TokenUse::Reuse);
    }
}
