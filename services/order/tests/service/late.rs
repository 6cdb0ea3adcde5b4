//! Others are slow, and the customer is not.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::sleep;

use crate::{
    shop::{Shop, refused},
    wires::Fault::{Answer, Late},
};
use proto::order::v1::OrderStatus;
use tonic::Code;

/// Longer than an order of one who does not wait takes.
const SLOW: Duration = Duration::from_secs(3);

/// A request has read the cart and hangs; meanwhile the customer adds something and orders again.
async fn twice(pool: PgPool, method: &'static str) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 10).await;
    let bulb = shop.product("Bulb", 100, 10).await;
    shop.fill(&lamp, 1).await;
    shop.wires.fault(method, &[Late(SLOW)]);
    let (mut client, request) = (shop.client.clone(), shop.request());
    let first = tokio::spawn(async move { client.create_order(request).await });
    while shop.wires.calls(method) == 0 {
        sleep(Duration::from_millis(10)).await;
    }
    // It is on the wire: the cart that it tells is the one before the bulb.
    sleep(Duration::from_millis(300)).await;
    shop.fill(&bulb, 1).await;
    let second = shop.order().await;
    assert_eq!((second.status(), second.items.len()), (OrderStatus::Confirmed, 2));
    assert_eq!(refused(first.await.unwrap()), "cart_changed");
    shop.assert_bought(&second).await;
    assert_eq!(shop.stock(&lamp).await, (9, 0), "one lamp was in the cart, ever");
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn units_are_not_bought_twice_by_a_request_that_knows_an_old_cart(pool: PgPool) {
    twice(pool, "GetCart").await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn units_are_not_bought_twice_by_a_request_that_waits_for_a_quote(pool: PgPool) {
    twice(pool, "GetQuote").await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn mails_of_an_order_come_in_their_order(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 10).await;
    shop.fill(&lamp, 1).await;
    shop.wires.fault("SendOrderConfirmation", &[Answer(Code::Unavailable); 4]);
    let order = shop.order().await;
    shop.cancel(&order.id).await.unwrap();
    shop.settled(&order.id).await;
    let kinds: Vec<String> = sqlx::query_scalar(
        "SELECT kind FROM notifications WHERE kind <> 'welcome' ORDER BY created_at",
    )
    .fetch_all(&shop.others.notification_db)
    .await
    .unwrap();
    assert_eq!(kinds, ["order_confirmation", "order_cancelled", "refund_issued"]);
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn nobody_waits_for_a_mail(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 100).await;
    shop.wires.fault("SendOrderConfirmation", &[Late(Duration::from_secs(60)); 60]);
    for _ in 0..20 {
        shop.fill(&lamp, 1).await;
        // With the next order refused as long as this one's units are in the cart.
        assert_eq!(shop.order().await.status(), OrderStatus::Confirmed);
    }
    shop.wires.mend();
    shop.close().await;
}

/// Mails that many orders left behind.
const MAILS: usize = 16;

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn carts_are_emptied_while_every_driver_of_mails_hangs(pool: PgPool) {
    let words = ["--checkout-wait=0s", "--checkout-call-timeout=10s"];
    let shop = Shop::open_with(&pool, &words).await;
    let lamp = shop.product("Lamp", 1000, 100).await;
    for _ in 0..MAILS {
        shop.bought(&lamp, 1).await;
    }
    shop.wires.fault("SendOrderConfirmation", &[Late(Duration::from_secs(60)); MAILS + 1]);
    let again = "UPDATE outbox SET state = 'waiting' WHERE topic = 'confirmation'";
    sqlx::query(again).execute(&pool).await.unwrap();
    let mails = || shop.wires.calls("SendOrderConfirmation");
    while mails() < 2 * MAILS {
        sleep(Duration::from_millis(10)).await;
    }
    shop.fill(&lamp, 1).await;
    let order = shop.order().await;
    while shop.units_in_cart().await > 0 {
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(mails(), 2 * MAILS, "all of them still hang");
    shop.wires.mend();
    shop.settled(&order.id).await;
    shop.close().await;
}
