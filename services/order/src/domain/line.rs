//! Lines of an order.

use money::{Error, Money};

use super::ids::{LineId, ProductId};

/// A line of an order, with the name and price of the time of the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Id of the line.
    pub id: LineId,
    /// The product.
    pub product: ProductId,
    /// Name of the product at the time of the order.
    pub name: String,
    /// Number of units, at least 1.
    pub quantity: i32,
    /// Price of one unit at the time of the order.
    pub unit_price: Money,
}

impl Line {
    /// Returns the price of the line.
    ///
    /// # Errors
    /// Fails when the amount is too large.
    pub fn total(&self) -> Result<Money, Error> {
        self.unit_price.times(self.quantity.into())
    }
}
