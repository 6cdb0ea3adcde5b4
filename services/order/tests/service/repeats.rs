//! Whatever is asked twice happens once.

use futures::future::join_all;
use proto::order::v1::{self as pb, OrderStatus};
use sqlx::PgPool;

use crate::{
    shop::{Shop, address, fields, refused},
    wires::Fault,
};

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn a_key_belongs_to_what_was_first_asked_for_with_it(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 5).await;
    shop.fill(&lamp, 1).await;
    let request = pb::CreateOrderRequest { idempotency_key: "k".into(), ..shop.request() };
    let replayed = |response: &tonic::Response<pb::Order>| {
        response.metadata().get("idempotency-replayed").is_some()
    };

    let first = shop.client.clone().create_order(request.clone()).await.unwrap();
    assert!(!replayed(&first));
    let again = shop.client.clone().create_order(request.clone()).await.unwrap();
    assert!(replayed(&again));
    let (first, again) = (first.into_inner(), again.into_inner());
    assert_eq!(first.id, again.id);

    let other = pb::CreateOrderRequest { payment_method_id: "pm_test_declined".into(), ..request };
    assert_eq!(refused(shop.try_order(other).await), "idempotency_key_reused");
    shop.assert_bought(&shop.settled(&first.id).await).await;
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn a_key_goes_with_the_saved_address_that_was_named_whatever_it_says_now(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 5).await;
    shop.fill(&lamp, 1).await;
    let request = pb::CreateOrderRequest {
        idempotency_key: "k".into(),
        address_id: shop.user.clone(), // an id is an id
        ..shop.request()
    };
    let first = shop.try_order(request.clone()).await.unwrap();
    let moved = proto::common::v1::Address { street: "2 Main Street".into(), ..address() };
    let again = pb::CreateOrderRequest { shipping_address: Some(moved), ..request };
    let again = shop.try_order(again).await.unwrap();
    assert_eq!((&again.id, again.shipping_address), (&first.id, Some(address())));

    let no_id = pb::CreateOrderRequest { address_id: "home".into(), ..shop.request() };
    assert_eq!(fields(shop.try_order(no_id).await), ["address_id"]);
    shop.settled(&first.id).await;
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn a_cart_is_ordered_once_however_often_it_is_asked_for_at_once(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 50).await;
    shop.fill(&lamp, 2).await;
    // Held in the cart for a while, so that all of them see the same one.
    shop.wires.fault("ClearCart", &[Fault::RequestLost; 3]);

    let answers = join_all((0..8).map(|_| shop.order())).await;
    let first = &answers[0].id;
    assert!(answers.iter().all(|order| order.id == *first));
    let order = shop.settled(first).await;
    shop.assert_bought(&order).await;
    assert_eq!(shop.stock(&lamp).await, (48, 0));
    assert_eq!(shop.mails().await, [("order_confirmation".into(), 1)]);
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn units_that_are_still_in_the_cart_are_not_bought_twice(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 50).await;
    shop.fill(&lamp, 2).await;
    shop.wires.fault("ClearCart", &[Fault::RequestLost; 4]);
    let first = shop.order().await;
    assert_eq!(first.status(), OrderStatus::Confirmed);
    shop.fill(&lamp, 3).await;
    assert_eq!(refused(shop.try_order(shop.request()).await), "order_in_progress");

    shop.settled(&first.id).await;
    assert_eq!(shop.units_in_cart().await, 3);
    let second = shop.order().await;
    assert_ne!(second.id, first.id);
    assert_eq!(second.items[0].quantity, 3);
    shop.settled(&second.id).await;
    assert_eq!(shop.stock(&lamp).await, (45, 0));
    shop.close().await;
}

/// A request that names the version of the cart.
async fn of_the_cart_as_it_is(shop: &Shop) -> pb::CreateOrderRequest {
    let request = proto::cart::v1::GetCartRequest { user_id: shop.user.clone() };
    let cart = shop.cart.clone().get_cart(request).await.unwrap().into_inner();
    pb::CreateOrderRequest { cart_version: cart.version, ..shop.request() }
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn an_order_of_a_seen_cart_is_found_again_after_the_cart_has_changed(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 50).await;
    shop.fill(&lamp, 1).await;
    let request = of_the_cart_as_it_is(&shop).await;
    let first = shop.try_order(request.clone()).await.unwrap();
    shop.settled(&first.id).await;
    shop.fill(&lamp, 1).await;
    let again = shop.try_order(request).await.unwrap();
    assert_eq!(again.id, first.id);
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn a_key_that_met_the_order_of_another_request_goes_with_it(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 50).await;
    shop.fill(&lamp, 1).await;
    let request = of_the_cart_as_it_is(&shop).await;
    let first = shop.try_order(request.clone()).await.unwrap();
    let keyed = pb::CreateOrderRequest { idempotency_key: "k".into(), ..request };
    assert_eq!(shop.try_order(keyed.clone()).await.unwrap().id, first.id);

    shop.cancel(&first.id).await.unwrap();
    shop.settled(&first.id).await;
    let again = shop.try_order(keyed.clone()).await.unwrap();
    assert_eq!((&again.id, again.status()), (&first.id, OrderStatus::Cancelled));
    let other = pb::CreateOrderRequest { payment_method_id: "pm_test_declined".into(), ..keyed };
    assert_eq!(refused(shop.try_order(other).await), "idempotency_key_reused");
    shop.close().await;
}
