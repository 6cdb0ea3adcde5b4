//! Content of a cart, and its changes.
//!
//! The rules that depend on the current content of the cart are executed by Redis in one script
//! (`store/script.lua`); a property test compares the script with a model of them.

use std::num::NonZeroU8;

use jiff::Timestamp;
use wire::{OrderId, ProductId, UserId};

/// UUID version of the ids of guests. Ids of accounts have another one.
const GUEST_ID_VERSION: usize = 8;

/// Whether the owner of a cart is a guest, who has no account.
#[must_use]
pub fn is_guest(owner: UserId) -> bool {
    owner.0.get_version_num() == GUEST_ID_VERSION
}

/// Maximum number of units of one product in a cart.
pub const MAX_UNITS: i32 = 99;

/// Maximum number of products in a cart. It exceeds what customers need, and it bounds the query
/// that each response sends to the catalog.
pub const MAX_LINES: usize = 100;

/// Units of one product in a cart: 1 to [`MAX_UNITS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity(NonZeroU8);

impl Quantity {
    /// Creates a quantity, if `units` is within its bounds.
    #[must_use]
    pub fn new(units: i32) -> Option<Self> {
        let units = u8::try_from(units).ok().and_then(NonZeroU8::new)?;
        (i32::from(units.get()) <= MAX_UNITS).then_some(Self(units))
    }

    /// Returns the units, 1 to [`MAX_UNITS`].
    #[must_use]
    pub fn units(self) -> i32 {
        self.0.get().into()
    }
}

/// Product in a cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Product of the line.
    pub product: ProductId,
    /// Units of the product.
    pub quantity: Quantity,
}

/// Cart as it is stored. A cart that does not exist or has expired is the default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cart {
    /// Products in the order in which they were added.
    pub lines: Vec<Line>,
    /// Version, which grows with each change; 0 if nothing is stored.
    pub version: i64,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    /// When it expires, unless it is changed before.
    pub expires_at: Option<Timestamp>,
}

/// Units of a product that were ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderedLine {
    /// Product that was ordered.
    pub product: ProductId,
    /// Units that were ordered; orders and carts have the same limit for a line.
    pub quantity: Quantity,
}

/// Highest version of a cart in requests. Above real versions, which are microseconds since 1970,
/// and small enough for the script, whose numbers have 53 bits.
pub const MAX_VERSION: i64 = 1 << 52;

/// Order whose units are removed from a cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderRef {
    /// Order that is placed.
    pub id: OrderId,
    /// Version of the cart that was ordered, from 1 to [`MAX_VERSION`]. It increases from order to
    /// order of a customer. `None` in requests of the previous release.
    pub cart_version: Option<i64>,
}

/// Change of a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Adds units of a product.
    Add(ProductId, Quantity),
    /// Sets the quantity of a product that is in the cart; `None` removes it.
    Set(ProductId, Option<Quantity>),
    /// Removes a product, if it is in the cart.
    Remove(ProductId),
    /// Removes the ordered units that are still in the cart, once for each order.
    RemoveOrdered(OrderRef, Vec<OrderedLine>),
    /// Removes all products; with an order, once for that order.
    Clear(Option<OrderRef>),
    /// Moves the lines of a guest's cart into this one. Units above [`MAX_UNITS`] are dropped, and
    /// lines above [`MAX_LINES`] are returned.
    Merge(UserId),
}

/// Reason why a change is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The line would have more than [`MAX_UNITS`] units.
    TooManyUnits,
    /// The cart would have more than [`MAX_LINES`] lines.
    CartFull,
    /// The product whose quantity is set is not in the cart.
    LineNotFound,
}

impl Change {
    /// Returns the product that is changed, if it is a single one.
    #[must_use]
    pub fn product(&self) -> Option<ProductId> {
        match self {
            Self::Add(product, _) | Self::Set(product, _) | Self::Remove(product) => Some(*product),
            Self::RemoveOrdered(..) | Self::Clear(_) | Self::Merge(_) => None,
        }
    }

    /// Returns the order for which the change is applied once.
    #[must_use]
    pub fn order(&self) -> Option<OrderRef> {
        match self {
            Self::RemoveOrdered(order, _) => Some(*order),
            Self::Clear(order) => *order,
            Self::Add(..) | Self::Set(..) | Self::Remove(_) | Self::Merge(_) => None,
        }
    }

    /// Returns whether the change only removes units.
    #[must_use]
    pub fn is_removal(&self) -> bool {
        match self {
            Self::Remove(_) | Self::Set(_, None) | Self::RemoveOrdered(..) | Self::Clear(_) => true,
            Self::Add(..) | Self::Set(_, Some(_)) | Self::Merge(_) => false,
        }
    }

    /// Returns the name of the change in the script and in metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Add(..) => "add",
            Self::Set(..) => "set",
            Self::Remove(_) => "remove",
            Self::RemoveOrdered(..) => "take",
            Self::Clear(_) => "empty",
            Self::Merge(_) => "merge",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_of_version_8_are_guests() {
        let id = |version: u8| {
            let mut bytes = [0xff; 16];
            bytes[6] = version << 4;
            UserId(uuid::Uuid::from_bytes(bytes))
        };
        for version in 0..=15 {
            assert_eq!(is_guest(id(version)), version == 8, "{version}");
        }
        assert!(!is_guest(UserId(kit::Env::system().uuid())), "an account");
    }

    #[test]
    fn quantity_is_1_to_99() {
        for units in [1, 2, 98, 99] {
            assert_eq!(Quantity::new(units).map(Quantity::units), Some(units));
        }
        for units in [0, 100, 256, 257, -1, i32::MIN, i32::MAX] {
            assert_eq!(Quantity::new(units), None, "{units}");
        }
    }
}
