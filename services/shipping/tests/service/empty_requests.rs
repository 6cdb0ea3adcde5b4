//! Empty requests: the error names every required field.

use proto::shipping::v1 as pb;

use crate::fixture::{ShippingFixture, fields};

#[tokio::test]
async fn empty_request_reports_required_fields() {
    let database = testing::database(&shipping::MIGRATOR).await;
    let service = ShippingFixture::start(database.pool()).await;
    macro_rules! lacks {
        ($method:ident, $request:ident, $fields:expr) => {
            let response = service.client.clone().$method(pb::$request::default()).await;
            assert_eq!(fields(response), $fields, stringify!($method));
        };
    }
    lacks!(get_quote, GetQuoteRequest, ["to", "weight_grams"]);
    lacks!(
        create_shipment,
        CreateShipmentRequest,
        ["order_id", "to", "weight_grams", "carrier", "service"]
    );
    lacks!(get_shipment, GetShipmentRequest, ["identifier"]);
    lacks!(track_shipment, TrackShipmentRequest, ["tracking_number"]);
    lacks!(cancel_shipment, CancelShipmentRequest, ["order_id"]);
    lacks!(update_shipment_status, UpdateShipmentStatusRequest, ["tracking_number", "status"]);
    service.stop().await;
}
