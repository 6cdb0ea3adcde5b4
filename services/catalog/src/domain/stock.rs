//! Stock: what is on hand, what is reserved, and what one order takes.

use std::collections::BTreeMap;

use super::ids::{OrderId, ProductId};

/// The most units of one product, on hand or in one line.
pub const MAX_UNITS: i32 = 1_000_000_000;

/// The stock of a product, as its locked row tells it. `0 <= reserved <= on_hand`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stock {
    /// Whose.
    pub product: ProductId,
    /// Whether the product can be bought at all.
    pub is_active: bool,
    /// Units in the warehouse.
    pub on_hand: i32,
    /// Units of these that belong to a live reservation.
    pub reserved: i32,
}

impl Stock {
    /// What can be bought now.
    pub fn available(&self) -> i32 {
        self.on_hand - self.reserved
    }
}

/// What is asked for: each product once, in the order of their ids (which is the order of locking),
/// each with 1 to [`MAX_UNITS`] units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines(BTreeMap<ProductId, i32>);

impl Lines {
    /// Sums lines of one product. `Err` holds the indices of all lines with which a quantity would leave
    /// 1 to [`MAX_UNITS`].
    pub fn sum(lines: impl IntoIterator<Item = (ProductId, i32)>) -> Result<Self, Vec<usize>> {
        let mut sums = BTreeMap::new();
        let mut wrong = Vec::new();
        for (index, (product, quantity)) in lines.into_iter().enumerate() {
            let sum = sums.entry(product).or_insert(0i32);
            match sum.checked_add(quantity) {
                Some(more) if quantity > 0 && more <= MAX_UNITS => *sum = more,
                _ => wrong.push(index),
            }
        }
        if wrong.is_empty() { Ok(Self(sums)) } else { Err(wrong) }
    }

    /// Lines read back from the database, where each product is once.
    pub(crate) fn stored(lines: impl IntoIterator<Item = (ProductId, i32)>) -> Self {
        Self(lines.into_iter().collect())
    }

    /// Products and quantities in the order of ids.
    pub fn iter(&self) -> impl Iterator<Item = (ProductId, i32)> {
        self.0.iter().map(|(product, quantity)| (*product, *quantity))
    }

    /// The products in the order of their ids.
    pub fn products(&self) -> impl Iterator<Item = ProductId> {
        self.0.keys().copied()
    }

    /// The products that cannot be had in these quantities: unknown, inactive or short. Empty when all
    /// can: a reservation takes all or nothing.
    pub fn unavailable(&self, stock: &[Stock]) -> Vec<ProductId> {
        let available: BTreeMap<_, _> =
            stock.iter().filter(|s| s.is_active).map(|s| (s.product, s.available())).collect();
        let short = |(product, quantity): &(ProductId, i32)| {
            available.get(product).is_none_or(|available| available < quantity)
        };
        self.iter().filter(short).map(|(product, _)| product).collect()
    }
}

/// Why stock moved. The words are those of the table `stock_movements`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MovementKind {
    /// A product was created with stock.
    Initial,
    /// An admin added or took units.
    Adjust,
    /// An admin set what can be bought.
    Set,
    /// An order holds units.
    Reserve,
    /// Held units left for good.
    Commit,
    /// Held units were given back.
    Release,
    /// Held units came back because time ran out.
    Expire,
    /// Units that had left came back.
    Restock,
}

impl MovementKind {
    /// As stored.
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

    /// What one unit of an order's line does to (on hand, reserved); nothing for movements by hand.
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

/// One movement of one product's stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Whose stock.
    pub product: ProductId,
    /// Units that came (or, negative, went).
    pub on_hand_delta: i32,
    /// Units that were put aside (or, negative, no longer are).
    pub reserved_delta: i32,
}

/// Movements with one cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movements {
    /// What kind of cause.
    pub kind: MovementKind,
    /// A sentence or word for people.
    pub reason: String,
    /// The order behind it, if one is.
    pub order: Option<OrderId>,
    /// Who did it; empty for the system.
    pub actor: String,
    /// What moved, in the order of product ids.
    pub rows: Vec<Movement>,
}

