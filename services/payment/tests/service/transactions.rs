//! Authorize, capture, charge, refund: results, refusals and retries.

use proto::payment::v1::{self as pb, TransactionStatus as Status, TransactionType as Type};
use tonic::Code;

use crate::fixture::{PaymentFixture, authorize_request, code, dollars, order, reason, user};

#[tokio::test]
async fn authorization_partial_captures_and_refunds_succeed() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let response = service.authorize("auth", "pm_test_visa", 1000).await.unwrap();
    assert!(response.success);
    assert_eq!((&*response.error_message, &*response.decline_code), ("", ""));
    let authorization = response.authorization.unwrap();
    assert_eq!(
        (authorization.r#type(), authorization.status()),
        (Type::Authorization, Status::Authorized)
    );
    assert_eq!((authorization.order_id, authorization.user_id), (order(1), user(1)));
    assert_eq!(
        (&*authorization.payment_method_id, authorization.amount),
        ("pm_test_visa", Some(dollars(1000)))
    );
    assert_eq!(
        (&*authorization.idempotency_key, &*authorization.created_at),
        ("auth", "2026-03-01T12:00:00Z")
    );
    assert!(!authorization.provider_ref.is_empty());

    let capture = service.capture("capture 1", &authorization.id, 600).await.unwrap();
    assert!(capture.success);
    let capture = capture.transaction.unwrap();
    assert_eq!((capture.r#type(), capture.status()), (Type::Capture, Status::Succeeded));
    assert_eq!((&capture.order_id, &capture.user_id), (&order(1), &user(1)));
    let refusal = reason(service.capture("capture 2", &authorization.id, 401).await);
    assert_eq!(refusal, "capture_exceeds_authorization");
    assert!(service.capture("capture 3", &authorization.id, 400).await.unwrap().success);

    let refund = service.refund("refund 1", &capture.id, Some(100)).await.unwrap();
    assert!(refund.success);
    assert_eq!(refund.transaction.unwrap().r#type(), Type::Refund);
    assert_eq!(service.status(&capture.id).await, Status::Succeeded);
    let refusal = reason(service.refund("refund 2", &capture.id, Some(501)).await);
    assert_eq!(refusal, "refund_exceeds_capture");
    let remainder =
        service.refund("refund 3", &capture.id, None).await.unwrap().transaction.unwrap();
    assert_eq!(remainder.amount, Some(dollars(500)));
    assert_eq!(service.status(&capture.id).await, Status::Refunded);
    assert_eq!(
        reason(service.refund("refund 4", &capture.id, None).await),
        "refund_exceeds_capture"
    );

    let expected = [
        (Type::Authorization, Status::Authorized),
        (Type::Capture, Status::Refunded),
        (Type::Capture, Status::Succeeded),
        (Type::Refund, Status::Succeeded),
        (Type::Refund, Status::Succeeded),
    ];
    assert_eq!(service.list_by_order(&order(1)).await, expected);
    assert!(service.list_by_order(&order(2)).await.is_empty());
    service.stop_consistent().await;
}

#[tokio::test]
async fn charge_succeeds_and_is_refundable() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let charge = service.charge("charge", "pm_test_visa", 500).await.unwrap().transaction.unwrap();
    assert_eq!((charge.r#type(), charge.status()), (Type::Charge, Status::Succeeded));
    assert!(service.refund("refund", &charge.id, None).await.unwrap().success);
    assert_eq!(service.status(&charge.id).await, Status::Refunded);
    let declined = service.charge("charge 2", "pm_test_declined", 500).await.unwrap();
    assert!(!declined.success);
    let declined = declined.transaction.unwrap().id;
    assert_eq!(reason(service.refund("refund 2", &declined, None).await), "not_refundable");
    service.stop_consistent().await;
}

#[tokio::test]
async fn retry_returns_first_response_marked_as_replay() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let mut client = service.client.clone();
    let request = authorize_request("auth", "pm_test_visa", 1000);
    let first = client.authorize(request.clone()).await.unwrap();
    assert!(first.metadata().get("idempotency-replayed").is_none());
    let retry = client.authorize(request).await.unwrap();
    assert_eq!(retry.metadata().get("idempotency-replayed").unwrap(), "true");
    assert_eq!(first.get_ref(), retry.get_ref());

    let authorization = first.into_inner().authorization.unwrap().id;
    let capture = service.capture("capture", &authorization, 700).await.unwrap();
    assert_eq!(service.capture("capture", &authorization, 700).await.unwrap(), capture);
    let capture = capture.transaction.unwrap().id;
    let refund = service.refund("refund", &capture, None).await.unwrap();
    assert_eq!(service.refund("refund", &capture, None).await.unwrap(), refund);
    let charge = service.charge("charge", "pm_test_visa", 5).await.unwrap();
    assert_eq!(service.charge("charge", "pm_test_visa", 5).await.unwrap(), charge);
    let declined = service.authorize("declined", "pm_test_insufficient_funds", 5).await.unwrap();
    let retry = service.authorize("declined", "pm_test_insufficient_funds", 5).await.unwrap();
    assert_eq!(retry, declined);

    for (operation, times) in [("authorize", 1), ("capture", 1), ("refund", 1), ("charge", 1)] {
        assert_eq!(service.executed(operation).await, times, "{operation}");
    }
    service.stop_consistent().await;
}

#[tokio::test]
async fn reused_key_with_other_request_is_refused() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let authorization = service.authorized("auth", 1000).await;
    let first = authorize_request("auth", "pm_test_visa", 1000);
    let others = [
        pb::AuthorizeRequest { order_id: order(2), ..first.clone() },
        pb::AuthorizeRequest { payment_method_id: "pm_test_declined".into(), ..first.clone() },
        pb::AuthorizeRequest { amount: Some(dollars(1001)), ..first.clone() },
    ];
    for other in others {
        let response = service.client.clone().authorize(other).await;
        assert_eq!(reason(response), "idempotency_key_reused");
    }
    let other_held = service.authorized("auth 2", 1000).await;
    let capture =
        service.capture("capture", &authorization, 10).await.unwrap().transaction.unwrap().id;
    assert_eq!(
        reason(service.capture("capture", &authorization, 11).await),
        "idempotency_key_reused"
    );
    assert_eq!(reason(service.capture("capture", &other_held, 10).await), "idempotency_key_reused");
    service.refund("refund", &capture, Some(5)).await.unwrap();
    assert_eq!(reason(service.refund("refund", &capture, Some(4)).await), "idempotency_key_reused");
    assert_eq!(reason(service.refund("refund", &capture, None).await), "idempotency_key_reused");
    service.void("void", &other_held).await.unwrap();
    assert_eq!(reason(service.void("void", &authorization).await), "idempotency_key_reused");
    // A transaction that does not exist has no customer to whom a key could belong.
    let missing_id = order(404);
    for response in [
        code(service.capture("capture", &missing_id, 10).await),
        code(service.refund("refund", &missing_id, Some(5)).await),
        code(service.void("void", &missing_id).await),
    ] {
        assert_eq!(response, Code::NotFound);
    }
    assert_eq!(
        reason(service.authorize("auth", &missing_id, 1000).await),
        "idempotency_key_reused"
    );
    // Each operation has its own idempotency keys.
    assert!(service.capture("auth", &authorization, 10).await.unwrap().success);
    assert!(service.charge("auth", "pm_test_visa", 10).await.unwrap().success);
    service.stop_consistent().await;
}

#[tokio::test]
async fn refusal_is_stored_with_its_idempotency_key() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let authorization = service.authorized("auth", 100).await;
    let capture =
        service.capture("capture", &authorization, 100).await.unwrap().transaction.unwrap().id;
    service.refund("refund", &capture, Some(60)).await.unwrap();
    assert_eq!(reason(service.refund("late", &capture, Some(50)).await), "refund_exceeds_capture");
    // An amount is available again, as after a failed refund; the delayed duplicate must not claim
    // it.
    service
        .execute_sql(
            "UPDATE transactions SET claimed_cents = 0, settled_cents = 0 WHERE kind = 'capture'",
        )
        .await;
    assert_eq!(reason(service.refund("late", &capture, Some(50)).await), "refund_exceeds_capture");
    assert!(service.refund("new", &capture, Some(40)).await.unwrap().success);
    service.stop().await;
}

#[tokio::test]
async fn operation_on_wrong_or_missing_parent_is_refused() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let (authorization, charge) =
        (service.authorized("auth", 100).await, service.charged("charge", 100).await);
    assert_eq!(reason(service.capture("capture", &charge, 1).await), "not_an_authorization");
    assert_eq!(reason(service.void("void", &charge).await), "not_an_authorization");
    assert_eq!(reason(service.refund("refund", &authorization, None).await), "not_refundable");
    let declined = service.authorize("declined", "pm_test_declined", 100).await.unwrap();
    let declined = declined.authorization.unwrap().id;
    assert_eq!(reason(service.capture("capture 2", &declined, 1).await), "authorization_declined");

    let missing_id = order(404);
    assert_eq!(code(service.capture("capture 3", &missing_id, 1).await), Code::NotFound);
    assert_eq!(code(service.refund("refund 2", &missing_id, None).await), Code::NotFound);
    assert_eq!(code(service.void("void 2", &missing_id).await), Code::NotFound);
    let request = pb::GetTransactionRequest { id: missing_id };
    assert_eq!(code(service.client.clone().get_transaction(request).await), Code::NotFound);
    service.stop_consistent().await;
}

