//! Tests of the hasher. Most use the lowest cost, and the paused clock where they wait.

use tokio::task::{JoinHandle, yield_now};
use wire::Email;

use super::shares::{MAX_PER_ACCOUNT, MAX_PER_NETWORK};
use super::*;
use crate::domain::token::Digest;

/// Returns a known caller for the `n`th account, on its only network.
fn known(n: u8) -> Caller {
    Caller::Known(Owner::on_network(&email(n), Digest([n; 32])))
}

fn email(n: u8) -> Email {
    Email::new(&format!("owner{n}@example.com")).unwrap()
}

async fn hasher() -> Hasher {
    Hasher::new(4, Env::system()).await.unwrap()
}

async fn hash_of(hasher: &Hasher, text: &str) -> PasswordHash {
    hasher.hash(hasher.enter(known(0)).unwrap(), Password::new(text).unwrap()).await.unwrap()
}

async fn compare_with(hasher: &Hasher, text: &str, hash: Option<&PasswordHash>) -> PasswordMatch {
    let place = hasher.enter(known(0)).unwrap();
    hasher.matches(place, text.into(), hash.cloned()).await.unwrap()
}

#[tokio::test]
async fn all_bytes_of_a_password_are_compared() {
    let hasher = hasher().await;
    let text = "x".repeat(72);
    let hash = hash_of(&hasher, &text).await;
    for (other, matched) in [
        (text.clone(), PasswordMatch::Right),
        ("x".repeat(71), PasswordMatch::Wrong),
        ("x".repeat(73), PasswordMatch::Wrong),
        (format!("{}y", "x".repeat(71)), PasswordMatch::Wrong),
        (String::new(), PasswordMatch::Wrong),
    ] {
        assert_eq!(compare_with(&hasher, &other, Some(&hash)).await, matched, "{other:?}");
    }
}

#[tokio::test]
async fn repeated_password_with_nul_does_not_match() {
    let hasher = hasher().await;
    let hash = hash_of(&hasher, "correct horse").await;
    let twice = "correct horse\0correct horse";
    assert_eq!(compare_with(&hasher, twice, Some(&hash)).await, PasswordMatch::Wrong);
}

#[tokio::test]
async fn missing_hash_never_matches() {
    let hasher = hasher().await;
    for text in ["anything", "e\u{301}\u{a0}decomposed"] {
        assert_eq!(compare_with(&hasher, text, None).await, PasswordMatch::Wrong);
    }
}

#[tokio::test]
async fn hashes_of_one_password_differ() {
    let hasher = hasher().await;
    let (one, two) =
        (hash_of(&hasher, "correct horse").await, hash_of(&hasher, "correct horse").await);
    assert_ne!(one, two);
    assert!(one.as_str().starts_with("$2b$04$"));
}

#[tokio::test]
async fn hash_of_another_cost_is_outdated() {
    let hasher = hasher().await;
    let hash = hash_of(&hasher, "correct horse").await;
    let other = Hasher::new(5, Env::system()).await.unwrap();
    assert_eq!(compare_with(&other, "correct horse", Some(&hash)).await, PasswordMatch::Outdated);
}

#[tokio::test]
async fn any_form_of_a_password_matches_and_old_hashes_still_verify() {
    const COMPOSED: &str = "crème brûlée";
    const DECOMPOSED: &str = "cre\u{300}me\u{a0}bru\u{302}le\u{301}e";
    let hasher = hasher().await;
    let new = hash_of(&hasher, DECOMPOSED).await;
    for text in [COMPOSED, DECOMPOSED] {
        assert_eq!(compare_with(&hasher, text, Some(&new)).await, PasswordMatch::Right);
    }
    // The hash of an earlier release: of the password as it was entered.
    let old = hash(DECOMPOSED.as_bytes(), 4, hasher.env.bytes()).unwrap();
    assert_eq!(compare_with(&hasher, DECOMPOSED, Some(&old)).await, PasswordMatch::Outdated);
    assert_eq!(compare_with(&hasher, COMPOSED, Some(&old)).await, PasswordMatch::Wrong);
}

/// Starts comparisons until the queue of the caller is full.
async fn fill(hasher: &Hasher, caller: Caller) -> Vec<JoinHandle<Result<PasswordMatch, Error>>> {
    fill_with(hasher, |_| caller).await
}

/// Starts comparisons of the first caller, the second one and so on, until one is rejected.
async fn fill_with(
    hasher: &Hasher,
    caller: impl Fn(u8) -> Caller,
) -> Vec<JoinHandle<Result<PasswordMatch, Error>>> {
    let mut waiting = Vec::new();
    for n in 0..=u8::MAX {
        let Ok(place) = hasher.enter(caller(n)) else { break };
        let hasher = hasher.clone();
        let matches = async move { hasher.matches(place, "x".into(), None).await };
        waiting.push(tokio::spawn(matches));
    }
    yield_now().await;
    waiting
}

#[tokio::test(start_paused = true)]
async fn queue_is_bounded_and_long_waits_are_rejected() {
    let hasher = hasher().await;
    let cores = u32::try_from(hasher.cores.available_permits()).unwrap();
    let all = hasher.cores.clone().acquire_many_owned(cores).await.unwrap();
    let waiting = fill_with(&hasher, known).await;
    assert_eq!(waiting.len(), MAX_QUEUE);
    let started = Instant::now();
    assert!(matches!(hasher.enter(known(u8::MAX)), Err(Error::Busy)));
    for task in waiting {
        assert!(matches!(task.await.unwrap(), Err(Error::Busy)));
    }
    assert_eq!(started.elapsed(), MAX_WAIT);
    drop(all);
    compare_with(&hasher, "x", None).await;
}

