//! Refunds.

use proto::order::v1::OrderStatus;
use tonic::Code;

use crate::fault_proxy::Fault::{Duplicate, ReplyLost, RequestLost, RespondWith};
use crate::fixture::{ShopFixture, reason, usd};

#[tokio::test]
async fn partial_refunds_never_exceed_the_payment() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    let order = shop.buy(&lamp, 1).await;
    let total = order.total.clone().unwrap().amount_cents;

    let part = shop.refund(&order.id, Some(300), "a").await.unwrap();
    assert_eq!((part.status(), part.refunded), (OrderStatus::Confirmed, Some(usd(300))));
    let repeated = shop.refund(&order.id, Some(300), "a").await.unwrap();
    assert_eq!(repeated.refunded, Some(usd(300)));
    assert_eq!(reason(shop.refund(&order.id, Some(301), "a").await), "idempotency_key_reused");
    assert_eq!(reason(shop.refund(&order.id, Some(total), "b").await), "refund_too_large");

    let remaining = shop.refund(&order.id, None, "c").await.unwrap();
    assert_eq!((remaining.status(), remaining.refunded), (OrderStatus::Refunded, Some(usd(total))));
    assert_eq!(reason(shop.refund(&order.id, None, "d").await), "nothing_to_refund");
    shop.wait_until_settled(&order.id).await;
    let state = shop.service_state(&order.id).await;
    assert_eq!((state.refunded, state.captured), (total, vec![total]));
    assert_eq!(shop.stock(&lamp).await, (9, 0), "goods that the customer keeps stay sold");
    let mails = [("order_confirmation", 1), ("refund_issued", 2)];
    assert_eq!(shop.mails().await, mails.map(|(kind, n)| (kind.to_owned(), n)));
    shop.close().await;
}

#[tokio::test]
async fn repeated_refund_call_refunds_once() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    let order = shop.buy(&lamp, 1).await;
    for (n, fault) in [RequestLost, ReplyLost, Duplicate].into_iter().enumerate() {
        shop.proxy.inject("Refund", &[fault]);
        shop.refund(&order.id, Some(100), &format!("key {n}")).await.unwrap();
    }
    let order = shop.wait_until_settled(&order.id).await;
    assert_eq!(order.refunded, Some(usd(300)));
    assert_eq!(shop.service_state(&order.id).await.refunded, 300);
    shop.close().await;
}

/// The provider declines until it can refund. It stores its responses by idempotency key, so each
/// attempt needs a new key.
#[tokio::test]
async fn owed_refund_succeeds_once_the_provider_recovers() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open_with(database.pool(), &["--checkout-wait=2s"]).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    let order = shop.buy(&lamp, 1).await;
    let provider = &shop.services.payment_db;
    // The provider has recorded a refund of one cent, so the whole amount is too much for it.
    let block_refund = "INSERT INTO simulator_movements
            (key, reference, operation, parent_reference, amount_cents, currency, created_at)
        SELECT 'other', 'other', 'refund', reference, 1, currency, now()
        FROM simulator_movements WHERE operation = 'capture'";
    assert_eq!(sqlx::query(block_refund).execute(provider).await.unwrap().rows_affected(), 1);
    let cancelled = shop.cancel(&order.id).await.unwrap();
    assert_eq!((cancelled.status(), cancelled.refunded), (OrderStatus::Cancelled, Some(usd(0))));
    assert!(shop.proxy.calls("Refund") > 1, "the refund is retried");
    let unblock_refund = "DELETE FROM simulator_movements WHERE key = 'other'";
    assert_eq!(sqlx::query(unblock_refund).execute(provider).await.unwrap().rows_affected(), 1);
    shop.assert_cancelled_and_refunded(&shop.wait_until_settled(&order.id).await).await;
    shop.close().await;
}

#[tokio::test]
async fn declined_refund_ends_but_owed_refund_is_retried() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open_with(database.pool(), &["--checkout-wait=1s"]).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    let order = shop.buy(&lamp, 1).await;
    shop.proxy.inject("Refund", &[RespondWith(Code::FailedPrecondition)]);
    assert_eq!(reason(shop.refund(&order.id, None, "a").await), "refund_refused");
    assert_eq!(shop.get(&order.id).await.status(), OrderStatus::Confirmed);

    shop.proxy.inject("Refund", &[RespondWith(Code::FailedPrecondition); 20]);
    let cancelled = shop.cancel(&order.id).await.unwrap();
    assert_eq!(cancelled.status(), OrderStatus::Cancelled);
    assert_eq!(cancelled.refunded, Some(usd(0)));
    assert_eq!(reason(shop.refund(&order.id, None, "b").await), "refund_in_progress");
    shop.proxy.clear_faults();
    shop.assert_cancelled_and_refunded(&shop.wait_until_settled(&order.id).await).await;
    shop.close().await;
}
