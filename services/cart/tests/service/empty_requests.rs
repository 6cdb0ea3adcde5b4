//! Empty requests: the error names every required field.

use proto::cart::v1 as pb;

use crate::fixture::{CartFixture, fields};

#[tokio::test]
async fn empty_request_reports_required_fields() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture = CartFixture::start(database.pool()).await;
    macro_rules! lacks {
        ($method:ident, $request:ident, $fields:expr) => {
            let response = fixture.client.clone().$method(pb::$request::default()).await;
            assert_eq!(fields(response), $fields, stringify!($method));
        };
    }
    lacks!(get_cart, GetCartRequest, ["user_id"]);
    lacks!(add_item, AddItemRequest, ["user_id", "product_id", "quantity"]);
    lacks!(update_item, UpdateItemRequest, ["user_id", "product_id"]);
    lacks!(remove_item, RemoveItemRequest, ["user_id", "product_id"]);
    lacks!(clear_cart, ClearCartRequest, ["user_id"]);
    lacks!(merge_cart, MergeCartRequest, ["from_user_id", "user_id"]);
    for quantity in [-1, i32::MIN] {
        assert_eq!(fields(fixture.add("x", quantity).await), ["product_id", "quantity"]);
        assert_eq!(fields(fixture.set("x", quantity).await), ["product_id", "quantity"]);
    }
    fixture.stop().await;
}
