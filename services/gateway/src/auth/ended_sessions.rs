//! Ended sessions, whose access tokens are refused although they have not expired.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use uuid::Uuid;

/// Maximum number of sessions: about 10 MB. The user service hashes a password for each sign-in, a
/// few per second and core, so that far fewer sessions begin and end within the lifetime of a
/// token.
const MAX_SESSIONS: usize = 100_000;

/// Interval at which an open stream checks whether its session has ended. The user service reports
/// ended sessions every second.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Set of ended sessions. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct EndedSessions(Arc<RwLock<Sessions>>);

#[derive(Default)]
struct Sessions {
    ids: HashSet<Uuid>,
    /// The same ids, in the order in which they are removed, and the time of it.
    removals: VecDeque<(Instant, Uuid)>,
}

impl EndedSessions {
    /// Adds sessions, to keep them for `keep`, after which their tokens have expired. Removes those
    /// that were kept long enough. Returns the number of sessions that were removed early, the
    /// oldest first, because there are too many.
    pub(crate) fn add(
        &self,
        ids: impl IntoIterator<Item = Uuid>,
        keep: Duration,
        now: Instant,
    ) -> usize {
        let mut sessions = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for id in ids {
            if sessions.ids.insert(id) {
                sessions.removals.push_back((now + keep, id));
            }
        }
        while sessions.removals.front().is_some_and(|(time, _)| *time <= now) {
            sessions.remove_oldest();
        }
        let excess = sessions.ids.len().saturating_sub(MAX_SESSIONS);
        (0..excess).for_each(|_| sessions.remove_oldest());
        excess
    }

    /// Whether the session has ended.
    pub(crate) fn contains(&self, session: Uuid) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).ids.contains(&session)
    }

    /// Waits until the session has ended.
    pub(crate) async fn wait_for_end(self, session: Uuid) {
        while !self.contains(session) {
            sleep(CHECK_INTERVAL).await;
        }
    }

    /// Returns the number of sessions.
    pub(crate) fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).ids.len()
    }
}

impl Sessions {
    fn remove_oldest(&mut self) {
        if let Some((_, id)) = self.removals.pop_front() {
            self.ids.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_is_kept_as_long_as_its_tokens_may_be_valid() {
        let (sessions, start) = (EndedSessions::default(), Instant::now());
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let keep = Duration::from_secs(60);
        assert_eq!(sessions.add([one, one], keep, start), 0);
        assert_eq!(sessions.add([two, one], keep, start + keep / 2), 0);
        assert!(sessions.contains(one) && sessions.contains(two));
        assert_eq!(sessions.add([], keep, start + keep), 0);
        assert!(!sessions.contains(one) && sessions.contains(two));
        assert_eq!(sessions.len(), 1);
    }

    #[test]
    fn oldest_sessions_are_removed_when_there_are_too_many() {
        let (sessions, start) = (EndedSessions::default(), Instant::now());
        let ids = (0..100_003).map(Uuid::from_u128);
        assert_eq!(sessions.add(ids, Duration::from_secs(60), start), 3);
        assert_eq!(sessions.len(), MAX_SESSIONS);
        assert!(!sessions.contains(Uuid::from_u128(2)) && sessions.contains(Uuid::from_u128(3)));
    }
}
