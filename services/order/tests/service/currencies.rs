//! Orders in currencies with two, no and three decimal digits, from the quote to the refund.

use proto::catalog::v1 as catalog_pb;
use proto::common::v1::Money;
use proto::order::v1::{self as pb, OrderStatus};
use proto::payment::v1 as payment_pb;
use sqlx::PgPool;

use crate::fixture::{ShopFixture, address};

/// A shop's currency, and the amounts of an order of two products of 1 kg in minor units: price,
/// cheapest shipping, tax of 8.25 %, total.
struct Case {
    currency: &'static str,
    price: i64,
    shipping: i64,
    tax: i64,
    total: i64,
}

async fn mail_content(shop: &ShopFixture, kind: &str) -> String {
    let select = "SELECT content::text FROM notifications WHERE kind = $1 AND recipient = $2";
    sqlx::query_scalar(select)
        .bind(kind)
        .bind(&shop.email)
        .fetch_one(&shop.services.notification_db)
        .await
        .unwrap()
}

async fn order_and_refund(pool: &PgPool, case: Case) {
    let Case { currency, price, shipping, tax, total } = case;
    let money = |cents| Money { amount_cents: cents, currency: currency.into() };
    let shop = ShopFixture::open_in(currency, pool, &["--tax-basis-points=825"]).await;
    let request = catalog_pb::CreateProductRequest {
        name: format!("Lamp {currency}"),
        price: Some(money(price)),
        stock_quantity: 5,
        weight_grams: 1000,
        ..Default::default()
    };
    let lamp = shop.catalog.clone().create_product(request).await.unwrap().into_inner();
    shop.add_to_cart(&lamp.id, 2).await;

    let request = pb::PreviewOrderRequest {
        user_id: shop.user.clone(),
        shipping_address: Some(address()),
        ..Default::default()
    };
    let preview = shop.client.clone().preview_order(request).await.unwrap().into_inner();
    assert_eq!(preview.quotes[0].cost, Some(money(shipping)), "{currency}");
    assert_eq!((preview.tax, preview.total), (Some(money(tax)), Some(money(total))));

    let order = shop.place_order().await;
    let order = shop.wait_until_settled(&order.id).await;
    assert_eq!(order.status(), OrderStatus::Confirmed, "{order:?}");
    assert_eq!(order.subtotal, Some(money(price * 2)));
    assert_eq!(order.total, Some(money(total)));
    let mail = mail_content(&shop, "order_confirmation").await;
    for cents in [price, price * 2, shipping, tax, total] {
        let amount = format!("{{\"currency\": \"{currency}\", \"amount_cents\": {cents}}}");
        assert!(mail.contains(&amount), "{amount}: {mail}");
    }

    let refund = pb::RefundOrderRequest {
        id: order.id.clone(),
        amount: Some(money(1)),
        reason: "goodwill".into(),
        idempotency_key: "part".into(),
        actor_id: "admin".into(),
    };
    let part = shop.client.clone().refund_order(refund.clone()).await.unwrap().into_inner();
    assert_eq!(part.refunded, Some(money(1)));
    let rest = pb::RefundOrderRequest { amount: None, idempotency_key: "rest".into(), ..refund };
    shop.client.clone().refund_order(rest).await.unwrap();
    let order = shop.wait_until_settled(&order.id).await;
    assert_eq!((order.status(), order.refunded), (OrderStatus::Refunded, Some(money(total))));
    let request = payment_pb::ListTransactionsRequest { order_id: order.id };
    let transactions = shop.payment.clone().list_transactions(request).await.unwrap();
    let refunds = transactions
        .into_inner()
        .transactions
        .into_iter()
        .filter(|transaction| transaction.r#type() == payment_pb::TransactionType::Refund);
    let amounts: Vec<_> = refunds.map(|refund| refund.amount.unwrap()).collect();
    assert_eq!(amounts, [money(1), money(total - 1)]);
    shop.close().await;
}

#[tokio::test]
async fn dollars_are_ordered_and_refunded() {
    let database = testing::database(&order::MIGRATOR).await;
    // 39.98 + 7.00 + 3.30
    let case = Case { currency: "USD", price: 1999, shipping: 700, tax: 330, total: 5028 };
    order_and_refund(database.pool(), case).await;
}

#[tokio::test]
async fn yen_are_ordered_and_refunded() {
    let database = testing::database(&order::MIGRATOR).await;
    // 5960 + 1050 + 492
    let case = Case { currency: "JPY", price: 2980, shipping: 1050, tax: 492, total: 7502 };
    order_and_refund(database.pool(), case).await;
}

#[tokio::test]
async fn dinars_are_ordered_and_refunded() {
    let database = testing::database(&order::MIGRATOR).await;
    // 12.300 + 2.100 + 1.015
    let case = Case { currency: "KWD", price: 6150, shipping: 2100, tax: 1015, total: 15_415 };
    order_and_refund(database.pool(), case).await;
}
