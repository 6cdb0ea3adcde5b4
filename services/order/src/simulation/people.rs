//! Customers who change their minds, and administrators who give money back.

use kit::Env;
use money::Money;
use rand::Rng;

use super::books::Books;
use crate::domain::{
    event::By,
    ids::{OrderId, RefundId},
    refund::{Kind, Refund},
    status::Status,
};

/// Asks for an order to be cancelled, as `Records::cancel` does.
pub(super) fn cancel(books: &mut Books, id: OrderId, env: &Env) {
    let by = By { actor: "customer".into(), reason: "changed my mind".into() };
    match books.orders[&id].status {
        Status::Pending => {
            let row = books.checkouts.get_mut(&id).unwrap();
            if row.state.cancel.is_none() {
                row.state.cancel = Some(by);
                row.due_at = row.due_at.min(env.now());
            }
        }
        Status::Confirmed if books.open_refund(id).is_none() => {
            books.begin_cancel(id, by, env);
        }
        _ => {}
    }
}

/// Gives some or all of the money back, as `Records::refund` does.
pub(super) fn refund(books: &mut Books, id: OrderId, env: &Env, rng: &mut impl Rng) {
    let order = &books.orders[&id];
    let left = order.left();
    if !order.status.is_paid() || left.cents() <= 0 || books.open_refund(id).is_some() {
        return;
    }
    let cents = if rng.random() { left.cents() } else { rng.random_range(1..=left.cents()) };
    let flow = Refund {
        id: RefundId(env.uuid()),
        order: id,
        kind: Kind::Refund,
        amount: Money::new(cents, left.currency()),
        by: By::system("goodwill"),
        step: Kind::Refund.first_step(),
        attempts: 0,
        refusals: 0,
    };
    books.begin_refund(flow, env.now());
}
