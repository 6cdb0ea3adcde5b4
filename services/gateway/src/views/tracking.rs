//! Where a parcel is.

use proto::shipping::v1::{self, ShipmentStatus};
use serde::Serialize;
use utoipa::ToSchema;

use super::reference;

/// The parcel of an order, and what happened to it.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct Tracking {
    /// The parcel; `null` as long as there is none.
    shipment: Option<Shipment>,
    /// What happened, newest first.
    events: Vec<TrackingEvent>,
}

/// A parcel.
#[derive(Serialize, ToSchema)]
pub(crate) struct Shipment {
    /// The parcel.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a90")]
    id: String,
    /// The order that is in it.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a70")]
    order_id: String,
    /// The carrier's number.
    #[schema(example = "9400136208303345501234")]
    tracking_number: String,
    /// The carrier.
    #[schema(example = "USPS")]
    carrier: String,
    /// Its service.
    #[schema(example = "First Class")]
    service: String,
    /// Where it stands.
    #[schema(
        pattern = "^(pending|label_created|picked_up|in_transit|out_for_delivery|delivered|failed|cancelled)$",
        example = "in_transit"
    )]
    status: &'static str,
    /// When it was made ready.
    #[schema(format = DateTime, example = "2026-11-22T10:00:02Z")]
    created_at: String,
    /// When the carrier took it; `null` before.
    #[schema(format = DateTime, example = "2026-11-23T08:00:00Z")]
    shipped_at: Option<String>,
    /// When it arrived; `null` before.
    #[schema(format = DateTime, example = "2026-11-26T15:00:00Z")]
    delivered_at: Option<String>,
}

/// Something that happened to a parcel.
#[derive(Serialize, ToSchema)]
pub(crate) struct TrackingEvent {
    /// The event.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a91")]
    id: String,
    /// What happened.
    #[schema(example = "On its way")]
    description: String,
    /// Where; `""` when not said.
    #[schema(example = "Springfield")]
    location: String,
    /// When.
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
            status: word(shipment.status()),
            id: shipment.id,
            order_id: shipment.order_id,
            tracking_number: shipment.tracking_number,
            carrier: shipment.carrier,
            service: shipment.service,
            created_at: shipment.created_at,
            shipped_at: reference(shipment.shipped_at),
            delivered_at: reference(shipment.delivered_at),
        }
    }
}

fn word(status: ShipmentStatus) -> &'static str {
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
