//! Validation: an invalid request reports every invalid field at once, and nothing of it is stored.

use proto::common::v1::Money;
use proto::payment::v1 as pb;

use crate::fixture::{PaymentFixture, authorize_request, card, fields};

#[tokio::test]
async fn invalid_card_request_reports_all_fields() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let invalid = pb::AddPaymentMethodRequest {
        user_id: "7".into(),
        r#type: pb::PaymentMethodType::Bank.into(),
        card_number: "4242424242424241".into(),
        exp_month: 13,
        exp_year: 25,
        cvv: "12x".into(),
        idempotency_key: "a\nb".into(),
        ..Default::default()
    };
    let all = ["user_id", "type", "card_number", "exp_month", "exp_year", "cvv", "idempotency_key"];
    assert_eq!(fields(service.add_method(invalid).await), all);

    let expired =
        pb::AddPaymentMethodRequest { exp_month: 2, exp_year: 2026, ..card("4242424242424242") };
    assert_eq!(fields(service.add_method(expired).await), ["exp_month"]);
    let last_month =
        pb::AddPaymentMethodRequest { exp_month: 3, exp_year: 2026, ..card("4242424242424242") };
    service.add_method(last_month).await.unwrap();
    let amex = card("378282246310005");
    assert_eq!(fields(service.add_method(amex.clone()).await), ["cvv"]);
    service.add_method(pb::AddPaymentMethodRequest { cvv: "1234".into(), ..amex }).await.unwrap();
    for number in ["42424242424242", "9999999999999995", "4242-4242-4242-424a"] {
        let status = service.add_method(card(number)).await.unwrap_err();
        assert!(!format!("{status:?}").contains(number), "{status:?}");
        assert_eq!(fields::<()>(Err(status)), ["card_number"], "{number}");
    }
    service.stop().await;
}

#[tokio::test]
async fn invalid_transaction_requests_report_all_fields() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let mut client = service.client.clone();
    let invalid = pb::AuthorizeRequest {
        order_id: "1".into(),
        user_id: "2".into(),
        payment_method_id: "pm_test_unknown".into(),
        amount: Some(Money { amount_cents: 0, currency: "EUR".into() }),
        idempotency_key: "x".repeat(256),
    };
    let all = [
        "order_id",
        "user_id",
        "payment_method_id",
        "amount.amount_cents",
        "amount.currency",
        "idempotency_key",
    ];
    assert_eq!(fields(client.authorize(invalid).await), all);
    for cents in [0, -1, i64::MAX] {
        let request = authorize_request("key", "pm_test_visa", cents);
        assert_eq!(fields(client.authorize(request).await), ["amount.amount_cents"], "{cents}");
    }
    let authorization = service.authorized("auth", 100).await;
    assert_eq!(
        fields(service.capture("", &authorization, -5).await),
        ["amount.amount_cents", "idempotency_key"]
    );
    let charge = service.charged("charge", 100).await;
    assert_eq!(fields(service.refund("refund", &charge, Some(0)).await), ["amount.amount_cents"]);
    assert_eq!(fields(service.void("", &authorization).await), ["idempotency_key"]);
    assert_eq!(fields(service.void_key("void", "a\tb").await), ["authorize_key"]);
    service.stop_consistent().await;
}
