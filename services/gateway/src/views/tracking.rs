//! Shipment tracking.

use proto::shipping::v1::{self, ShipmentStatus};
use serde::Serialize;
use utoipa::ToSchema;

use super::non_empty;

/// The shipment of an order and its tracking events.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct Tracking {
    /// The shipment; `null` until it exists.
    shipment: Option<Shipment>,
    /// Tracking events, newest first.
    events: Vec<TrackingEvent>,
}

/// A shipment.
#[derive(Serialize, ToSchema)]
pub(crate) struct Shipment {
    /// Id of the shipment.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a90")]
    id: String,
    /// Id of the order.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a70")]
    order_id: String,
    /// Tracking number of the carrier.
    #[schema(example = "9400136208303345501234")]
    tracking_number: String,
    /// Carrier.
    #[schema(example = "USPS")]
    carrier: String,
    /// Service of the carrier.
    #[schema(example = "First Class")]
    service: String,
    /// Status of the shipment.
    #[schema(
        pattern = "^(pending|label_created|picked_up|in_transit|out_for_delivery|delivered|\
            failed|cancelled)$",
        example = "in_transit"
    )]
    status: &'static str,
    /// Time of creation.
    #[schema(format = DateTime, example = "2026-11-22T10:00:02Z")]
    created_at: String,
    /// Time of the handover to the carrier; `null` before.
    #[schema(format = DateTime, example = "2026-11-23T08:00:00Z")]
    shipped_at: Option<String>,
    /// Time of delivery; `null` before.
    #[schema(format = DateTime, example = "2026-11-26T15:00:00Z")]
    delivered_at: Option<String>,
}

/// A tracking event.
#[derive(Serialize, ToSchema)]
pub(crate) struct TrackingEvent {
    /// Id of the event.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a91")]
    id: String,
    /// Description of the event.
    #[schema(example = "On its way")]
    description: String,
    /// Location; `""` if unknown.
    #[schema(example = "Springfield")]
    location: String,
    /// Time of the event.
    #[schema(format = DateTime, example = "2026-11-23T08:00:00Z")]
    timestamp: String,
}

impl From<v1::TrackShipmentResponse> for Tracking {
    fn from(message: v1::TrackShipmentResponse) -> Self {
        let events = message.events.into_iter().map(|event| TrackingEvent {
            id: event.id,
            description: event.description,
            location: event.location,
            timestamp: event.timestamp,
        });
        Self { shipment: message.shipment.map(Shipment::from), events: events.collect() }
    }
}

impl From<v1::Shipment> for Shipment {
    fn from(shipment: v1::Shipment) -> Self {
        Self {
            status: status_name(shipment.status()),
            id: shipment.id,
            order_id: shipment.order_id,
            tracking_number: shipment.tracking_number,
            carrier: shipment.carrier,
            service: shipment.service,
            created_at: shipment.created_at,
            shipped_at: non_empty(shipment.shipped_at),
            delivered_at: non_empty(shipment.delivered_at),
        }
    }
}

fn status_name(status: ShipmentStatus) -> &'static str {
    match status {
        ShipmentStatus::Unspecified => "unknown",
        ShipmentStatus::Pending => "pending",
        ShipmentStatus::LabelCreated => "label_created",
        ShipmentStatus::PickedUp => "picked_up",
        ShipmentStatus::InTransit => "in_transit",
        ShipmentStatus::OutForDelivery => "out_for_delivery",
        ShipmentStatus::Delivered => "delivered",
        ShipmentStatus::Failed => "failed",
        ShipmentStatus::Cancelled => "cancelled",
    }
}
