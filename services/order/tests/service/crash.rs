//! Orders die in the middle of a checkout, and others go on.

use proto::order::v1 as pb;
use sqlx::PgPool;

use crate::{
    shop::Shop,
    wires::Fault::{ReplyLost, RequestLost},
};

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn a_checkout_goes_on_where_it_was_after_a_crash(pool: PgPool) {
    let mut shop = Shop::open_with(&pool, &["--checkout-wait=500ms"]).await;
    let lamp = shop.product("Lamp", 1000, 10).await;
    let steps = [("Authorize", "authorize"), ("Capture", "capture"), ("CreateShipment", "ship")];
    for (n, (method, step)) in steps.into_iter().enumerate() {
        shop.fill(&lamp, 1).await;
        shop.wires.fault(method, &[ReplyLost; 50]);
        let order = shop.order().await;
        shop.stands_at(&order.id, step).await;
        shop.kill();
        shop.wires.mend();
        shop.restart().await;
        shop.assert_bought(&shop.settled(&order.id).await).await;
        assert_eq!(shop.stock(&lamp).await, (9 - i32::try_from(n).unwrap(), 0));
    }
    assert_eq!(shop.mails().await, [("order_confirmation".into(), 3)]);
    shop.close().await;
}

/// Rows that this version cannot read, as a newer one may leave after a rollback, and one that it can.
#[sqlx::test(migrator = "order::MIGRATOR")]
async fn what_cannot_be_read_does_not_stop_what_can(pool: PgPool) {
    const UNREADABLE: i64 = 20;
    let mut shop = Shop::open_with(&pool, &["--checkout-wait=500ms"]).await;
    let lamp = shop.product("Lamp", 1000, 100).await;
    for _ in 0..UNREADABLE {
        let user = shop.another().await;
        shop.fill_of(&user, &lamp, 1).await;
        let request = pb::CreateOrderRequest { user_id: user, ..shop.request() };
        shop.try_order(request).await.unwrap();
    }
    shop.fill(&lamp, 1).await;
    shop.wires.fault("ReserveInventory", &[RequestLost; 50]);
    let order = shop.order().await;
    shop.kill();
    shop.wires.mend();
    let spoil = "UPDATE checkouts SET step = 'reserve', lease_until = NULL,
            due_at = now() - interval '1 hour', began_at = now() - interval '1 hour',
            data = jsonb_set(data, '{failure}', '{\"code\": \"of_a_newer_version\"}')
        WHERE step = 'confirmed'";
    assert_eq!(sqlx::query(spoil).execute(&pool).await.unwrap().rows_affected(), 20);
    shop.restart().await;
    shop.assert_bought(&shop.settled(&order.id).await).await;
    let stats = shop.client.clone().get_stats(pb::GetStatsRequest::default()).await.unwrap();
    assert_eq!(stats.get_ref().stuck_checkouts, UNREADABLE, "and somebody is told");
    shop.close().await;
}
