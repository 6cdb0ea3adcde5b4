//! bcrypt on blocking threads, with at most as many concurrent hashes as there are cores. bcrypt is
//! slow on purpose: without these bounds, a flood of sign-ins would exhaust the CPU.

use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use bcrypt::HashParts;
use kit::Env;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use crate::domain::password::{MAX_BYTES, Password, PasswordHash};
use crate::error::Error;

/// The maximum number of hashes that run or wait for a core. At a quarter of a second each
/// (cost 12), two cores need eight seconds for that many, which exceeds every caller's deadline.
const MAX_QUEUE: usize = 64;

/// The maximum wait for a core. A rejected caller gets the error soon.
const MAX_WAIT: Duration = Duration::from_secs(3);

/// The maximum time of a hash, wait included, also on a slow core. It is below the gateway's
/// deadline of 5 s: the gateway treats a service that exceeds it as unavailable.
const MAX_TOTAL: Duration = Duration::from_millis(4_500);

/// Hashes and compares passwords, with bounded concurrency. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Hasher {
    cost: u32,
    env: Env,
    cores: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    /// Compared when there is no stored hash, so that the comparison takes the same time.
    dummy: PasswordHash,
}

impl Hasher {
    /// Creates a hasher, and hashes the dummy password.
    pub(crate) async fn new(cost: u32, env: Env) -> Result<Self, Error> {
        let cores = available_parallelism().map_or(1, usize::from);
        let dummy_password: [u8; 32] = env.bytes();
        let salt = env.bytes();
        let dummy = spawn_blocking(move || hash(&dummy_password, cost, salt)).await??;
        let (cores, queue) = (Semaphore::new(cores), Semaphore::new(MAX_QUEUE));
        Ok(Self { cost, env, cores: Arc::new(cores), queue: Arc::new(queue), dummy })
    }

    /// Hashes a new password.
    pub(crate) async fn hash(&self, password: Password) -> Result<PasswordHash, Error> {
        let (cost, salt) = (self.cost, self.env.bytes());
        self.run(move || hash(password.bytes(), cost, salt)).await
    }

    /// Returns whether `hash` is the hash of `text`. Without a hash, returns `false` after the same
    /// time.
    pub(crate) async fn matches(
        &self,
        text: SecretString,
        hash: Option<PasswordHash>,
    ) -> Result<bool, Error> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.dummy.clone());
        self.run(move || {
            let text = text.expose_secret().as_bytes();
            // bcrypt ignores the rest, so a longer text never matches. A text with NUL never
            // matches either, because bcrypt treats "a" and "a\0a" as equal.
            let start = text.get(..MAX_BYTES).unwrap_or(text);
            let equal = bcrypt::verify(start, hash.as_str())?;
            Ok(equal && known && start.len() == text.len() && !text.contains(&0))
        })
        .await
    }

    /// Returns whether the cost of a hash differs from the setting. Such a password is rehashed,
    /// also to keep the response times of known and unknown addresses equal.
    pub(crate) fn is_outdated(&self, hash: &PasswordHash) -> bool {
        let parts: Result<HashParts, _> = hash.as_str().parse();
        parts.is_ok_and(|parts| parts.get_cost() != self.cost)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let slot = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| Error::Busy)?;
        let core = Arc::clone(&self.cores).acquire_owned();
        let started = Instant::now();
        let Ok(Ok(core)) = timeout_at(started + MAX_WAIT, core).await else {
            return Err(Error::Busy);
        };
        // The thread holds both permits until it finishes, even if the caller has timed out.
        let done = spawn_blocking(move || {
            let done = work();
            drop((slot, core));
            done
        });
        timeout_at(started + MAX_TOTAL, done).await.map_err(|_| Error::Busy)??
    }
}

/// Hashes a password of at most [`MAX_BYTES`], so that nothing is truncated. (bcrypt's own
/// `non_truncating` functions also reject a password of exactly that length.)
fn hash(password: &[u8], cost: u32, salt: [u8; 16]) -> Result<PasswordHash, Error> {
    let parts = bcrypt::hash_with_salt(password, cost, salt)?;
    Ok(PasswordHash::new(parts.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn hasher() -> Hasher {
        Hasher::new(4, Env::system()).await.unwrap()
    }

    #[tokio::test]
    async fn all_bytes_of_a_password_are_compared() {
        let hasher = hasher().await;
        let text = "x".repeat(72);
        let hash = hasher.hash(Password::new(&text).unwrap()).await.unwrap();
        for (other, right) in [
            (text.clone(), true),
            ("x".repeat(71), false),
            ("x".repeat(73), false),
            (format!("{}y", "x".repeat(71)), false),
            (String::new(), false),
        ] {
            let matches = hasher.matches(other.as_str().into(), Some(hash.clone())).await;
            assert_eq!(matches.unwrap(), right, "{} bytes", other.len());
        }
    }

    #[tokio::test]
    async fn repeated_password_with_nul_does_not_match() {
        let hasher = hasher().await;
        let hash = hasher.hash(Password::new("correct horse").unwrap()).await.unwrap();
        let twice = "correct horse\0correct horse".into();
        assert!(!hasher.matches(twice, Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn missing_hash_never_matches() {
        let hasher = hasher().await;
        assert!(!hasher.matches("anything".into(), None).await.unwrap());
    }

    #[tokio::test]
    async fn hashes_of_one_password_differ() {
        let hasher = hasher().await;
        let password = Password::new("correct horse").unwrap();
        let [one, two] =
            [hasher.hash(password.clone()).await.unwrap(), hasher.hash(password).await.unwrap()];
        assert_ne!(one, two);
        assert!(one.as_str().starts_with("$2b$04$"));
    }

    #[tokio::test(start_paused = true)]
    async fn queue_is_bounded_and_long_waits_are_rejected() {
        let hasher = hasher().await;
        let cores = u32::try_from(hasher.cores.available_permits()).unwrap();
        let all = hasher.cores.clone().acquire_many_owned(cores).await.unwrap();
        let waiting: Vec<_> = (0..MAX_QUEUE)
            .map(|_| {
                let hasher = hasher.clone();
                tokio::spawn(async move { hasher.matches("x".into(), None).await })
            })
            .collect();
        while hasher.queue.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let started = Instant::now();
        assert!(matches!(hasher.matches("x".into(), None).await, Err(Error::Busy)));
        assert!(started.elapsed().is_zero(), "a full queue rejects immediately");
        for task in waiting {
            assert!(matches!(task.await.unwrap(), Err(Error::Busy)));
        }
        assert_eq!(started.elapsed(), MAX_WAIT);
        drop(all);
        assert!(!hasher.matches("x".into(), None).await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn timed_out_hash_keeps_its_permit_until_it_finishes() {
        let hasher = hasher().await;
        let (finish, finished) = std::sync::mpsc::channel::<()>();
        let slow = hasher.clone();
        let slow = tokio::spawn(async move { slow.run(move || Ok(finished.recv())).await });
        while hasher.queue.available_permits() == MAX_QUEUE {
            tokio::task::yield_now().await;
        }
        tokio::time::advance(MAX_TOTAL).await;
        assert!(matches!(slow.await.unwrap(), Err(Error::Busy)));
        assert_eq!(hasher.queue.available_permits(), MAX_QUEUE - 1);
        drop(finish);
        let all = u32::try_from(MAX_QUEUE).unwrap();
        drop(hasher.queue.acquire_many(all).await.unwrap());
    }
}
