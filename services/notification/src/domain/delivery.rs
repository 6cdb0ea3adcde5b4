//! State transitions of a mail after a delivery attempt or a retry request, without I/O. A
//! permanent failure (5xx) fails the mail at once, a temporary one is retried with backoff.

use std::time::Duration;

use jiff::Timestamp;
use kit::backoff::Backoff;

/// The delays between attempts. The maximum bounds the delay of mails after an outage of the mail
/// server ends.
const BACKOFF: Backoff = Backoff::new(Duration::from_secs(5), Duration::from_secs(30 * 60));

/// The error of a mail that expired, as administrators see it.
pub const EXPIRED: &str = "expired before it could be delivered";
/// The error of a mail whose last attempts ended without a result because the worker died.
pub const ATTEMPTS_EXHAUSTED: &str = "given up after too many attempts";

/// The status of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Waiting for an attempt, or in one.
    Queued,
    /// Accepted by the mail server.
    Sent,
    /// Failed; only an administrator can have it sent again.
    Failed,
}

impl Status {
    /// Returns the name of the status in the database and in responses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    /// Parses the name of a status.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Queued, Self::Sent, Self::Failed].into_iter().find(|status| status.as_str() == name)
    }
}

/// The result of a delivery attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptResult {
    /// The mail server accepted the mail.
    Accepted,
    /// The mail server rejected the mail permanently.
    Rejected(String),
    /// The attempt failed temporarily.
    Deferred(String),
}

/// The state of a mail after a delivery attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextState {
    /// Delivered.
    Sent,
    /// Failed; no further attempt unless an administrator requests it.
    Failed(String),
    /// Retried later.
    Retry {
        /// Time of the next attempt.
        at: Timestamp,
        /// Reason of the failure.
        error: String,
    },
}

/// Returns the state after the `attempts`th of at most `max_attempts` attempts. The next attempt is
/// never later than `expires_at`, so that an expired mail fails without further delay.
#[must_use]
pub fn next_state(
    attempt: AttemptResult,
    (attempts, max_attempts): (i32, i32),
    now: Timestamp,
    expires_at: Option<Timestamp>,
) -> NextState {
    match attempt {
        AttemptResult::Accepted => NextState::Sent,
        AttemptResult::Rejected(error) => NextState::Failed(error),
        AttemptResult::Deferred(error) if attempts >= max_attempts => NextState::Failed(error),
        AttemptResult::Deferred(error) => {
            let at = now.saturating_add(backoff(attempts)).unwrap_or(Timestamp::MAX);
            NextState::Retry { at: expires_at.map_or(at, |end| at.min(end)), error }
        }
    }
}

/// Returns the exponential backoff after the `attempts`th attempt. It has no jitter: mails that
/// failed together are due together, but the workers lease them in small batches.
fn backoff(attempts: i32) -> Duration {
    BACKOFF.delay(u32::try_from(attempts).unwrap_or(0))
}

/// The reason why a mail cannot be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryRejection {
    /// The mail was delivered.
    Sent,
    /// The mail has expired.
    Expired,
}

/// Returns whether a retry request puts the mail back into the queue; `false` if it is queued
/// already. `has_content` is whether the content of the mail is still stored.
///
/// # Errors
/// Returns the reason if the mail cannot be sent again.
pub fn decide_retry(
    status: Status,
    has_content: bool,
    now: Timestamp,
    expires_at: Option<Timestamp>,
) -> Result<bool, RetryRejection> {
    match status {
        Status::Sent => Err(RetryRejection::Sent),
        Status::Queued => Ok(false),
        Status::Failed if !has_content || expires_at.is_some_and(|end| end <= now) => {
            Err(RetryRejection::Expired)
        }
        Status::Failed => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn timestamp(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn deferred(attempts: i32, expires_at: Option<Timestamp>) -> NextState {
        next_state(AttemptResult::Deferred("busy".into()), (attempts, 20), NOW, expires_at)
    }

    #[test]
    fn backoff_doubles_to_half_an_hour_until_attempts_run_out() {
        let pauses = [(1, 5), (2, 10), (3, 20), (8, 640), (9, 1280), (10, 1800), (19, 1800)];
        for (attempts, seconds) in pauses {
            let retry = NextState::Retry { at: timestamp(seconds), error: "busy".into() };
            assert_eq!(deferred(attempts, None), retry, "{attempts}");
        }
        for attempts in [20, 21, i32::MAX] {
            assert_eq!(deferred(attempts, None), NextState::Failed("busy".into()));
        }
        assert_eq!(backoff(i32::MAX), Duration::from_secs(1800));
        assert_eq!(backoff(i32::MIN + 1), Duration::from_secs(5));
    }

    #[test]
    fn next_attempt_is_not_later_than_the_expiry() {
        let retry = |seconds| NextState::Retry { at: timestamp(seconds), error: "busy".into() };
        assert_eq!(deferred(10, Some(timestamp(60))), retry(60));
        assert_eq!(deferred(1, Some(timestamp(60))), retry(5));
    }

    #[test]
    fn rejection_and_success_are_final() {
        assert_eq!(next_state(AttemptResult::Accepted, (1, 1), NOW, None), NextState::Sent);
        let refused = next_state(AttemptResult::Rejected("no".into()), (1, 20), NOW, None);
        assert_eq!(refused, NextState::Failed("no".into()));
    }

    #[test]
    fn only_unexpired_failed_mails_are_requeued() {
        for (status, has_content, expires_at, expected) in [
            (Status::Failed, true, None, Ok(true)),
            (Status::Failed, true, Some(timestamp(1)), Ok(true)),
            (Status::Failed, true, Some(NOW), Err(RetryRejection::Expired)),
            (Status::Failed, false, None, Err(RetryRejection::Expired)),
            (Status::Queued, true, None, Ok(false)),
            (Status::Sent, false, None, Err(RetryRejection::Sent)),
        ] {
            assert_eq!(decide_retry(status, has_content, NOW, expires_at), expected, "{status:?}");
        }
    }

    #[test]
    fn status_is_parsed_from_its_name() {
        assert_eq!(Status::parse("failed"), Some(Status::Failed));
        assert_eq!(Status::parse("lost"), None);
    }
}