#[tokio::test]
async fn authorization_expires_after_ttl() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let (authorization, partial) =
        (service.authorized("auth", 100).await, service.authorized("auth 2", 100).await);
    assert!(service.capture("capture", &partial, 10).await.unwrap().success);
    service.advance_secs(7 * 24 * 3600 - 1);
    assert!(service.capture("capture 2", &partial, 10).await.unwrap().success);
    service.advance_secs(1);
    assert_eq!(
        reason(service.capture("capture 3", &authorization, 100).await),
        "authorization_expired"
    );
    assert_eq!(reason(service.capture("capture 4", &partial, 80).await), "authorization_expired");
    service.wait_for_status(&authorization, Status::Voided).await;
    assert_eq!(
        reason(service.capture("capture 5", &authorization, 100).await),
        "authorization_expired"
    );
    let repeat = service.authorize("auth", "pm_test_visa", 100).await;
    assert_eq!(reason(repeat), "authorization_expired");
    service.void("void", &authorization).await.expect("an expired authorization holds no money");
    assert_eq!(
        service.status(&partial).await,
        Status::Authorized,
        "a partial capture prevents the expiry"
    );
    service.stop_consistent().await;
}

#[tokio::test]
async fn provider_side_expiry_is_reported_as_expired() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let authorization = service.authorized("auth", 100).await;
    service.execute_sql("UPDATE simulator_movements SET expires_at = '2026-03-01T12:00:00Z'").await;
    for _ in 0..2 {
        assert_eq!(
            reason(service.capture("capture", &authorization, 60).await),
            "authorization_expired"
        );
    }
    let claimed: i64 =
        sqlx::query_scalar("SELECT claimed_cents FROM transactions WHERE kind = 'authorization'")
            .fetch_one(database.pool())
            .await
            .unwrap();
    assert_eq!(claimed, 0, "a failed capture releases its claim");
    service.stop_consistent().await;
}
