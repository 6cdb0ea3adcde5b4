//! Saved payment methods.

use jiff::Timestamp;

use super::card::{Brand, Card, Expiry};
use super::ids::{PaymentMethodId, Token, UserId};

/// Maximum number of saved payment methods of one customer. It exceeds what real customers use.
pub const MAX_METHODS: i64 = 20;

/// Card that a customer has saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentMethod {
    /// Id of the payment method.
    pub id: PaymentMethodId,
    /// Customer that owns the payment method.
    pub user: UserId,
    /// Provider's token of the card.
    pub token: Token,
    /// Card network.
    pub brand: Brand,
    /// Last four digits of the card number.
    pub last_four: String,
    /// Last month in which the card is valid.
    pub expiry: Expiry,
    /// Whether it is the customer's default payment method.
    pub is_default: bool,
    /// Time at which the payment method was saved.
    pub created_at: Timestamp,
}

impl PaymentMethod {
    /// Returns whether a card has what the payment method keeps of a card: brand, last four digits
    /// and expiry.
    #[must_use]
    pub fn matches(&self, card: &Card) -> bool {
        self.brand == card.number.brand()
            && self.last_four == card.number.last_four()
            && self.expiry == card.expiry
    }
}
