//! bcrypt on blocking threads, with at most as many concurrent hashes as there are cores. bcrypt is
//! slow on purpose: without these bounds, a flood of sign-ins would exhaust the CPU.
//!
//! One core is kept for known callers, so that a flood from strangers does not keep the customers
//! out: all others use the other cores and have queues of their own, a short one for sign-ins. On a
//! single core, a known caller waits for at most one hash of another one. One account has a share
//! of the queue of known callers.

mod shares;

use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use bcrypt::HashParts;
use kit::Env;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};
use wire::normalize_password;

use crate::domain::password::{MAX_BYTES, Password, PasswordHash};
use crate::error::Error;

pub(crate) use shares::Owner;
use shares::{Share, Shares};

/// The maximum number of hashes that run or wait for a core, for known callers and for
/// registrations. At a quarter of a second each (cost 12), two cores need eight seconds for that
/// many, which exceeds every caller's deadline.
const MAX_QUEUE: usize = 64;

/// The maximum number of sign-ins of unknown callers that run or wait, for each core that they may
/// use. At a quarter of a second each, the last one waits for two seconds.
const MAX_UNKNOWN_PER_CORE: usize = 8;

/// The maximum wait for a core. A rejected caller gets the error soon.
const MAX_WAIT: Duration = Duration::from_secs(3);

/// The maximum time of a hash, wait included, also on a slow core. It is below the gateway's
/// deadline of 5 s: the gateway treats a service that exceeds it as unavailable.
const MAX_TOTAL: Duration = Duration::from_millis(4_500);

/// The kind of a caller, which decides its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Someone on a network from which the owner of the account has signed in before, or who has
    /// proved to own the account in another way.
    Known(Owner),
    /// Someone who creates an account.
    New,
    /// Anyone else.
    Unknown,
}

impl Caller {
    /// Returns the error for a queue that is full or too slow.
    fn rejection(self) -> Error {
        match self {
            Self::Known(_) | Self::New => Error::Busy,
            Self::Unknown => Error::Crowded,
        }
    }
}

/// A place in a queue of the hasher. It becomes free when this value is dropped.
pub(crate) struct Place {
    caller: Caller,
    permit: OwnedSemaphorePermit,
    share: Option<Share>,
}

/// The result of the comparison of a password with a stored hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PasswordMatch {
    /// The password is wrong, or there is no stored hash.
    Wrong,
    /// The password is right.
    Right,
    /// The password is right. Its hash has another cost than the setting, or is not that of the
    /// password's normal form; it is replaced, also to keep the response times of known and unknown
    /// addresses equal.
    Outdated,
}

/// Hashes and compares passwords, with bounded concurrency. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Hasher {
    cost: u32,
    env: Env,
    cores: Arc<Semaphore>,
    /// The cores that callers may use who are not known: all but one, or the only one.
    other_cores: Arc<Semaphore>,
    known_queue: Arc<Semaphore>,
    known_shares: Arc<Shares>,
    new_queue: Arc<Semaphore>,
    unknown_queue: Arc<Semaphore>,
    /// Compared when there is no stored hash, so that the comparison takes the same time.
    dummy: PasswordHash,
}

impl Hasher {
    /// Creates a hasher, and hashes the dummy password.
    pub(crate) async fn new(cost: u32, env: Env) -> Result<Self, Error> {
        let cores = available_parallelism().map_or(1, usize::from);
        Self::with_cores(cost, env, cores).await
    }

    async fn with_cores(cost: u32, env: Env, cores: usize) -> Result<Self, Error> {
        let dummy_password: [u8; 32] = env.bytes();
        let salt = env.bytes();
        let dummy = spawn_blocking(move || hash(&dummy_password, cost, salt)).await??;
        let other_cores = cores.saturating_sub(1).max(1);
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Ok(Self {
            cost,
            env,
            cores: semaphore(cores),
            other_cores: semaphore(other_cores),
            known_queue: semaphore(MAX_QUEUE),
            known_shares: Arc::default(),
            new_queue: semaphore(MAX_QUEUE),
            unknown_queue: semaphore(other_cores * MAX_UNKNOWN_PER_CORE),
            dummy,
        })
    }

