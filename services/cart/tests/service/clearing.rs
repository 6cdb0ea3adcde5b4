//! Carts are emptied, and orders take their units out.

use futures::future::join_all;
use sqlx::PgPool;

use crate::shop::{Shop, fields, id, lines};

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn an_emptied_cart_is_empty_and_its_version_grows(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("lamp", 100).await;
    let before = shop.add(&lamp, 1).await.unwrap();
    shop.clear("", &[]).await.unwrap();
    let cart = shop.get().await.unwrap();
    assert!(cart.items.is_empty() && cart.version > before.version, "{cart:?}");
    assert_eq!(cart.expires_at, "");
    assert!(cart.updated_at > before.updated_at);
    shop.clear("", &[]).await.unwrap();
    assert_eq!(shop.get().await.unwrap().version, cart.version);
    shop.close().await;
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn an_order_takes_its_units_out_once_and_what_was_added_since_stays(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let (lamp, chair) = (shop.product("lamp", 100).await, shop.product("chair", 100).await);
    shop.add(&lamp, 3).await.unwrap();
    shop.add(&chair, 1).await.unwrap();
    let (order, ordered) = (id(), [(&*lamp, 3), (&*chair, 1)]);
    // While it was being paid.
    shop.add(&lamp, 2).await.unwrap();
    join_all((0..5).map(|_| shop.clear(&order, &ordered))).await.into_iter().for_each(|cleared| {
        cleared.unwrap();
    });
    let cart = shop.get().await.unwrap();
    assert_eq!(lines(&cart), [(&*lamp, 2)]);
    shop.add(&chair, 1).await.unwrap();
    shop.clear(&order, &ordered).await.unwrap();
    assert_eq!(lines(&shop.get().await.unwrap()), [(&*lamp, 2), (&*chair, 1)]);
    // Another order, for more than is left.
    shop.clear(&id(), &[(&lamp, 5)]).await.unwrap();
    assert_eq!(lines(&shop.get().await.unwrap()), [(&*chair, 1)]);
    shop.close().await;
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn an_order_is_remembered_also_when_its_cart_was_empty(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("lamp", 100).await;
    let order = id();
    shop.clear(&order, &[(&lamp, 1)]).await.unwrap();
    assert_eq!(shop.get().await.unwrap().version, 0);
    shop.add(&lamp, 1).await.unwrap();
    shop.clear(&order, &[(&lamp, 1)]).await.unwrap();
    shop.clear(&order, &[]).await.unwrap();
    assert_eq!(lines(&shop.get().await.unwrap()), [(&*lamp, 1)]);
    shop.close().await;
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn units_of_an_order_need_its_id_and_quantities(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let missing = fields(shop.clear("", &[("x", 1), (&id(), 0)]).await);
    assert_eq!(missing, ["order_id", "ordered[0].product_id", "ordered[1].quantity"]);
    let many: Vec<_> = (0..101).map(|_| id()).collect();
    let many: Vec<_> = many.iter().map(|product| (product.as_str(), 1)).collect();
    assert_eq!(fields(shop.clear(&id(), &many).await), ["ordered"]);
    shop.close().await;
}
