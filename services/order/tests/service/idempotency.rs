//! Idempotency: repeated requests take effect once.

use futures::future::join_all;
use proto::order::v1::{self as pb, OrderStatus};
use sqlx::PgPool;

use crate::fault_proxy::Fault;
use crate::fixture::{ShopFixture, address, fields, reason};

#[tokio::test]
async fn key_is_bound_to_its_first_request() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 5).await;
    shop.add_to_cart(&lamp, 1).await;
    let request = pb::CreateOrderRequest { idempotency_key: "k".into(), ..shop.request() };
    let replayed = |response: &tonic::Response<pb::Order>| {
        response.metadata().get("idempotency-replayed").is_some()
    };

    let first = shop.client.clone().create_order(request.clone()).await.unwrap();
    assert!(!replayed(&first));
    let repeated = shop.client.clone().create_order(request.clone()).await.unwrap();
    assert!(replayed(&repeated));
    let (first, repeated) = (first.into_inner(), repeated.into_inner());
    assert_eq!(first.id, repeated.id);

    let other = pb::CreateOrderRequest { payment_method_id: "pm_test_declined".into(), ..request };
    assert_eq!(reason(shop.try_place_order(other).await), "idempotency_key_reused");
    shop.assert_bought(&shop.wait_until_settled(&first.id).await).await;
    shop.close().await;
}

#[tokio::test]
async fn key_accepts_a_saved_address_that_has_changed() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 5).await;
    shop.add_to_cart(&lamp, 1).await;
    let request = pb::CreateOrderRequest {
        idempotency_key: "k".into(),
        address_id: shop.user.clone(), // any UUID serves as an address id
        ..shop.request()
    };
    let first = shop.try_place_order(request.clone()).await.unwrap();
    let moved = proto::common::v1::Address { street: "2 Main Street".into(), ..address() };
    let repeated = pb::CreateOrderRequest { shipping_address: Some(moved), ..request };
    let repeated = shop.try_place_order(repeated).await.unwrap();
    assert_eq!((&repeated.id, repeated.shipping_address), (&first.id, Some(address())));

    let no_id = pb::CreateOrderRequest { address_id: "home".into(), ..shop.request() };
    assert_eq!(fields(shop.try_place_order(no_id).await), ["address_id"]);
    shop.wait_until_settled(&first.id).await;
    shop.close().await;
}

#[tokio::test]
async fn concurrent_requests_order_a_cart_once() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 50).await;
    shop.add_to_cart(&lamp, 2).await;
    // The units stay in the cart for a while, so that all requests see the same cart.
    shop.proxy.inject("ClearCart", &[Fault::RequestLost; 3]);

    let responses = join_all((0..8).map(|_| shop.place_order())).await;
    let first = &responses[0].id;
    assert!(responses.iter().all(|order| order.id == *first));
    let order = shop.wait_until_settled(first).await;
    shop.assert_bought(&order).await;
    assert_eq!(shop.stock(&lamp).await, (48, 0));
    assert_eq!(shop.mails().await, [("order_confirmation".into(), 1)]);
    shop.close().await;
}

#[tokio::test]
async fn units_still_in_the_cart_are_not_bought_twice() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 50).await;
    shop.add_to_cart(&lamp, 2).await;
    shop.proxy.inject("ClearCart", &[Fault::RequestLost; 4]);
    let first = shop.place_order().await;
    assert_eq!(first.status(), OrderStatus::Confirmed);
    shop.add_to_cart(&lamp, 3).await;
    assert_eq!(reason(shop.try_place_order(shop.request()).await), "order_in_progress");

    shop.wait_until_settled(&first.id).await;
    assert_eq!(shop.units_in_cart().await, 3);
    let second = shop.place_order().await;
    assert_ne!(second.id, first.id);
    assert_eq!(second.items[0].quantity, 3);
    shop.wait_until_settled(&second.id).await;
    assert_eq!(shop.stock(&lamp).await, (45, 0));
    shop.close().await;
}

/// Returns a shop, a request that names the version of the cart, and the order that it placed.
async fn shop_with_order(pool: &PgPool) -> (ShopFixture, pb::CreateOrderRequest, pb::Order) {
    let shop = ShopFixture::open(pool).await;
    let lamp = shop.add_product("Lamp", 1000, 50).await;
    shop.add_to_cart(&lamp, 1).await;
    let cart = proto::cart::v1::GetCartRequest { user_id: shop.user.clone() };
    let cart = shop.cart.clone().get_cart(cart).await.unwrap().into_inner();
    let request = pb::CreateOrderRequest { cart_version: cart.version, ..shop.request() };
    let first = shop.try_place_order(request.clone()).await.unwrap();
    (shop, request, first)
}

#[tokio::test]
async fn repeat_with_cart_version_returns_the_first_order() {
    let database = testing::database(&order::MIGRATOR).await;
    let (shop, request, first) = shop_with_order(database.pool()).await;
    shop.wait_until_settled(&first.id).await;
    shop.add_to_cart(&first.items[0].product_id, 1).await;
    let repeated = shop.try_place_order(request).await.unwrap();
    assert_eq!(repeated.id, first.id);
    shop.close().await;
}

#[tokio::test]
async fn key_is_attached_to_the_existing_order_of_the_cart() {
    let database = testing::database(&order::MIGRATOR).await;
    let (shop, request, first) = shop_with_order(database.pool()).await;
    let keyed = pb::CreateOrderRequest { idempotency_key: "k".into(), ..request };
    assert_eq!(shop.try_place_order(keyed.clone()).await.unwrap().id, first.id);

    shop.cancel(&first.id).await.unwrap();
    shop.wait_until_settled(&first.id).await;
    let repeated = shop.try_place_order(keyed.clone()).await.unwrap();
    assert_eq!((&repeated.id, repeated.status()), (&first.id, OrderStatus::Cancelled));
    let other = pb::CreateOrderRequest { payment_method_id: "pm_test_declined".into(), ..keyed };
    assert_eq!(reason(shop.try_place_order(other).await), "idempotency_key_reused");
    shop.close().await;
}

/// Attached keys are stored as long as the order.
#[tokio::test]
async fn order_of_a_cart_accepts_ten_other_keys() {
    let database = testing::database(&order::MIGRATOR).await;
    let (shop, request, first) = shop_with_order(database.pool()).await;
    let with_key =
        |n| pb::CreateOrderRequest { idempotency_key: format!("k{n}"), ..request.clone() };
    for n in 0..10 {
        assert_eq!(shop.try_place_order(with_key(n)).await.unwrap().id, first.id);
    }
    assert_eq!(reason(shop.try_place_order(with_key(10)).await), "cart_changed");
    assert_eq!(shop.try_place_order(with_key(9)).await.unwrap().id, first.id);
    shop.close().await;
}
