//! The expected reservation of an order.

use std::collections::BTreeMap;

use proto::catalog::v1::{Reservation, ReservationState as State};

use crate::domain::order::Order;
use crate::domain::status::Status;

/// Whether the catalog's reservation is the one that a quiescent order must have:
///
/// - paid and not cancelled: exactly the order's lines are committed. A refunded order counts as
///   paid, because the customer keeps the goods;
/// - cancelled after the payment: exactly the order's lines were committed and restocked;
/// - cancelled before the payment: nothing is held and nothing is committed.
pub(super) fn matches_order(order: &Order, reservation: Option<&Reservation>) -> bool {
    let state = reservation.map(Reservation::state);
    let has_same_lines = || reservation.is_some_and(|reservation| same_lines(order, reservation));
    match (order.transaction.is_some(), order.status) {
        (true, Status::Cancelled) => state == Some(State::Restocked) && has_same_lines(),
        (
            true,
            Status::Pending
            | Status::Confirmed
            | Status::Processing
            | Status::Shipped
            | Status::Delivered
            | Status::Refunded,
        ) => state == Some(State::Committed) && has_same_lines(),
        (false, _) => match state {
            None | Some(State::Refused | State::Released | State::Expired | State::Restocked) => {
                true
            }
            Some(State::Held | State::Committed | State::Unspecified) => false,
        },
    }
}

/// Whether both have the same number of units of each product, however they are split into lines.
fn same_lines(order: &Order, reservation: &Reservation) -> bool {
    let ordered = order.lines.iter().map(|line| (line.product.to_string(), line.quantity));
    let reserved = reservation.items.iter().map(|item| (item.product_id.clone(), item.quantity));
    sums(ordered) == sums(reserved)
}

fn sums(lines: impl Iterator<Item = (String, i32)>) -> BTreeMap<String, i64> {
    lines.fold(BTreeMap::new(), |mut sums, (product, quantity)| {
        *sums.entry(product).or_insert(0) += i64::from(quantity);
        sums
    })
}

#[cfg(test)]
mod tests {
    use proto::catalog::v1::InventoryItem;

    use super::*;
    use crate::domain::fixtures;

    const STATES: [State; 7] = [
        State::Unspecified,
        State::Held,
        State::Refused,
        State::Committed,
        State::Released,
        State::Expired,
        State::Restocked,
    ];

    fn reservation(order: &Order, state: State) -> Reservation {
        let item = |(product_id, quantity)| InventoryItem { product_id, quantity };
        let lines = order.lines.iter().map(|line| (line.product.to_string(), line.quantity));
        Reservation {
            order_id: order.id.to_string(),
            state: state.into(),
            items: lines.map(item).collect(),
            expires_at: String::new(),
        }
    }

    fn order(status: Status, is_paid: bool) -> Order {
        Order { status, transaction: is_paid.then(|| "t".into()), ..fixtures::order() }
    }

    /// Returns the states that match an order; `None` is no reservation.
    fn matching_states(order: &Order) -> Vec<Option<State>> {
        let known = STATES.into_iter().map(Some);
        known
            .chain([None])
            .filter(|state| {
                matches_order(order, state.map(|state| reservation(order, state)).as_ref())
            })
            .collect()
    }

    #[test]
    fn paid_stock_is_committed_and_cancelled_stock_restocked() {
        for status in Status::ALL {
            let expected = match status {
                Status::Cancelled => State::Restocked,
                _ => State::Committed,
            };
            assert_eq!(matching_states(&order(status, true)), [Some(expected)], "{status:?}");
        }
    }

    #[test]
    fn unpaid_order_holds_no_stock() {
        let expected = [State::Refused, State::Released, State::Expired, State::Restocked];
        let expected: Vec<_> = expected.into_iter().map(Some).chain([None]).collect();
        assert_eq!(matching_states(&order(Status::Cancelled, false)), expected);
    }

    #[test]
    fn lines_are_compared_by_product() {
        for (status, state) in
            [(Status::Confirmed, State::Committed), (Status::Cancelled, State::Restocked)]
        {
            let order = order(status, true);
            let matching = reservation(&order, state);
            let matches_with = |items: &[InventoryItem]| {
                matches_order(
                    &order,
                    Some(&Reservation { items: items.to_vec(), ..matching.clone() }),
                )
            };
            let with_quantity = |quantity| InventoryItem { quantity, ..matching.items[0].clone() };
            let rest = &matching.items[1..];
            let units = matching.items[0].quantity;
            assert!(units > 1, "a line that can be split");
            assert!(matches_with(&[&[with_quantity(1), with_quantity(units - 1)], rest].concat()));
            assert!(!matches_with(&[&[with_quantity(units - 1)], rest].concat()));
            assert!(!matches_with(&[&[with_quantity(units + 1)], rest].concat()));
            assert!(!matches_with(&[]));
            let other = InventoryItem { product_id: order.id.to_string(), quantity: 1 };
            assert!(!matches_with(&[matching.items.as_slice(), &[other]].concat()));
        }
    }
}
