//! Crash recovery: the order service is killed during a checkout and restarted.

use proto::order::v1 as pb;

use crate::fault_proxy::Fault::{ReplyLost, RequestLost};
use crate::fixture::ShopFixture;

#[tokio::test]
async fn checkout_resumes_at_its_step_after_a_crash() {
    let database = testing::database(&order::MIGRATOR).await;
    let mut shop = ShopFixture::open_with(database.pool(), &["--checkout-wait=500ms"]).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    let steps = [("Authorize", "authorize"), ("Capture", "capture"), ("CreateShipment", "ship")];
    for (n, (method, step)) in steps.into_iter().enumerate() {
        shop.add_to_cart(&lamp, 1).await;
        shop.proxy.inject(method, &[ReplyLost; 50]);
        let order = shop.place_order().await;
        shop.wait_for_step(&order.id, step).await;
        shop.kill();
        shop.proxy.clear_faults();
        shop.restart().await;
        shop.assert_bought(&shop.wait_until_settled(&order.id).await).await;
        assert_eq!(shop.stock(&lamp).await, (9 - i32::try_from(n).unwrap(), 0));
    }
    assert_eq!(shop.mails().await, [("order_confirmation".into(), 3)]);
    shop.close().await;
}

/// Rows that this version cannot read, as a newer version may leave after a rollback, and one row
/// that it can read.
#[tokio::test]
async fn unreadable_rows_do_not_block_readable_ones() {
    let database = testing::database(&order::MIGRATOR).await;
    const UNREADABLE: i64 = 20;
    let mut shop = ShopFixture::open_with(database.pool(), &["--checkout-wait=500ms"]).await;
    let lamp = shop.add_product("Lamp", 1000, 100).await;
    for _ in 0..UNREADABLE {
        let user = shop.register_customer().await;
        shop.add_to_cart_for(&user, &lamp, 1).await;
        let request = pb::CreateOrderRequest { user_id: user, ..shop.request() };
        shop.try_place_order(request).await.unwrap();
    }
    shop.add_to_cart(&lamp, 1).await;
    shop.proxy.inject("ReserveInventory", &[RequestLost; 50]);
    let order = shop.place_order().await;
    shop.kill();
    shop.proxy.clear_faults();
    let corrupt = "UPDATE checkouts SET step = 'reserve', lease_until = NULL,
            due_at = now() - interval '1 hour', began_at = now() - interval '1 hour',
            data = jsonb_set(data, '{failure}', '{\"code\": \"of_a_newer_version\"}')
        WHERE step = 'confirmed'";
    assert_eq!(sqlx::query(corrupt).execute(database.pool()).await.unwrap().rows_affected(), 20);
    shop.restart().await;
    shop.assert_bought(&shop.wait_until_settled(&order.id).await).await;
    let stats = shop.client.clone().get_stats(pb::GetStatsRequest::default()).await.unwrap();
    assert_eq!(stats.get_ref().stuck_checkouts, UNREADABLE, "reported as stuck");
    shop.close().await;
}
