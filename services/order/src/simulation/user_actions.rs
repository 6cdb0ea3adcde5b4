//! Actions of users: customers cancel orders, and administrators refund them.

use kit::Env;
use money::Money;
use rand::Rng;

use super::fake_store::StoreState;
use crate::domain::event::Actor;
use crate::domain::ids::{OrderId, RefundId};
use crate::domain::refund::{Kind, Refund};
use crate::domain::status::Status;

/// Requests the cancellation of an order, as `OrderRepository::cancel` does.
pub(super) fn cancel(state: &mut StoreState, id: OrderId, env: &Env) {
    let actor = Actor { id: "customer".into(), reason: "changed my mind".into() };
    match state.orders[&id].status {
        Status::Pending => {
            let saga = state.checkouts.get_mut(&id).unwrap();
            if saga.state.cancel.is_none() {
                saga.state.cancel = Some(actor);
                saga.due_at = saga.due_at.min(env.now());
            }
        }
        Status::Confirmed if state.open_refund(id).is_none() => {
            state.begin_cancel(id, actor, env);
        }
        _ => {}
    }
}

/// Refunds a part or all of the payment, as `OrderRepository::begin_refund` does.
pub(super) fn refund(state: &mut StoreState, id: OrderId, env: &Env, rng: &mut impl Rng) {
    let order = &state.orders[&id];
    let unrefunded = order.unrefunded();
    if !order.status.is_paid() || unrefunded.cents() <= 0 || state.open_refund(id).is_some() {
        return;
    }
    let cents =
        if rng.random() { unrefunded.cents() } else { rng.random_range(1..=unrefunded.cents()) };
    let saga = Refund {
        id: RefundId(env.uuid()),
        order: id,
        kind: Kind::Refund,
        amount: Money::new(cents, unrefunded.currency()),
        actor: Actor::system("goodwill"),
        step: Kind::Refund.first_step(),
        attempts: 0,
        refusals: 0,
    };
    state.begin_refund(saga, env.now());
}
