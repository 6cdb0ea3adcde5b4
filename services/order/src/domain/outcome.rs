//! Outcomes of calls to other services.

use super::ids::ProductId;

/// Id that the other service assigned: of an authorization, a transaction or a shipment (the
/// tracking number). Empty if the service assigns none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt(pub String);

/// Why a call was rejected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    /// Text for logs and administrators.
    pub text: String,
    /// The provider's decline code; empty if the call was not declined.
    pub decline_code: String,
    /// The products that were not available.
    pub products: Vec<ProductId>,
}

/// Outcome of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The call took effect, now or in an earlier attempt.
    Done(Receipt),
    /// The call did not take effect, and never will.
    Rejected(Reason),
    /// It is unknown whether the call took effect. The text is for logs and administrators.
    Unknown(String),
}

impl Outcome {
    /// Returns the name of the outcome, for metrics and administrators.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Rejected(_) => "rejected",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Returns the error; empty if the call succeeded.
    #[must_use]
    pub fn error(&self) -> &str {
        match self {
            Self::Done(_) => "",
            Self::Rejected(reason) => &reason.text,
            Self::Unknown(text) => text,
        }
    }
}
