//! Intents that a process left without outcome when it died, at each point where it can.

use proto::payment::v1::TransactionStatus as Status;
use sqlx::PgPool;

use crate::shop::{Shop, refused};

/// As the rows are after the provider has acted, and before its outcome is written.
const OPEN_AGAIN: &str = "WITH opened AS (
        UPDATE transactions SET state = 'open', finished_at = NULL, provider_ref = ''
        WHERE idempotency_key = 'lost' RETURNING parent_id, amount_cents
    )
    UPDATE transactions SET settled_cents = settled_cents - opened.amount_cents
    FROM opened WHERE id = opened.parent_id";

/// And before the provider was reached.
const NEVER_SENT: &str = "DELETE FROM simulator_movements s USING transactions t
    WHERE s.key = t.id::text AND t.idempotency_key = 'lost'";

/// After this time a worker takes an intent for one that was left.
const DUE_SECS: i64 = 11;

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn a_worker_finishes_an_authorisation_whose_caller_never_came_back(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    for method in ["pm_test_timeout", "pm_test_lost_reply"] {
        shop.abandon(method, method).await;
    }
    let open: Vec<String> =
        sqlx::query_scalar("SELECT id::text FROM transactions WHERE state = 'open'")
            .fetch_all(&pool)
            .await
            .unwrap();
    assert_eq!(open.len(), 2);
    shop.later(DUE_SECS);
    for id in open {
        shop.until(&id, Status::Authorized).await;
    }
    assert_eq!(shop.acts("authorize").await, 2);
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn a_capture_left_open_is_finished_by_a_worker_or_by_a_repeat(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    for (n, never_sent) in [false, true, false, true].into_iter().enumerate() {
        let held = shop.held(&format!("auth {n}"), 100).await;
        let capture = shop.capture("lost", &held, 70).await.unwrap().transaction.unwrap();
        if never_sent {
            shop.sql(NEVER_SENT).await;
        }
        assert_eq!(shop.sql(OPEN_AGAIN).await, 1);
        assert_eq!(shop.status(&capture.id).await, Status::Pending);
        let refusal = refused(shop.capture(&format!("other {n}"), &held, 31).await);
        assert_eq!(refusal, "capture_exceeds_authorization", "what is open counts as used");
        if n < 2 {
            shop.later(DUE_SECS);
            shop.until(&capture.id, Status::Succeeded).await;
        } else {
            let again = shop.capture("lost", &held, 70).await.unwrap();
            assert_eq!(again.transaction.unwrap().id, capture.id);
        }
        assert!(shop.capture(&format!("rest {n}"), &held, 30).await.unwrap().success);
        shop.assert_sound().await;
        shop.sql("UPDATE idempotency_keys SET key = key || transaction_id WHERE key = 'lost'")
            .await;
        shop.sql("UPDATE transactions SET idempotency_key = 'done ' || id WHERE idempotency_key = 'lost'")
            .await;
    }
    assert_eq!(shop.acts("capture").await, 8);
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn a_refund_and_a_void_left_open_are_finished(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let charge = shop.charged("charge", 100).await;
    let refund = shop.refund("lost", &charge, None).await.unwrap().transaction.unwrap().id;
    shop.sql(NEVER_SENT).await;
    shop.sql(OPEN_AGAIN).await;
    let held = shop.held("auth", 100).await;
    shop.void("void", &held).await.unwrap();
    shop.sql(
        "UPDATE transactions SET state = 'open', finished_at = NULL, provider_ref = ''
              WHERE kind = 'void'",
    )
    .await;
    shop.sql("UPDATE transactions SET state = 'done' WHERE state = 'voided'").await;
    assert_eq!(refused(shop.capture("capture", &held, 1).await), "authorization_voided");
    shop.later(DUE_SECS);
    shop.until(&refund, Status::Succeeded).await;
    shop.until(&held, Status::Voided).await;
    assert_eq!((shop.acts("refund").await, shop.acts("void").await), (1, 1));
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn a_worker_voids_what_was_authorised_after_its_void(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let held = shop.held("lost", 100).await;
    shop.void("void", &held).await.unwrap();
    // The process died right after it wrote the intent to void; neither had reached the provider.
    shop.sql("DELETE FROM simulator_movements WHERE operation = 'void'").await;
    shop.sql("DELETE FROM simulator_movements").await;
    shop.sql("UPDATE transactions SET state = 'open', finished_at = NULL, provider_ref = ''").await;
    shop.later(DUE_SECS);
    shop.until(&held, Status::Voided).await;
    assert_eq!((shop.acts("authorize").await, shop.acts("void").await), (1, 1));
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn what_never_reached_the_provider_fails_when_nothing_can_be_on_its_way(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let held = shop.held("auth", 100).await;
    let capture = shop.capture("lost", &held, 70).await.unwrap().transaction.unwrap().id;
    shop.sql(NEVER_SENT).await;
    shop.sql(OPEN_AGAIN).await;
    shop.later(12 * 3600 + 1800);
    let waits = shop.capture("lost", &held, 70).await.unwrap_err();
    assert_eq!(waits.code(), tonic::Code::Unavailable, "it may be on its way");
    assert_eq!(shop.acts("capture").await, 0);
    shop.later(1800);
    shop.until(&capture, Status::Failed).await;
    let again = shop.capture("lost", &held, 70).await.unwrap();
    assert_eq!((again.success, &*again.decline_code), (false, "not_processed"));
    assert!(shop.capture("new", &held, 100).await.unwrap().success, "the claim came back");
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn two_workers_finish_each_intent_once(pool: PgPool) {
    let (shop, other) = (Shop::open(&pool).await, Shop::replica(&pool).await);
    let held = shop.held("auth", 100).await;
    for n in 0..20 {
        shop.capture(&format!("capture {n}"), &held, 5).await.unwrap();
    }
    shop.sql(
        "UPDATE transactions SET state = 'open', finished_at = NULL, provider_ref = ''
              WHERE kind = 'capture'",
    )
    .await;
    shop.sql("UPDATE transactions SET settled_cents = 0 WHERE kind = 'authorization'").await;
    shop.later(DUE_SECS);
    other.later(DUE_SECS);
    let ids: Vec<String> =
        sqlx::query_scalar("SELECT id::text FROM transactions WHERE kind = 'capture'")
            .fetch_all(&pool)
            .await
            .unwrap();
    for id in ids {
        shop.until(&id, Status::Succeeded).await;
    }
    assert_eq!(shop.acts("capture").await, 20);
    other.close().await;
    shop.close_sound().await;
}
