//! Money that is given back.

use proto::order::v1::OrderStatus;
use sqlx::PgPool;
use tonic::Code;

use crate::{
    shop::{Shop, refused, usd},
    wires::Fault::{Answer, ReplyLost, RequestLost, Twice},
};

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn money_comes_back_in_parts_and_never_more_than_was_paid(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 10).await;
    let order = shop.bought(&lamp, 1).await;
    let total = order.total.clone().unwrap().amount_cents;

    let part = shop.refund(&order.id, Some(300), "a").await.unwrap();
    assert_eq!((part.status(), part.refunded), (OrderStatus::Confirmed, Some(usd(300))));
    let again = shop.refund(&order.id, Some(300), "a").await.unwrap();
    assert_eq!(again.refunded, Some(usd(300)));
    assert_eq!(refused(shop.refund(&order.id, Some(301), "a").await), "idempotency_key_reused");
    assert_eq!(refused(shop.refund(&order.id, Some(total), "b").await), "refund_too_large");

    let rest = shop.refund(&order.id, None, "c").await.unwrap();
    assert_eq!((rest.status(), rest.refunded), (OrderStatus::Refunded, Some(usd(total))));
    assert_eq!(refused(shop.refund(&order.id, None, "d").await), "nothing_to_refund");
    shop.settled(&order.id).await;
    let books = shop.books(&order.id).await;
    assert_eq!((books.refunded, books.captured), (total, vec![total]));
    assert_eq!(shop.stock(&lamp).await, (9, 0), "goods that are kept stay sold");
    let mails = [("order_confirmation", 1), ("refund_issued", 2)];
    assert_eq!(shop.mails().await, mails.map(|(kind, n)| (kind.to_owned(), n)));
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn a_refund_that_is_repeated_on_the_wire_is_given_once(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 10).await;
    let order = shop.bought(&lamp, 1).await;
    for (n, fault) in [RequestLost, ReplyLost, Twice].into_iter().enumerate() {
        shop.wires.fault("Refund", &[fault]);
        shop.refund(&order.id, Some(100), &format!("key {n}")).await.unwrap();
    }
    let order = shop.settled(&order.id).await;
    assert_eq!(order.refunded, Some(usd(300)));
    assert_eq!(shop.books(&order.id).await.refunded, 300);
    shop.close().await;
}

/// Until the provider can, it declines, and its answers are kept: another try is another request.
#[sqlx::test(migrator = "order::MIGRATOR")]
async fn owed_money_comes_as_soon_as_the_provider_is_well_again(pool: PgPool) {
    let shop = Shop::open_with(&pool, &["--checkout-wait=2s"]).await;
    let lamp = shop.product("Lamp", 1000, 10).await;
    let order = shop.bought(&lamp, 1).await;
    let provider = &shop.others.payment_db;
    // To the provider, a cent of it has been given back: all of it is too much.
    let hinder = "INSERT INTO simulator_movements
            (key, reference, operation, parent_reference, amount_cents, currency, created_at)
        SELECT 'other', 'other', 'refund', reference, 1, currency, now()
        FROM simulator_movements WHERE operation = 'capture'";
    assert_eq!(sqlx::query(hinder).execute(provider).await.unwrap().rows_affected(), 1);
    let cancelled = shop.cancel(&order.id).await.unwrap();
    assert_eq!((cancelled.status(), cancelled.refunded), (OrderStatus::Cancelled, Some(usd(0))));
    assert!(shop.wires.calls("Refund") > 1, "it is asked for again");
    let mend = "DELETE FROM simulator_movements WHERE key = 'other'";
    assert_eq!(sqlx::query(mend).execute(provider).await.unwrap().rows_affected(), 1);
    shop.assert_called_off(&shop.settled(&order.id).await).await;
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn a_refused_refund_changes_nothing_and_a_cancelled_customer_is_owed_the_money(pool: PgPool) {
    let shop = Shop::open_with(&pool, &["--checkout-wait=1s"]).await;
    let lamp = shop.product("Lamp", 1000, 10).await;
    let order = shop.bought(&lamp, 1).await;
    shop.wires.fault("Refund", &[Answer(Code::FailedPrecondition)]);
    assert_eq!(refused(shop.refund(&order.id, None, "a").await), "refund_refused");
    assert_eq!(shop.get(&order.id).await.status(), OrderStatus::Confirmed);

    shop.wires.fault("Refund", &[Answer(Code::FailedPrecondition); 20]);
    let cancelled = shop.cancel(&order.id).await.unwrap();
    assert_eq!(cancelled.status(), OrderStatus::Cancelled);
    assert_eq!(cancelled.refunded, Some(usd(0)));
    assert_eq!(refused(shop.refund(&order.id, None, "b").await), "refund_in_progress");
    shop.wires.mend();
    shop.assert_called_off(&shop.settled(&order.id).await).await;
    shop.close().await;
}
