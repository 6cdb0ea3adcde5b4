//! Carts of guests: creation, expiry, and merging into the cart of a customer.

use std::time::Duration;

use futures::future::join_all;
use proto::cart::v1 as pb;
use tonic::{Code, Status};

use crate::fixture::{
    CartFixture, assert_unavailable, code_and_reason, fields, lines, new_guest, new_id, total,
};
use crate::redis_server::RedisServer;

/// Creates the cart of a new guest with these lines, and returns the guest.
async fn guest_with(fixture: &CartFixture, lines: &[(&str, i32)]) -> String {
    let guest = new_guest();
    for (product, quantity) in lines {
        fixture.add_for_guest(&guest, product, *quantity, true).await.unwrap();
    }
    guest
}

fn not_merged(merged: &pb::MergeCartResponse) -> Vec<(&str, i32)> {
    merged.not_merged.iter().map(|item| (item.product_id.as_str(), item.quantity)).collect()
}

#[tokio::test]
async fn guest_cart_is_created_only_on_request() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    let (lamp, guest) = (fixture.create_product("lamp", 100).await, new_guest());
    let absent = (Code::FailedPrecondition, "guest_cart_absent".to_owned());
    let refused = fixture.add_for_guest(&guest, &lamp, 1, false).await;
    assert_eq!(code_and_reason(refused), absent);
    assert_eq!(fixture.get_of(&guest).await.unwrap().version, 0);
    fixture.add_for_guest(&guest, &lamp, 1, true).await.unwrap();
    let cart = fixture.add_for_guest(&guest, &lamp, 2, false).await.unwrap();
    assert_eq!(lines(&cart), [(&*lamp, 3)]);
    assert_eq!(fixture.get_of(&guest).await.unwrap(), cart);
    fixture.stop().await;
}

#[tokio::test]
async fn guest_cart_expires_after_its_own_ttl() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start_with(database.pool(), |args| {
        args.guest_cart_ttl = Duration::from_secs(7200);
        args.cart_ttl = Duration::from_secs(3600);
    })
    .await;
    let lamp = fixture.create_product("lamp", 100).await;
    let of_guest = fixture.add_for_guest(&new_guest(), &lamp, 1, true).await.unwrap();
    let of_customer = fixture.add(&lamp, 1).await.unwrap();
    for (cart, seconds) in [(of_guest, 7200), (of_customer, 3600)] {
        let (updated, expires): (jiff::Timestamp, jiff::Timestamp) =
            (cart.updated_at.parse().unwrap(), cart.expires_at.parse().unwrap());
        let left = expires.duration_since(updated).as_millis();
        assert!((seconds * 1000 - 10..=seconds * 1000 + 10).contains(&left), "{left} ms");
    }
    fixture.stop().await;
}

#[tokio::test]
async fn merge_moves_lines_and_adds_quantities_up_to_99() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    let (lamp, chair, desk, sold_out) = (
        fixture.create_product("lamp", 100).await,
        fixture.create_product("chair", 200).await,
        fixture.create_product("desk", 300).await,
        fixture.create_product("sold out", 400).await,
    );
    fixture.add(&lamp, 2).await.unwrap();
    let before = fixture.add(&chair, 60).await.unwrap();
    let of_guest = [(&*desk, 1), (&*sold_out, 4), (&*chair, 50), (&*lamp, 3)];
    let guest = guest_with(&fixture, &of_guest).await;
    fixture.deactivate_product(&sold_out).await;

    let merged = fixture.merge(&guest).await.unwrap();
    let cart = merged.cart.clone().unwrap();
    assert_eq!(lines(&cart), [(&*lamp, 5), (&*chair, 99), (&*desk, 1), (&*sold_out, 4)]);
    assert_eq!((total(&cart), not_merged(&merged)), (500 + 19_800 + 300, vec![]));
    assert!(cart.version > before.version && cart.user_id == fixture.user);
    assert_eq!(fixture.get().await.unwrap(), cart);
    assert_eq!(fixture.get_of(&guest).await.unwrap().version, 0, "the guest's cart is gone");

    // A repeat, also after the customer changed the cart.
    assert_eq!(fixture.merge(&guest).await.unwrap(), merged);
    let changed = fixture.remove(&desk).await.unwrap();
    assert_eq!(fixture.merge(&guest).await.unwrap().cart, Some(changed));
    fixture.stop().await;
}

