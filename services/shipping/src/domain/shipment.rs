//! Shipments: one for each order.
//!
//! Creating and cancelling are idempotent and may arrive in any order. The first request for an
//! order inserts its row: a shipment, or a tombstone if the request is a cancellation. Every later
//! request finds this row and locks it. A repeated creation returns the first shipment, if the
//! consignment is the same; after a cancellation it is refused, however late it arrives. A repeated
//! cancellation finds the shipment cancelled. Therefore, after a creation and a cancellation in
//! either order, nothing is sent unless the carrier picked the shipment up first.

use jiff::Timestamp;
use wire::Address;

use super::ids::{OrderId, ShipmentId};
use super::quote::{Service, Weight};
use super::status::{Status, Transition, TransitionError};
use super::tracking::TrackingNumber;

/// Shipment of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    /// Id of the shipment.
    pub id: ShipmentId,
    /// Order that is shipped.
    pub order: OrderId,
    /// Current status.
    pub status: Status,
    /// When it was created.
    pub created_at: Timestamp,
    /// When the carrier picked it up.
    pub shipped_at: Option<Timestamp>,
    /// When it was delivered.
    pub delivered_at: Option<Timestamp>,
    /// Parcel that is sent; `None` for a tombstone.
    pub parcel: Option<Parcel>,
}

/// Parcel that a carrier transports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Service of the carrier.
    pub service: Service,
    /// Weight of the parcel.
    pub weight: Weight,
    /// Tracking number of the carrier.
    pub tracking_number: TrackingNumber,
}

/// Goods that are handed to a carrier, as requested by the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consignment {
    /// Service of the carrier.
    pub service: Service,
    /// Weight of the parcel.
    pub weight: Weight,
    /// Origin; `None` is the shop's own address.
    pub from: Option<Address>,
    /// Destination.
    pub to: Address,
}

/// Reason why a shipment cannot be created or updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The shipment of the order was cancelled.
    Cancelled,
    /// The order has a shipment with a different consignment.
    Mismatch,
    /// The status transition is not allowed.
    Transition(TransitionError),
}

/// Event of a shipment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// New status.
    pub status: Status,
    /// Description for customers.
    pub description: String,
    /// Location; may be empty.
    pub location: String,
}

impl Shipment {
    /// Checks that this shipment is the result of a repeated creation.
    ///
    /// # Errors
    ///
    /// Returns an error if the shipment was cancelled, or if the first creation had a different
    /// consignment.
    pub fn check_retry(
        &self,
        first: Option<&Consignment>,
        retry: &Consignment,
    ) -> Result<(), Refusal> {
        match first {
            _ if self.status == Status::Cancelled => Err(Refusal::Cancelled),
            Some(first) if first == retry => Ok(()),
            _ => Err(Refusal::Mismatch),
        }
    }

    /// Returns the shipment with another status; `None` if it has this status already.
    ///
    /// # Errors
    ///
    /// Returns an error if the status transition is not allowed.
    pub fn with_status(&self, status: Status, now: Timestamp) -> Result<Option<Self>, Refusal> {
        match self.status.transition(status).map_err(Refusal::Transition)? {
            Transition::Unchanged => Ok(None),
            Transition::Move => {
                let mut moved = Self { status, ..self.clone() };
                if status.is_shipped() {
                    moved.shipped_at = self.shipped_at.or(Some(now));
                }
                moved.delivered_at = (status == Status::Delivered).then_some(now);
                Ok(Some(moved))
            }
        }
    }
}

impl Event {
    /// Creates an event with the default description of a status.
    #[must_use]
    pub fn from_status(status: Status) -> Self {
        let description = status.description().to_owned();
        Self { status, description, location: String::new() }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn shipment(status: Status) -> Shipment {
        Shipment {
            id: ShipmentId(Uuid::from_u128(1)),
            order: OrderId(Uuid::from_u128(2)),
            status,
            created_at: Timestamp::UNIX_EPOCH,
            shipped_at: None,
            delivered_at: None,
            parcel: None,
        }
    }

    fn consignment(grams: i32) -> Consignment {
        let empty = String::new;
        let to = Address {
            recipient: empty(),
            street: "1 Main Street".into(),
            city: "Springfield".into(),
            state: empty(),
            zip_code: empty(),
            country: "US".into(),
        };
        let weight = Weight::new(grams).unwrap();
        Consignment { service: Service::UpsGround, weight, from: None, to }
    }

    #[test]
    fn retry_requires_same_consignment_and_no_cancellation() {
        let (same, other) = (consignment(1), consignment(2));
        let pending = shipment(Status::Pending);
        assert_eq!(pending.check_retry(Some(&same), &same), Ok(()));
        assert_eq!(pending.check_retry(Some(&same), &other), Err(Refusal::Mismatch));
        assert_eq!(shipment(Status::Delivered).check_retry(Some(&same), &same), Ok(()));
        let cancelled = shipment(Status::Cancelled);
        assert_eq!(cancelled.check_retry(Some(&same), &same), Err(Refusal::Cancelled));
        assert_eq!(cancelled.check_retry(None, &same), Err(Refusal::Cancelled));
    }

    #[test]
    fn shipped_and_delivered_times_are_set_once() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let picked =
            shipment(Status::Pending).with_status(Status::PickedUp, at(1)).unwrap().unwrap();
        assert_eq!((picked.shipped_at, picked.delivered_at), (Some(at(1)), None));
        assert_eq!(picked.with_status(Status::PickedUp, at(2)), Ok(None));
        let delivered = picked.with_status(Status::Delivered, at(3)).unwrap().unwrap();
        assert_eq!((delivered.shipped_at, delivered.delivered_at), (Some(at(1)), Some(at(3))));
        let skipped =
            shipment(Status::Pending).with_status(Status::Delivered, at(4)).unwrap().unwrap();
        assert_eq!((skipped.shipped_at, skipped.delivered_at), (Some(at(4)), Some(at(4))));
        for status in [Status::Failed, Status::Cancelled, Status::LabelCreated] {
            let moved = shipment(Status::Pending).with_status(status, at(5)).unwrap().unwrap();
            assert_eq!((moved.shipped_at, moved.delivered_at), (None, None), "{status:?}");
        }
    }
}
