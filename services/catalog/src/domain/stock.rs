//! Stock: units on hand, reserved units, the ledger of movements, and the lines of an order.

use std::collections::BTreeMap;

use super::ids::{OrderId, ProductId};

/// Maximum units of one product, on hand or in one line.
pub const MAX_UNITS: i32 = 1_000_000_000;

/// The stock of a product, from its locked row. `0 <= reserved <= on_hand`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stock {
    /// The product.
    pub product: ProductId,
    /// Whether the product can be bought.
    pub is_active: bool,
    /// Units in the warehouse.
    pub on_hand: i32,
    /// Units on hand that belong to a held reservation.
    pub reserved: i32,
}

impl Stock {
    /// Units that can be bought now.
    #[must_use]
    pub fn available(&self) -> i32 {
        self.on_hand - self.reserved
    }
}

/// Lines of an order: each product once, sorted by id (the lock order), each with 1 to
/// [`MAX_UNITS`] units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines(BTreeMap<ProductId, i32>);

impl Lines {
    /// Merges the lines of each product. `Err` contains the indices of all lines that make the
    /// quantity of a product leave the range of 1 to [`MAX_UNITS`].
    ///
    /// # Errors
    /// Fails with the indices of the lines whose quantity is out of range.
    pub fn sum(lines: impl IntoIterator<Item = (ProductId, i32)>) -> Result<Self, Vec<usize>> {
        let mut sums = BTreeMap::new();
        let mut invalid = Vec::new();
        for (index, (product, quantity)) in lines.into_iter().enumerate() {
            let sum = sums.entry(product).or_insert(0i32);
            match sum.checked_add(quantity) {
                Some(more) if quantity > 0 && more <= MAX_UNITS => *sum = more,
                _ => invalid.push(index),
            }
        }
        if invalid.is_empty() { Ok(Self(sums)) } else { Err(invalid) }
    }

    /// Lines from the database, where each product occurs once.
    pub(crate) fn from_stored(lines: impl IntoIterator<Item = (ProductId, i32)>) -> Self {
        Self(lines.into_iter().collect())
    }

    /// Products and quantities, sorted by id.
    pub fn iter(&self) -> impl Iterator<Item = (ProductId, i32)> {
        self.0.iter().map(|(product, quantity)| (*product, *quantity))
    }

    /// The products, sorted by id.
    pub fn products(&self) -> impl Iterator<Item = ProductId> {
        self.0.keys().copied()
    }

    /// The products that are unknown, inactive or insufficient. Empty if all lines can be reserved;
    /// a reservation takes all or none.
    #[must_use]
    pub fn unavailable(&self, stock: &[Stock]) -> Vec<ProductId> {
        let available: BTreeMap<_, _> =
            stock.iter().filter(|s| s.is_active).map(|s| (s.product, s.available())).collect();
        let is_unavailable = |(product, quantity): &(ProductId, i32)| {
            available.get(product).is_none_or(|available| available < quantity)
        };
        self.iter().filter(is_unavailable).map(|(product, _)| product).collect()
    }
}

/// Reason of a stock movement; the values of the table `stock_movements`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MovementKind {
    /// A product was created with stock.
    Initial,
    /// An administrator added or removed units.
    Adjust,
    /// An administrator set the available units.
    Set,
    /// An order reserved units.
    Reserve,
    /// Reserved units were sold.
    Commit,
    /// Reserved units were released.
    Release,
    /// Reserved units were released because the reservation expired.
    Expire,
    /// Sold units returned to stock.
    Restock,
}

impl MovementKind {
    /// The stored value.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Adjust => "adjust",
            Self::Set => "set",
            Self::Reserve => "reserve",
            Self::Commit => "commit",
            Self::Release => "release",
            Self::Expire => "expire",
            Self::Restock => "restock",
        }
    }

    /// The change of (on hand, reserved) per unit of an order's line; zero for manual movements.
    fn per_unit(self) -> (i32, i32) {
        match self {
            Self::Reserve => (0, 1),
            Self::Commit => (-1, -1),
            Self::Release | Self::Expire => (0, -1),
            Self::Restock => (1, 0),
            Self::Initial | Self::Adjust | Self::Set => (0, 0),
        }
    }
}

/// A movement of one product's stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// The product.
    pub product: ProductId,
    /// Change of the units on hand.
    pub on_hand_delta: i32,
    /// Change of the reserved units.
    pub reserved_delta: i32,
}

/// Movements with the same cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movements {
    /// Kind of the movements.
    pub kind: MovementKind,
    /// Reason, for people.
    pub reason: String,
    /// Order that caused the movements, if any.
    pub order: Option<OrderId>,
    /// Id of the actor; empty for the system.
    pub actor: String,
    /// The movements, sorted by product id.
    pub rows: Vec<Movement>,
}

impl Movements {
    /// The movements of an order's lines.
    #[must_use]
    pub fn for_order(kind: MovementKind, order: OrderId, lines: &Lines) -> Self {
        let (on_hand, reserved) = kind.per_unit();
        let row = |(product, quantity): (ProductId, i32)| Movement {
            product,
            on_hand_delta: on_hand * quantity,
            reserved_delta: reserved * quantity,
        };
        Self {
            kind,
            reason: format!("order {}", kind.as_str()),
            order: Some(order),
            actor: String::new(),
            rows: lines.iter().map(row).collect(),
        }
    }

