//! Watching changes.

use std::time::Duration;

use proto::catalog::v1 as pb;
use sqlx::PgPool;
use tokio::time::timeout;
use tonic::Streaming;

use crate::shop::{Shop, dollars, new_product, order};

async fn next(watcher: &mut Streaming<pb::CatalogChange>) -> pb::CatalogChange {
    let message = timeout(Duration::from_secs(10), watcher.message()).await;
    message.expect("a change in time").unwrap().expect("the stream to go on")
}

/// A watcher that hears everything from now on: the listener is connected, which a probe tells.
async fn watch(shop: &Shop) -> Streaming<pb::CatalogChange> {
    let request = pb::WatchChangesRequest {};
    let mut watcher = shop.client.clone().watch_changes(request).await.unwrap().into_inner();
    assert!(next(&mut watcher).await.all, "what was before may be stale");
    let probe = async {
        loop {
            let sent = sqlx::query("SELECT pg_notify('catalog_changes', 'categories')");
            sent.execute(&shop.pool).await.unwrap();
            let heard = timeout(Duration::from_millis(200), watcher.message()).await;
            if heard.is_ok_and(|message| message.unwrap().unwrap().categories) {
                break;
            }
        }
    };
    timeout(Duration::from_secs(10), probe).await.expect("the listener to connect");
    // Probes that were on their way.
    while timeout(Duration::from_millis(100), watcher.message()).await.is_ok() {}
    watcher
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn watchers_hear_what_becomes_stale(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let mut client = shop.client.clone();
    let mut watcher = watch(&shop).await;
    let product =
        |id: &str| pb::CatalogChange { product_ids: vec![id.to_owned()], ..Default::default() };
    let categories = pb::CatalogChange { categories: true, ..Default::default() };

    let made = shop.product("Lamp", 100, 5).await;
    assert_eq!(next(&mut watcher).await, product(&made.id));
    assert_eq!(next(&mut watcher).await, categories, "one more product is in a category or none");

    let price = pb::UpdateProductRequest {
        id: made.id.clone(),
        price: Some(dollars(90)),
        ..Default::default()
    };
    client.update_product(price).await.unwrap();
    assert_eq!(next(&mut watcher).await, product(&made.id));

    shop.reserve(&order(1), &made.id, 2).await.unwrap();
    assert_eq!(next(&mut watcher).await, product(&made.id), "fewer can be bought");
    shop.commit(&order(1)).await.unwrap();
    let home = shop.category("Home", "").await;
    assert_eq!(next(&mut watcher).await, categories, "the commit changed nothing that is shown");

    shop.restock(&order(1)).await.unwrap();
    assert_eq!(next(&mut watcher).await, product(&made.id));
    client.delete_category(pb::DeleteCategoryRequest { id: home.id }).await.unwrap();
    assert_eq!(next(&mut watcher).await, categories);
    drop(watcher);
    shop.close().await;
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn a_change_of_very_many_products_is_one_message(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let home = shop.category("Home", "").await;
    for n in 0..101 {
        let request = pb::CreateProductRequest {
            category_id: home.id.clone(),
            ..new_product(&format!("Item {n}"), 1)
        };
        shop.create(request).await;
    }
    let mut watcher = watch(&shop).await;
    let renamed =
        pb::UpdateCategoryRequest { id: home.id, name: Some("House".into()), ..Default::default() };
    shop.client.clone().update_category(renamed).await.unwrap();
    let heard = [next(&mut watcher).await, next(&mut watcher).await];
    assert!(heard.iter().any(|change| change.all) && heard.iter().any(|change| change.categories));
    drop(watcher);
    shop.close().await;
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn after_a_lost_connection_everything_may_be_stale(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let mut watcher = watch(&shop).await;
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND query LIKE 'LISTEN%' AND pid <> pg_backend_pid()",
    )
    .execute(&pool)
    .await
    .unwrap();
    assert!(next(&mut watcher).await.all);
    drop(watcher);
    shop.close().await;
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn a_watcher_does_not_keep_the_service_from_ending(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let watcher = watch(&shop).await;
    timeout(Duration::from_secs(10), shop.close()).await.expect("streams to end with the service");
    drop(watcher);
}
