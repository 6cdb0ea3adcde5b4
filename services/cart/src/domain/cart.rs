//! What is in a cart, and what can be done to it.
//!
//! The rules that need the cart as it stands are carried out by Redis, in one step
//! (`store/script.lua`); a property test holds the script against a model of them.

use std::num::NonZeroU8;

use jiff::Timestamp;
use wire::{OrderId, ProductId};

/// The most units of one product in a cart.
pub const MAX_UNITS: i32 = 99;

/// The most products in a cart: more is no shopping, and each answer asks the catalog for all of them.
pub const MAX_LINES: usize = 100;

/// Units of one product in a cart: 1 to [`MAX_UNITS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity(NonZeroU8);

impl Quantity {
    /// A quantity, if it is one.
    #[must_use]
    pub fn new(units: i32) -> Option<Self> {
        let units = u8::try_from(units).ok().and_then(NonZeroU8::new)?;
        (i32::from(units.get()) <= MAX_UNITS).then_some(Self(units))
    }

    /// 1 to [`MAX_UNITS`].
    #[must_use]
    pub fn units(self) -> i32 {
        self.0.get().into()
    }
}

/// A product in a cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The product.
    pub product: ProductId,
    /// How many of it.
    pub quantity: Quantity,
}

/// A cart as it is kept. One that never was, or that ran out of time, is the default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cart {
    /// The products, in the order in which they came in.
    pub lines: Vec<Line>,
    /// Grows with each change; 0 when nothing is kept.
    pub version: i64,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// When it will be dropped unless it changes before.
    pub expires_at: Option<Timestamp>,
}

/// Units that went into an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ordered {
    /// The product.
    pub product: ProductId,
    /// How many of it; orders and carts have the same bound on a line.
    pub quantity: Quantity,
}

/// What can be done to a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// More units of a product.
    Add(ProductId, Quantity),
    /// Another quantity of a product that is in the cart; none takes it out.
    Set(ProductId, Option<Quantity>),
    /// A product goes, if it is there.
    Remove(ProductId),
    /// The units of an order go, as far as they are there, once per order.
    Take(OrderId, Vec<Ordered>),
    /// Everything goes; for an order, once.
    Empty(Option<OrderId>),
}

/// Why a cart stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A line would have more than [`MAX_UNITS`].
    TooManyUnits,
    /// There would be more than [`MAX_LINES`].
    Full,
    /// The product to set the quantity of is not in the cart.
    NoSuchLine,
}

impl Change {
    /// The product that it is about, when it is one.
    #[must_use]
    pub fn product(&self) -> Option<ProductId> {
        match self {
            Self::Add(product, _) | Self::Set(product, _) | Self::Remove(product) => Some(*product),
            Self::Take(..) | Self::Empty(_) => None,
        }
    }

    /// The order that it is made once for.
    #[must_use]
    pub fn order(&self) -> Option<OrderId> {
        match self {
            Self::Take(order, _) => Some(*order),
            Self::Empty(order) => *order,
            Self::Add(..) | Self::Set(..) | Self::Remove(_) => None,
        }
    }

    /// Its name in the script and in metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Add(..) => "add",
            Self::Set(..) => "set",
            Self::Remove(_) => "remove",
            Self::Take(..) => "take",
            Self::Empty(_) => "empty",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_1_to_99() {
        for units in [1, 2, 98, 99] {
            assert_eq!(Quantity::new(units).map(Quantity::units), Some(units));
        }
        for units in [0, 100, 256, 257, -1, i32::MIN, i32::MAX] {
            assert_eq!(Quantity::new(units), None, "{units}");
        }
    }
}
