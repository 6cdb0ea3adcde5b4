//! Names and prices are the catalog's of now, whatever a client says.

use proto::cart::v1 as pb;
use sqlx::PgPool;

use crate::shop::{Shop, dollars, total};

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn prices_names_and_pictures_come_from_the_catalog(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("lamp", 1999).await;
    let request = pb::AddItemRequest {
        user_id: shop.user.clone(),
        product_id: lamp.clone(),
        product_name: "a bargain".into(),
        quantity: 2,
        unit_price: Some(dollars(1)),
        image_url: "/bargain.svg".into(),
    };
    let cart = shop.client.clone().add_item(request).await.unwrap().into_inner();
    let expected = pb::CartItem {
        product_id: lamp.clone(),
        product_name: "lamp".into(),
        quantity: 2,
        unit_price: Some(dollars(1999)),
        total_price: Some(dollars(3998)),
        image_url: "/lamp.svg".into(),
        available: true,
    };
    assert_eq!(cart.items, [expected]);

    shop.set_price(&lamp, 1500).await;
    let later = shop.get().await.unwrap();
    assert_eq!((total(&later), later.version), (3000, cart.version));
    shop.close().await;
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn a_product_that_is_gone_is_shown_and_not_counted(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let (lamp, chair) = (shop.product("lamp", 1999).await, shop.product("chair", 5000).await);
    shop.add(&lamp, 1).await.unwrap();
    shop.add(&chair, 1).await.unwrap();
    shop.take_off_sale(&lamp).await;
    let cart = shop.get().await.unwrap();
    let shown: Vec<_> =
        cart.items.iter().map(|item| (item.product_name.as_str(), item.available)).collect();
    assert_eq!(shown, [("lamp", false), ("chair", true)]);
    assert_eq!(total(&cart), 5000);

    // One that the catalog does not know at all, as after it was set up anew.
    sqlx::query("TRUNCATE products CASCADE").execute(&pool).await.unwrap();
    let cart = shop.get().await.unwrap();
    assert_eq!((cart.items.len(), total(&cart)), (2, 0));
    assert!(cart.items.iter().all(|item| !item.available && item.unit_price == Some(dollars(0))));
    let cart = shop.remove(&lamp).await.unwrap();
    assert_eq!(cart.items.len(), 1);
    shop.close().await;
}
