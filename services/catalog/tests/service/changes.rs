//! The change stream.

use std::time::Duration;

use proto::catalog::v1 as pb;
use tokio::time::timeout;
use tonic::Streaming;

use crate::fixture::{Shop, dollars, new_product, order};

async fn next(subscriber: &mut Streaming<pb::CatalogChange>) -> pb::CatalogChange {
    let message = timeout(Duration::from_secs(10), subscriber.message()).await;
    message.expect("a change within the timeout").unwrap().expect("the stream is open")
}

/// Returns a subscriber that receives every later change: a probe has confirmed that the listener
/// is connected.
async fn watch(shop: &Shop) -> Streaming<pb::CatalogChange> {
    let request = pb::WatchChangesRequest {};
    let mut subscriber = shop.client.clone().watch_changes(request).await.unwrap().into_inner();
    assert!(next(&mut subscriber).await.all, "earlier changes may be missing");
    let probe = async {
        loop {
            let sent = sqlx::query("SELECT pg_notify('catalog_changes', 'categories')");
            sent.execute(&shop.pool).await.unwrap();
            let received = timeout(Duration::from_millis(200), subscriber.message()).await;
            if received.is_ok_and(|message| message.unwrap().unwrap().categories) {
                break;
            }
        }
    };
    timeout(Duration::from_secs(10), probe).await.expect("the listener connects");
    // Probes still in transit.
    while timeout(Duration::from_millis(100), subscriber.message()).await.is_ok() {}
    subscriber
}

#[tokio::test]
async fn subscriber_receives_invalidations() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    let mut subscriber = watch(&shop).await;
    let product =
        |id: &str| pb::CatalogChange { product_ids: vec![id.to_owned()], ..Default::default() };
    let categories = pb::CatalogChange { categories: true, ..Default::default() };

    let made = shop.product("Lamp", 100, 5).await;
    assert_eq!(next(&mut subscriber).await, product(&made.id));
    assert_eq!(next(&mut subscriber).await, categories, "the product count changed");

    let price = pb::UpdateProductRequest {
        id: made.id.clone(),
        price: Some(dollars(90)),
        ..Default::default()
    };
    client.update_product(price).await.unwrap();
    assert_eq!(next(&mut subscriber).await, product(&made.id));

    shop.reserve(&order(1), &made.id, 2).await.unwrap();
    assert_eq!(next(&mut subscriber).await, product(&made.id), "fewer units are available");
    shop.commit(&order(1)).await.unwrap();
    let home = shop.category("Home", "").await;
    assert_eq!(next(&mut subscriber).await, categories, "a commit changes nothing visible");

    shop.restock(&order(1)).await.unwrap();
    assert_eq!(next(&mut subscriber).await, product(&made.id));
    client.delete_category(pb::DeleteCategoryRequest { id: home.id }).await.unwrap();
    assert_eq!(next(&mut subscriber).await, categories);
    drop(subscriber);
    shop.close().await;
}

#[tokio::test]
async fn change_of_many_products_is_one_message() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let home = shop.category("Home", "").await;
    for n in 0..101 {
        let request = pb::CreateProductRequest {
            category_id: home.id.clone(),
            ..new_product(&format!("Item {n}"), 1)
        };
        shop.create(request).await;
    }
    let mut subscriber = watch(&shop).await;
    let renamed =
        pb::UpdateCategoryRequest { id: home.id, name: Some("House".into()), ..Default::default() };
    shop.client.clone().update_category(renamed).await.unwrap();
    let received = [next(&mut subscriber).await, next(&mut subscriber).await];
    assert!(
        received.iter().any(|change| change.all) && received.iter().any(|change| change.categories)
    );
    drop(subscriber);
    shop.close().await;
}

#[tokio::test]
async fn lost_connection_invalidates_all() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut subscriber = watch(&shop).await;
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND query LIKE 'LISTEN%' AND pid <> pg_backend_pid()",
    )
    .execute(database.pool())
    .await
    .unwrap();
    assert!(next(&mut subscriber).await.all);
    drop(subscriber);
    shop.close().await;
}

#[tokio::test]
async fn subscriber_does_not_block_shutdown() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let subscriber = watch(&shop).await;
    timeout(Duration::from_secs(10), shop.close()).await.expect("streams end with the service");
    drop(subscriber);
}
