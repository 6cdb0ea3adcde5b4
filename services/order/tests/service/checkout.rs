//! Checkout: successful and rejected orders.

use proto::order::v1::{self as pb, OrderStatus};
use uuid::Uuid;

use crate::fixture::{ShopFixture, address, fields, reason, usd};

#[tokio::test]
async fn cart_becomes_a_paid_and_shipped_order() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open_with(database.pool(), &["--tax-basis-points=825"]).await;
    let lamp = shop.add_product("Lamp", 1999, 10).await;
    let rug = shop.add_product("Rug", 5000, 10).await;
    shop.add_to_cart(&lamp, 2).await;
    shop.add_to_cart(&rug, 1).await;

    let order = shop.place_order().await;

    assert_eq!(order.subtotal, Some(usd(8998)));
    assert_eq!(order.shipping, Some(usd(800))); // 3 kg with the cheapest option, 500 + 3000 × 0.10
    assert_eq!(order.tax, Some(usd(742))); // 742.335, rounded
    assert_eq!(order.total, Some(usd(8998 + 800 + 742)));
    assert_eq!(order.refunded, Some(usd(0)));
    assert_eq!(order.shipping_address, Some(address()));
    assert_eq!((order.failure_code.as_str(), order.decline_code.as_str()), ("", ""));
    let names: Vec<_> =
        order.items.iter().map(|item| (&*item.product_name, item.quantity)).collect();
    assert_eq!(names, [("Lamp", 2), ("Rug", 1)]);
    let history: Vec<_> = order.history.iter().map(pb::OrderStatusHistory::status).collect();
    assert_eq!(history, [OrderStatus::Pending, OrderStatus::Confirmed]);

    let order = shop.wait_until_settled(&order.id).await;
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

#[tokio::test]
async fn declined_customer_can_retry_with_another_card() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 5).await;
    shop.add_to_cart(&lamp, 2).await;
    let request_with = |method: &str| pb::CreateOrderRequest {
        payment_method_id: method.into(),
        ..shop.request()
    };

    let declined = shop.try_place_order(request_with("pm_test_insufficient_funds")).await.unwrap();
    assert_eq!(
        (&*declined.failure_code, &*declined.decline_code),
        ("payment_declined", "insufficient_funds")
    );
    shop.assert_nothing_bought(&shop.wait_until_settled(&declined.id).await).await;
    assert_eq!(shop.stock(&lamp).await, (5, 0));
    assert_eq!(shop.units_in_cart().await, 2);
    assert_eq!(shop.mails().await, [("order_cancelled".into(), 1)]);

    let card = shop.save_card("4242424242424242").await;
    let order = shop.try_place_order(request_with(&card)).await.unwrap();
    assert_ne!(order.id, declined.id);
    assert_eq!(order.payment_method_id, card);
    shop.assert_bought(&shop.wait_until_settled(&order.id).await).await;
    shop.close().await;
}

#[tokio::test]
async fn invalid_cart_creates_no_order() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 5).await;
    assert_eq!(reason(shop.try_place_order(shop.request()).await), "cart_empty");

    shop.add_to_cart(&lamp, 6).await;
    let short = shop.try_place_order(shop.request()).await;
    let product = kit::grpc::status::metadata_of(short.as_ref().unwrap_err(), "product_ids");
    assert_eq!(product.as_deref(), Some(lamp.as_str()));
    assert_eq!(reason(short), "out_of_stock");

    let deleted = shop.add_product("Gone", 1000, 5).await;
    shop.add_to_cart(&deleted, 1).await;
    let request = proto::catalog::v1::DeleteProductRequest { id: deleted, ..Default::default() };
    shop.catalog.clone().delete_product(request).await.unwrap();
    assert_eq!(reason(shop.try_place_order(shop.request()).await), "product_unavailable");

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
    shop.add_to_cart(&anvil.id, 21).await;
    assert_eq!(reason(shop.try_place_order(shop.request()).await), "cart_too_heavy");

    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM orders").fetch_one(database.pool()).await.unwrap();
    assert_eq!(count, 0);
    shop.close().await;
}

#[tokio::test]
async fn unknown_option_method_or_version_is_rejected() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 5).await;
    shop.add_to_cart(&lamp, 1).await;
    let option = |carrier: &str, service: &str| {
        Some(pb::ShippingOption { carrier: carrier.into(), service: service.into() })
    };
    let request =
        pb::CreateOrderRequest { shipping_option: option("USPS", "Pigeon"), ..shop.request() };
    assert_eq!(fields(shop.try_place_order(request).await), ["shipping_option"]);
    let unknown_method = Uuid::from_u128(7).to_string();
    let request = pb::CreateOrderRequest { payment_method_id: unknown_method, ..shop.request() };
    assert_eq!(fields(shop.try_place_order(request).await), ["payment_method_id"]);
    let request = pb::CreateOrderRequest { cart_version: 1, ..shop.request() };
    assert_eq!(reason(shop.try_place_order(request).await), "cart_changed");
    let empty = shop.try_place_order(pb::CreateOrderRequest::default()).await;
    assert_eq!(fields(empty), ["user_id", "shipping_address", "payment_method_id"]);

    let request =
        pb::CreateOrderRequest { shipping_option: option("FedEx", "2-Day"), ..shop.request() };
    let order = shop.try_place_order(request).await.unwrap();
    assert_eq!(order.shipping, Some(usd(850)));
    shop.assert_bought(&shop.wait_until_settled(&order.id).await).await;
    shop.close().await;
}
