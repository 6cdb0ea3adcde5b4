//! Names and prices in a cart: they come from the catalog, never from the client.

use proto::cart::v1 as pb;

use crate::fixture::{CartFixture, dollars, total};

#[tokio::test]
async fn names_prices_and_images_come_from_catalog() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    let lamp = fixture.create_product("lamp", 1999).await;
    let request = pb::AddItemRequest {
        user_id: fixture.user.clone(),
        product_id: lamp.clone(),
        product_name: "a bargain".into(),
        quantity: 2,
        unit_price: Some(dollars(1)),
        image_url: "/bargain.svg".into(),
        create_guest_cart: false,
    };
    let cart = fixture.client.clone().add_item(request).await.unwrap().into_inner();
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

    fixture.set_price(&lamp, 1500).await;
    let cart_after = fixture.get().await.unwrap();
    assert_eq!((total(&cart_after), cart_after.version), (3000, cart.version));
    fixture.stop().await;
}

#[tokio::test]
async fn unavailable_product_is_listed_but_not_counted() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    let (lamp, chair) =
        (fixture.create_product("lamp", 1999).await, fixture.create_product("chair", 5000).await);
    fixture.add(&lamp, 1).await.unwrap();
    fixture.add(&chair, 1).await.unwrap();
    fixture.deactivate_product(&lamp).await;
    let cart = fixture.get().await.unwrap();
    let shown: Vec<_> =
        cart.items.iter().map(|item| (item.product_name.as_str(), item.available)).collect();
    assert_eq!(shown, [("lamp", false), ("chair", true)]);
    assert_eq!(total(&cart), 5000);

    // The products no longer exist in the catalog, for example because it was reinstalled.
    sqlx::query("TRUNCATE products CASCADE").execute(database.pool()).await.unwrap();
    let cart = fixture.get().await.unwrap();
    assert_eq!((cart.items.len(), total(&cart)), (2, 0));
    assert!(cart.items.iter().all(|item| !item.available && item.unit_price == Some(dollars(0))));
    let cart = fixture.remove(&lamp).await.unwrap();
    assert_eq!(cart.items.len(), 1);
    fixture.stop().await;
}
