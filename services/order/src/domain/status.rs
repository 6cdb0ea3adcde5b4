//! Where an order stands, and where it may go from there.
//!
//! ```text
//! pending ──▶ confirmed ──▶ processing ──▶ shipped ──▶ delivered
//!    │          │  │             │            │            │
//!    └────┬─────┘  └─────────────┴─────┬──────┴────────────┘
//!         ▼                            ▼
//!     cancelled                    refunded (all money is given back)
//! ```

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// The checkout is at work.
    Pending,
    /// Paid, with stock taken and a shipment made.
    Confirmed,
    /// Being packed.
    Processing,
    /// With the carrier.
    Shipped,
    /// With the customer.
    Delivered,
    /// Refused or called off.
    Cancelled,
    /// All money was given back.
    Refunded,
}

/// A change that is not among the allowed ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {} cannot become {}", .from.as_str(), .to.as_str())]
pub struct NotAllowed {
    /// Where the order stands.
    pub from: Status,
    /// Where it was to go.
    pub to: Status,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Confirmed,
        Self::Processing,
        Self::Shipped,
        Self::Delivered,
        Self::Cancelled,
        Self::Refunded,
    ];

    /// As stored, and as people read it.
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
    pub fn from_stored(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// The status after a change, if it is an allowed one.
    pub fn to(self, to: Self) -> Result<Self, NotAllowed> {
        use Status::{Cancelled, Confirmed, Delivered, Pending, Processing, Refunded, Shipped};
        let allowed = match self {
            Pending => matches!(to, Confirmed | Cancelled),
            Confirmed => matches!(to, Processing | Cancelled | Refunded),
            Processing => matches!(to, Shipped | Refunded),
            Shipped => matches!(to, Delivered | Refunded),
            Delivered => to == Refunded,
            Cancelled | Refunded => false,
        };
        if allowed { Ok(to) } else { Err(NotAllowed { from: self, to }) }
    }

    /// Whether the order holds money that was not all given back.
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
    fn only_the_changes_of_the_rules_are_allowed() {
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
                assert_eq!(from.to(to).is_ok(), allowed.contains(&(from, to)), "{from:?} {to:?}");
            }
        }
    }

    #[test]
    fn words_are_read_back() {
        for status in Status::ALL {
            assert_eq!(Status::from_stored(status.as_str()), Some(status));
        }
        assert_eq!(Status::from_stored("paid"), None);
    }
}
