//! Claiming flows and settling what came of their steps.

use jiff::Timestamp;
use kit::postgres::traced;
use sqlx::PgConnection;

use super::Records;
use crate::{
    domain::{
        call::Outcome,
        checkout::{self, Checkout},
        event::Event,
        ids::OrderId,
        order::Order,
        outbox::{self, Message},
        refund,
    },
    driver::{Claimed, Flow, Journal, Kind, Settled, Then},
    error::Error,
    store::{self, Fence, Onward},
};

/// What becomes of a claimed flow.
struct After {
    /// The flow then.
    flow: Flow,
    /// When it goes on, and who may.
    onward: Onward,
    /// What happens to the order.
    events: Vec<Event>,
    /// When it is written.
    at: Timestamp,
}

impl Journal for Records {
    async fn claim(&self, kind: Kind, of: Option<OrderId>) -> Result<Option<Claimed>, Error> {
        let mut conn = self.pool.acquire().await?;
        let lease = self.lease();
        let work = async {
            // One statement, committed by itself. What is read of the order after it never changes
            // what the step asks for.
            let claimed = match kind {
                Kind::Checkout => store::checkouts::claim(&mut conn, of, lease).await?.map(
                    |(checkout, version)| {
                        (checkout.order, Flow::Checkout(self.sound(checkout)), version)
                    },
                ),
                Kind::Refund => store::refunds::claim(&mut conn, of, lease)
                    .await?
                    .map(|(refund, version)| (refund.order, Flow::Refund(refund), version)),
                Kind::Cart => of_message(store::outbox::claim_cart(&mut conn, of, lease).await?),
                Kind::Mail => of_message(store::outbox::claim_mail(&mut conn, of, lease).await?),
            };
            let Some((order, flow, version)) = claimed else { return Ok(None) };
            let order = store::orders::find(&mut conn, order).await?;
            let order = order.ok_or(Error::Stored("a flow without an order"))?;
            Ok(Some(Claimed { flow, order, version }))
        };
        traced("order.claim", work).await
    }

    /// First by the flow as it was claimed. A checkout that was changed meanwhile, by somebody who wants
    /// the order cancelled, is settled by what it is now.
    async fn settle(
        &self,
        claimed: &Claimed,
        outcome: &Outcome,
        then: Then,
    ) -> Result<Settled, Error> {
        let work = async {
            let kept = self.keep(claimed, &claimed.flow, outcome, then).await?;
            if let Some(kept) = kept {
                return Ok(kept);
            }
            let Some(changed) = self.changed(claimed).await? else { return Ok(Settled::Lost) };
            let kept = self.keep(claimed, &changed, outcome, then).await?;
            Ok(kept.unwrap_or(Settled::Lost))
        };
        traced("order.settle", work).await
    }
}

impl Records {
    /// Writes what comes of `flow`, if that is what it still is and the claim still holds.
    async fn keep(
        &self,
        claimed: &Claimed,
        flow: &Flow,
        outcome: &Outcome,
        then: Then,
    ) -> Result<Option<Settled>, Error> {
        let after = self.after(flow, outcome, then);
        let fence = Fence { version: claimed.version, error: outcome.error() };
        if after.events.is_empty() {
            // One statement, committed by itself.
            let mut conn = self.pool.acquire().await?;
            let version = write(&mut conn, &after, fence).await?;
            return Ok(version.map(|version| kept(after, claimed.order.clone(), version)));
        }
        let mut tx = self.pool.begin().await?;
        let Some(version) = write(&mut tx, &after, fence).await? else { return Ok(None) };
        let order = self.happen(&mut tx, claimed.order.id, &after.events).await?;
        tx.commit().await?;
        Ok(Some(kept(after, order, version)))
    }

    /// A checkout whose times a clock may have written that was ahead: it is tried no longer for that, and
    /// seen when it is stuck.
    fn sound(&self, checkout: Checkout) -> Checkout {
        let now = self.env.now();
        let began_at = checkout.began_at.min(now);
        let deadline_at = checkout.deadline_at.min(now + self.step_deadline);
        Checkout { began_at, deadline_at, ..checkout }
    }

    fn after(&self, flow: &Flow, outcome: &Outcome, then: Then) -> After {
        let now = self.env.now();
        let onward = |due_at: Timestamp, is_end: bool| {
            let is_next = then == Then::GoOn && !is_end && due_at <= now;
            Onward { due_at, lease: is_next.then(|| self.lease()) }
        };
        match flow {
            Flow::Checkout(state) => {
                let turned = checkout::next(state, outcome, now);
                let mut state = state.after(&turned, now, now + self.step_deadline);
                let onward = onward(turned.due_at, state.step.is_end());
                state.attempts += u32::from(onward.lease.is_some());
                After { flow: Flow::Checkout(state), onward, events: turned.events, at: now }
            }
            Flow::Refund(state) => {
                let turned = refund::next(state, outcome, now);
                let mut state = state.after(&turned);
                let onward = onward(turned.due_at, state.step.is_end());
                state.attempts += u32::from(onward.lease.is_some());
                After { flow: Flow::Refund(state), onward, events: turned.events, at: now }
            }
            Flow::Message(message) => {
                let turned = outbox::next(message, outcome, now);
                let message = Message { state: turned.state, ..message.clone() };
                let onward = onward(turned.due_at, true); // one step is all of it
                After { flow: Flow::Message(message), onward, events: turned.events, at: now }
            }
        }
    }

    /// A checkout that is not what it was when it was claimed, while the claim holds. Nobody else
    /// changes refunds and messages.
    async fn changed(&self, claimed: &Claimed) -> Result<Option<Flow>, Error> {
        let Flow::Checkout(checkout) = &claimed.flow else { return Ok(None) };
        let mut conn = self.pool.acquire().await?;
        let found = store::checkouts::claimed(&mut conn, checkout.order, claimed.version).await?;
        Ok(found.map(Flow::Checkout))
    }

    async fn happen(
        &self,
        conn: &mut PgConnection,
        order: OrderId,
        events: &[Event],
    ) -> Result<Order, Error> {
        let order = store::orders::lock(conn, order).await?;
        let mut order = order.ok_or(Error::Stored("a flow without an order"))?;
        self.apply(conn, &mut order, events).await?;
        Ok(order)
    }
}

fn of_message(claimed: Option<(Message, i64)>) -> Option<(OrderId, Flow, i64)> {
    claimed.map(|(message, version)| (message.order, Flow::Message(message), version))
}

/// The version of a flow once it is written; `None` when nothing was.
async fn write(
    conn: &mut PgConnection,
    after: &After,
    fence: Fence<'_>,
) -> Result<Option<i64>, Error> {
    match &after.flow {
        Flow::Checkout(state) => store::checkouts::settle(conn, state, after.onward, fence).await,
        Flow::Refund(state) => {
            store::refunds::settle(conn, state, after.onward, fence, after.at).await
        }
        Flow::Message(message) => store::outbox::settle(conn, message, after.onward, fence).await,
    }
}

fn kept(after: After, order: Order, version: i64) -> Settled {
    let After { flow, onward, events, at: _ } = after;
    let next = onward.lease.map(|_| Box::new(Claimed { flow, order, version }));
    Settled::Kept { events, next }
}

#[cfg(test)]
#[path = "flows_tests.rs"]
mod tests;
