//! What becomes of a mail after an attempt, and what may be tried again. Pure.

use jiff::{SignedDuration, Timestamp};

/// The pause after the first attempt; it doubles with each further one.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(5);
/// The longest pause: a mail server that is back after a night is noticed within half an hour.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(30);
/// Doublings after which the longest pause is reached, so that no shift overflows.
const MAX_DOUBLINGS: i32 = 9;

/// Why a mail was not sent that ran out of time; in answers to administrators.
pub const EXPIRED: &str = "expired before it could be delivered";
/// What is said of a mail whose worker ended, time and again, before it could tell more.
pub const GAVE_UP: &str = "given up after too many attempts";

/// Where a mail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Waits for an attempt, or is in one.
    Queued,
    /// Taken by the mail server.
    Sent,
    /// Waits for an administrator.
    Failed,
}

impl Status {
    /// Its name in the database and in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    /// The status of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Queued, Self::Sent, Self::Failed].into_iter().find(|status| status.as_str() == name)
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The mail server took it.
    Taken,
    /// The mail server will not take it, ever.
    Refused(String),
    /// It may work later.
    Deferred(String),
}

/// What to note of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is done.
    Sent,
    /// Nothing more is tried until somebody asks for it.
    Failed(String),
    /// It is tried again.
    Again {
        /// When.
        at: Timestamp,
        /// Why.
        error: String,
    },
}

/// What follows from the `attempts`th attempt of at most `max_attempts`. A mail that expires is due
/// again at that time at the latest, so that it is then told to have failed.
pub fn after(
    attempt: Attempt,
    (attempts, max_attempts): (i32, i32),
    now: Timestamp,
    expires_at: Option<Timestamp>,
) -> Next {
    match attempt {
        Attempt::Taken => Next::Sent,
        Attempt::Refused(error) => Next::Failed(error),
        Attempt::Deferred(error) if attempts >= max_attempts => Next::Failed(error),
        Attempt::Deferred(error) => {
            let at = now.saturating_add(pause(attempts)).unwrap_or(Timestamp::MAX);
            Next::Again { at: expires_at.map_or(at, |end| at.min(end)), error }
        }
    }
}

/// The pause after the `attempts`th attempt. Without chance in it: mails that failed together are due
/// together, and the workers take a few at a time.
fn pause(attempts: i32) -> SignedDuration {
    let doublings = (attempts - 1).clamp(0, MAX_DOUBLINGS);
    (FIRST_PAUSE * (1 << doublings)).min(LONGEST_PAUSE)
}

/// Why a mail is not sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It arrived.
    Sent,
    /// It would be of no use.
    Expired,
}

/// Whether a mail goes back into the queue when somebody asks for it: one that is there already stays
/// as it is. `is_kept` tells whether it is still known what it says.
pub fn retry(
    status: Status,
    is_kept: bool,
    now: Timestamp,
    expires_at: Option<Timestamp>,
) -> Result<bool, Refusal> {
    match status {
        Status::Sent => Err(Refusal::Sent),
        Status::Queued => Ok(false),
        Status::Failed if !is_kept || expires_at.is_some_and(|end| end <= now) => {
            Err(Refusal::Expired)
        }
        Status::Failed => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn deferred(attempts: i32, expires_at: Option<Timestamp>) -> Next {
        after(Attempt::Deferred("busy".into()), (attempts, 20), NOW, expires_at)
    }

    #[test]
    fn pauses_double_up_to_half_an_hour_and_then_it_fails() {
        let pauses = [(1, 5), (2, 10), (3, 20), (8, 640), (9, 1280), (10, 1800), (19, 1800)];
        for (attempts, seconds) in pauses {
            let again = Next::Again { at: at(seconds), error: "busy".into() };
            assert_eq!(deferred(attempts, None), again, "{attempts}");
        }
        for attempts in [20, 21, i32::MAX] {
            assert_eq!(deferred(attempts, None), Next::Failed("busy".into()));
        }
        assert_eq!(pause(i32::MAX), LONGEST_PAUSE);
        assert_eq!(pause(i32::MIN + 1), FIRST_PAUSE);
    }

    #[test]
    fn a_mail_that_expires_is_looked_at_then() {
        let again = |seconds| Next::Again { at: at(seconds), error: "busy".into() };
        assert_eq!(deferred(10, Some(at(60))), again(60));
        assert_eq!(deferred(1, Some(at(60))), again(5));
    }

    #[test]
    fn refusals_and_success_are_final() {
        assert_eq!(after(Attempt::Taken, (1, 1), NOW, None), Next::Sent);
        let refused = after(Attempt::Refused("no".into()), (1, 20), NOW, None);
        assert_eq!(refused, Next::Failed("no".into()));
    }

    #[test]
    fn only_failed_mails_that_are_of_use_go_out_again() {
        for (status, is_kept, expires_at, expected) in [
            (Status::Failed, true, None, Ok(true)),
            (Status::Failed, true, Some(at(1)), Ok(true)),
            (Status::Failed, true, Some(NOW), Err(Refusal::Expired)),
            (Status::Failed, false, None, Err(Refusal::Expired)),
            (Status::Queued, true, None, Ok(false)),
            (Status::Sent, false, None, Err(Refusal::Sent)),
        ] {
            assert_eq!(retry(status, is_kept, NOW, expires_at), expected, "{status:?}");
        }
    }

    #[test]
    fn statuses_are_known_by_name() {
        assert_eq!(Status::named("failed"), Some(Status::Failed));
        assert_eq!(Status::named("lost"), None);
    }
}
