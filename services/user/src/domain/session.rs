//! Sessions: refresh token rotation, reuse detection and the maximum age.
//!
//! A refresh token is valid for one use, which issues a successor. A second use within the grace
//! period is attributed to a lost response or a concurrent request and returns the same successor,
//! so that a session never has two valid chains of tokens. A later use shows that two parties have
//! the token, its owner and a thief, and which is which is unknown: the whole token family (the
//! session) ends, and the owner has to sign in again.
//!
//! A session also ends at an age that depends on the role which the account has now.

use jiff::{SignedDuration, Timestamp};

use super::account::Role;
use super::ids::SessionId;

/// The maximum number of sessions of one account. A further sign-in ends the oldest. It bounds the
/// rows of an account and exceeds the number of devices that a person has.
pub const MAX_SESSIONS: i64 = 50;

/// A session of an account, for its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Unique identifier.
    pub id: SessionId,
    /// When the session began with a sign-in.
    pub created_at: Timestamp,
    /// When the session was last refreshed, or began.
    pub last_used_at: Timestamp,
    /// When the session ends unless it is refreshed.
    pub expires_at: Timestamp,
}

/// The maximum age of sessions, from their sign-in, by role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionMaxAge {
    /// For customers.
    pub customer: SignedDuration,
    /// For administrators.
    pub admin: SignedDuration,
}

impl SessionMaxAge {
    /// Returns when a session that began at `created_at` ends at the latest, if its account has
    /// this role.
    #[must_use]
    pub fn session_end(self, role: Role, created_at: Timestamp) -> Timestamp {
        let age = match role {
            Role::Customer => self.customer,
            Role::Admin => self.admin,
        };
        created_at.saturating_add(age).unwrap_or(Timestamp::MAX)
    }
}

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
    /// Repeated use within the grace period: returns the same successor.
    WithinGrace,
    /// Reuse after the grace period: ends the token family.
    Reuse,
    /// The token has expired, and no reuse was detected.
    Expired,
    /// The session has reached its maximum age: ends the token family.
    SessionTooOld,
}

impl StoredRefreshToken {
    /// Classifies a use of the token at `now`. The session ends at `session_end` at the latest.
    #[must_use]
    pub fn classify_use(
        self,
        now: Timestamp,
        grace: SignedDuration,
        session_end: Timestamp,
    ) -> TokenUse {
        match self.used_at {
            Some(_) if grace.is_zero() => TokenUse::Reuse,
            Some(used_at) if now.duration_since(used_at) >= grace => TokenUse::Reuse,
            _ if session_end <= now => TokenUse::SessionTooOld,
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
        let late = StoredRefreshToken { expires_at: timestamp(52), used_at: Some(timestamp(50)) };
        let grace = SignedDuration::from_secs(10);
        for (stored, now, expected) in [
            (fresh, 0, TokenUse::First),
            (fresh, 99, TokenUse::First),
            (fresh, 100, TokenUse::Expired),
            (fresh, 200, TokenUse::SessionTooOld),
            (used, 50, TokenUse::WithinGrace),
            (used, 59, TokenUse::WithinGrace),
            (used, 60, TokenUse::Reuse),
            (used, 1000, TokenUse::Reuse),
            // The clock of another replica is slightly behind.
            (used, 49, TokenUse::WithinGrace),
            (late, 55, TokenUse::Expired),
        ] {
            let token_use = stored.classify_use(timestamp(now), grace, timestamp(200));
            assert_eq!(token_use, expected, "{stored:?} at {now}");
        }
    }

    #[test]
    fn second_use_without_grace_period_is_reuse() {
        let used = StoredRefreshToken { expires_at: timestamp(100), used_at: Some(timestamp(50)) };
        // The clock of another replica may be slightly behind.
        for now in [49, 50] {
            let token_use = used.classify_use(timestamp(now), SignedDuration::ZERO, timestamp(200));
            assert_eq!(token_use, TokenUse::Reuse, "{now}");
        }
    }

    #[test]
    fn session_end_depends_on_the_role() {
        let max_age = SessionMaxAge {
            customer: SignedDuration::from_hours(720),
            admin: SignedDuration::from_hours(12),
        };
        let end = |role| max_age.session_end(role, timestamp(0)).as_second();
        assert_eq!((end(Role::Customer), end(Role::Admin)), (720 * 3600, 12 * 3600));
        let never = SessionMaxAge { customer: SignedDuration::MAX, admin: SignedDuration::MAX };
        assert_eq!(never.session_end(Role::Admin, timestamp(0)), Timestamp::MAX);
    }
}
