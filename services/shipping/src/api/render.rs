//! Conversion of domain types to responses.

use jiff::Timestamp;
use proto::shipping::v1 as pb;
use wire::render::money;

use crate::domain::quote::Quote;
use crate::domain::shipment::{Parcel, Shipment};
use crate::domain::status::Status;
use crate::store::events::TrackingEvent;

pub(super) fn quote(quote: Quote) -> pb::ShippingQuote {
    let Quote { service, cost, days } = quote;
    pb::ShippingQuote {
        carrier: service.carrier().name().to_owned(),
        service: service.name().to_owned(),
        cost: Some(money(cost)),
        estimated_days: days,
    }
}

/// Renders a shipment. A tombstone, which was cancelled before it was created, has no carrier and
/// no tracking number.
pub(super) fn shipment(shipment: Shipment) -> pb::Shipment {
    let Shipment { id, order, status: at, created_at, shipped_at, delivered_at, parcel } = shipment;
    let base = pb::Shipment {
        id: id.to_string(),
        order_id: order.to_string(),
        status: status(at).into(),
        created_at: created_at.to_string(),
        shipped_at: time(shipped_at),
        delivered_at: time(delivered_at),
        ..pb::Shipment::default()
    };
    match parcel {
        None => base,
        Some(Parcel { service, tracking_number, weight: _ }) => pb::Shipment {
            tracking_number: tracking_number.to_string(),
            carrier: service.carrier().name().to_owned(),
            service: service.name().to_owned(),
            ..base
        },
    }
}

pub(super) fn event(event: TrackingEvent) -> pb::TrackingEvent {
    let TrackingEvent { id, description, location, at } = event;
    pb::TrackingEvent { id: id.to_string(), description, location, timestamp: at.to_string() }
}

fn status(status: Status) -> pb::ShipmentStatus {
    match status {
        Status::Pending => pb::ShipmentStatus::Pending,
        Status::LabelCreated => pb::ShipmentStatus::LabelCreated,
        Status::PickedUp => pb::ShipmentStatus::PickedUp,
        Status::InTransit => pb::ShipmentStatus::InTransit,
        Status::OutForDelivery => pb::ShipmentStatus::OutForDelivery,
        Status::Delivered => pb::ShipmentStatus::Delivered,
        Status::Failed => pb::ShipmentStatus::Failed,
        Status::Cancelled => pb::ShipmentStatus::Cancelled,
    }
}

fn time(at: Option<Timestamp>) -> String {
    at.map(|at| at.to_string()).unwrap_or_default()
}
