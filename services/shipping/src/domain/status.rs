//! Where a shipment stands, and where it can go from there.
//!
//! Forward, over any number of steps, for carriers leave some out; never back. Delivered, failed and
//! cancelled are ends. A shipment can be cancelled until the carrier has it.

/// Where a shipment stands. Declared in the order in which a parcel travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Made.
    Pending,
    /// Its label is printed.
    LabelCreated,
    /// The carrier has it.
    PickedUp,
    /// On its way.
    InTransit,
    /// On the last van.
    OutForDelivery,
    /// With the customer.
    Delivered,
    /// It could not be delivered.
    Failed,
    /// Called off.
    Cancelled,
}

/// What a message about a shipment does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It moves on.
    Move,
    /// It stands there already.
    Stay,
}

/// Why a shipment cannot go there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusRefusal {
    /// The carrier has it: it can no more be cancelled.
    PickedUp,
    /// It has come to its end.
    Ended(Status),
    /// It is further already.
    Further,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::LabelCreated,
        Self::PickedUp,
        Self::InTransit,
        Self::OutForDelivery,
        Self::Delivered,
        Self::Failed,
        Self::Cancelled,
    ];

    /// What it does to a shipment that stands here to be told that it is at `to`.
    ///
    /// # Errors
    /// It cannot go there.
    pub fn step(self, to: Self) -> Result<Step, StatusRefusal> {
        use Status::{Cancelled, Failed};
        match to {
            _ if to == self => Ok(Step::Stay),
            _ if self.is_end() => Err(StatusRefusal::Ended(self)),
            Cancelled if self.is_shipped() => Err(StatusRefusal::PickedUp),
            Cancelled | Failed => Ok(Step::Move),
            _ if to > self => Ok(Step::Move),
            _ => Err(StatusRefusal::Further),
        }
    }

    /// Whether nothing comes after.
    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed | Self::Cancelled)
    }

    /// Whether the carrier has it, or surely had it.
    #[must_use]
    pub fn is_shipped(self) -> bool {
        match self {
            Self::PickedUp | Self::InTransit | Self::OutForDelivery | Self::Delivered => true,
            Self::Pending | Self::LabelCreated | Self::Failed | Self::Cancelled => false,
        }
    }

    /// Where a carrier brings it next that makes no mistakes.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        match self {
            Self::Pending => Some(Self::LabelCreated),
            Self::LabelCreated => Some(Self::PickedUp),
            Self::PickedUp => Some(Self::InTransit),
            Self::InTransit => Some(Self::OutForDelivery),
            Self::OutForDelivery => Some(Self::Delivered),
            Self::Delivered | Self::Failed | Self::Cancelled => None,
        }
    }

    /// What happened, for people, when nobody says it better.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Pending => "Shipment created",
            Self::LabelCreated => "Label created",
            Self::PickedUp => "Picked up by the carrier",
            Self::InTransit => "In transit",
            Self::OutForDelivery => "Out for delivery",
            Self::Delivered => "Delivered",
            Self::Failed => "Delivery failed",
            Self::Cancelled => "Shipment cancelled",
        }
    }

    /// As it is stored and counted.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::LabelCreated => "label_created",
            Self::PickedUp => "picked_up",
            Self::InTransit => "in_transit",
            Self::OutForDelivery => "out_for_delivery",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// What was stored.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Status::{
            Cancelled, Delivered, Failed, InTransit, LabelCreated, OutForDelivery, Pending,
            PickedUp,
        },
        *,
    };

    /// From each status (rows) to each (columns), both in the order of [`Status::ALL`]: moves, stays, is
    /// picked up, has ended, is further.
    const TABLE: [&str; 8] = [
        "SMMMMMMM", // pending
        "FSMMMMMM", // label created
        "FFSMMMMP", // picked up
        "FFFSMMMP", // in transit
        "FFFFSMMP", // out for delivery
        "EEEEESEE", // delivered
        "EEEEEESE", // failed
        "EEEEEEES", // cancelled
    ];

    #[test]
    fn every_transition_is_as_in_the_table() {
        for (from, row) in Status::ALL.into_iter().zip(TABLE) {
            for (to, letter) in Status::ALL.into_iter().zip(row.chars()) {
                let expected = match letter {
                    'M' => Ok(Step::Move),
                    'S' => Ok(Step::Stay),
                    'P' => Err(StatusRefusal::PickedUp),
                    'E' => Err(StatusRefusal::Ended(from)),
                    _ => Err(StatusRefusal::Further),
                };
                assert_eq!(from.step(to), expected, "{from:?} to {to:?}");
            }
        }
    }

    #[test]
    fn a_carrier_that_makes_no_mistakes_delivers() {
        let mut seen = vec![Pending];
        while let Some(next) = seen.last().and_then(|status| status.next()) {
            assert_eq!(seen.last().map(|status| status.step(next)), Some(Ok(Step::Move)));
            seen.push(next);
        }
        assert_eq!(seen, [Pending, LabelCreated, PickedUp, InTransit, OutForDelivery, Delivered]);
        assert!([Delivered, Failed, Cancelled].iter().all(|status| status.next().is_none()));
    }

    #[test]
    fn what_is_stored_is_read_back() {
        for status in Status::ALL {
            assert_eq!(Status::from_stored(status.as_str()), Some(status));
        }
        assert_eq!(Status::from_stored("lost"), None);
    }
}
