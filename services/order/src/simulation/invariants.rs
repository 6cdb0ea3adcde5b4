//! Invariants that must hold once everything has settled.

use super::fake_catalog::Reservation;
use super::fake_payment::Authorization;
use super::fake_services::{FakeServices, Shipment};
use super::fake_store::StoreState;
use crate::domain::event::Event;
use crate::domain::ids::OrderId;
use crate::domain::order::Order;
use crate::domain::refund::{Kind, Step};
use crate::domain::status::Status;
use crate::domain::{checkout, outbox};

/// `Err` describes the violated invariant.
type CheckResult = Result<(), String>;

/// Checks all invariants once no saga is in progress.
pub(super) fn check(state: &StoreState, services: &FakeServices, total_stock: i32) -> CheckResult {
    for order in state.orders.values() {
        require(order.id, "status and money", payment_is_consistent(order, state, services))?;
        require(order.id, "shipment", shipment_is_consistent(order, services))?;
        require(order.id, "stock", stock_is_consistent(order, services))?;
        require(order.id, "mails", mails_are_complete(order, state, services))?;
        require(order.id, "order of mails", mails_in_order(order, state, services))?;
        require(order.id, "events", events_are_consistent(order, state))?;
        require(order.id, "cancel", cancellation_took_effect(order, state))?;
    }
    check_leases(state)?;
    let mut total = 0;
    for (available, reserved, sold) in services.catalog.stock.values() {
        if *available < 0 || *sold < 0 || *reserved != 0 {
            return Err(format!(
                "stock of {available} available, {reserved} reserved, {sold} sold"
            ));
        }
        total += available + reserved + sold;
    }
    if total == total_stock { Ok(()) } else { Err("units were created or lost".into()) }
}

fn require(order: OrderId, invariant: &str, holds: bool) -> CheckResult {
    if holds { Ok(()) } else { Err(format!("{invariant} of order {order}")) }
}

fn is_confirmed(order: &Order, state: &StoreState) -> bool {
    state.checkouts[&order.id].state.step == checkout::Step::Confirmed
}

/// Captured ⇔ the checkout ended confirmed; nothing unrefunded ⇔ cancelled or refunded.
fn payment_is_consistent(order: &Order, state: &StoreState, services: &FakeServices) -> bool {
    let payment = &services.payment;
    let captured = payment.captured.get(&order.id).cloned().unwrap_or_default();
    let refunded: i64 = payment.refunded.get(&order.id).map_or(0, |cents| cents.iter().sum());
    let captured_cents: i64 = captured.iter().sum();
    let key = crate::domain::call::authorize_key(order.id);
    let held = matches!(payment.authorizations.get(&key), Some(Authorization::Held(_)));
    let nothing_unrefunded = matches!(order.status, Status::Cancelled | Status::Refunded);
    captured.len() <= 1
        && (captured.len() == 1) == is_confirmed(order, state)
        && (captured_cents > 0) == order.transaction.is_some()
        && refunded == order.refunded.cents()
        && (captured_cents - refunded == 0) == nothing_unrefunded
        && captured_cents - refunded == order.unrefunded().cents()
        && order.status != Status::Pending
        && !held
}

/// A live shipment ⇔ paid and not cancelled.
fn shipment_is_consistent(order: &Order, services: &FakeServices) -> bool {
    let is_live =
        matches!(services.shipments.get(&order.id), Some(Shipment::Created | Shipment::PickedUp));
    let expected = order.transaction.is_some() && order.status != Status::Cancelled;
    is_live == expected
}

/// Stock committed ⇔ paid and not cancelled.
fn stock_is_consistent(order: &Order, services: &FakeServices) -> bool {
    let is_committed =
        services.catalog.reservations.get(&order.id) == Some(&Reservation::Committed);
    is_committed == (order.transaction.is_some() && order.status != Status::Cancelled)
}

/// At most one mail of each kind, and exactly those that are due; units removed from the cart ⇔
/// paid.
fn mails_are_complete(order: &Order, state: &StoreState, services: &FakeServices) -> bool {
    let sent = |kind| services.mails.get(&(order.id, kind)).map_or(0, |keys| keys.len());
    let refunds = state
        .refunds
        .iter()
        .filter(|saga| saga.state.order == order.id && saga.state.step == Step::Done)
        .count();
    sent("confirmation") == usize::from(is_confirmed(order, state))
        && sent("cancelled") == usize::from(order.status == Status::Cancelled)
        && sent("refund") == refunds
        && services.carts.contains(&order.id) == order.transaction.is_some()
        && !order.in_cart
}

/// Mails arrive in the order in which they were written, such as the confirmation before the
/// cancellation.
fn mails_in_order(order: &Order, state: &StoreState, services: &FakeServices) -> bool {
    let messages = state.outbox.iter().map(|saga| &saga.state);
    let mails = messages.filter(|m| m.order == order.id && m.topic != outbox::Topic::TakeFromCart);
    mails.map(|mail| mail.topic.key(order.id)).eq(services
        .mail_order
        .get(&order.id)
        .into_iter()
        .flatten()
        .cloned())
}

/// The pivot was crossed at most once, and the checkout ended exactly once.
fn events_are_consistent(order: &Order, state: &StoreState) -> bool {
    let events = state.events.get(&order.id).map_or(&[][..], Vec::as_slice);
    let count =
        |predicate: fn(&Event) -> bool| events.iter().filter(|event| predicate(event)).count();
    let paid = count(|event| matches!(event, Event::Paid { .. }));
    let confirmed = count(|event| matches!(event, Event::Confirmed { .. }));
    let cancelled = count(|event| matches!(event, Event::Cancelled { .. }));
    let failed = order.failure.is_some();
    paid == confirmed && confirmed + cancelled == 1 && (!failed || cancelled == 1)
}

/// A cancellation that was requested before the end takes effect, unless the carrier had the
/// parcel.
fn cancellation_took_effect(order: &Order, state: &StoreState) -> bool {
    let requested = state.checkouts[&order.id].state.cancel.is_some();
    let refused = state.refunds.iter().any(|saga| {
        saga.state.order == order.id
            && saga.state.kind == Kind::Cancel
            && saga.state.step == Step::Refused
    });
    !requested || order.status == Status::Cancelled || refused
}

fn check_leases(state: &StoreState) -> CheckResult {
    let checkouts = state.checkouts.values().map(|saga| saga.lease_until);
    let refunds = state.refunds.iter().map(|saga| saga.lease_until);
    let messages = state.outbox.iter().map(|saga| saga.lease_until);
    if checkouts.chain(refunds).chain(messages).any(|lease| lease.is_some()) {
        return Err("a lease is still held".into());
    }
    let refused = state.outbox.iter().any(|saga| saga.state.state == outbox::State::Refused);
    if refused { Err("a message was abandoned".into()) } else { Ok(()) }
}
