//! Orders die in the middle of a checkout, and others go on.

use sqlx::PgPool;

use crate::{shop::Shop, wires::Fault::ReplyLost};

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
