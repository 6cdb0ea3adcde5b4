//! Refresh tokens: rotation, grace, reuse; and how sessions end.

use std::time::Duration;

use jiff::SignedDuration;
use sqlx::PgPool;
use tonic::Code;

use crate::shop::{PASSWORD, Shop, refusal, some_id};

fn over() -> (Code, String) {
    (Code::Unauthenticated, "invalid_refresh_token".to_owned())
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn each_use_gives_the_next_token_of_the_same_session(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let mut answer = shop.register("ada@example.com").await;
    for _ in 0..3 {
        shop.env.advance(SignedDuration::from_mins(15));
        let next = shop.refresh(&answer.refresh_token).await.unwrap();
        assert_ne!(next.refresh_token, answer.refresh_token);
        assert!(shop.validate(&next.access_token).await.valid);
        answer = next;
    }
    assert_eq!(shop.count("SELECT count(*) FROM sessions").await, 1);
    assert_eq!(shop.metric("user_refreshes_total{outcome=\"rotated\"}").unwrap(), "3");
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn a_second_use_within_the_grace_gets_a_further_successor(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let first = shop.register("ada@example.com").await.refresh_token;
    let one = shop.refresh(&first).await.unwrap().refresh_token;
    shop.env.advance(SignedDuration::from_secs(9));
    let two = shop.refresh(&first).await.unwrap().refresh_token;
    assert_ne!(one, two);
    shop.refresh(&one).await.unwrap();
    shop.refresh(&two).await.unwrap();
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn a_later_use_ends_the_whole_family_and_no_other(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let first = shop.register("ada@example.com").await.refresh_token;
    let other = shop.login("ada@example.com", PASSWORD).await.unwrap().refresh_token;
    let next = shop.refresh(&first).await.unwrap().refresh_token;
    shop.env.advance(SignedDuration::from_secs(10));
    assert_eq!(refusal(shop.refresh(&first).await), over());
    assert_eq!(refusal(shop.refresh(&next).await), over(), "although nobody used it before");
    shop.refresh(&other).await.unwrap();
    assert_eq!(shop.metric("user_refreshes_total{outcome=\"reused\"}").unwrap(), "1");
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn twenty_refreshes_at_once_stay_one_family(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let first = shop.register("ada@example.com").await.refresh_token;
    let answers = shop.refresh_at_once(&first, 20).await;
    let mut tokens: Vec<_> =
        answers.into_iter().map(|answer| answer.unwrap().refresh_token).collect();
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 20);
    assert_eq!(shop.count("SELECT count(*) FROM sessions").await, 1);
    assert_eq!(shop.metric("user_refreshes_total{outcome=\"rotated\"}").unwrap(), "1");
    assert_eq!(shop.metric("user_refreshes_total{outcome=\"within_grace\"}").unwrap(), "19");
    // Whoever uses the first one later ends all of them.
    shop.env.advance(SignedDuration::from_secs(11));
    assert_eq!(refusal(shop.refresh(&first).await), over());
    for token in tokens {
        assert_eq!(refusal(shop.refresh(&token).await), over());
    }
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn without_grace_one_of_twenty_wins_and_the_family_ends(pool: PgPool) {
    let shop = Shop::open_with(&pool, |args| args.refresh_token_grace = Duration::ZERO).await;
    let first = shop.register("ada@example.com").await.refresh_token;
    let answers = shop.refresh_at_once(&first, 20).await;
    let (ok, refusals): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(ok.len(), 1);
    assert!(refusals.into_iter().all(|answer| refusal(answer) == over()));
    let winner = ok[0].as_ref().unwrap().refresh_token.clone();
    assert_eq!(refusal(shop.refresh(&winner).await), over());
    assert_eq!(shop.count("SELECT count(*) FROM sessions").await, 0);
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn what_is_no_token_or_too_old_is_refused(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let answer = shop.register("ada@example.com").await;
    let long = "x".repeat(5000);
    let never = "A".repeat(43);
    for text in ["x", &*long, &*never, "ünï", &*answer.access_token] {
        assert_eq!(refusal(shop.refresh(text).await), over(), "{text}");
    }
    shop.env.advance(SignedDuration::from_hours(7 * 24));
    assert_eq!(refusal(shop.refresh(&answer.refresh_token).await), over());
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn a_logout_ends_one_session_or_all_and_can_be_repeated(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let id = shop.customer("ada@example.com").await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(shop.login("ada@example.com", PASSWORD).await.unwrap().refresh_token);
    }
    for _ in 0..2 {
        shop.logout(&id, &tokens[0], false).await.unwrap();
    }
    assert_eq!(refusal(shop.refresh(&tokens[0]).await), over());
    let next = shop.refresh(&tokens[1]).await.unwrap().refresh_token;
    // A token that was used still tells its session.
    shop.logout(&id, &tokens[1], false).await.unwrap();
    assert_eq!(refusal(shop.refresh(&next).await), over());
    for _ in 0..2 {
        shop.logout(&id, "", true).await.unwrap();
    }
    assert_eq!(refusal(shop.refresh(&tokens[2]).await), over());
    assert_eq!(shop.count("SELECT count(*) FROM refresh_tokens").await, 0);
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn nobody_ends_the_session_of_somebody_else(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let ada = shop.register("ada@example.com").await.refresh_token;
    let bob = shop.customer("bob@example.com").await;
    for (user, token, all) in [
        (bob.clone(), &*ada, false),
        (bob.clone(), "no token", false),
        (bob, "", true),
        (some_id(1), "", true),
    ] {
        shop.logout(&user, token, all).await.unwrap();
    }
    shop.refresh(&ada).await.unwrap();
    shop.close().await;
}
