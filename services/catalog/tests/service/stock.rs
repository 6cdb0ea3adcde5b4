//! Manual changes of stock, inventory checks, and the list of low stock.

use proto::catalog::v1 as pb;
use tonic::Code;

use crate::fixture::{Shop, code, fields, items, order, page, reason};

fn adjust(product: &str, delta: i32) -> pb::AdjustStockRequest {
    pb::AdjustStockRequest {
        product_id: product.into(),
        delta,
        reason: "counted".into(),
        actor_id: "u-1".into(),
        ..pb::AdjustStockRequest::default()
    }
}

#[tokio::test]
async fn manual_change_is_a_movement_with_reason() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    let lamp = shop.product("Lamp", 100, 10).await;
    let after = client.adjust_stock(adjust(&lamp.id, -3)).await.unwrap().into_inner();
    assert_eq!(after.stock_quantity, 7);
    let set = pb::UpdateProductRequest {
        id: lamp.id.clone(),
        stock_quantity: Some(20),
        ..Default::default()
    };
    assert_eq!(client.update_product(set).await.unwrap().into_inner().stock_quantity, 20);
    let movements: Vec<(String, i32, String, String)> = sqlx::query_as(
        "SELECT kind, on_hand_delta, reason, actor_id FROM stock_movements ORDER BY id",
    )
    .fetch_all(database.pool())
    .await
    .unwrap();
    let row = |kind: &str, delta, reason: &str, actor: &str| {
        (kind.to_owned(), delta, reason.to_owned(), actor.to_owned())
    };
    let expected = [
        row("initial", 10, "product created", ""),
        row("adjust", -3, "counted", "u-1"),
        row("set", 13, "set with the product", ""),
    ];
    assert_eq!(movements, expected);
    shop.assert_ledger_balances().await;
    shop.close().await;
}

#[tokio::test]
async fn manual_change_respects_reserved_units() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    let lamp = shop.product("Lamp", 100, 10).await;
    shop.reserve(&order(1), &lamp.id, 4).await.unwrap();
    assert_eq!(reason(client.adjust_stock(adjust(&lamp.id, -7)).await), "stock_below_reserved");
    let after = client.adjust_stock(adjust(&lamp.id, -6)).await.unwrap().into_inner();
    assert_eq!(after.stock_quantity, 0);
    let set = pb::UpdateProductRequest {
        id: lamp.id.clone(),
        stock_quantity: Some(2),
        ..Default::default()
    };
    client.update_product(set).await.unwrap();
    assert_eq!(
        shop.stock(&lamp.id).await,
        (6, 4),
        "on hand is what can be bought and what is held"
    );
    let huge = client.adjust_stock(adjust(&lamp.id, 1_000_000_000)).await;
    assert_eq!(reason(huge), "stock_too_large");
    assert_eq!(fields(client.adjust_stock(adjust(&lamp.id, i32::MIN)).await), ["delta"]);
    assert_eq!(code(client.adjust_stock(adjust(&order(1), 1)).await), Code::NotFound);
    shop.assert_ledger_balances().await;
    shop.close().await;
}

#[tokio::test]
async fn concurrent_adjustments_all_count() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let lamp = shop.product("Lamp", 100, 0).await;
    let adjustments = (1..=20).map(|n| {
        let (mut client, request) = (shop.client.clone(), adjust(&lamp.id, n));
        tokio::spawn(async move { client.adjust_stock(request).await })
    });
    for adjusted in adjustments.collect::<Vec<_>>() {
        adjusted.await.unwrap().unwrap();
    }
    assert_eq!(shop.available(&lamp.id).await, (1..=20).sum::<i32>());
    shop.assert_ledger_balances().await;
    shop.close().await;
}

#[tokio::test]
async fn low_stock_is_sorted_by_available_units() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    for (name, units) in [("Many", 50), ("Three", 3), ("None", 0), ("Five", 5)] {
        shop.product(name, 100, units).await;
    }
    let deleted = shop.product("Gone", 100, 0).await;
    client
        .delete_product(pb::DeleteProductRequest { id: deleted.id, ..Default::default() })
        .await
        .unwrap();
    let mut low = async |threshold, pagination| {
        let request = pb::ListLowStockRequest { threshold, pagination };
        let response = client.list_low_stock(request).await.unwrap().into_inner();
        let names: Vec<_> = response.products.into_iter().map(|product| product.name).collect();
        (names, response.pagination.unwrap().total_count)
    };
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(low(5, None).await, (named(&["None", "Three", "Five"]), 3));
    assert_eq!(low(0, None).await, (named(&["None"]), 1));
    assert_eq!(low(5, page(2, 2)).await, (named(&["Five"]), 3));
    shop.close().await;
}

#[tokio::test]
async fn inventory_check_names_unavailable_products() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    let lamp = shop.product("Lamp", 100, 5).await.id;
    let desk = shop.product("Desk", 100, 5).await.id;
    client
        .delete_product(pb::DeleteProductRequest { id: desk.clone(), ..Default::default() })
        .await
        .unwrap();
    let unknown = order(1);
    let mut check = async |lines: &[(&str, i32)]| {
        let request = pb::CheckInventoryRequest { items: items(lines) };
        let response = client.check_inventory(request).await.unwrap().into_inner();
        (response.available, response.unavailable_product_ids)
    };
    assert_eq!(check(&[(&lamp, 5)]).await, (true, vec![]));
    assert_eq!(check(&[(&lamp, 3), (&lamp, 3)]).await, (false, vec![lamp.clone()]));
    let (available, mut ids) = check(&[(&lamp, 1), (&desk, 1), (&unknown, 1)]).await;
    ids.sort_unstable();
    let mut expected = vec![desk, unknown];
    expected.sort_unstable();
    assert_eq!((available, ids), (false, expected));
    assert_eq!(shop.stock(&lamp).await, (5, 0));
    shop.close().await;
}
