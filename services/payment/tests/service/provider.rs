//! Each test card and test id, and answers that come late or never.

use std::time::Duration;

use proto::payment::v1::TransactionStatus as Status;
use sqlx::{ConnectOptions as _, PgPool};
use tokio::time::{Instant, sleep, timeout};
use tonic::Code;

use crate::shop::{Shop, args, authorization, card, code, order, user};

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn test_cards_and_ids_succeed_or_decline_as_documented(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let mut cases = vec![
        ("pm_test_visa".to_owned(), ""),
        ("pm_test_declined".to_owned(), "card_declined"),
        ("pm_test_insufficient_funds".to_owned(), "insufficient_funds"),
    ];
    for (number, decline) in [
        ("4242424242424242", ""),
        ("4000000000000002", "card_declined"),
        ("4000000000009995", "insufficient_funds"),
        ("5555555555554444", ""),
    ] {
        cases.push((shop.add(card(number)).await.unwrap().id, decline));
    }
    for (n, (method, decline)) in cases.iter().enumerate() {
        let held = shop.authorize(&format!("auth {n}"), method, 100).await.unwrap();
        assert_eq!((held.success, &*held.decline_code), (decline.is_empty(), *decline), "{n}");
        assert_eq!(held.error_message.is_empty(), decline.is_empty(), "{held:?}");
        let expected = if held.success { Status::Authorized } else { Status::Failed };
        assert_eq!(held.authorization.unwrap().status(), expected);
        let charge = shop.charge(&format!("charge {n}"), method, 100).await.unwrap();
        assert_eq!((charge.success, &*charge.decline_code), (decline.is_empty(), *decline), "{n}");
    }
    let listed = shop.methods(&user(1)).await;
    assert_eq!(listed.len(), 4, "those of the provider are not anybody's own");
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn a_lost_reply_is_unknown_and_a_repeat_finds_what_was_done(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    for key in ["one", "two"] {
        let lost = shop.authorize(key, "pm_test_lost_reply", 100).await.unwrap_err();
        assert_eq!(lost.code(), Code::Unavailable, "{lost:?}");
        let found = shop.authorize(key, "pm_test_lost_reply", 100).await.unwrap();
        assert!(found.success);
        let held = found.authorization.unwrap().id;
        assert!(shop.capture(key, &held, 100).await.unwrap().success);
        assert!(shop.authorize(key, "pm_test_lost_reply", 100).await.unwrap().success);
    }
    assert_eq!(code(shop.charge("three", "pm_test_lost_reply", 100).await), Code::Unavailable);
    assert!(shop.charge("three", "pm_test_lost_reply", 100).await.unwrap().success);
    for (operation, times) in [("authorize", 2), ("capture", 2), ("charge", 1)] {
        assert_eq!(shop.acts(operation).await, times, "{operation}");
    }
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn a_late_answer_is_unknown_and_a_repeat_finds_what_was_done_at_once(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let began = Instant::now();
    let late = shop.authorize("auth", "pm_test_timeout", 100).await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded, "{late:?}");
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(4), "the provider was waited for: {took:?}");
    let found = shop.authorize("auth", "pm_test_timeout", 100).await.unwrap();
    assert!(found.success);
    let text = shop.runtime.metrics().text();
    for line in [
        "payment_provider_calls_total{operation=\"authorize\",outcome=\"unknown\"} 1",
        "payment_provider_calls_total{operation=\"look_up\",outcome=\"done\"} 1",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }

    // A caller who leaves before is no other case.
    shop.abandon("auth 2", "pm_test_timeout").await;
    assert!(shop.authorize("auth 2", "pm_test_timeout", 100).await.unwrap().success);
    assert_eq!(shop.acts("authorize").await, 2);
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn an_answer_within_the_time_for_one_is_an_answer(pool: PgPool) {
    let mut args = args(pool.connect_options().to_url_lossy().as_str());
    args.simulator_late_answer = Duration::from_millis(200);
    let shop = Shop::open_with(&pool, args, 7).await;
    let began = Instant::now();
    assert!(shop.authorize("auth", "pm_test_timeout", 100).await.unwrap().success);
    assert!(began.elapsed() >= Duration::from_millis(200));
    shop.close_sound().await;
}

#[test]
fn the_late_answer_takes_thirty_seconds_unless_set() {
    let args = args("postgres://localhost/payment_db");
    assert_eq!(args.simulator_late_answer, Duration::from_secs(30));
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn what_was_sent_is_done_though_its_caller_left_before(pool: PgPool) {
    let mut args = args(pool.connect_options().to_url_lossy().as_str());
    args.simulator_latency = Duration::from_millis(500);
    let shop = Shop::open_with(&pool, args, 7).await;
    let mut client = shop.client.clone();
    let request = authorization("auth", "pm_test_visa", 100);
    let call = tokio::spawn(async move { client.authorize(request).await });
    while shop.of_order(&order(1)).await.is_empty() {
        sleep(Duration::from_millis(20)).await;
    }
    call.abort();
    let wait = async {
        while shop.acts("authorize").await == 0 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), wait).await.expect("the provider to act");
    assert!(shop.authorize("auth", "pm_test_visa", 100).await.unwrap().success);
    assert_eq!(shop.acts("authorize").await, 1);
    shop.close_sound().await;
}