#[tokio::test]
async fn lines_above_100_are_returned_by_merge_and_its_repeat() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    let mut products = Vec::new();
    for n in 0..102 {
        products.push(fixture.create_product(&format!("item {n}"), 100).await);
    }
    for product in &products[..99] {
        fixture.add(product, 1).await.unwrap();
    }
    let of_guest = [(&*products[99], 1), (&*products[100], 2), (&*products[0], 5)];
    let guest = guest_with(&fixture, &of_guest).await;
    fixture.add_for_guest(&guest, &products[101], 3, false).await.unwrap();

    let merged = fixture.merge(&guest).await.unwrap();
    let cart = merged.cart.clone().unwrap();
    assert_eq!((cart.items.len(), lines(&cart)[0]), (100, (&*products[0], 6)));
    assert_eq!(lines(&cart)[99], (&*products[99], 1));
    assert_eq!(not_merged(&merged), [(&*products[100], 2), (&*products[101], 3)]);
    assert_eq!(merged.not_merged[0].product_name, "item 100");
    assert!(merged.not_merged[0].available);

    assert_eq!(fixture.merge(&guest).await.unwrap(), merged);
    // There is room now, but a repeat changes nothing.
    let changed = fixture.remove(&products[0]).await.unwrap();
    let repeated = fixture.merge(&guest).await.unwrap();
    assert_eq!(repeated, pb::MergeCartResponse { cart: Some(changed), ..merged });
    fixture.stop().await;
}

#[tokio::test]
async fn concurrent_merges_and_additions_count_every_unit_once() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    let (lamp, chair) =
        (fixture.create_product("lamp", 100).await, fixture.create_product("chair", 100).await);
    let guest = guest_with(&fixture, &[(&lamp, 10), (&chair, 7)]).await;
    let merges = join_all((0..8).map(|_| fixture.merge(&guest)));
    let additions = join_all((0..8).map(|_| fixture.add(&lamp, 1)));
    let (merged, added) = tokio::join!(merges, additions);
    assert!(merged.iter().all(Result::is_ok) && added.iter().all(Result::is_ok));
    let mut content = fixture.get().await.unwrap();
    content.items.sort_unstable_by_key(|item| item.quantity);
    assert_eq!(lines(&content), [(&*chair, 7), (&*lamp, 18)]);
    assert_eq!(fixture.get_of(&guest).await.unwrap().version, 0);
    fixture.stop().await;
}

#[tokio::test]
async fn guests_later_cart_is_merged_again() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    let lamp = fixture.create_product("lamp", 100).await;
    let guest = guest_with(&fixture, &[(&lamp, 1)]).await;
    fixture.merge(&guest).await.unwrap();
    fixture.add_for_guest(&guest, &lamp, 2, true).await.unwrap();
    let merged = fixture.merge(&guest).await.unwrap();
    assert_eq!(lines(&merged.cart.unwrap()), [(&*lamp, 3)]);
    fixture.stop().await;
}

#[tokio::test]
async fn unknown_guest_is_merged_without_effect() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    let merged = fixture.merge(&new_guest()).await.unwrap();
    assert_eq!(merged.cart, Some(fixture.get().await.unwrap()));
    assert_eq!(merged.cart.unwrap().version, 0);
    let lamp = fixture.create_product("lamp", 100).await;
    let cart = fixture.add(&lamp, 1).await.unwrap();
    let merged = fixture.merge(&new_guest()).await.unwrap();
    assert_eq!(merged, pb::MergeCartResponse { cart: Some(cart), not_merged: vec![] });
    fixture.stop().await;
}

