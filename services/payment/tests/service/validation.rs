//! Bad requests name every field at fault, at once, and nothing of them is kept.

use proto::{common::v1::Money, payment::v1 as pb};
use sqlx::PgPool;

use crate::shop::{Shop, authorization, card, fields};

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn cards_with_bad_fields_are_refused(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let bad = pb::AddPaymentMethodRequest {
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
    assert_eq!(fields(shop.add(bad).await), all);

    let expired =
        pb::AddPaymentMethodRequest { exp_month: 2, exp_year: 2026, ..card("4242424242424242") };
    assert_eq!(fields(shop.add(expired).await), ["exp_month"]);
    let last_month =
        pb::AddPaymentMethodRequest { exp_month: 3, exp_year: 2026, ..card("4242424242424242") };
    shop.add(last_month).await.unwrap();
    let amex = card("378282246310005");
    assert_eq!(fields(shop.add(amex.clone()).await), ["cvv"]);
    shop.add(pb::AddPaymentMethodRequest { cvv: "1234".into(), ..amex }).await.unwrap();
    for number in ["42424242424242", "9999999999999995", "4242-4242-4242-424a"] {
        let status = shop.add(card(number)).await.unwrap_err();
        assert!(!format!("{status:?}").contains(number), "{status:?}");
        assert_eq!(fields::<()>(Err(status)), ["card_number"], "{number}");
    }
    shop.close().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn movements_with_bad_fields_are_refused(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let mut client = shop.client.clone();
    let bad = pb::AuthorizeRequest {
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
    assert_eq!(fields(client.authorize(bad).await), all);
    for cents in [0, -1, i64::MAX] {
        let request = authorization("key", "pm_test_visa", cents);
        assert_eq!(fields(client.authorize(request).await), ["amount.amount_cents"], "{cents}");
    }
    let held = shop.held("auth", 100).await;
    assert_eq!(
        fields(shop.capture("", &held, -5).await),
        ["amount.amount_cents", "idempotency_key"]
    );
    let charge = shop.charged("charge", 100).await;
    assert_eq!(fields(shop.refund("refund", &charge, Some(0)).await), ["amount.amount_cents"]);
    assert_eq!(fields(shop.void("", &held).await), ["idempotency_key"]);
    assert_eq!(fields(shop.void_key("void", "a\tb").await), ["authorize_key"]);
    shop.close_sound().await;
}
