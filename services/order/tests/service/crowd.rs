//! Many buyers, few units.

use futures::future::join_all;
use proto::order::v1::{self as pb, OrderStatus};
use sqlx::PgPool;

use crate::shop::Shop;

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn of_many_buyers_as_many_pay_as_there_are_units(pool: PgPool) {
    const BUYERS: usize = 60;
    const UNITS: usize = 10;
    let shop = Shop::open_with(&pool, &["--database-max-connections=20"]).await;
    let lamp = shop.product("Lamp", 1000, i32::try_from(UNITS).unwrap()).await;
    let mut buyers = Vec::new();
    for _ in 0..BUYERS {
        let user = shop.another().await;
        shop.fill_of(&user, &lamp, 1).await;
        buyers.push(user);
    }
    let buy = |user| shop.try_order(pb::CreateOrderRequest { user_id: user, ..shop.request() });
    let answers = join_all(buyers.into_iter().map(buy)).await;

    let mut paid = 0;
    for order in answers.into_iter().flatten() {
        let order = shop.settled(&order.id).await;
        if order.status() == OrderStatus::Confirmed {
            shop.assert_bought(&order).await;
            paid += 1;
        } else {
            assert_eq!(order.failure_code, "out_of_stock");
            assert_eq!(order.unavailable_product_ids, std::slice::from_ref(&lamp));
            shop.assert_nothing_bought(&order).await;
        }
    }
    assert_eq!(paid, UNITS);
    assert_eq!(shop.stock(&lamp).await, (0, 0));
    let captures: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM transactions WHERE kind = 'capture' AND state = 'done'",
    )
    .fetch_one(&shop.others.payment_db)
    .await
    .unwrap();
    assert_eq!(usize::try_from(captures).unwrap(), UNITS, "no charge without an order");
    shop.close().await;
}
