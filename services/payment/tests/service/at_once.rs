//! Many at once, through two processes on one database.

use futures::future::join_all;
use proto::payment::v1::TransactionStatus as Status;
use sqlx::PgPool;
use tonic::Code;

use crate::shop::{Shop, refused};

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn fifty_captures_at_once_never_exceed_what_is_held(pool: PgPool) {
    let (shop, other) = (Shop::open(&pool).await, Shop::replica(&pool).await);
    let held = shop.held("auth", 1000).await;
    let captures = (0..50).map(async |n| {
        let shop = if n % 2 == 0 { &shop } else { &other };
        shop.capture(&format!("capture {n}"), &held, 60).await
    });
    let answers = join_all(captures).await;
    let (taken, left): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((taken.len(), left.len()), (16, 34), "960 of 1000");
    assert!(taken.into_iter().all(|answer| answer.unwrap().success));
    for answer in left {
        assert_eq!(refused(answer), "capture_exceeds_authorization");
    }
    assert_eq!(shop.acts("capture").await, 16);
    other.close().await;
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn fifty_refunds_at_once_never_exceed_what_was_taken(pool: PgPool) {
    let (shop, other) = (Shop::open(&pool).await, Shop::replica(&pool).await);
    let charge = shop.charged("charge", 1000).await;
    let refunds = (0..50).map(async |n| {
        let shop = if n % 2 == 0 { &shop } else { &other };
        // Every fifth wants all that is left.
        let amount = (n % 5 != 0).then_some(30);
        shop.refund(&format!("refund {n}"), &charge, amount).await
    });
    let answers = join_all(refunds).await;
    let given: i64 = answers
        .iter()
        .flatten()
        .map(|answer| answer.transaction.as_ref().unwrap().amount.as_ref().unwrap().amount_cents)
        .sum();
    assert_eq!(given, 1000);
    for answer in answers.into_iter().filter(Result::is_err) {
        assert_eq!(refused(answer), "refund_exceeds_capture");
    }
    assert_eq!(shop.status(&charge).await, Status::Refunded);
    other.close().await;
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn one_key_at_once_acts_once(pool: PgPool) {
    let (shop, other) = (Shop::open(&pool).await, Shop::replica(&pool).await);
    let side = |n: usize| if n.is_multiple_of(2) { &shop } else { &other };
    let held =
        join_all((0..20).map(async |n| side(n).authorize("auth", "pm_test_visa", 100).await)).await;
    let held: Vec<_> =
        held.into_iter().map(|answer| answer.unwrap().authorization.unwrap().id).collect();
    assert!(held.iter().all(|id| *id == held[0]), "{held:?}");

    let captures =
        join_all((0..20).map(async |n| side(n).capture("capture", &held[0], 100).await)).await;
    assert!(captures.into_iter().all(|answer| answer.unwrap().success));
    let charges =
        join_all((0..20).map(async |n| side(n).charge("charge", "pm_test_visa", 100).await)).await;
    let charge = charges.into_iter().map(|answer| answer.unwrap().transaction.unwrap().id);
    let charge = charge.reduce(|a, b| if a == b { a } else { format!("{a} and {b}") }).unwrap();
    let refunds =
        join_all((0..20).map(async |n| side(n).refund("refund", &charge, None).await)).await;
    assert!(refunds.into_iter().all(|answer| answer.unwrap().success));
    for operation in ["authorize", "capture", "charge", "refund"] {
        assert_eq!(shop.acts(operation).await, 1, "{operation}");
    }
    other.close().await;
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn capture_and_void_at_once_end_in_one_of_both(pool: PgPool) {
    let (shop, other) = (Shop::open(&pool).await, Shop::replica(&pool).await);
    for n in 0..20 {
        let held = shop.held(&format!("auth {n}"), 100).await;
        let key = format!("key {n}");
        let (capture, void) = tokio::join!(shop.capture(&key, &held, 100), other.void(&key, &held));
        match (&capture, &void) {
            (Ok(capture), Err(void)) => {
                assert!(capture.success);
                // Refused, or not known yet.
                assert!(matches!(void.code(), Code::FailedPrecondition | Code::Aborted));
            }
            (Err(_), Ok(())) => assert_eq!(refused(capture), "authorization_voided"),
            both => panic!("{both:?}"),
        }
    }
    other.close().await;
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn authorise_and_void_by_key_at_once_hold_nothing_in_the_end(pool: PgPool) {
    let (shop, other) = (Shop::open(&pool).await, Shop::replica(&pool).await);
    for n in 0..20 {
        let key = format!("key {n}");
        let (held, void) =
            tokio::join!(shop.authorize(&key, "pm_test_visa", 100), other.void_key(&key, &key));
        void.unwrap();
        if held.is_err() {
            assert_eq!(refused(held), "authorization_voided");
        }
        let late = shop.authorize(&key, "pm_test_visa", 100).await;
        assert_eq!(refused(late), "authorization_voided");
    }
    assert_eq!(shop.acts("void").await, shop.acts("authorize").await);
    other.close().await;
    shop.close_sound().await;
}
