//! Invalid requests: the error names every invalid field at once.

use proto::catalog::v1 as pb;
use proto::common::v1::Money;

use crate::fixture::{Shop, dollars, fields, items, new_product, order, page};

#[tokio::test]
async fn invalid_product_fields_are_refused() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    let invalid = pb::CreateProductRequest {
        name: "x".repeat(201),
        slug: "Not A Slug".into(),
        description: "a\0b".into(),
        price: Some(Money { amount_cents: -1, currency: "usd".into() }),
        category_id: "7".into(),
        image_urls: vec!["javascript:alert(1)".into(), "/fine.svg".into(), "//evil".into()],
        stock_quantity: -1,
        weight_grams: i32::MAX,
    };
    let reported = fields(client.create_product(invalid).await);
    let expected = [
        "name",
        "slug",
        "description",
        "price.amount_cents",
        "price.currency",
        "category_id",
        "image_urls[0]",
        "image_urls[2]",
        "stock_quantity",
        "weight_grams",
    ];
    assert_eq!(reported, expected);

    let euros = Money { amount_cents: 1, currency: "EUR".into() };
    let foreign = pb::CreateProductRequest { price: Some(euros), ..new_product("Lamp", 1) };
    assert_eq!(fields(client.create_product(foreign).await), ["price.currency"]);
    let expensive = new_product("Lamp", i64::MAX);
    assert_eq!(fields(client.create_product(expensive).await), ["price.amount_cents"]);
    for name in ["\0", "a\nb", "  "] {
        assert_eq!(fields(client.create_product(new_product(name, 1)).await), ["name"]);
    }
    let id_as_slug = pb::CreateProductRequest { slug: order(1), ..new_product("Lamp", 1) };
    assert_eq!(fields(client.create_product(id_as_slug).await), ["slug"]);
    let many = pb::CreateProductRequest {
        image_urls: vec!["/a.svg".into(); 21],
        ..new_product("Lamp", 1)
    };
    assert_eq!(fields(client.create_product(many).await), ["image_urls"]);

    let lamp = shop.product("Lamp", 1, 0).await;
    let invalid = pb::UpdateProductRequest {
        id: lamp.id,
        name: Some(" ".into()),
        price: Some(dollars(-5)),
        stock_quantity: Some(i32::MAX),
        weight_grams: Some(-1),
        ..Default::default()
    };
    let reported = fields(client.update_product(invalid).await);
    assert_eq!(reported, ["name", "price.amount_cents", "weight_grams", "stock_quantity"]);
    shop.close().await;
}

#[tokio::test]
async fn list_parameters_out_of_range_are_refused() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    let invalid = pb::ListProductsRequest {
        pagination: page(-1, 101),
        category_id: "books".into(),
        min_price_cents: Some(-1),
        max_price_cents: Some(i64::MIN),
        sort: 99,
        ..Default::default()
    };
    let reported = fields(client.list_products(invalid).await);
    let expected = [
        "pagination.page",
        "pagination.page_size",
        "category_id",
        "min_price_cents",
        "max_price_cents",
        "sort",
    ];
    assert_eq!(reported, expected);
    let inverted_range = pb::ListProductsRequest {
        min_price_cents: Some(2),
        max_price_cents: Some(1),
        ..Default::default()
    };
    assert_eq!(fields(client.list_products(inverted_range).await), ["max_price_cents"]);
    for query in [String::new(), "   ".into(), "x".repeat(201), "a\0".into()] {
        let request = pb::SearchProductsRequest { query, ..Default::default() };
        assert_eq!(fields(client.search_products(request).await), ["query"]);
    }
    let low = pb::ListLowStockRequest { threshold: -1, pagination: page(0, -1) };
    let reported = fields(client.list_low_stock(low).await);
    assert_eq!(reported, ["threshold", "pagination.page_size"]);
    shop.close().await;
}

#[tokio::test]
async fn invalid_order_lines_are_refused() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    let lamp = shop.product("Lamp", 1, 5).await.id;
    let mut reserve = async |lines: Vec<pb::InventoryItem>, minutes| {
        let request = pb::ReserveInventoryRequest {
            order_id: order(1),
            items: lines,
            expiration_minutes: minutes,
        };
        fields(client.reserve_inventory(request).await)
    };
    assert_eq!(reserve(items(&[(&lamp, 1), (&lamp, 0)]), 0).await, ["items[1].quantity"]);
    assert_eq!(
        reserve(items(&[(&lamp, -1), (&lamp, 1), ("x", 0)]), 0).await,
        ["items[0].quantity", "items[2].product_id", "items[2].quantity"]
    );
    let too_many = items(&[(&lamp, i32::MAX), (&lamp, i32::MAX)]);
    assert_eq!(reserve(too_many, 0).await, ["items[0].quantity", "items[1].quantity"]);
    let excessive_sum = items(&[(&lamp, 1_000_000_000), (&lamp, 1), (&lamp, 2)]);
    assert_eq!(reserve(excessive_sum, 0).await, ["items[1].quantity", "items[2].quantity"]);
    let nameless = items(&[("", 1), ("x", 1)]);
    assert_eq!(
        reserve(nameless, -1).await,
        ["items[0].product_id", "items[1].product_id", "expiration_minutes"]
    );
    assert_eq!(reserve(items(&[(&lamp, 1)]), 1441).await, ["expiration_minutes"]);
    assert_eq!(reserve(items(&vec![(lamp.as_str(), 1); 201]), 0).await, ["items"]);
    assert_eq!(shop.stock(&lamp).await, (5, 0));
    shop.close().await;
}