#[tokio::test]
async fn only_carts_of_guests_are_merged_and_only_into_carts_of_customers() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    let merge = async |from_user_id: String, user_id: String| -> Result<_, Status> {
        let request = pb::MergeCartRequest { from_user_id, user_id };
        fixture.client.clone().merge_cart(request).await
    };
    assert_eq!(fields(merge(new_id(), fixture.user.clone()).await), ["from_user_id"]);
    assert_eq!(fields(merge(new_guest(), new_guest()).await), ["user_id"]);
    fixture.stop().await;
}

#[tokio::test]
async fn nearly_full_redis_creates_no_guest_carts_and_serves_existing_ones() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let redis = RedisServer::start().await;
    let fixture = CartFixture::start_with(database.pool(), |args| {
        args.redis.redis_url = Some(redis.url().into())
    })
    .await;
    let lamp = fixture.create_product("lamp", 100).await;
    let guest = guest_with(&fixture, &[(&lamp, 1)]).await;
    redis.limit_memory(90).await;

    let refused = fixture.add_for_guest(&new_guest(), &lamp, 1, true).await;
    let retry_after = kit::grpc::status::retry_after_of(refused.as_ref().unwrap_err());
    assert_eq!(retry_after, Some(Duration::from_secs(60)));
    assert_unavailable(refused);
    let cart = fixture.add_for_guest(&guest, &lamp, 1, true).await.unwrap();
    assert_eq!(fixture.get_of(&guest).await.unwrap(), cart);
    fixture.add(&lamp, 1).await.unwrap();
    assert_eq!(lines(&fixture.merge(&guest).await.unwrap().cart.unwrap()), [(&*lamp, 3)]);

    redis.limit_memory(60).await;
    fixture.add_for_guest(&new_guest(), &lamp, 1, true).await.unwrap();
    fixture.stop().await;
}

#[tokio::test]
async fn full_redis_accepts_merges() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let redis = RedisServer::start().await;
    let fixture = CartFixture::start_with(database.pool(), |args| {
        args.redis.redis_url = Some(redis.url().into())
    })
    .await;
    let (lamp, chair) =
        (fixture.create_product("lamp", 100).await, fixture.create_product("chair", 100).await);
    let guest = guest_with(&fixture, &[(&lamp, 2), (&chair, 1)]).await;
    redis.configure("maxmemory", "1").await;
    assert_unavailable(fixture.add_for_guest(&guest, &lamp, 1, false).await);
    assert_unavailable(fixture.add_for_guest(&new_guest(), &lamp, 1, true).await);
    let merged = fixture.merge(&guest).await.unwrap();
    assert_eq!(lines(merged.cart.as_ref().unwrap()), [(&*lamp, 2), (&*chair, 1)]);
    assert_eq!(fixture.merge(&guest).await.unwrap(), merged);
    fixture.stop().await;
}

#[tokio::test]
async fn outages_leave_both_carts_unchanged() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let mut fixture = CartFixture::start(database.pool()).await;
    let lamp = fixture.create_product("lamp", 100).await;
    let guest = guest_with(&fixture, &[(&lamp, 1)]).await;
    fixture.stop_catalog().await;
    assert_unavailable(fixture.merge(&guest).await);
    fixture.start_catalog().await;
    let of_guest = async {
        loop {
            match fixture.get_of(&guest).await {
                Ok(cart) => return cart,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    let of_guest = tokio::time::timeout(Duration::from_secs(20), of_guest).await;
    assert_eq!(lines(&of_guest.expect("the catalog is back")), [(&*lamp, 1)]);
    assert_eq!(fixture.get().await.unwrap().version, 0);
    fixture.stop().await;
}