    /// A manual change of the units on hand of one product.
    #[must_use]
    pub fn manual(kind: MovementKind, product: ProductId, delta: i32, by: ManualChange) -> Self {
        Self {
            kind,
            reason: by.reason,
            order: None,
            actor: by.actor,
            rows: vec![Movement { product, on_hand_delta: delta, reserved_delta: 0 }],
        }
    }
}

/// Actor and reason of a manual change of stock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManualChange {
    /// Reason, for people.
    pub reason: String,
    /// Id of the actor; empty for the system.
    pub actor: String,
}

/// Why a manual change of stock is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StockRefusal {
    /// Fewer units than the reserved ones would remain.
    BelowReserved,
    /// More than [`MAX_UNITS`] would be on hand.
    TooMany,
}

/// Checks a change of the units on hand by `delta`.
///
/// # Errors
/// Fails when the number of units would leave its valid range.
pub fn adjust(stock: &Stock, delta: i32) -> Result<i32, StockRefusal> {
    match stock.on_hand.checked_add(delta) {
        None if delta > 0 => Err(StockRefusal::TooMany),
        Some(on_hand) if on_hand > MAX_UNITS && delta > 0 => Err(StockRefusal::TooMany),
        Some(on_hand) if on_hand >= stock.reserved => Ok(delta),
        Some(_) | None => Err(StockRefusal::BelowReserved),
    }
}

/// Computes the change of the units on hand after which `available` units can be bought.
///
/// # Errors
/// Fails when the number of units would leave its valid range.
pub fn set_available(stock: &Stock, available: i32) -> Result<i32, StockRefusal> {
    match available.checked_add(stock.reserved) {
        Some(on_hand) if on_hand <= MAX_UNITS => Ok(on_hand - stock.on_hand),
        _ => Err(StockRefusal::TooMany),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn product(n: u128) -> ProductId {
        ProductId(Uuid::from_u128(n))
    }

    fn stock(n: u128, on_hand: i32, reserved: i32) -> Stock {
        Stock { product: product(n), is_active: true, on_hand, reserved }
    }

    #[test]
    fn lines_are_merged_and_sorted_by_id() {
        let lines = Lines::sum([(product(2), 1), (product(1), 3), (product(2), 4)]).unwrap();
        assert_eq!(lines.iter().collect::<Vec<_>>(), [(product(1), 3), (product(2), 5)]);
    }

    #[test]
    fn quantity_out_of_range_names_all_lines() {
        let [one, two] = [product(1), product(2)];
        assert_eq!(Lines::sum([(one, 1), (one, 0)]), Err(vec![1]));
        assert_eq!(Lines::sum([(one, -1), (two, 1), (two, i32::MIN)]), Err(vec![0, 2]));
        assert_eq!(Lines::sum([(one, MAX_UNITS), (one, 1), (two, 0)]), Err(vec![1, 2]));
        assert_eq!(Lines::sum([(one, i32::MAX)]), Err(vec![0]));
    }

    #[test]
    fn unknown_inactive_and_insufficient_products_are_unavailable() {
        let lines = Lines::sum((1..=4).map(|n| (product(n), 2))).unwrap();
        let inactive = Stock { is_active: false, ..stock(3, 9, 0) };
        let rows = [stock(1, 2, 0), stock(2, 9, 8), inactive];
        assert_eq!(lines.unavailable(&rows), [product(2), product(3), product(4)]);
    }

    #[test]
    fn manual_change_never_falls_below_reserved_units() {
        let row = stock(1, 10, 4);
        assert_eq!(adjust(&row, -6), Ok(-6));
        assert_eq!(adjust(&row, -7), Err(StockRefusal::BelowReserved));
        assert_eq!(adjust(&row, i32::MIN), Err(StockRefusal::BelowReserved));
        assert_eq!(adjust(&row, i32::MAX), Err(StockRefusal::TooMany));
        assert_eq!(set_available(&row, 0), Ok(-6));
        assert_eq!(set_available(&row, 7), Ok(1));
        assert_eq!(set_available(&row, i32::MAX), Err(StockRefusal::TooMany));
    }

    proptest! {
        #[test]
        fn granted_lines_keep_reserved_within_on_hand(
            rows in proptest::collection::vec((0..20i32, 0..20i32), 1..5),
            wanted in proptest::collection::vec((0..5u128, 1..25i32), 1..8),
        ) {
            let stocks = (0..).zip(rows).map(|(n, (a, b))| stock(n, a.max(b), a.min(b)));
            let rows: Vec<_> = stocks.collect();
            let lines = Lines::sum(wanted.into_iter().map(|(n, q)| (product(n), q))).unwrap();
            let all_fit = lines.iter().all(|(wanted, quantity)| {
                rows.iter().any(|s| s.product == wanted && s.reserved + quantity <= s.on_hand)
            });
            prop_assert_eq!(lines.unavailable(&rows).is_empty(), all_fit);
        }

        #[test]
        fn unsold_order_leaves_stock_unchanged(quantity in 1..100i32) {
            use MovementKind::{Commit, Expire, Release, Reserve, Restock};
            let lines = Lines::sum([(product(1), quantity)]).unwrap();
            for path in [&[Reserve, Release][..], &[Reserve, Expire], &[Reserve, Commit, Restock]] {
                let sums = path.iter().fold((0, 0), |sums, kind| {
                    let rows = Movements::for_order(*kind, OrderId(Uuid::nil()), &lines).rows;
                    (sums.0 + rows[0].on_hand_delta, sums.1 + rows[0].reserved_delta)
                });
                prop_assert_eq!(sums, (0, 0));
            }
        }
    }
}
