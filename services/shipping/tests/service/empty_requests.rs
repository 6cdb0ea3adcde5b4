//! An empty request is the first thing that people try: it is told what it lacks.

use proto::shipping::v1 as pb;
use sqlx::PgPool;

use crate::depot::{Depot, fields};

#[sqlx::test(migrator = "shipping::MIGRATOR")]
async fn what_an_empty_request_lacks_is_named(pool: PgPool) {
    let depot = Depot::open(&pool).await;
    macro_rules! lacks {
        ($method:ident, $request:ident, $fields:expr) => {
            let answer = depot.client.clone().$method(pb::$request::default()).await;
            assert_eq!(fields(answer), $fields, stringify!($method));
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
    depot.close().await;
}
