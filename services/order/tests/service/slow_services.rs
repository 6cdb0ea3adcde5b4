//! Slow services: stale carts, delayed quotes and hanging mails.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::sleep;

use crate::fault_proxy::Fault::{Delay, RespondWith};
use crate::fixture::{ShopFixture, reason};
use proto::order::v1::OrderStatus;
use tonic::Code;

/// Longer than an order takes if none of its calls is delayed.
const SLOW: Duration = Duration::from_secs(3);

/// One request has read the cart and hangs; meanwhile the customer adds an item and orders again.
async fn order_while_call_is_delayed(pool: PgPool, method: &'static str) {
    let shop = ShopFixture::open(&pool).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    let bulb = shop.add_product("Bulb", 100, 10).await;
    shop.add_to_cart(&lamp, 1).await;
    shop.proxy.inject(method, &[Delay(SLOW)]);
    let (mut client, request) = (shop.client.clone(), shop.request());
    let first = tokio::spawn(async move { client.create_order(request).await });
    while shop.proxy.calls(method) == 0 {
        sleep(Duration::from_millis(10)).await;
    }
    // The request is in flight: it carries the cart from before the bulb was added.
    sleep(Duration::from_millis(300)).await;
    shop.add_to_cart(&bulb, 1).await;
    let second = shop.place_order().await;
    assert_eq!((second.status(), second.items.len()), (OrderStatus::Confirmed, 2));
    assert_eq!(reason(first.await.unwrap()), "cart_changed");
    shop.assert_bought(&second).await;
    assert_eq!(shop.stock(&lamp).await, (9, 0), "the cart contained one lamp");
    shop.close().await;
}

#[tokio::test]
async fn stale_cart_does_not_buy_units_twice() {
    let database = testing::database(&order::MIGRATOR).await;
    let pool = database.pool().clone();
    order_while_call_is_delayed(pool, "GetCart").await;
}

#[tokio::test]
async fn delayed_quote_does_not_buy_units_twice() {
    let database = testing::database(&order::MIGRATOR).await;
    let pool = database.pool().clone();
    order_while_call_is_delayed(pool, "GetQuote").await;
}

#[tokio::test]
async fn mails_of_an_order_are_delivered_in_order() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    shop.add_to_cart(&lamp, 1).await;
    shop.proxy.inject("SendOrderConfirmation", &[RespondWith(Code::Unavailable); 4]);
    let order = shop.place_order().await;
    shop.cancel(&order.id).await.unwrap();
    shop.wait_until_settled(&order.id).await;
    let kinds: Vec<String> = sqlx::query_scalar(
        "SELECT kind FROM notifications WHERE kind <> 'email_verification' ORDER BY created_at",
    )
    .fetch_all(&shop.services.notification_db)
    .await
    .unwrap();
    assert_eq!(kinds, ["order_confirmation", "order_cancelled", "refund_issued"]);
    shop.close().await;
}

#[tokio::test]
async fn orders_do_not_wait_for_mails() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 100).await;
    shop.proxy.inject("SendOrderConfirmation", &[Delay(Duration::from_secs(60)); 60]);
    for _ in 0..20 {
        shop.add_to_cart(&lamp, 1).await;
        // The next order would be rejected while this order's units are in the cart.
        assert_eq!(shop.place_order().await.status(), OrderStatus::Confirmed);
    }
    shop.proxy.clear_faults();
    shop.close().await;
}

/// Mails of earlier orders that hang: one for each mail executor.
const MAILS: usize = 16;

#[tokio::test]
async fn carts_are_emptied_while_all_mail_executors_hang() {
    let database = testing::database(&order::MIGRATOR).await;
    let cli_args = ["--checkout-wait=0s", "--checkout-call-timeout=10s"];
    let shop = ShopFixture::open_with(database.pool(), &cli_args).await;
    let lamp = shop.add_product("Lamp", 1000, 100).await;
    for _ in 0..MAILS {
        shop.buy(&lamp, 1).await;
    }
    shop.proxy.inject("SendOrderConfirmation", &[Delay(Duration::from_secs(60)); MAILS + 1]);
    let reset = "UPDATE outbox SET state = 'waiting' WHERE topic = 'confirmation'";
    sqlx::query(reset).execute(database.pool()).await.unwrap();
    let mails = || shop.proxy.calls("SendOrderConfirmation");
    while mails() < 2 * MAILS {
        sleep(Duration::from_millis(10)).await;
    }
    shop.add_to_cart(&lamp, 1).await;
    let order = shop.place_order().await;
    while shop.units_in_cart().await > 0 {
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(mails(), 2 * MAILS, "all of them still hang");
    shop.proxy.clear_faults();
    shop.wait_until_settled(&order.id).await;
    shop.close().await;
}
