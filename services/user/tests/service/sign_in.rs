//! Signing in by password.

use std::time::Duration;

use futures::future::join_all;
use jiff::SignedDuration;
use sqlx::PgPool;
use tonic::Code;

use crate::shop::{PASSWORD, Shop, refusal};

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn the_right_password_signs_in_whatever_the_case_of_the_address(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let id = shop.customer("Ada@example.com").await;
    let answer = shop.login("ada@EXAMPLE.com", PASSWORD).await.unwrap();
    assert_eq!(answer.user.unwrap().id, id);
    assert!(shop.validate(&answer.access_token).await.valid);
    assert_eq!(shop.metric("user_sign_ins_total{outcome=\"ok\"}").unwrap(), "1");
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn a_wrong_password_and_an_unknown_address_are_told_alike(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    shop.register("ada@example.com").await;
    let wrong = shop.login("ada@example.com", "wrong password").await.unwrap_err();
    let unknown = shop.login("bob@example.com", "wrong password").await.unwrap_err();
    assert_eq!(wrong.code(), Code::Unauthenticated);
    assert_eq!(wrong.message(), unknown.message());
    assert_eq!(wrong.details(), unknown.details());
    assert_eq!(refusal::<()>(Err(unknown)).1, "invalid_credentials");
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn an_unknown_address_costs_the_work_of_a_known_one(pool: PgPool) {
    // A cost that stands out from everything else: some 60 ms a hash.
    let shop = Shop::open_with(&pool, |args| args.bcrypt_cost = 10).await;
    shop.register("ada@example.com").await;
    let mut best = [Duration::MAX; 2];
    for _ in 0..5 {
        for (best, email) in best.iter_mut().zip(["ada@example.com", "bob@example.com"]) {
            let began = tokio::time::Instant::now();
            shop.login(email, "wrong password").await.unwrap_err();
            *best = began.elapsed().min(*best);
        }
    }
    let [known, unknown] = best;
    assert!(unknown * 2 > known && known * 2 > unknown, "{known:?} and {unknown:?}");
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn that_an_account_is_disabled_is_told_to_its_owner_only(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let id = shop.customer("ada@example.com").await;
    shop.set_access(&id, "", Some(true)).await.unwrap();
    let stranger = refusal(shop.login("ada@example.com", "wrong password").await);
    assert_eq!(stranger, (Code::Unauthenticated, "invalid_credentials".to_owned()));
    let owner = refusal(shop.login("ada@example.com", PASSWORD).await);
    assert_eq!(owner, (Code::PermissionDenied, "account_disabled".to_owned()));
    shop.set_access(&id, "", Some(false)).await.unwrap();
    shop.login("ada@example.com", PASSWORD).await.unwrap();
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn attempts_are_throttled_by_address_whether_or_not_it_has_an_account(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    shop.register("ada@example.com").await;
    shop.register("cleo@example.com").await;
    for email in ["ada@example.com", "bob@example.com"] {
        for _ in 0..10 {
            let refused = refusal(shop.login(email, "wrong password").await);
            assert_eq!(refused.1, "invalid_credentials");
        }
        // Now even the right one has to wait, in whatever case the address is written.
        let status = shop.login(&email.to_uppercase(), PASSWORD).await.unwrap_err();
        let wait = kit::grpc::status::retry_after_of(&status).unwrap();
        assert_eq!(wait, Duration::from_secs(1));
        assert_eq!(
            refusal::<()>(Err(status)),
            (Code::ResourceExhausted, "too_many_attempts".into())
        );
    }
    shop.login("cleo@example.com", PASSWORD).await.unwrap();
    let kept = shop.count("SELECT count(*) FROM sign_in_attempts").await;
    assert_eq!(kept, 2, "who signs in leaves nothing behind");

    shop.env.advance(SignedDuration::from_secs(1));
    shop.login("ada@example.com", PASSWORD).await.unwrap();
    // All is forgotten: ten more are free.
    for _ in 0..10 {
        let refused = refusal(shop.login("ada@example.com", "wrong password").await);
        assert_eq!(refused.1, "invalid_credentials");
    }
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn many_attempts_at_once_get_no_more_guesses_than_one_after_the_other(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    shop.register("ada@example.com").await;
    let attempts = (0..40).map(|n| {
        let (shop, password) = (&shop, format!("wrong password {n}"));
        async move { refusal(shop.login("ada@example.com", &password).await).1 }
    });
    let answers = join_all(attempts).await;
    let guesses = answers.iter().filter(|reason| *reason == "invalid_credentials").count();
    let throttled = answers.iter().filter(|reason| *reason == "too_many_attempts").count();
    assert_eq!((guesses, throttled), (10, 30));
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn an_account_has_fifty_sessions_at_most_and_the_oldest_end(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let first = shop.register("ada@example.com").await;
    let mut last = first.clone();
    for _ in 0..50 {
        shop.env.advance(SignedDuration::from_secs(1));
        last = shop.login("ada@example.com", PASSWORD).await.unwrap();
    }
    assert_eq!(shop.count("SELECT count(*) FROM sessions").await, 50);
    assert_eq!(refusal(shop.refresh(&first.refresh_token).await).0, Code::Unauthenticated);
    shop.refresh(&last.refresh_token).await.unwrap();
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn a_hash_of_another_cost_is_made_anew_at_the_next_sign_in(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    shop.register("ada@example.com").await;
    shop.close().await;
    let shop = Shop::open_with(&pool, |args| args.bcrypt_cost = 5).await;
    for _ in 0..2 {
        // At once: those that come second find the hash changed under them.
        for done in join_all((0..6).map(|_| shop.login("ada@example.com", PASSWORD))).await {
            done.unwrap();
        }
        wait_for(&shop, COST_5).await;
    }
    shop.login("ada@example.com", "wrong password").await.unwrap_err();
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn nobody_waits_for_a_hash_to_be_made_anew(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    shop.register("ada@example.com").await;
    shop.close().await;
    // A hash of this cost takes longer than to look for it.
    let shop = Shop::open_with(&pool, |args| args.bcrypt_cost = 12).await;
    shop.login("ada@example.com", PASSWORD).await.unwrap();
    assert_eq!(shop.count(COST_12).await, 0);
    wait_for(&shop, COST_12).await;
    shop.close().await;
}

const COST_5: &str = "SELECT count(*) FROM users WHERE password_hash LIKE '$2b$05$%'";
const COST_12: &str = "SELECT count(*) FROM users WHERE password_hash LIKE '$2b$12$%'";

async fn wait_for(shop: &Shop, hash_of_cost: &'static str) {
    let renewed = async {
        while shop.count(hash_of_cost).await == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), renewed).await.expect("a new hash");
}
