//! Empty requests get a response, or an error that names the missing fields.

use proto::catalog::v1 as pb;
use proto::catalog::v1::catalog_service_client::CatalogServiceClient;
use proto::common::v1::Empty;
use tonic::transport::Channel;

use crate::fixture::{Shop, fields};

#[tokio::test]
async fn empty_list_request_returns_the_first_page() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    for n in 0..21 {
        shop.product(&format!("Item {n}"), 100, 0).await;
    }
    let mut client = shop.client.clone();
    let listed =
        client.list_products(pb::ListProductsRequest::default()).await.unwrap().into_inner();
    let low = client.list_low_stock(pb::ListLowStockRequest::default()).await.unwrap().into_inner();
    for response in [listed, low] {
        let pagination = response.pagination.unwrap();
        assert_eq!(response.products.len(), 20);
        assert_eq!((pagination.page, pagination.page_size), (1, 20));
        assert_eq!((pagination.total_pages, pagination.total_count), (2, 21));
    }
    let batch = client.batch_get_products(pb::BatchGetProductsRequest::default()).await.unwrap();
    assert!(batch.into_inner().products.is_empty());
    assert!(client.list_categories(Empty {}).await.unwrap().into_inner().categories.is_empty());
    let mut changes = client.watch_changes(pb::WatchChangesRequest {}).await.unwrap().into_inner();
    assert!(changes.message().await.unwrap().unwrap().all);
    drop((changes, client));
    shop.close().await;
}

#[tokio::test]
async fn empty_request_names_missing_fields() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    macro_rules! lacks {
        ($method:ident, $request:ident, $fields:expr) => {
            let mut client: CatalogServiceClient<Channel> = shop.client.clone();
            let response = client.$method(pb::$request::default()).await;
            assert_eq!(fields(response), $fields, stringify!($method));
        };
    }
    lacks!(search_products, SearchProductsRequest, ["query"]);
    lacks!(get_product, GetProductRequest, ["identifier"]);
    lacks!(create_product, CreateProductRequest, ["name", "price"]);
    lacks!(update_product, UpdateProductRequest, ["id"]);
    lacks!(delete_product, DeleteProductRequest, ["id"]);
    lacks!(check_inventory, CheckInventoryRequest, ["items"]);
    lacks!(reserve_inventory, ReserveInventoryRequest, ["order_id", "items"]);
    lacks!(commit_reservation, CommitReservationRequest, ["order_id"]);
    lacks!(release_reservation, ReleaseReservationRequest, ["order_id"]);
    lacks!(restock_order, RestockOrderRequest, ["order_id"]);
    lacks!(get_reservation, GetReservationRequest, ["order_id"]);
    lacks!(adjust_stock, AdjustStockRequest, ["product_id", "delta", "reason"]);
    lacks!(create_category, CreateCategoryRequest, ["name"]);
    lacks!(update_category, UpdateCategoryRequest, ["id"]);
    lacks!(delete_category, DeleteCategoryRequest, ["id"]);
    shop.close().await;
}
