//! Previews of orders, and totals that changed after one.

use kit::grpc::status::metadata_of;
use proto::catalog::v1 as catalog_pb;
use proto::order::v1::{self as pb, OrderStatus};
use tonic::{Response, Status};

use crate::fixture::{ShopFixture, address, fields, reason, usd};

impl ShopFixture {
    fn preview_request(&self) -> pb::PreviewOrderRequest {
        let user_id = self.user.clone();
        pb::PreviewOrderRequest { user_id, shipping_address: Some(address()), ..Default::default() }
    }

    async fn preview(&self, request: pb::PreviewOrderRequest) -> Result<pb::OrderPreview, Status> {
        self.client.clone().preview_order(request).await.map(Response::into_inner)
    }

    async fn set_price(&self, product: &str, cents: i64) {
        let request = catalog_pb::UpdateProductRequest {
            id: product.into(),
            price: Some(usd(cents)),
            ..Default::default()
        };
        self.catalog.clone().update_product(request).await.unwrap();
    }

    async fn orders(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM orders").fetch_one(&self.pool).await.unwrap()
    }
}

#[tokio::test]
async fn preview_has_the_prices_of_the_order_and_writes_nothing() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open_with(database.pool(), &["--tax-basis-points=825"]).await;
    let lamp = shop.add_product("Lamp", 1999, 10).await;
    shop.add_to_cart(&lamp, 2).await;
    let cheapest = shop.preview(shop.preview_request()).await.unwrap();
    let option = pb::ShippingOption { carrier: "FedEx".into(), service: "2-Day".into() };
    let request = pb::PreviewOrderRequest {
        shipping_option: Some(option.clone()),
        cart_version: cheapest.cart_version,
        ..shop.preview_request()
    };
    let preview = shop.preview(request).await.unwrap();

    let costs: Vec<_> =
        preview.quotes.iter().map(|quote| quote.cost.as_ref().unwrap().amount_cents).collect();
    assert!(costs.is_sorted() && costs.len() == 5, "{costs:?}");
    assert_eq!(cheapest.shipping, preview.quotes[0].cost);
    assert_eq!(preview.shipping, Some(usd(500 + 700)));
    let [line] = preview.items.as_slice() else { panic!("one line") };
    assert_eq!((&*line.id, &*line.product_id, &*line.product_name), ("", &*lamp, "Lamp"));
    assert_eq!((line.quantity, line.total_price.clone()), (2, Some(usd(3998))));
    assert_eq!(shop.orders().await, 0);
    assert_eq!((shop.units_in_cart().await, shop.stock(&lamp).await), (2, (10, 0)));

    let request = pb::CreateOrderRequest {
        shipping_option: Some(option),
        cart_version: preview.cart_version,
        expected_total: preview.total.clone(),
        ..shop.request()
    };
    let order = shop.try_place_order(request).await.unwrap();
    assert_eq!(order.status(), OrderStatus::Confirmed);
    assert_eq!(
        (order.subtotal, order.shipping, order.tax, order.total),
        (preview.subtotal, preview.shipping, preview.tax, preview.total)
    );
    shop.close().await;
}

#[tokio::test]
async fn preview_is_refused_like_the_order() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    assert_eq!(reason(shop.preview(shop.preview_request()).await), "cart_empty");
    let lamp = shop.add_product("Lamp", 1000, 5).await;
    shop.add_to_cart(&lamp, 6).await;
    assert_eq!(reason(shop.preview(shop.preview_request()).await), "out_of_stock");
    let request = pb::PreviewOrderRequest { cart_version: 1, ..shop.preview_request() };
    assert_eq!(reason(shop.preview(request).await), "cart_changed");
    let missing = shop.preview(pb::PreviewOrderRequest::default()).await;
    assert_eq!(fields(missing), ["user_id", "shipping_address"]);
    shop.close().await;
}

#[tokio::test]
async fn higher_total_is_refused_before_any_write() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open_with(database.pool(), &["--tax-basis-points=1000"]).await;
    let lamp = shop.add_product("Lamp", 1000, 5).await;
    shop.add_to_cart(&lamp, 1).await;
    let seen = shop.preview(shop.preview_request()).await.unwrap().total.unwrap();
    assert_eq!(seen, usd(1000 + 600 + 100));
    shop.set_price(&lamp, 1200).await;
    let expecting = |expected| pb::CreateOrderRequest {
        expected_total: Some(expected),
        idempotency_key: "key".into(),
        ..shop.request()
    };
    let refused = shop.try_place_order(expecting(seen)).await.unwrap_err();
    let facts = ["subtotal_cents", "shipping_cents", "tax_cents", "total_cents", "currency"];
    let facts = facts.map(|name| metadata_of(&refused, name).unwrap());
    assert_eq!(facts, ["1200", "600", "120", "1920", "USD"]);
    assert_eq!(reason::<()>(Err(refused)), "total_changed");
    assert_eq!(shop.orders().await, 0);
    assert_eq!(shop.stock(&lamp).await, (5, 0));

    let euro = proto::common::v1::Money { amount_cents: 5000, currency: "EUR".into() };
    assert_eq!(fields(shop.try_place_order(expecting(euro)).await), ["expected_total.currency"]);
    // The key is free, and an equal total goes through.
    let order = shop.client.clone().create_order(expecting(usd(1920))).await.unwrap();
    assert!(order.metadata().get("idempotency-replayed").is_none());
    let order = order.into_inner();
    assert_eq!((order.status(), order.total.clone()), (OrderStatus::Confirmed, Some(usd(1920))));
    // A repeat returns the order, whatever total it expects.
    let repeat = shop.try_place_order(expecting(usd(1))).await.unwrap();
    assert_eq!(repeat.id, order.id);

    shop.wait_until_settled(&order.id).await;
    shop.add_to_cart(&lamp, 1).await;
    let request = pb::CreateOrderRequest { expected_total: Some(usd(9999)), ..shop.request() };
    let lower = shop.try_place_order(request).await.unwrap();
    assert_eq!((lower.status(), lower.total), (OrderStatus::Confirmed, Some(usd(1920))));
    shop.close().await;
}
