//! Status of a shipment, and its allowed transitions.
//!
//! A shipment only moves forward, and may skip statuses because carriers do not report all of them.
//! Delivered, failed and cancelled are final. A shipment can be cancelled until the carrier has
//! picked it up.

/// Status of a shipment. The variants are declared in the order in which a parcel passes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// The shipment was created.
    Pending,
    /// The label was created.
    LabelCreated,
    /// The carrier picked up the parcel.
    PickedUp,
    /// The parcel is in transit.
    InTransit,
    /// The parcel is out for delivery.
    OutForDelivery,
    /// The parcel was delivered.
    Delivered,
    /// The parcel could not be delivered.
    Failed,
    /// The shipment was cancelled.
    Cancelled,
}

/// Allowed transition of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// The status changes.
    Move,
    /// The shipment has the status already.
    Unchanged,
}

/// Reason why a transition is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransitionError {
    /// The carrier has picked the shipment up: it cannot be cancelled.
    PickedUp,
    /// The current status is final.
    Final(Status),
    /// The shipment has a later status.
    Backward,
}

impl Status {
    /// All statuses.
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

    /// Returns the transition from this status to `to`.
    ///
    /// # Errors
    ///
    /// Returns an error if the transition is not allowed.
    pub fn transition(self, to: Self) -> Result<Transition, TransitionError> {
        use Status::{Cancelled, Failed};
        match to {
            _ if to == self => Ok(Transition::Unchanged),
            _ if self.is_final() => Err(TransitionError::Final(self)),
            Cancelled if self.is_shipped() => Err(TransitionError::PickedUp),
            Cancelled | Failed => Ok(Transition::Move),
            _ if to > self => Ok(Transition::Move),
            _ => Err(TransitionError::Backward),
        }
    }

    /// Returns whether the status is final.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed | Self::Cancelled)
    }

    /// Returns whether the carrier has picked the shipment up, as far as the status shows.
    #[must_use]
    pub fn is_shipped(self) -> bool {
        match self {
            Self::PickedUp | Self::InTransit | Self::OutForDelivery | Self::Delivered => true,
            Self::Pending | Self::LabelCreated | Self::Failed | Self::Cancelled => false,
        }
    }

    /// Returns the status that normally follows, if any.
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

    /// Returns the default description for customers.
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

    /// Returns the name that is stored and used in metrics.
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

    /// The inverse of [`Status::as_str`].
    #[must_use]
    pub fn from_stored(stored: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == stored)
    }
}

#[cfg(test)]
mod tests {
    use super::Status::{
        Cancelled, Delivered, Failed, InTransit, LabelCreated, OutForDelivery, Pending, PickedUp,
    };
    use super::*;

    /// Expected transition from each status (rows) to each status (columns), both in the order of
    /// [`Status::ALL`]: M moves, S stays, P is refused because the parcel was picked up, E because
    /// the status is final, F because the shipment has a later status.
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
    fn transitions_match_table() {
        for (from, row) in Status::ALL.into_iter().zip(TABLE) {
            for (to, code) in Status::ALL.into_iter().zip(row.chars()) {
                let expected = match code {
                    'M' => Ok(Transition::Move),
                    'S' => Ok(Transition::Unchanged),
                    'P' => Err(TransitionError::PickedUp),
                    'E' => Err(TransitionError::Final(from)),
                    _ => Err(TransitionError::Backward),
                };
                assert_eq!(from.transition(to), expected, "{from:?} to {to:?}");
            }
        }
    }

    #[test]
    fn next_statuses_end_in_delivered() {
        let mut seen = vec![Pending];
        while let Some(next) = seen.last().and_then(|status| status.next()) {
            assert_eq!(
                seen.last().map(|status| status.transition(next)),
                Some(Ok(Transition::Move))
            );
            seen.push(next);
        }
        assert_eq!(seen, [Pending, LabelCreated, PickedUp, InTransit, OutForDelivery, Delivered]);
        assert!([Delivered, Failed, Cancelled].iter().all(|status| status.next().is_none()));
    }

    #[test]
    fn stored_names_round_trip() {
        for status in Status::ALL {
            assert_eq!(Status::from_stored(status.as_str()), Some(status));
        }
        assert_eq!(Status::from_stored("lost"), None);
    }
}
