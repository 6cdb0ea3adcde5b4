//! Adding, changing and removing lines.

use futures::future::join_all;
use proto::cart::v1 as pb;
use tonic::Code;

use crate::fixture::{CartFixture, code_and_reason, lines, new_id, total};

#[tokio::test]
async fn lines_keep_order_of_addition() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    let (lamp, chair) =
        (fixture.create_product("lamp", 1999).await, fixture.create_product("chair", 5000).await);
    fixture.add(&lamp, 1).await.unwrap();
    fixture.add(&chair, 2).await.unwrap();
    let cart = fixture.add(&lamp, 2).await.unwrap();
    assert_eq!(lines(&cart), [(&*lamp, 3), (&*chair, 2)]);
    assert_eq!(total(&cart), 3 * 1999 + 2 * 5000);
    assert_eq!(cart, fixture.get().await.unwrap());
    assert_eq!(cart.user_id, fixture.user);

    let cart = fixture.set(&lamp, 5).await.unwrap();
    assert_eq!(lines(&cart), [(&*lamp, 5), (&*chair, 2)]);
    let cart = fixture.remove(&lamp).await.unwrap();
    assert_eq!(lines(&cart), [(&*chair, 2)]);
    let cart = fixture.add(&lamp, 1).await.unwrap();
    assert_eq!(lines(&cart), [(&*chair, 2), (&*lamp, 1)]);
    fixture.stop().await;
}

#[tokio::test]
async fn concurrent_adds_are_all_applied() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    let lamp = fixture.create_product("lamp", 100).await;
    let added = join_all((0..20).map(|_| fixture.add(&lamp, 2))).await;
    let mut versions: Vec<_> = added.into_iter().map(|cart| cart.unwrap().version).collect();
    versions.sort_unstable();
    versions.dedup();
    assert_eq!(versions.len(), 20, "each change has its own version");
    assert_eq!(lines(&fixture.get().await.unwrap()), [(&*lamp, 40)]);
    fixture.stop().await;
}

#[tokio::test]
async fn line_above_99_units_is_refused() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    let lamp = fixture.create_product("lamp", 100).await;
    let too_large = (Code::InvalidArgument, "quantity_too_large".to_owned());
    assert_eq!(code_and_reason(fixture.add(&lamp, 100).await), too_large);
    assert_eq!(fixture.get().await.unwrap().version, 0);
    let cart = fixture.add(&lamp, 60).await.unwrap();
    assert_eq!(code_and_reason(fixture.add(&lamp, 40).await), too_large);
    assert_eq!(code_and_reason(fixture.add(&lamp, i32::MAX).await), too_large);
    assert_eq!(code_and_reason(fixture.set(&lamp, 100).await), too_large);
    assert_eq!(fixture.get().await.unwrap(), cart);
    assert_eq!(lines(&fixture.add(&lamp, 39).await.unwrap()), [(&*lamp, 99)]);
    fixture.stop().await;
}

#[tokio::test]
async fn cart_above_100_lines_is_refused() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    let mut last = String::new();
    for n in 0..100 {
        last = fixture.create_product(&format!("item {n}"), 1).await;
        fixture.add(&last, 1).await.unwrap();
    }
    let one_more = fixture.create_product("one more", 1).await;
    let full = (Code::FailedPrecondition, "cart_full".to_owned());
    assert_eq!(code_and_reason(fixture.add(&one_more, 1).await), full);
    let cart = fixture.add(&last, 1).await.unwrap();
    assert_eq!((cart.items.len(), total(&cart)), (100, 101));
    fixture.remove(&last).await.unwrap();
    fixture.add(&one_more, 1).await.unwrap();
    fixture.stop().await;
}

#[tokio::test]
async fn product_not_for_sale_cannot_be_added() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    let inactive = fixture.create_product("inactive", 100).await;
    fixture.deactivate_product(&inactive).await;
    for product in [inactive, new_id()] {
        assert_eq!(code_and_reason(fixture.add(&product, 1).await).0, Code::NotFound);
    }
    assert_eq!(fixture.get().await.unwrap().version, 0);
    fixture.stop().await;
}

#[tokio::test]
async fn setting_quantity_of_missing_line_is_not_found() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    let (lamp, chair) =
        (fixture.create_product("lamp", 100).await, fixture.create_product("chair", 100).await);
    for quantity in [1, 0] {
        assert_eq!(code_and_reason(fixture.set(&lamp, quantity).await).0, Code::NotFound);
    }
    fixture.add(&chair, 1).await.unwrap();
    assert_eq!(code_and_reason(fixture.set(&lamp, 1).await).0, Code::NotFound);
    let cart = fixture.set(&chair, 0).await.unwrap();
    assert_eq!((lines(&cart), total(&cart)), (vec![], 0));
    fixture.stop().await;
}

#[tokio::test]
async fn removing_missing_line_changes_nothing() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    let lamp = fixture.create_product("lamp", 100).await;
    assert_eq!(fixture.remove(&lamp).await.unwrap().version, 0);
    fixture.add(&lamp, 1).await.unwrap();
    let cart = fixture.remove(&lamp).await.unwrap();
    assert_eq!(fixture.remove(&lamp).await.unwrap(), cart);
    fixture.stop().await;
}

#[tokio::test]
async fn new_customer_has_empty_cart() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    let cart = fixture.get().await.unwrap();
    let expected = pb::Cart {
        user_id: fixture.user.clone(),
        total: Some(crate::fixture::dollars(0)),
        ..pb::Cart::default()
    };
    assert_eq!(cart, expected);
    fixture.stop().await;
}
