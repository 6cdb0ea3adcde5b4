//! Shipments: one an order.
//!
//! Why callers may repeat themselves and come in any order. The first to name an order writes its row:
//! a shipment, or a tombstone when it is a cancellation. Everybody after that finds the row and locks it.
//! A shipment that is asked for again is the first one, if it is the same that is asked for; after a
//! cancellation it is refused, however late it comes. A cancellation that is repeated finds the shipment
//! cancelled. So of a creation and a cancellation, whichever wins, nothing is sent in the end unless the
//! carrier had it before.

use jiff::Timestamp;
use wire::Address;

use super::{
    ids::{OrderId, ShipmentId},
    quote::{Service, Weight},
    status::{Status, StatusRefusal, Step},
    tracking::TrackingNumber,
};

/// The shipment of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    /// Its id.
    pub id: ShipmentId,
    /// The order.
    pub order: OrderId,
    /// Where it stands.
    pub status: Status,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the carrier took it.
    pub shipped_at: Option<Timestamp>,
    /// When the customer got it.
    pub delivered_at: Option<Timestamp>,
    /// What is sent; a tombstone has nothing.
    pub parcel: Option<Parcel>,
}

/// What is sent, as its carrier knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// How it is carried.
    pub service: Service,
    /// How heavy it is.
    pub weight: Weight,
    /// The carrier's number.
    pub tracking_number: TrackingNumber,
}

/// What is asked to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consignment {
    /// How it is to be carried.
    pub service: Service,
    /// How heavy it is.
    pub weight: Weight,
    /// Where it starts, unless that is the shop's own address.
    pub from: Option<Address>,
    /// Where it goes.
    pub to: Address,
}

/// Why a shipment is not made or moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Its order was called off.
    Cancelled,
    /// The order has a shipment of something else, or to somewhere else.
    Other,
    /// It cannot go where it is told to be.
    Status(StatusRefusal),
}

/// Something that happened to a shipment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What it became.
    pub status: Status,
    /// What happened, for people.
    pub description: String,
    /// Where; may be empty.
    pub location: String,
}

impl Shipment {
    /// Whether it is the answer to its being asked for again.
    ///
    /// # Errors
    /// It was cancelled, or something else was asked for the first time.
    pub fn repeat(&self, first: Option<&Consignment>, again: &Consignment) -> Result<(), Refusal> {
        match first {
            _ if self.status == Status::Cancelled => Err(Refusal::Cancelled),
            Some(first) if first == again => Ok(()),
            _ => Err(Refusal::Other),
        }
    }

    /// What it becomes when it moves to `status`; `None` when it stands there.
    ///
    /// # Errors
    /// It cannot go there.
    pub fn moved(&self, status: Status, now: Timestamp) -> Result<Option<Self>, Refusal> {
        match self.status.step(status).map_err(Refusal::Status)? {
            Step::Stay => Ok(None),
            Step::Move => {
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
    /// A status reached, with nothing more to tell.
    #[must_use]
    pub fn of(status: Status) -> Self {
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
        let part = String::new;
        let to = Address {
            recipient: part(),
            street: "1 Main Street".into(),
            city: "Springfield".into(),
            state: part(),
            zip_code: part(),
            country: "US".into(),
        };
        let weight = Weight::new(grams).unwrap();
        Consignment { service: Service::UpsGround, weight, from: None, to }
    }

    #[test]
    fn a_repeat_is_answered_only_with_the_same_and_never_after_a_cancellation() {
        let (same, other) = (consignment(1), consignment(2));
        let pending = shipment(Status::Pending);
        assert_eq!(pending.repeat(Some(&same), &same), Ok(()));
        assert_eq!(pending.repeat(Some(&same), &other), Err(Refusal::Other));
        assert_eq!(shipment(Status::Delivered).repeat(Some(&same), &same), Ok(()));
        let cancelled = shipment(Status::Cancelled);
        assert_eq!(cancelled.repeat(Some(&same), &same), Err(Refusal::Cancelled));
        assert_eq!(cancelled.repeat(None, &same), Err(Refusal::Cancelled));
    }

    #[test]
    fn times_are_those_of_the_first_status_that_means_them() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let picked = shipment(Status::Pending).moved(Status::PickedUp, at(1)).unwrap().unwrap();
        assert_eq!((picked.shipped_at, picked.delivered_at), (Some(at(1)), None));
        assert_eq!(picked.moved(Status::PickedUp, at(2)), Ok(None));
        let delivered = picked.moved(Status::Delivered, at(3)).unwrap().unwrap();
        assert_eq!((delivered.shipped_at, delivered.delivered_at), (Some(at(1)), Some(at(3))));
        let leapt = shipment(Status::Pending).moved(Status::Delivered, at(4)).unwrap().unwrap();
        assert_eq!((leapt.shipped_at, leapt.delivered_at), (Some(at(4)), Some(at(4))));
        for status in [Status::Failed, Status::Cancelled, Status::LabelCreated] {
            let moved = shipment(Status::Pending).moved(status, at(5)).unwrap().unwrap();
            assert_eq!((moved.shipped_at, moved.delivered_at), (None, None), "{status:?}");
        }
    }
}