    /// Takes a place in the queue of a caller.
    ///
    /// # Errors
    /// Returns [`Error::Busy`] or, for unknown callers, [`Error::Crowded`] if the queue is full.
    /// Returns [`Error::Crowded`] if the account of a known caller has all places of its share.
    pub(crate) fn enter(&self, caller: Caller) -> Result<Place, Error> {
        let (queue, share) = match caller {
            Caller::Known(owner) => {
                let share = self.known_shares.take(owner).ok_or(Error::Crowded)?;
                (&self.known_queue, Some(share))
            }
            Caller::New => (&self.new_queue, None),
            Caller::Unknown => (&self.unknown_queue, None),
        };
        let permit = Arc::clone(queue).try_acquire_owned().map_err(|_| caller.rejection())?;
        Ok(Place { caller, permit, share })
    }

    /// Hashes a password.
    pub(crate) async fn hash(
        &self,
        place: Place,
        password: Password,
    ) -> Result<PasswordHash, Error> {
        let (cost, salt) = (self.cost, self.env.bytes());
        self.run(place, move || hash(password.bytes(), cost, salt)).await
    }

    /// Compares `text` with `hash`: in its normal form and, if it is not in normal form, as it is,
    /// because older hashes are of passwords as they were entered. Without a hash, the result is
    /// [`PasswordMatch::Wrong`] after the same time.
    pub(crate) async fn matches(
        &self,
        place: Place,
        text: SecretString,
        hash: Option<PasswordHash>,
    ) -> Result<PasswordMatch, Error> {
        let (known, cost) = (hash.is_some(), self.cost);
        let hash = hash.unwrap_or_else(|| self.dummy.clone());
        self.run(place, move || {
            let text = text.expose_secret();
            let normal = SecretString::from(normalize_password(text));
            let is_normal = normal.expose_secret() == text;
            let matched = if compare(normal.expose_secret(), &hash)? {
                if cost_of(&hash) == Some(cost) {
                    PasswordMatch::Right
                } else {
                    PasswordMatch::Outdated
                }
            } else if !is_normal && compare(text, &hash)? {
                PasswordMatch::Outdated
            } else {
                PasswordMatch::Wrong
            };
            Ok(if known { matched } else { PasswordMatch::Wrong })
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        place: Place,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let started = Instant::now();
        let Place { caller, permit, share } = place;
        let Ok(Ok(cores)) = timeout_at(started + MAX_WAIT, self.acquire_core(caller)).await else {
            return Err(caller.rejection());
        };
        // The thread holds all permits until it finishes, even if the caller has timed out.
        let done = spawn_blocking(move || {
            let done = work();
            drop((permit, share, cores));
            done
        });
        timeout_at(started + MAX_TOTAL, done).await.map_err(|_| caller.rejection())??
    }

    /// Waits for a core. Of the callers who are not known, only as many as may run wait together
    /// with known ones, so that known ones soon get their turn.
    async fn acquire_core(
        &self,
        caller: Caller,
    ) -> Result<(Option<OwnedSemaphorePermit>, OwnedSemaphorePermit), AcquireError> {
        let other = match caller {
            Caller::Known(_) => None,
            Caller::New | Caller::Unknown => {
                Some(Arc::clone(&self.other_cores).acquire_owned().await?)
            }
        };
        Ok((other, Arc::clone(&self.cores).acquire_owned().await?))
    }
}

/// Returns whether `hash` is the hash of `text`.
fn compare(text: &str, hash: &PasswordHash) -> Result<bool, Error> {
    let text = text.as_bytes();
    // bcrypt ignores the rest, so a longer text never matches. A text with NUL never matches
    // either, because bcrypt treats "a" and "a\0a" as equal.
    let start = text.get(..MAX_BYTES).unwrap_or(text);
    let equal = bcrypt::verify(start, hash.as_str())?;
    Ok(equal && start.len() == text.len() && !text.contains(&0))
}

/// Returns the cost of a hash; `None` if it cannot be read.
fn cost_of(hash: &PasswordHash) -> Option<u32> {
    let parts: Result<HashParts, _> = hash.as_str().parse();
    parts.ok().map(|parts| parts.get_cost())
}

/// Hashes a password of at most [`MAX_BYTES`], so that nothing is truncated. (bcrypt's own
/// `non_truncating` functions also reject a password of exactly that length.)
fn hash(password: &[u8], cost: u32, salt: [u8; 16]) -> Result<PasswordHash, Error> {
    let parts = bcrypt::hash_with_salt(password, cost, salt)?;
    Ok(PasswordHash::new(parts.to_string()))
}

#[cfg(test)]
mod tests;
