//! The life of an order: changes of its status, and what happened to its shipment.

use jiff::Timestamp;

use super::order_view::StatusPill;
use crate::format::Format;
use crate::gateway_client::{Order, Shipment, ShipmentStatus, Tracking, TrackingEvent};
use crate::messages::Messages;

/// An event in the life of the order.
pub(super) struct TimelineEntry {
    pub(super) text: String,
    /// A place, or nothing.
    pub(super) detail: String,
    pub(super) time: String,
    pub(super) datetime: String,
}

/// Returns the status changes and the tracking events, the newest first.
pub(super) fn timeline(
    order: &Order,
    tracking: Option<&Tracking>,
    format: &Format,
    m: &Messages,
) -> Vec<TimelineEntry> {
    let changes = order.history.iter().map(|entry| {
        let text = StatusPill::new(entry.status, m).text.to_owned();
        (entry.created_at, text, String::new())
    });
    let events = tracking.map(|tracking| tracking.events.as_slice()).unwrap_or_default();
    let shipment = tracking.and_then(|tracking| tracking.shipment.as_ref());
    let events = events.iter().enumerate().map(|(index, event)| {
        let status = shipment.map(|shipment| status_of(events, index, shipment));
        let text = status.and_then(m.orders.shipment_event);
        let text = text.map_or_else(|| event.description.clone(), str::to_owned);
        (event.timestamp, text, event.location.clone())
    });
    let mut entries: Vec<_> = changes.chain(events).collect();
    entries.sort_by(|(a, ..), (b, ..)| b.cmp(a));
    let entry = |(time, text, detail): (Timestamp, String, String)| TimelineEntry {
        text,
        detail,
        time: format.date_time(time),
        datetime: time.to_string(),
    };
    entries.into_iter().map(entry).collect()
}

/// Returns the status that an event reports. Events have no code; the status and the times of the
/// shipment are enough, because each change of the status is one event, the newest is the first,
/// and a shipment only moves forward. Between the times of a shipment there is one text for all.
fn status_of(events: &[TrackingEvent], index: usize, shipment: &Shipment) -> ShipmentStatus {
    let time = events.get(index).map(|event| event.timestamp);
    if index == 0 {
        shipment.status
    } else if time == shipment.delivered_at {
        ShipmentStatus::Delivered
    } else if time == shipment.shipped_at {
        ShipmentStatus::PickedUp
    } else if shipment.shipped_at.is_some() && time > shipment.shipped_at {
        ShipmentStatus::InTransit
    } else if index + 1 == events.len() {
        ShipmentStatus::Pending
    } else {
        ShipmentStatus::LabelCreated
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::locale::Locale;

    /// The tracking of a shipment with one event per minute, the newest first.
    fn tracking(status: &str, shipped: Option<u8>, delivered: Option<u8>, events: u8) -> Tracking {
        let time = |minute: u8| format!("2026-11-22T10:{minute:02}:00Z");
        let event =
            |minute| json!({"description": "Text", "location": "", "timestamp": time(minute)});
        let events: Vec<_> = (0..events).rev().map(event).collect();
        let shipment = json!({
            "tracking_number": "1", "carrier": "DHL", "service": "Paket", "status": status,
            "shipped_at": shipped.map(time), "delivered_at": delivered.map(time),
        });
        serde_json::from_value(json!({"shipment": shipment, "events": events})).unwrap()
    }

    fn statuses(tracking: &Tracking) -> Vec<ShipmentStatus> {
        let shipment = tracking.shipment.as_ref().unwrap();
        let indexes = 0..tracking.events.len();
        indexes.map(|index| status_of(&tracking.events, index, shipment)).collect()
    }

    #[test]
    fn events_have_the_status_of_their_shipment_at_that_time() {
        use ShipmentStatus::{
            Cancelled, Delivered, InTransit, LabelCreated, OutForDelivery, Pending, PickedUp,
        };
        for (tracking, expected) in [
            (tracking("pending", None, None, 1), vec![Pending]),
            (tracking("cancelled", None, None, 2), vec![Cancelled, Pending]),
            (tracking("label_created", None, None, 2), vec![LabelCreated, Pending]),
            (tracking("picked_up", Some(2), None, 3), vec![PickedUp, LabelCreated, Pending]),
            (
                tracking("out_for_delivery", Some(2), None, 5),
                vec![OutForDelivery, InTransit, PickedUp, LabelCreated, Pending],
            ),
            (
                tracking("delivered", Some(1), Some(3), 4),
                vec![Delivered, InTransit, PickedUp, Pending],
            ),
        ] {
            assert_eq!(statuses(&tracking), expected);
        }
    }

    #[test]
    fn german_shop_has_a_text_for_every_status_of_a_shipment() {
        let text = |locale, status| (Messages::for_locale(locale).orders.shipment_event)(status);
        assert_eq!(text(Locale::DeDe, ShipmentStatus::Pending), Some("Sendung angelegt"));
        assert_eq!(text(Locale::DeDe, ShipmentStatus::Unknown), None);
        assert_eq!(text(Locale::EnUs, ShipmentStatus::Pending), None);
    }
}