impl Movements {
    /// What `kind` does to the lines of an order.
    pub fn of_order(kind: MovementKind, order: OrderId, lines: &Lines) -> Self {
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

    /// What is on hand of one product changed by hand.
    pub fn by_hand(kind: MovementKind, product: ProductId, delta: i32, by: ByHand) -> Self {
        Self {
            kind,
            reason: by.reason,
            order: None,
            actor: by.actor,
            rows: vec![Movement { product, on_hand_delta: delta, reserved_delta: 0 }],
        }
    }
}

/// Who changed stock by hand and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByHand {
    /// Why.
    pub reason: String,
    /// A user's id; empty for the system.
    pub actor: String,
}

/// Why stock cannot be changed by hand so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StockRefusal {
    /// Fewer units than are reserved would be left.
    BelowReserved,
    /// More than [`MAX_UNITS`] would be on hand.
    TooMany,
}

/// The change of what is on hand that `delta` asks for, if the stock allows it.
pub fn adjust(stock: &Stock, delta: i32) -> Result<i32, StockRefusal> {
    match stock.on_hand.checked_add(delta) {
        None if delta > 0 => Err(StockRefusal::TooMany),
        Some(on_hand) if on_hand > MAX_UNITS && delta > 0 => Err(StockRefusal::TooMany),
        Some(on_hand) if on_hand >= stock.reserved => Ok(delta),
        Some(_) | None => Err(StockRefusal::BelowReserved),
    }
}

/// The change of what is on hand after which `available` units can be bought.
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
    fn lines_of_one_product_are_summed_in_the_order_of_ids() {
        let lines = Lines::sum([(product(2), 1), (product(1), 3), (product(2), 4)]).unwrap();
        assert_eq!(lines.iter().collect::<Vec<_>>(), [(product(1), 3), (product(2), 5)]);
    }

    #[test]
    fn quantities_out_of_range_name_all_their_lines() {
        let [one, two] = [product(1), product(2)];
        assert_eq!(Lines::sum([(one, 1), (one, 0)]), Err(vec![1]));
        assert_eq!(Lines::sum([(one, -1), (two, 1), (two, i32::MIN)]), Err(vec![0, 2]));
        assert_eq!(Lines::sum([(one, MAX_UNITS), (one, 1), (two, 0)]), Err(vec![1, 2]));
        assert_eq!(Lines::sum([(one, i32::MAX)]), Err(vec![0]));
    }

    #[test]
    fn unknown_inactive_and_short_products_are_unavailable() {
        let lines = Lines::sum((1..=4).map(|n| (product(n), 2))).unwrap();
        let inactive = Stock { is_active: false, ..stock(3, 9, 0) };
        let rows = [stock(1, 2, 0), stock(2, 9, 8), inactive];
        assert_eq!(lines.unavailable(&rows), [product(2), product(3), product(4)]);
    }

    #[test]
    fn stock_by_hand_never_falls_below_what_is_reserved() {
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
        fn what_is_granted_keeps_reserved_within_on_hand(
            rows in proptest::collection::vec((0..20i32, 0..20i32), 1..5),
            wanted in proptest::collection::vec((0..5u128, 1..25i32), 1..8),
        ) {
            let rows: Vec<_> = (0..).zip(rows).map(|(n, (a, b))| stock(n, a.max(b), a.min(b))).collect();
            let lines = Lines::sum(wanted.into_iter().map(|(n, q)| (product(n), q))).unwrap();
            let all_fit = lines.iter().all(|(wanted, quantity)| {
                rows.iter().any(|s| s.product == wanted && s.reserved + quantity <= s.on_hand)
            });
            prop_assert_eq!(lines.unavailable(&rows).is_empty(), all_fit);
        }

        #[test]
        fn an_order_that_ends_unsold_leaves_stock_as_it_was(quantity in 1..100i32) {
            use MovementKind::{Commit, Expire, Release, Reserve, Restock};
            let lines = Lines::sum([(product(1), quantity)]).unwrap();
            for path in [&[Reserve, Release][..], &[Reserve, Expire], &[Reserve, Commit, Restock]] {
                let sums = path.iter().fold((0, 0), |sums, kind| {
                    let rows = Movements::of_order(*kind, OrderId(Uuid::nil()), &lines).rows;
                    (sums.0 + rows[0].on_hand_delta, sums.1 + rows[0].reserved_delta)
                });
                prop_assert_eq!(sums, (0, 0));
            }
        }
    }
}
