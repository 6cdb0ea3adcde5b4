//! The status of an order and its allowed transitions.
//!
//! ```text
//! pending ──▶ confirmed ──▶ processing ──▶ shipped ──▶ delivered
//!    │          │  │             │            │            │
//!    └────┬─────┘  └─────────────┴─────┬──────┴────────────┘
//!         ▼                            ▼
//!     cancelled                    refunded (the whole payment)
//! ```

/// Status of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// The checkout is in progress.
    Pending,
    /// Paid, stock committed and shipment created.
    Confirmed,
    /// Being packed.
    Processing,
    /// Handed to the carrier.
    Shipped,
    /// Delivered to the customer.
    Delivered,
    /// The checkout failed, or the order was cancelled.
    Cancelled,
    /// The whole payment was refunded.
    Refunded,
}

/// A transition that is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {} cannot become {}", .from.as_str(), .to.as_str())]
pub struct TransitionNotAllowed {
    /// Current status.
    pub from: Status,
    /// Requested status.
    pub to: Status,
}

impl Status {
    /// All statuses.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Confirmed,
        Self::Processing,
        Self::Shipped,
        Self::Delivered,
        Self::Cancelled,
        Self::Refunded,
    ];

    /// Returns the status as it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Processing => "processing",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::Refunded => "refunded",
        }
    }

    /// The inverse of [`Status::as_str`].
    #[must_use]
    pub fn from_stored(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Returns `to` if the transition is allowed.
    ///
    /// # Errors
    /// Fails when the transition is not allowed.
    pub fn transition_to(self, to: Self) -> Result<Self, TransitionNotAllowed> {
        use Status::{Cancelled, Confirmed, Delivered, Pending, Processing, Refunded, Shipped};
        let allowed = match self {
            Pending => matches!(to, Confirmed | Cancelled),
            Confirmed => matches!(to, Processing | Cancelled | Refunded),
            Processing => matches!(to, Shipped | Refunded),
            Shipped => matches!(to, Delivered | Refunded),
            Delivered => to == Refunded,
            Cancelled | Refunded => false,
        };
        if allowed { Ok(to) } else { Err(TransitionNotAllowed { from: self, to }) }
    }

    /// Whether the order holds a payment that is not completely refunded.
    #[must_use]
    pub fn is_paid(self) -> bool {
        match self {
            Self::Confirmed | Self::Processing | Self::Shipped | Self::Delivered => true,
            Self::Pending | Self::Cancelled | Self::Refunded => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_transitions_are_allowed() {
        use Status::{Cancelled, Confirmed, Delivered, Pending, Processing, Refunded, Shipped};
        let allowed = [
            (Pending, Confirmed),
            (Pending, Cancelled),
            (Confirmed, Processing),
            (Confirmed, Cancelled),
            (Confirmed, Refunded),
            (Processing, Shipped),
            (Processing, Refunded),
            (Shipped, Delivered),
            (Shipped, Refunded),
            (Delivered, Refunded),
        ];
        for from in Status::ALL {
            for to in Status::ALL {
                assert_eq!(
                    from.transition_to(to).is_ok(),
                    allowed.contains(&(from, to)),
                    "{from:?} {to:?}"
                );
            }
        }
    }

    #[test]
    fn stored_statuses_round_trip() {
        for status in Status::ALL {
            assert_eq!(Status::from_stored(status.as_str()), Some(status));
        }
        assert_eq!(Status::from_stored("paid"), None);
    }
}
