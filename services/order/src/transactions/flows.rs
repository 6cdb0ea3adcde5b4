//! Claiming flows and settling what came of their steps.

use kit::postgres::traced;

use super::Records;
use crate::{
    domain::{
        call::Outcome,
        checkout::{self, Checkout},
        event::Event,
        ids::OrderId,
        outbox::{self, Message},
        refund::{self, Refund},
    },
    driver::{Claimed, Flow, Journal, Kind, Settled},
    error::Error,
    store,
};

impl Journal for Records {
    async fn claim(&self, kind: Kind, of: Option<OrderId>) -> Result<Option<Claimed>, Error> {
        let mut conn = self.pool.acquire().await?;
        let lease = self.lease();
        let work = async {
            // One statement, committed by itself. What is read of the order after it never changes
            // what the step asks for.
            let claimed = match kind {
                Kind::Checkout => store::checkouts::claim(&mut conn, of, lease)
                    .await?
                    .map(|(checkout, version)| (checkout.order, Flow::Checkout(checkout), version)),
                Kind::Refund => store::refunds::claim(&mut conn, of, lease)
                    .await?
                    .map(|(refund, version)| (refund.order, Flow::Refund(refund), version)),
                Kind::Message => store::outbox::claim(&mut conn, of, lease)
                    .await?
                    .map(|(message, version)| (message.order, Flow::Message(message), version)),
            };
            let Some((order, flow, version)) = claimed else { return Ok(None) };
            let order = store::orders::find(&mut conn, order).await?;
            let order = order.ok_or(Error::Stored("a flow without an order"))?;
            Ok(Some(Claimed { flow, order, version }))
        };
        traced("order.claim", work).await
    }

    async fn settle(&self, claimed: &Claimed, outcome: &Outcome) -> Result<Settled, Error> {
        let version = claimed.version;
        let work = async {
            match &claimed.flow {
                Flow::Checkout(checkout) => self.settle_checkout(checkout, version, outcome).await,
                Flow::Refund(refund) => self.settle_refund(refund, version, outcome).await,
                Flow::Message(message) => self.settle_message(message, version, outcome).await,
            }
        };
        traced("order.settle", work).await
    }
}

impl Records {
    /// By the checkout as it is now: somebody may have asked for a cancel since it was claimed.
    async fn settle_checkout(
        &self,
        claimed: &Checkout,
        version: i64,
        outcome: &Outcome,
    ) -> Result<Settled, Error> {
        let mut tx = self.pool.begin().await?;
        let locked = store::checkouts::lock_claimed(&mut tx, claimed.order, version).await?;
        let Some(state) = locked else { return Ok(Settled::Lost) };
        let now = self.env.now();
        let after = checkout::next(&state, outcome, now);
        let times = (now, now + self.step_deadline);
        store::checkouts::settle(&mut tx, &state, &after, times, outcome.error()).await?;
        self.happen(&mut tx, state.order, &after.events).await?;
        tx.commit().await?;
        Ok(Settled::Kept(after.events))
    }

    async fn settle_refund(
        &self,
        claimed: &Refund,
        version: i64,
        outcome: &Outcome,
    ) -> Result<Settled, Error> {
        let mut tx = self.pool.begin().await?;
        let locked = store::refunds::lock_claimed(&mut tx, claimed.id, version).await?;
        let Some(state) = locked else { return Ok(Settled::Lost) };
        let now = self.env.now();
        let after = refund::next(&state, outcome, now);
        store::refunds::settle(&mut tx, &state, &after, now, outcome.error()).await?;
        self.happen(&mut tx, state.order, &after.events).await?;
        tx.commit().await?;
        Ok(Settled::Kept(after.events))
    }

    async fn settle_message(
        &self,
        claimed: &Message,
        version: i64,
        outcome: &Outcome,
    ) -> Result<Settled, Error> {
        let mut tx = self.pool.begin().await?;
        let locked = store::outbox::lock_claimed(&mut tx, claimed.id, version).await?;
        let Some(state) = locked else { return Ok(Settled::Lost) };
        let after = outbox::next(&state, outcome, self.env.now());
        store::outbox::settle(&mut tx, state.id, &after, outcome.error()).await?;
        self.happen(&mut tx, state.order, &after.events).await?;
        tx.commit().await?;
        Ok(Settled::Kept(after.events))
    }

    async fn happen(
        &self,
        conn: &mut sqlx::PgConnection,
        order: OrderId,
        events: &[Event],
    ) -> Result<(), Error> {
        if events.is_empty() {
            return Ok(());
        }
        let order = store::orders::lock(conn, order).await?;
        let mut order = order.ok_or(Error::Stored("a flow without an order"))?;
        self.apply(conn, &mut order, events).await
    }
}

#[cfg(test)]
#[path = "flows_tests.rs"]
mod tests;
