//! Clearing carts, and removing the units of orders.

use futures::future::join_all;

use crate::fixture::{CartFixture, fields, lines, new_id};

#[tokio::test]
async fn cleared_cart_is_empty_and_version_grows() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    let lamp = fixture.create_product("lamp", 100).await;
    let before = fixture.add(&lamp, 1).await.unwrap();
    fixture.clear("", &[]).await.unwrap();
    let cart = fixture.get().await.unwrap();
    assert!(cart.items.is_empty() && cart.version > before.version, "{cart:?}");
    assert_eq!(cart.expires_at, "");
    assert!(cart.updated_at > before.updated_at);
    fixture.clear("", &[]).await.unwrap();
    assert_eq!(fixture.get().await.unwrap().version, cart.version);
    fixture.stop().await;
}

#[tokio::test]
async fn order_removes_its_units_once_and_keeps_later_additions() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    let (lamp, chair) =
        (fixture.create_product("lamp", 100).await, fixture.create_product("chair", 100).await);
    fixture.add(&lamp, 3).await.unwrap();
    fixture.add(&chair, 1).await.unwrap();
    let (order, ordered) = (new_id(), [(&*lamp, 3), (&*chair, 1)]);
    // The customer adds units while the order is paid.
    fixture.add(&lamp, 2).await.unwrap();
    join_all((0..5).map(|_| fixture.clear(&order, &ordered))).await.into_iter().for_each(
        |cleared| {
            cleared.unwrap();
        },
    );
    let cart = fixture.get().await.unwrap();
    assert_eq!(lines(&cart), [(&*lamp, 2)]);
    fixture.add(&chair, 1).await.unwrap();
    fixture.clear(&order, &ordered).await.unwrap();
    assert_eq!(lines(&fixture.get().await.unwrap()), [(&*lamp, 2), (&*chair, 1)]);
    // Another order, with more units than remain.
    fixture.clear(&new_id(), &[(&lamp, 5)]).await.unwrap();
    assert_eq!(lines(&fixture.get().await.unwrap()), [(&*chair, 1)]);
    fixture.stop().await;
}

#[tokio::test]
async fn order_is_remembered_when_cart_was_empty() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    let lamp = fixture.create_product("lamp", 100).await;
    let order = new_id();
    fixture.clear(&order, &[(&lamp, 1)]).await.unwrap();
    assert_eq!(fixture.get().await.unwrap().version, 0);
    fixture.add(&lamp, 1).await.unwrap();
    fixture.clear(&order, &[(&lamp, 1)]).await.unwrap();
    fixture.clear(&order, &[]).await.unwrap();
    assert_eq!(lines(&fixture.get().await.unwrap()), [(&*lamp, 1)]);
    fixture.stop().await;
}

#[tokio::test]
async fn late_repeat_of_earlier_order_removes_nothing() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    let lamp = fixture.create_product("lamp", 100).await;
    let ordered = [(&*lamp, 1)];
    let mut orders = Vec::new();
    for _ in 0..3 {
        let version = fixture.add(&lamp, 1).await.unwrap().version;
        let order = new_id();
        fixture.clear_version(&order, version, &ordered).await.unwrap();
        assert!(fixture.get().await.unwrap().items.is_empty());
        orders.push((order, version));
    }
    fixture.add(&lamp, 1).await.unwrap();
    for (order, version) in &orders {
        fixture.clear_version(order, *version, &ordered).await.unwrap();
        fixture.clear_version(order, *version, &[]).await.unwrap();
    }
    assert_eq!(lines(&fixture.get().await.unwrap()), [(&*lamp, 1)]);
    fixture.stop().await;
}

#[tokio::test]
async fn ordered_lines_require_order_id_and_quantities() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    let missing = fields(fixture.clear("", &[("x", 1), (&new_id(), 0)]).await);
    assert_eq!(missing, ["order_id", "ordered[0].product_id", "ordered[1].quantity"]);
    let missing = fields(fixture.clear_version("", 1, &[]).await);
    assert_eq!(missing, ["order_id"]);
    let negative = fields(fixture.clear_version(&new_id(), -1, &[]).await);
    assert_eq!(negative, ["cart_version"]);
    assert_eq!(fields(fixture.clear_version(&new_id(), i64::MAX, &[]).await), ["cart_version"]);
    let too_many: Vec<_> = (0..101).map(|_| new_id()).collect();
    let too_many: Vec<_> = too_many.iter().map(|product| (product.as_str(), 1)).collect();
    assert_eq!(fields(fixture.clear(&new_id(), &too_many).await), ["ordered"]);
    fixture.stop().await;
}