/// The caller of one account is rejected when its share is taken, from any network, and waits for
/// nobody else. Other owners are served.
#[tokio::test(start_paused = true)]
async fn one_account_gets_a_share_of_the_known_queue() {
    let hasher = Hasher::with_cores(4, Env::system(), 1).await.unwrap();
    let core = hasher.cores.clone().acquire_owned().await.unwrap();
    let on_network = |n| Caller::Known(Owner::on_network(&email(0), Digest([n; 32])));
    let mut waiting = fill(&hasher, on_network(100)).await;
    assert_eq!(waiting.len(), MAX_PER_NETWORK);
    assert!(matches!(hasher.enter(on_network(100)), Err(Error::Crowded)));
    // The owner on another network, and one who proved to own the account in another way.
    waiting.extend(fill(&hasher, on_network(101)).await);
    assert_eq!(waiting.len(), MAX_PER_ACCOUNT);
    for caller in [on_network(102), Caller::Known(Owner::of(&email(0)))] {
        assert!(matches!(hasher.enter(caller), Err(Error::Crowded)));
    }

    let (other, place) = (hasher.clone(), hasher.enter(known(1)).unwrap());
    let other = tokio::spawn(async move { other.matches(place, "x".into(), None).await });
    drop(core);
    assert_eq!(other.await.unwrap().unwrap(), PasswordMatch::Wrong);
    for task in waiting {
        task.await.unwrap().unwrap();
    }
    assert!(hasher.known_shares.is_empty());
}

#[tokio::test(start_paused = true)]
async fn queue_of_unknown_callers_is_short_and_rejected_as_crowded() {
    for (cores, length) in [(1, 8), (2, 8), (4, 24)] {
        let hasher = Hasher::with_cores(4, Env::system(), cores).await.unwrap();
        let permits = u32::try_from(cores).unwrap();
        let all = hasher.cores.clone().acquire_many_owned(permits).await.unwrap();
        let waiting = fill(&hasher, Caller::Unknown).await;
        assert_eq!(waiting.len(), length, "{cores} cores");
        assert!(matches!(hasher.enter(Caller::Unknown), Err(Error::Crowded)));
        assert!(hasher.enter(known(0)).is_ok() && hasher.enter(Caller::New).is_ok());
        for task in waiting {
            assert!(matches!(task.await.unwrap(), Err(Error::Crowded)));
        }
        drop(all);
    }
}

/// Unknown callers hold every core that they may use, with hashes that do not end, and fill their
/// queue. A known caller is served at once.
#[tokio::test]
async fn one_core_is_kept_for_known_callers() {
    let hasher = Hasher::with_cores(4, Env::system(), 2).await.unwrap();
    let (finish, finished) = std::sync::mpsc::channel::<()>();
    let (slow, place) = (hasher.clone(), hasher.enter(Caller::Unknown).unwrap());
    let slow = tokio::spawn(async move { slow.run(place, move || Ok(finished.recv())).await });
    while hasher.other_cores.available_permits() > 0 {
        yield_now().await;
    }
    let waiting = fill(&hasher, Caller::Unknown).await;
    assert_eq!(hasher.cores.available_permits(), 1);
    for _ in 0..3 {
        assert_eq!(compare_with(&hasher, "x", None).await, PasswordMatch::Wrong);
    }
    assert!(waiting.iter().all(|task| !task.is_finished()));
    drop(finish);
    assert!(slow.await.unwrap().is_ok());
    for task in waiting {
        task.await.unwrap().unwrap();
    }
}

/// On a single core, a known caller waits for the one hash that runs, not for the queue.
#[tokio::test]
async fn known_caller_overtakes_the_queue_on_a_single_core() {
    let hasher = Hasher::with_cores(4, Env::system(), 1).await.unwrap();
    let (finish, finished) = std::sync::mpsc::channel::<()>();
    let (slow, place) = (hasher.clone(), hasher.enter(Caller::Unknown).unwrap());
    let slow = tokio::spawn(async move { slow.run(place, move || Ok(finished.recv())).await });
    while hasher.cores.available_permits() > 0 {
        yield_now().await;
    }
    let waiting = fill(&hasher, Caller::Unknown).await;
    let (known, place) = (hasher.clone(), hasher.enter(known(0)).unwrap());
    let known = tokio::spawn(async move { known.matches(place, "x".into(), None).await });
    yield_now().await;
    drop(finish);
    known.await.unwrap().unwrap();
    assert!(waiting.iter().any(|task| !task.is_finished()));
    slow.await.unwrap().unwrap().unwrap_err();
    for task in waiting {
        task.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn timed_out_hash_keeps_its_permit_until_it_finishes() {
    let hasher = hasher().await;
    let (finish, finished) = std::sync::mpsc::channel::<()>();
    let (slow, place) = (hasher.clone(), hasher.enter(known(0)).unwrap());
    let slow = tokio::spawn(async move { slow.run(place, move || Ok(finished.recv())).await });
    let cores = hasher.cores.available_permits();
    while hasher.cores.available_permits() == cores {
        yield_now().await;
    }
    tokio::time::advance(MAX_TOTAL).await;
    assert!(matches!(slow.await.unwrap(), Err(Error::Busy)));
    assert_eq!(hasher.known_queue.available_permits(), MAX_QUEUE - 1);
    drop(finish);
    let all = u32::try_from(MAX_QUEUE).unwrap();
    drop(hasher.known_queue.acquire_many(all).await.unwrap());
}
