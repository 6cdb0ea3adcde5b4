//! What a customer sees who buys, and who is refused.

use proto::order::v1::{self as pb, OrderStatus};
use sqlx::PgPool;
use uuid::Uuid;

use crate::shop::{Shop, address, fields, refused, usd};

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn a_cart_becomes_an_order_that_is_paid_and_shipped(pool: PgPool) {
    let shop = Shop::open_with(&pool, &["--tax-basis-points=825"]).await;
    let lamp = shop.product("Lamp", 1999, 10).await;
    let rug = shop.product("Rug", 5000, 10).await;
    shop.fill(&lamp, 2).await;
    shop.fill(&rug, 1).await;

    let order = shop.order().await;

    assert_eq!(order.subtotal, Some(usd(8998)));
    assert_eq!(order.shipping, Some(usd(800))); // 3 kg by the cheapest, 500 + 3000 × 0.10
    assert_eq!(order.tax, Some(usd(742))); // 742.335
    assert_eq!(order.total, Some(usd(8998 + 800 + 742)));
    assert_eq!(order.refunded, Some(usd(0)));
    assert_eq!(order.shipping_address, Some(address()));
    assert_eq!((order.failure_code.as_str(), order.decline_code.as_str()), ("", ""));
    let names: Vec<_> =
        order.items.iter().map(|item| (&*item.product_name, item.quantity)).collect();
    assert_eq!(names, [("Lamp", 2), ("Rug", 1)]);
    let history: Vec<_> = order.history.iter().map(pb::OrderStatusHistory::status).collect();
    assert_eq!(history, [OrderStatus::Pending, OrderStatus::Confirmed]);

    let order = shop.settled(&order.id).await;
    shop.assert_bought(&order).await;
    assert_eq!(shop.stock(&lamp).await, (8, 0));
    assert_eq!(shop.units_in_cart().await, 0);
    assert_eq!(shop.mails().await, [("order_confirmation".into(), 1)]);

    let steps = shop.checkout(&order.id).await;
    assert_eq!(steps.step, "confirmed");
    let names: Vec<_> =
        steps.steps.iter().map(|step| (step.name.as_str(), step.outcome.as_str())).collect();
    let expected = ["reserve", "authorize", "commit_stock", "capture", "ship"];
    assert_eq!(names, expected.map(|name| (name, "done")));
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn a_declined_customer_can_try_again_with_another_card(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 5).await;
    shop.fill(&lamp, 2).await;
    let with = |method: &str| pb::CreateOrderRequest {
        payment_method_id: method.into(),
        ..shop.request()
    };

    let declined = shop.try_order(with("pm_test_insufficient_funds")).await.unwrap();
    assert_eq!(
        (&*declined.failure_code, &*declined.decline_code),
        ("payment_declined", "insufficient_funds")
    );
    shop.assert_nothing_bought(&shop.settled(&declined.id).await).await;
    assert_eq!(shop.stock(&lamp).await, (5, 0));
    assert_eq!(shop.units_in_cart().await, 2);
    assert_eq!(shop.mails().await, [("order_cancelled".into(), 1)]);

    let card = shop.card("4242424242424242").await;
    let order = shop.try_order(with(&card)).await.unwrap();
    assert_ne!(order.id, declined.id);
    assert_eq!(order.payment_method_id, card);
    shop.assert_bought(&shop.settled(&order.id).await).await;
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn what_cannot_be_bought_makes_no_order(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 5).await;
    assert_eq!(refused(shop.try_order(shop.request()).await), "cart_empty");

    shop.fill(&lamp, 6).await;
    let short = shop.try_order(shop.request()).await;
    let product = kit::grpc::status::metadata_of(short.as_ref().unwrap_err(), "product_ids");
    assert_eq!(product.as_deref(), Some(lamp.as_str()));
    assert_eq!(refused(short), "out_of_stock");

    let gone = shop.product("Gone", 1000, 5).await;
    shop.fill(&gone, 1).await;
    let request = proto::catalog::v1::DeleteProductRequest { id: gone };
    shop.catalog.clone().delete_product(request).await.unwrap();
    assert_eq!(refused(shop.try_order(shop.request()).await), "product_unavailable");

    let request =
        proto::cart::v1::ClearCartRequest { user_id: shop.user.clone(), ..Default::default() };
    shop.cart.clone().clear_cart(request).await.unwrap();
    let request = proto::catalog::v1::CreateProductRequest {
        name: "Anvil".into(),
        price: Some(usd(1000)),
        stock_quantity: 50,
        weight_grams: 1_000_000,
        ..Default::default()
    };
    let anvil = shop.catalog.clone().create_product(request).await.unwrap().into_inner();
    shop.fill(&anvil.id, 21).await;
    assert_eq!(refused(shop.try_order(shop.request()).await), "cart_too_heavy");

    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM orders").fetch_one(&pool).await.unwrap();
    assert_eq!(count, 0);
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn what_is_asked_for_has_to_exist(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 5).await;
    shop.fill(&lamp, 1).await;
    let option = |carrier: &str, service: &str| {
        Some(pb::ShippingOption { carrier: carrier.into(), service: service.into() })
    };
    let request =
        pb::CreateOrderRequest { shipping_option: option("USPS", "Pigeon"), ..shop.request() };
    assert_eq!(fields(shop.try_order(request).await), ["shipping_option"]);
    let nobodys = Uuid::from_u128(7).to_string();
    let request = pb::CreateOrderRequest { payment_method_id: nobodys, ..shop.request() };
    assert_eq!(fields(shop.try_order(request).await), ["payment_method_id"]);
    let request = pb::CreateOrderRequest { cart_version: 1, ..shop.request() };
    assert_eq!(refused(shop.try_order(request).await), "cart_changed");
    let empty = shop.try_order(pb::CreateOrderRequest::default()).await;
    assert_eq!(fields(empty), ["user_id", "shipping_address", "payment_method_id"]);

    let request =
        pb::CreateOrderRequest { shipping_option: option("FedEx", "2-Day"), ..shop.request() };
    let order = shop.try_order(request).await.unwrap();
    assert_eq!(order.shipping, Some(usd(850)));
    shop.assert_bought(&shop.settled(&order.id).await).await;
    shop.close().await;
}
