//! Sign-in with a password.

use std::time::Duration;

use futures::future::join_all;
use jiff::SignedDuration;
use tonic::Code;

use crate::fixture::{PASSWORD, TestService, code_and_reason};

#[tokio::test]
async fn sign_in_ignores_the_case_of_the_address() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let id = service.customer("Ada@example.com").await;
    let response = service.login("ada@EXAMPLE.com", PASSWORD).await.unwrap();
    assert_eq!(response.user.unwrap().id, id);
    assert!(service.validate(&response.access_token).await.valid);
    assert_eq!(service.metric("user_sign_ins_total{outcome=\"ok\"}").unwrap(), "1");
    service.stop().await;
}

#[tokio::test]
async fn wrong_password_and_unknown_address_give_the_same_error() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    service.register("ada@example.com").await;
    let wrong = service.login("ada@example.com", "wrong password").await.unwrap_err();
    let unknown = service.login("bob@example.com", "wrong password").await.unwrap_err();
    assert_eq!(wrong.code(), Code::Unauthenticated);
    assert_eq!(wrong.message(), unknown.message());
    assert_eq!(wrong.details(), unknown.details());
    assert_eq!(code_and_reason::<()>(Err(unknown)).1, "invalid_credentials");
    service.stop().await;
}

#[tokio::test]
async fn unknown_address_takes_as_long_as_a_known_one() {
    let database = testing::database(&user::MIGRATOR).await;
    // A cost at which hashing dominates all other work: about 60 ms per hash.
    let service = TestService::start_with(database.pool(), |args| args.bcrypt_cost = 10).await;
    service.register("ada@example.com").await;
    let mut best = [Duration::MAX; 2];
    for _ in 0..5 {
        for (best, email) in best.iter_mut().zip(["ada@example.com", "bob@example.com"]) {
            let started = tokio::time::Instant::now();
            service.login(email, "wrong password").await.unwrap_err();
            *best = started.elapsed().min(*best);
        }
    }
    let [known, unknown] = best;
    assert!(unknown * 2 > known && known * 2 > unknown, "{known:?} and {unknown:?}");
    service.stop().await;
}

#[tokio::test]
async fn disabled_account_is_reported_only_with_correct_password() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let id = service.customer("ada@example.com").await;
    service.set_access(&id, "", Some(true)).await.unwrap();
    let wrong_password = code_and_reason(service.login("ada@example.com", "wrong password").await);
    assert_eq!(wrong_password, (Code::Unauthenticated, "invalid_credentials".to_owned()));
    let owner = code_and_reason(service.login("ada@example.com", PASSWORD).await);
    assert_eq!(owner, (Code::PermissionDenied, "account_disabled".to_owned()));
    service.set_access(&id, "", Some(false)).await.unwrap();
    service.login("ada@example.com", PASSWORD).await.unwrap();
    service.stop().await;
}

#[tokio::test]
async fn attempts_are_throttled_by_address_with_or_without_account() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    service.register("ada@example.com").await;
    service.register("cleo@example.com").await;
    for email in ["ada@example.com", "bob@example.com"] {
        for _ in 0..10 {
            let refused = code_and_reason(service.login(email, "wrong password").await);
            assert_eq!(refused.1, "invalid_credentials");
        }
        // Now the correct password is throttled too, in any spelling of the address.
        let status = service.login(&email.to_uppercase(), PASSWORD).await.unwrap_err();
        let wait = kit::grpc::status::retry_after_of(&status).unwrap();
        assert_eq!(wait, Duration::from_secs(1));
        assert_eq!(
            code_and_reason::<()>(Err(status)),
            (Code::ResourceExhausted, "too_many_attempts".into())
        );
    }
    service.login("cleo@example.com", PASSWORD).await.unwrap();
    let remaining = service.count("SELECT count(*) FROM sign_in_attempts").await;
    assert_eq!(remaining, 2, "a sign-in deletes the row of its address");

    service.env.advance(SignedDuration::from_secs(1));
    service.login("ada@example.com", PASSWORD).await.unwrap();
    // The failures are cleared: ten more attempts are not throttled.
    for _ in 0..10 {
        let refused = code_and_reason(service.login("ada@example.com", "wrong password").await);
        assert_eq!(refused.1, "invalid_credentials");
    }
    service.stop().await;
}

#[tokio::test]
async fn concurrent_attempts_get_no_more_guesses_than_sequential() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    service.register("ada@example.com").await;
    let mut responses = Vec::new();
    // At most 8 at once: more would find the hasher's queue full, and not count.
    for round in 0..5 {
        let attempts = (0..8).map(|n| {
            let (service, password) = (&service, format!("wrong password {round} {n}"));
            async move { code_and_reason(service.login("ada@example.com", &password).await).1 }
        });
        responses.extend(join_all(attempts).await);
    }
    let guesses = responses.iter().filter(|reason| *reason == "invalid_credentials").count();
    let throttled = responses.iter().filter(|reason| *reason == "too_many_attempts").count();
    assert_eq!((guesses, throttled), (10, 30));
    service.stop().await;
}

#[tokio::test]
async fn oldest_session_ends_above_fifty_sessions() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let first = service.register("ada@example.com").await;
    let mut last = first.clone();
    for _ in 0..50 {
        service.env.advance(SignedDuration::from_secs(1));
        last = service.login("ada@example.com", PASSWORD).await.unwrap();
    }
    assert_eq!(service.count("SELECT count(*) FROM sessions").await, 50);
    assert_eq!(
        code_and_reason(service.refresh(&first.refresh_token).await).0,
        Code::Unauthenticated
    );
    service.refresh(&last.refresh_token).await.unwrap();
    service.stop().await;
}

#[tokio::test]
async fn hash_of_other_cost_is_rehashed_at_sign_in() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    service.register("ada@example.com").await;
    service.stop().await;
    let service = TestService::start_with(database.pool(), |args| args.bcrypt_cost = 5).await;
    for _ in 0..2 {
        // Concurrent sign-ins: the stored hash changes during the later ones.
        for result in join_all((0..6).map(|_| service.login("ada@example.com", PASSWORD))).await {
            result.unwrap();
        }
        wait_for_rehash(&service, COST_5).await;
    }
    service.login("ada@example.com", "wrong password").await.unwrap_err();
    service.stop().await;
}

#[tokio::test]
async fn sign_in_does_not_wait_for_rehash() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    service.register("ada@example.com").await;
    service.stop().await;
    // A hash of this cost takes longer than the query for it.
    let service = TestService::start_with(database.pool(), |args| args.bcrypt_cost = 12).await;
    service.login("ada@example.com", PASSWORD).await.unwrap();
    assert_eq!(service.count(COST_12).await, 0);
    wait_for_rehash(&service, COST_12).await;
    service.stop().await;
}

const COST_5: &str = "SELECT count(*) FROM users WHERE password_hash LIKE '$2b$05$%'";
const COST_12: &str = "SELECT count(*) FROM users WHERE password_hash LIKE '$2b$12$%'";

async fn wait_for_rehash(service: &TestService, hash_of_cost: &'static str) {
    let renewed = async {
        while service.count(hash_of_cost).await == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), renewed).await.expect("a new hash");
}
