//! bcrypt, off the threads that serve requests and no more at a time than there are cores. It is slow on
//! purpose: whoever may ask for it without bound can stop a shop by asking.

use std::{sync::Arc, thread::available_parallelism, time::Duration};

use bcrypt::HashParts;
use kit::Env;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    sync::Semaphore,
    task::spawn_blocking,
    time::{Instant, timeout_at},
};

use crate::{
    domain::password::{MAX_BYTES, Password, PasswordHash},
    error::Error,
};

/// Work that waits for a core, or runs. At a quarter of a second each (cost 12), two cores take eight
/// seconds for as many, which is longer than anybody waits.
const MAX_QUEUE: usize = 64;

/// The longest wait for a core: who is turned away is told soon.
const MAX_WAIT: Duration = Duration::from_secs(3);

/// The longest time for all of it, also on a core that is slow: the gateway gives up after 5 s, and takes
/// a service that does not answer for one that is away.
const MAX_TIME: Duration = Duration::from_millis(4_500);

/// Hashes and compares passwords. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Hasher {
    cost: u32,
    env: Env,
    cores: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    /// What is compared when there is nothing to compare with, so that this takes the same time.
    dummy: PasswordHash,
}

impl Hasher {
    /// Hashes a first time, for the comparisons that must fail.
    pub(crate) async fn new(cost: u32, env: Env) -> Result<Self, Error> {
        let cores = available_parallelism().map_or(1, usize::from);
        let nobody: [u8; 32] = env.bytes();
        let salt = env.bytes();
        let dummy = spawn_blocking(move || hash(&nobody, cost, salt)).await??;
        let (cores, queue) = (Semaphore::new(cores), Semaphore::new(MAX_QUEUE));
        Ok(Self { cost, env, cores: Arc::new(cores), queue: Arc::new(queue), dummy })
    }

    /// The hash of a new password.
    pub(crate) async fn hash(&self, password: Password) -> Result<PasswordHash, Error> {
        let (cost, salt) = (self.cost, self.env.bytes());
        self.run(move || hash(password.bytes(), cost, salt)).await
    }

    /// Whether the hash is that of the text. Without a hash it is not, and takes as long to say so.
    pub(crate) async fn matches(
        &self,
        text: SecretString,
        hash: Option<PasswordHash>,
    ) -> Result<bool, Error> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.dummy.clone());
        self.run(move || {
            let text = text.expose_secret().as_bytes();
            // bcrypt would not look at the rest: a longer text is never right. Nor is one with NUL, for it
            // takes "a" and "a\0a" for the same.
            let start = text.get(..MAX_BYTES).unwrap_or(text);
            let equal = bcrypt::verify(start, hash.as_str())?;
            Ok(equal && known && start.len() == text.len() && !text.contains(&0))
        })
        .await
    }

    /// Whether a hash is of another cost than the setting's: then it is worth making anew, also for the
    /// times of right and wrong addresses to stay alike.
    pub(crate) fn is_outdated(&self, hash: &PasswordHash) -> bool {
        let parts: Result<HashParts, _> = hash.as_str().parse();
        parts.is_ok_and(|parts| parts.get_cost() != self.cost)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let place = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| Error::Busy)?;
        let core = Arc::clone(&self.cores).acquire_owned();
        let began = Instant::now();
        let Ok(Ok(core)) = timeout_at(began + MAX_WAIT, core).await else {
            return Err(Error::Busy);
        };
        // The thread keeps both until it is done, also when nobody waits for it any more.
        let done = spawn_blocking(move || {
            let done = work();
            drop((place, core));
            done
        });
        timeout_at(began + MAX_TIME, done).await.map_err(|_| Error::Busy)??
    }
}

/// `password` has at most [`MAX_BYTES`], so that nothing of it is cut. (The library's own function
/// that refuses to cut refuses a password of just so many bytes too.)
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
    async fn a_password_counts_to_its_last_byte_and_no_further() {
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
    async fn a_password_twice_with_nul_between_is_another() {
        let hasher = hasher().await;
        let hash = hasher.hash(Password::new("correct horse").unwrap()).await.unwrap();
        let twice = "correct horse\0correct horse".into();
        assert!(!hasher.matches(twice, Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn without_a_hash_nothing_is_right() {
        let hasher = hasher().await;
        assert!(!hasher.matches("anything".into(), None).await.unwrap());
    }

    #[tokio::test]
    async fn two_hashes_of_one_password_differ() {
        let hasher = hasher().await;
        let password = Password::new("correct horse").unwrap();
        let [one, two] =
            [hasher.hash(password.clone()).await.unwrap(), hasher.hash(password).await.unwrap()];
        assert_ne!(one, two);
        assert!(one.as_str().starts_with("$2b$04$"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_would_wait_too_long_is_refused_and_the_queue_is_bounded() {
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
        let began = Instant::now();
        assert!(matches!(hasher.matches("x".into(), None).await, Err(Error::Busy)));
        assert!(began.elapsed().is_zero(), "a full queue refuses at once");
        for task in waiting {
            assert!(matches!(task.await.unwrap(), Err(Error::Busy)));
        }
        assert_eq!(began.elapsed(), MAX_WAIT);
        drop(all);
        assert!(!hasher.matches("x".into(), None).await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn on_a_core_that_is_too_slow_it_is_told_in_time_and_the_place_stays_taken() {
        let hasher = hasher().await;
        let (finish, finished) = std::sync::mpsc::channel::<()>();
        let slow = hasher.clone();
        let slow = tokio::spawn(async move { slow.run(move || Ok(finished.recv())).await });
        while hasher.queue.available_permits() == MAX_QUEUE {
            tokio::task::yield_now().await;
        }
        tokio::time::advance(MAX_TIME).await;
        assert!(matches!(slow.await.unwrap(), Err(Error::Busy)));
        assert_eq!(hasher.queue.available_permits(), MAX_QUEUE - 1);
        drop(finish);
        let all = u32::try_from(MAX_QUEUE).unwrap();
        drop(hasher.queue.acquire_many(all).await.unwrap());
    }
}
