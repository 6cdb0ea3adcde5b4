//! Lines come, change and go.

use futures::future::join_all;
use proto::cart::v1 as pb;
use sqlx::PgPool;
use tonic::Code;

use crate::shop::{Shop, id, lines, refusal, total};

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn a_cart_keeps_lines_in_the_order_in_which_they_came(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let (lamp, chair) = (shop.product("lamp", 1999).await, shop.product("chair", 5000).await);
    shop.add(&lamp, 1).await.unwrap();
    shop.add(&chair, 2).await.unwrap();
    let cart = shop.add(&lamp, 2).await.unwrap();
    assert_eq!(lines(&cart), [(&*lamp, 3), (&*chair, 2)]);
    assert_eq!(total(&cart), 3 * 1999 + 2 * 5000);
    assert_eq!(cart, shop.get().await.unwrap());
    assert_eq!(cart.user_id, shop.user);

    let cart = shop.set(&lamp, 5).await.unwrap();
    assert_eq!(lines(&cart), [(&*lamp, 5), (&*chair, 2)]);
    let cart = shop.remove(&lamp).await.unwrap();
    assert_eq!(lines(&cart), [(&*chair, 2)]);
    let cart = shop.add(&lamp, 1).await.unwrap();
    assert_eq!(lines(&cart), [(&*chair, 2), (&*lamp, 1)]);
    shop.close().await;
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn concurrent_adds_all_count(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("lamp", 100).await;
    let added = join_all((0..20).map(|_| shop.add(&lamp, 2))).await;
    let mut versions: Vec<_> = added.into_iter().map(|cart| cart.unwrap().version).collect();
    versions.sort_unstable();
    versions.dedup();
    assert_eq!(versions.len(), 20, "each change has a version of its own");
    assert_eq!(lines(&shop.get().await.unwrap()), [(&*lamp, 40)]);
    shop.close().await;
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn a_line_holds_99_units_and_what_is_above_changes_nothing(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("lamp", 100).await;
    let too_large = (Code::InvalidArgument, "quantity_too_large".to_owned());
    assert_eq!(refusal(shop.add(&lamp, 100).await), too_large);
    assert_eq!(shop.get().await.unwrap().version, 0);
    let cart = shop.add(&lamp, 60).await.unwrap();
    assert_eq!(refusal(shop.add(&lamp, 40).await), too_large);
    assert_eq!(refusal(shop.add(&lamp, i32::MAX).await), too_large);
    assert_eq!(refusal(shop.set(&lamp, 100).await), too_large);
    assert_eq!(shop.get().await.unwrap(), cart);
    assert_eq!(lines(&shop.add(&lamp, 39).await.unwrap()), [(&*lamp, 99)]);
    shop.close().await;
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn a_cart_holds_100_lines_and_the_next_is_refused(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let mut last = String::new();
    for n in 0..100 {
        last = shop.product(&format!("item {n}"), 1).await;
        shop.add(&last, 1).await.unwrap();
    }
    let one_more = shop.product("one more", 1).await;
    let full = (Code::FailedPrecondition, "cart_full".to_owned());
    assert_eq!(refusal(shop.add(&one_more, 1).await), full);
    let cart = shop.add(&last, 1).await.unwrap();
    assert_eq!((cart.items.len(), total(&cart)), (100, 101));
    shop.remove(&last).await.unwrap();
    shop.add(&one_more, 1).await.unwrap();
    shop.close().await;
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn only_products_that_are_sold_can_be_added(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let gone = shop.product("gone", 100).await;
    shop.take_off_sale(&gone).await;
    for product in [gone, id()] {
        assert_eq!(refusal(shop.add(&product, 1).await).0, Code::NotFound);
    }
    assert_eq!(shop.get().await.unwrap().version, 0);
    shop.close().await;
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn a_quantity_is_set_only_of_a_line_that_is_there(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let (lamp, chair) = (shop.product("lamp", 100).await, shop.product("chair", 100).await);
    for quantity in [1, 0] {
        assert_eq!(refusal(shop.set(&lamp, quantity).await).0, Code::NotFound);
    }
    shop.add(&chair, 1).await.unwrap();
    assert_eq!(refusal(shop.set(&lamp, 1).await).0, Code::NotFound);
    let cart = shop.set(&chair, 0).await.unwrap();
    assert_eq!((lines(&cart), total(&cart)), (vec![], 0));
    shop.close().await;
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn removing_what_is_not_there_changes_nothing(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("lamp", 100).await;
    assert_eq!(shop.remove(&lamp).await.unwrap().version, 0);
    shop.add(&lamp, 1).await.unwrap();
    let cart = shop.remove(&lamp).await.unwrap();
    assert_eq!(shop.remove(&lamp).await.unwrap(), cart);
    shop.close().await;
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn nobodys_cart_is_empty(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let cart = shop.get().await.unwrap();
    let expected = pb::Cart {
        user_id: shop.user.clone(),
        total: Some(crate::shop::dollars(0)),
        ..pb::Cart::default()
    };
    assert_eq!(cart, expected);
    shop.close().await;
}
