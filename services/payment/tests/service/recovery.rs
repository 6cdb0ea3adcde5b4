//! Recovery of intents without an outcome, which a process leaves when it crashes at any point.

use proto::payment::v1::TransactionStatus as Status;

use crate::fixture::{PaymentFixture, reason};

/// Restores the state after the provider has executed a command and before its outcome is recorded.
const REOPEN_INTENT: &str = "WITH opened AS (
        UPDATE transactions SET state = 'open', finished_at = NULL, provider_ref = ''
        WHERE idempotency_key = 'lost' RETURNING parent_id, amount_cents
    )
    UPDATE transactions SET settled_cents = settled_cents - opened.amount_cents
    FROM opened WHERE id = opened.parent_id";

/// Restores the provider's state before the request has reached it.
const DELETE_PROVIDER_RECORD: &str = "DELETE FROM simulator_movements s USING transactions t
    WHERE s.key = t.id::text AND t.idempotency_key = 'lost'";

/// Time after which a worker settles an intent that was left open.
const DUE_SECS: i64 = 11;

#[tokio::test]
async fn worker_settles_authorization_that_is_never_retried() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    for method in ["pm_test_timeout", "pm_test_lost_reply"] {
        service.abandon_authorize(method, method).await;
    }
    let open: Vec<String> =
        sqlx::query_scalar("SELECT id::text FROM transactions WHERE state = 'open'")
            .fetch_all(database.pool())
            .await
            .unwrap();
    assert_eq!(open.len(), 2);
    service.advance_secs(DUE_SECS);
    for id in open {
        service.wait_for_status(&id, Status::Authorized).await;
    }
    assert_eq!(service.executed("authorize").await, 2);
    service.stop_consistent().await;
}

#[tokio::test]
async fn open_capture_is_settled_by_worker_or_retry() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    for (n, never_sent) in [false, true, false, true].into_iter().enumerate() {
        let authorization = service.authorized(&format!("auth {n}"), 100).await;
        let capture =
            service.capture("lost", &authorization, 70).await.unwrap().transaction.unwrap();
        if never_sent {
            service.execute_sql(DELETE_PROVIDER_RECORD).await;
        }
        assert_eq!(service.execute_sql(REOPEN_INTENT).await, 1);
        assert_eq!(service.status(&capture.id).await, Status::Pending);
        let refusal = reason(service.capture(&format!("other {n}"), &authorization, 31).await);
        assert_eq!(refusal, "capture_exceeds_authorization", "open captures count as claimed");
        if n < 2 {
            service.advance_secs(DUE_SECS);
            service.wait_for_status(&capture.id, Status::Succeeded).await;
        } else {
            let retry = service.capture("lost", &authorization, 70).await.unwrap();
            assert_eq!(retry.transaction.unwrap().id, capture.id);
        }
        assert!(service.capture(&format!("rest {n}"), &authorization, 30).await.unwrap().success);
        service.assert_consistent().await;
        service
            .execute_sql(
                "UPDATE idempotency_keys SET key = key || transaction_id WHERE key = 'lost'",
            )
            .await;
        service
            .execute_sql(
                "UPDATE transactions SET idempotency_key = 'done ' || id
             WHERE idempotency_key = 'lost'",
            )
            .await;
    }
    assert_eq!(service.executed("capture").await, 8);
    service.stop_consistent().await;
}

#[tokio::test]
async fn open_refund_and_open_void_are_settled_by_worker() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let charge = service.charged("charge", 100).await;
    let refund = service.refund("lost", &charge, None).await.unwrap().transaction.unwrap().id;
    service.execute_sql(DELETE_PROVIDER_RECORD).await;
    service.execute_sql(REOPEN_INTENT).await;
    let authorization = service.authorized("auth", 100).await;
    service.void("void", &authorization).await.unwrap();
    service
        .execute_sql(
            "UPDATE transactions SET state = 'open', finished_at = NULL, provider_ref = ''
              WHERE kind = 'void'",
        )
        .await;
    service.execute_sql("UPDATE transactions SET state = 'done' WHERE state = 'voided'").await;
    assert_eq!(reason(service.capture("capture", &authorization, 1).await), "authorization_voided");
    service.advance_secs(DUE_SECS);
    service.wait_for_status(&refund, Status::Succeeded).await;
    service.wait_for_status(&authorization, Status::Voided).await;
    assert_eq!((service.executed("refund").await, service.executed("void").await), (1, 1));
    service.stop_consistent().await;
}

#[tokio::test]
async fn worker_voids_authorization_that_arrived_after_void() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let authorization = service.authorized("lost", 100).await;
    service.void("void", &authorization).await.unwrap();
    // The process crashed right after it recorded the void; neither request had reached the
    // provider.
    service.execute_sql("DELETE FROM simulator_movements WHERE operation = 'void'").await;
    service.execute_sql("DELETE FROM simulator_movements").await;
    service
        .execute_sql(
            "UPDATE transactions SET state = 'open', finished_at = NULL, provider_ref = ''",
        )
        .await;
    service.advance_secs(DUE_SECS);
    service.wait_for_status(&authorization, Status::Voided).await;
    assert_eq!((service.executed("authorize").await, service.executed("void").await), (1, 1));
    service.stop_consistent().await;
}

#[tokio::test]
async fn intent_unknown_to_provider_fails_after_resend_window() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let authorization = service.authorized("auth", 100).await;
    let capture =
        service.capture("lost", &authorization, 70).await.unwrap().transaction.unwrap().id;
    service.execute_sql(DELETE_PROVIDER_RECORD).await;
    service.execute_sql(REOPEN_INTENT).await;
    service.advance_secs(12 * 3600 + 1800);
    let pending = service.capture("lost", &authorization, 70).await.unwrap_err();
    assert_eq!(pending.code(), tonic::Code::Unavailable, "the request may still be in flight");
    assert_eq!(service.executed("capture").await, 0);
    service.advance_secs(1800);
    service.wait_for_status(&capture, Status::Failed).await;
    let retry = service.capture("lost", &authorization, 70).await.unwrap();
    assert_eq!((retry.success, &*retry.decline_code), (false, "not_processed"));
    assert!(
        service.capture("new", &authorization, 100).await.unwrap().success,
        "the claim was released"
    );
    service.stop_consistent().await;
}

#[tokio::test]
async fn two_workers_settle_each_intent_once() {
    let database = testing::database(&payment::MIGRATOR).await;
    let (service, other) = (
        PaymentFixture::start(database.pool()).await,
        PaymentFixture::start_replica(database.pool()).await,
    );
    let authorization = service.authorized("auth", 100).await;
    for n in 0..20 {
        service.capture(&format!("capture {n}"), &authorization, 5).await.unwrap();
    }
    service
        .execute_sql(
            "UPDATE transactions SET state = 'open', finished_at = NULL, provider_ref = ''
              WHERE kind = 'capture'",
        )
        .await;
    service
        .execute_sql("UPDATE transactions SET settled_cents = 0 WHERE kind = 'authorization'")
        .await;
    service.advance_secs(DUE_SECS);
    other.advance_secs(DUE_SECS);
    let ids: Vec<String> =
        sqlx::query_scalar("SELECT id::text FROM transactions WHERE kind = 'capture'")
            .fetch_all(database.pool())
            .await
            .unwrap();
    for id in ids {
        service.wait_for_status(&id, Status::Succeeded).await;
    }
    assert_eq!(service.executed("capture").await, 20);
    other.stop().await;
    service.stop_consistent().await;
}
