//! Where the stock of an order has to be.

use std::collections::BTreeMap;

use proto::catalog::v1::{Reservation, ReservationState as State};

use crate::domain::{order::Order, status::Status};

/// Whether the catalog remembers of an order that is at rest what it must:
///
/// - paid and not cancelled, or refunded, for goods that are paid back are kept: exactly its lines left;
/// - cancelled after it was paid: exactly its lines had left and came back;
/// - cancelled before: nothing is put aside and nothing is gone, whatever was tried.
pub(super) fn agrees(order: &Order, remembered: Option<&Reservation>) -> bool {
    let state = remembered.map(Reservation::state);
    let is_of_order = || remembered.is_some_and(|reservation| same_lines(order, reservation));
    match (order.transaction.is_some(), order.status) {
        (true, Status::Cancelled) => state == Some(State::Restocked) && is_of_order(),
        (
            true,
            Status::Pending
            | Status::Confirmed
            | Status::Processing
            | Status::Shipped
            | Status::Delivered
            | Status::Refunded,
        ) => state == Some(State::Committed) && is_of_order(),
        (false, _) => match state {
            None | Some(State::Refused | State::Released | State::Expired | State::Restocked) => {
                true
            }
            Some(State::Held | State::Committed | State::Unspecified) => false,
        },
    }
}

/// Each product with as many units; how they are split into lines does not matter.
fn same_lines(order: &Order, reservation: &Reservation) -> bool {
    let ordered = order.lines.iter().map(|line| (line.product.to_string(), line.quantity));
    let remembered = reservation.items.iter().map(|item| (item.product_id.clone(), item.quantity));
    sums(ordered) == sums(remembered)
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

    fn remembered(order: &Order, state: State) -> Reservation {
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

    /// The states that are right for an order, no reservation as `None`.
    fn right(order: &Order) -> Vec<Option<State>> {
        let known = STATES.into_iter().map(Some);
        known
            .chain([None])
            .filter(|state| agrees(order, state.map(|state| remembered(order, state)).as_ref()))
            .collect()
    }

    #[test]
    fn what_was_paid_is_gone_and_what_was_called_off_is_back() {
        for status in Status::ALL {
            let expected = match status {
                Status::Cancelled => State::Restocked,
                _ => State::Committed,
            };
            assert_eq!(right(&order(status, true)), [Some(expected)], "{status:?}");
        }
    }

    #[test]
    fn what_was_never_paid_holds_nothing() {
        let expected = [State::Refused, State::Released, State::Expired, State::Restocked];
        let expected: Vec<_> = expected.into_iter().map(Some).chain([None]).collect();
        assert_eq!(right(&order(Status::Cancelled, false)), expected);
    }

    #[test]
    fn lines_are_compared_by_product() {
        for (status, state) in
            [(Status::Confirmed, State::Committed), (Status::Cancelled, State::Restocked)]
        {
            let order = order(status, true);
            let right = remembered(&order, state);
            let with = |items: &[InventoryItem]| {
                agrees(&order, Some(&Reservation { items: items.to_vec(), ..right.clone() }))
            };
            let one = |quantity| InventoryItem { quantity, ..right.items[0].clone() };
            let rest = &right.items[1..];
            let units = right.items[0].quantity;
            assert!(units > 1, "a line that can be split");
            assert!(with(&[&[one(1), one(units - 1)], rest].concat()));
            assert!(!with(&[&[one(units - 1)], rest].concat()));
            assert!(!with(&[&[one(units + 1)], rest].concat()));
            assert!(!with(&[]));
            let other = InventoryItem { product_id: order.id.to_string(), quantity: 1 };
            assert!(!with(&[right.items.as_slice(), &[other]].concat()));
        }
    }
}
