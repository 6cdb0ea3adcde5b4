//! Do the books of all agree?

use crate::domain::{
    checkout,
    event::Event,
    ids::OrderId,
    order::Order,
    outbox,
    refund::{Kind, Step},
    status::Status,
};

use super::{
    books::Books,
    catalog::Reservation,
    network::{Others, Parcel},
    payment::Authorization,
};

/// A sentence for what is wrong.
type Verdict = Result<(), String>;

/// What must be true once nothing is at work.
pub(super) fn at_rest(books: &Books, others: &Others, stock_in_all: i32) -> Verdict {
    for order in books.orders.values() {
        check(order.id, "status and money", money(order, books, others))?;
        check(order.id, "shipment", parcel(order, others))?;
        check(order.id, "stock", stock(order, others))?;
        check(order.id, "mails", mails(order, books, others))?;
        check(order.id, "order of mails", mails_in_order(order, books, others))?;
        check(order.id, "events", events(order, books))?;
        check(order.id, "cancel", cancel(order, books))?;
    }
    leases(books)?;
    let mut in_all = 0;
    for (free, reserved, sold) in others.catalog.stock.values() {
        if *free < 0 || *sold < 0 || *reserved != 0 {
            return Err(format!("stock of {free} free, {reserved} reserved, {sold} sold"));
        }
        in_all += free + reserved + sold;
    }
    if in_all == stock_in_all { Ok(()) } else { Err("units were made or lost".into()) }
}

fn check(order: OrderId, what: &str, is_right: bool) -> Verdict {
    if is_right { Ok(()) } else { Err(format!("{what} of order {order}")) }
}

fn is_confirmed(order: &Order, books: &Books) -> bool {
    books.checkouts[&order.id].state.step == checkout::Step::Confirmed
}

/// Captured ⇔ the checkout ended confirmed; nothing left ⇔ cancelled or refunded.
fn money(order: &Order, books: &Books, others: &Others) -> bool {
    let payment = &others.payment;
    let captured = payment.captured.get(&order.id).cloned().unwrap_or_default();
    let refunded: i64 = payment.refunded.get(&order.id).map_or(0, |cents| cents.iter().sum());
    let taken: i64 = captured.iter().sum();
    let key = crate::domain::call::authorize_key(order.id);
    let held = matches!(payment.authorizations.get(&key), Some(Authorization::Held(_)));
    let nothing_left = matches!(order.status, Status::Cancelled | Status::Refunded);
    captured.len() <= 1
        && (captured.len() == 1) == is_confirmed(order, books)
        && (taken > 0) == order.transaction.is_some()
        && refunded == order.refunded.cents()
        && (taken - refunded == 0) == nothing_left
        && taken - refunded == order.left().cents()
        && order.status != Status::Pending
        && !held
}

/// A parcel ⇔ paid and not cancelled.
fn parcel(order: &Order, others: &Others) -> bool {
    let live = matches!(others.parcels.get(&order.id), Some(Parcel::Made | Parcel::PickedUp));
    let wanted = order.transaction.is_some() && order.status != Status::Cancelled;
    live == wanted
}

/// Stock gone ⇔ paid and not cancelled.
fn stock(order: &Order, others: &Others) -> bool {
    let gone = others.catalog.reservations.get(&order.id) == Some(&Reservation::Committed);
    gone == (order.transaction.is_some() && order.status != Status::Cancelled)
}

/// At most one of a kind, and those that are due; units out of the cart ⇔ paid.
fn mails(order: &Order, books: &Books, others: &Others) -> bool {
    let sent = |kind| others.mails.get(&(order.id, kind)).map_or(0, |keys| keys.len());
    let refunds = books
        .refunds
        .iter()
        .filter(|row| row.state.order == order.id && row.state.step == Step::Done)
        .count();
    sent("confirmation") == usize::from(is_confirmed(order, books))
        && sent("cancelled") == usize::from(order.status == Status::Cancelled)
        && sent("refund") == refunds
        && others.carts.contains(&order.id) == order.transaction.is_some()
        && !order.in_cart
}

/// Nobody reads of a cancel before the confirmation.
fn mails_in_order(order: &Order, books: &Books, others: &Others) -> bool {
    let written = books.outbox.iter().map(|row| &row.state);
    let mails = written.filter(|m| m.order == order.id && m.topic != outbox::Topic::TakeFromCart);
    mails.map(|mail| mail.topic.key(order.id)).eq(others
        .post
        .get(&order.id)
        .into_iter()
        .flatten()
        .cloned())
}

/// The pivot was crossed once at most, and the checkout ended once.
fn events(order: &Order, books: &Books) -> bool {
    let events = books.events.get(&order.id).map_or(&[][..], Vec::as_slice);
    let count = |is: fn(&Event) -> bool| events.iter().filter(|event| is(event)).count();
    let paid = count(|event| matches!(event, Event::Paid { .. }));
    let confirmed = count(|event| matches!(event, Event::Confirmed { .. }));
    let cancelled = count(|event| matches!(event, Event::Cancelled { .. }));
    let failed = order.failure.is_some();
    paid == confirmed && confirmed + cancelled == 1 && (!failed || cancelled == 1)
}

/// Who wanted it cancelled before it had ended gets that, unless the parcel was on its way.
fn cancel(order: &Order, books: &Books) -> bool {
    let wanted = books.checkouts[&order.id].state.cancel.is_some();
    let refused = books.refunds.iter().any(|row| {
        row.state.order == order.id
            && row.state.kind == Kind::Cancel
            && row.state.step == Step::Refused
    });
    !wanted || order.status == Status::Cancelled || refused
}

fn leases(books: &Books) -> Verdict {
    let checkouts = books.checkouts.values().map(|row| row.lease_until);
    let refunds = books.refunds.iter().map(|row| row.lease_until);
    let messages = books.outbox.iter().map(|row| row.lease_until);
    if checkouts.chain(refunds).chain(messages).any(|lease| lease.is_some()) {
        return Err("a lease lives".into());
    }
    let refused = books.outbox.iter().any(|row| row.state.state == outbox::State::Refused);
    if refused { Err("a message was given up".into()) } else { Ok(()) }
}
