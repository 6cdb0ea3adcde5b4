//! An empty request is the first thing that people try: it is told what it lacks.

use proto::cart::v1 as pb;
use sqlx::PgPool;

use crate::shop::{Shop, fields};

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn what_an_empty_request_lacks_is_named(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    macro_rules! lacks {
        ($method:ident, $request:ident, $fields:expr) => {
            let answer = shop.client.clone().$method(pb::$request::default()).await;
            assert_eq!(fields(answer), $fields, stringify!($method));
        };
    }
    lacks!(get_cart, GetCartRequest, ["user_id"]);
    lacks!(add_item, AddItemRequest, ["user_id", "product_id", "quantity"]);
    lacks!(update_item, UpdateItemRequest, ["user_id", "product_id"]);
    lacks!(remove_item, RemoveItemRequest, ["user_id", "product_id"]);
    lacks!(clear_cart, ClearCartRequest, ["user_id"]);
    for quantity in [-1, i32::MIN] {
        assert_eq!(fields(shop.add("x", quantity).await), ["product_id", "quantity"]);
        assert_eq!(fields(shop.set("x", quantity).await), ["product_id", "quantity"]);
    }
    shop.close().await;
}
