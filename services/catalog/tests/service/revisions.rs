//! Revisions of products.

use std::fmt::Debug;
use std::time::Duration;

use kit::grpc::status::reason_of;
use proto::catalog::v1 as pb;
use tonic::{Code, Response, Status};

use crate::fixture::{Shop, code, new_product, order};

impl Shop {
    async fn revision(&self, product: &str) -> i64 {
        self.get(product).await.unwrap().revision
    }
}

fn rename(id: &str, expected_revision: Option<i64>) -> pb::UpdateProductRequest {
    let name = Some("Renamed".into());
    pb::UpdateProductRequest { id: id.into(), name, expected_revision, ..Default::default() }
}

fn set_stock(id: &str, units: i32, expected_revision: Option<i64>) -> pb::UpdateProductRequest {
    let stock_quantity = Some(units);
    pb::UpdateProductRequest {
        id: id.into(),
        stock_quantity,
        expected_revision,
        ..Default::default()
    }
}

#[track_caller]
fn assert_outdated<T: Debug>(response: Result<Response<T>, Status>) {
    let status = response.unwrap_err();
    assert_eq!(status.code(), Code::Aborted);
    assert_eq!(reason_of(&status).as_deref(), Some("precondition_failed"));
}

#[tokio::test]
async fn revision_increases_with_every_edit_and_stock_movement() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    let category = shop.category("Light", "").await;
    let request = pb::CreateProductRequest {
        category_id: category.id.clone(),
        stock_quantity: 5,
        ..new_product("Lamp", 100)
    };
    let lamp = shop.create(request).await;
    let id = lamp.id.as_str();
    assert_eq!(shop.revision(id).await, lamp.revision);
    let mut last = lamp.revision;
    let mut increased = async |step: &str| {
        let revision = shop.revision(id).await;
        assert_eq!(revision, last + 1, "{step}");
        last = revision;
    };

    let renamed = client.update_product(rename(id, None)).await.unwrap().into_inner();
    assert_eq!(renamed.revision, lamp.revision + 1);
    increased("edit").await;
    shop.reserve(&order(1), id, 2).await.unwrap();
    increased("reservation").await;
    shop.commit(&order(1)).await.unwrap();
    increased("sale, although the available units are the same").await;
    shop.restock(&order(1)).await.unwrap();
    increased("return").await;
    let adjusted = pb::AdjustStockRequest {
        product_id: id.into(),
        delta: -1,
        reason: "lost".into(),
        ..Default::default()
    };
    client.adjust_stock(adjusted).await.unwrap();
    increased("adjustment").await;
    client
        .delete_product(pb::DeleteProductRequest { id: id.into(), ..Default::default() })
        .await
        .unwrap();
    increased("deletion").await;

    // Changes nothing of the product.
    client
        .delete_product(pb::DeleteProductRequest { id: id.into(), ..Default::default() })
        .await
        .unwrap();
    let unchanged = client.update_product(rename(id, None)).await.unwrap().into_inner();
    let lights = pb::UpdateCategoryRequest {
        id: category.id,
        name: Some("Lights".into()),
        ..Default::default()
    };
    client.update_category(lights).await.unwrap();
    assert_eq!(shop.revision(id).await, unchanged.revision);
    assert_eq!(unchanged.revision, lamp.revision + 6);
    shop.close().await;
}

#[tokio::test]
async fn edit_of_outdated_revision_changes_nothing() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    let lamp = shop.product("Lamp", 100, 5).await;
    let (id, seen) = (lamp.id.as_str(), Some(lamp.revision));
    shop.reserve(&order(1), id, 2).await.unwrap();
    for outdated in [set_stock(id, 5, seen), rename(id, seen), rename(id, Some(0))] {
        assert_outdated(client.update_product(outdated).await);
    }
    assert_eq!((shop.stock(id).await, shop.get(id).await.unwrap().name), ((5, 2), "Lamp".into()));

    let seen = Some(shop.revision(id).await);
    let changed = client.update_product(set_stock(id, 4, seen)).await.unwrap().into_inner();
    assert_eq!((shop.stock(id).await, changed.stock_quantity), ((6, 2), 4));
    let repeated = client.update_product(set_stock(id, 4, seen)).await;
    assert_outdated(repeated);
    let unknown = client.update_product(rename(&order(9), seen)).await;
    assert_eq!(code(unknown), Code::NotFound);
    shop.assert_ledger_balances().await;
    shop.close().await;
}

#[tokio::test]
async fn deletion_and_movement_of_outdated_revision_change_nothing() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    let lamp = shop.product("Lamp", 100, 5).await;
    let adjust = |expected_revision, other_revisions: &[i64]| pb::AdjustStockRequest {
        product_id: lamp.id.clone(),
        delta: -1,
        reason: "lost".into(),
        expected_revision,
        other_revisions: other_revisions.to_vec(),
        ..Default::default()
    };
    let delete = |expected_revision, other_revisions: &[i64]| pb::DeleteProductRequest {
        id: lamp.id.clone(),
        expected_revision,
        other_revisions: other_revisions.to_vec(),
    };
    let (seen, next) = (lamp.revision, lamp.revision + 1);
    let adjusted = client.adjust_stock(adjust(Some(0), &[seen])).await.unwrap().into_inner();
    assert_eq!((adjusted.revision, adjusted.stock_quantity), (next, 4));
    assert_outdated(client.adjust_stock(adjust(Some(seen), &[])).await);
    assert_outdated(client.delete_product(delete(Some(seen), &[0])).await);
    assert!(shop.get(&lamp.id).await.unwrap().is_active);
    let too_many = client.delete_product(delete(Some(next), &[0; 101])).await;
    assert_eq!(code(too_many), Code::InvalidArgument);

    client.delete_product(delete(Some(seen), &[next])).await.unwrap();
    // A repeat cannot know the revision after the deletion.
    client.delete_product(delete(Some(next), &[])).await.unwrap();
    shop.assert_ledger_balances().await;
    shop.close().await;
}

#[tokio::test]
async fn edit_waits_for_concurrent_sale_before_it_compares() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let lamp = shop.product("Lamp", 100, 5).await;
    let mut sale = database.pool().begin().await.unwrap();
    sqlx::query("UPDATE stock SET reserved = reserved + 1").execute(&mut *sale).await.unwrap();
    let mut client = shop.client.clone();
    let edit = set_stock(&lamp.id, 5, Some(lamp.revision));
    let edit = tokio::spawn(async move { client.update_product(edit).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!edit.is_finished());
    sale.commit().await.unwrap();
    assert_outdated(edit.await.unwrap());
    assert_eq!(shop.stock(&lamp.id).await, (5, 1));
    shop.close().await;
}

/// During a rollout, statements that do not know the revision change products, too.
#[tokio::test]
async fn statements_of_previous_release_increase_revision() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let lamp = shop.product("Lamp", 100, 5).await;
    for (n, statement) in (1..).zip([
        "UPDATE products SET price_cents = 99",
        "UPDATE products SET category_id = NULL, updated_at = now()",
        "UPDATE stock SET on_hand = on_hand - 1",
        "UPDATE stock SET on_hand = on_hand - 1, reserved = reserved + 0",
    ]) {
        sqlx::query(statement).execute(database.pool()).await.unwrap();
        assert_eq!(shop.revision(&lamp.id).await, lamp.revision + n, "{statement}");
    }
    shop.close().await;
}
