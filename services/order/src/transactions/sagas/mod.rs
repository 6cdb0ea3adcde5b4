//! Claiming sagas and recording the outcomes of their steps.

use jiff::Timestamp;
use kit::postgres::traced;
use sqlx::PgConnection;

use super::OrderRepository;
use crate::domain::checkout::{self, Checkout};
use crate::domain::event::Event;
use crate::domain::ids::OrderId;
use crate::domain::order::Order;
use crate::domain::outbox::{self, Message};
use crate::domain::outcome::Outcome;
use crate::domain::refund;
use crate::error::Error;
use crate::saga::{AfterStep, ClaimedSaga, Recorded, Saga, SagaKind, SagaStore};
use crate::store::{self, Fence, NextAttempt};

/// The changes that the outcome of a step makes.
struct SagaUpdate {
    /// The saga after the transition.
    saga: Saga,
    /// When the saga is due again, and whether this executor claims it.
    next_attempt: NextAttempt,
    /// Events for the order.
    events: Vec<Event>,
    /// Time of the transition.
    now: Timestamp,
}

impl SagaStore for OrderRepository {
    async fn claim(
        &self,
        kind: SagaKind,
        order: Option<OrderId>,
    ) -> Result<Option<ClaimedSaga>, Error> {
        let mut conn = self.pool.acquire().await?;
        let lease = self.lease();
        let work = async {
            // The claim is one statement, which is its own transaction. The order is read
            // afterwards: later changes of it never change the call of the step.
            let claimed = match kind {
                SagaKind::Checkout => store::checkouts::claim(&mut conn, order, lease).await?.map(
                    |(checkout, version)| {
                        let order = checkout.order;
                        (order, Saga::Checkout(self.clamp_times(checkout)), version)
                    },
                ),
                SagaKind::Refund => store::refunds::claim(&mut conn, order, lease)
                    .await?
                    .map(|(refund, version)| (refund.order, Saga::Refund(refund), version)),
                SagaKind::Cart => {
                    claimed_message(store::outbox::claim_cart(&mut conn, order, lease).await?)
                }
                SagaKind::Mail => {
                    claimed_message(store::outbox::claim_mail(&mut conn, order, lease).await?)
                }
            };
            let Some((order, saga, version)) = claimed else { return Ok(None) };
            let order = store::orders::find(&mut conn, order).await?;
            let order = order.ok_or(Error::UnknownStoredValue("a saga without an order"))?;
            Ok(Some(ClaimedSaga { saga, order, version }))
        };
        traced("order.claim", work).await
    }

    /// Records the outcome against the saga as it was claimed. If a cancellation was requested
    /// meanwhile, the outcome is recorded against the checkout as it is now.
    async fn record_outcome(
        &self,
        claimed: &ClaimedSaga,
        outcome: &Outcome,
        after_step: AfterStep,
    ) -> Result<Recorded, Error> {
        let work = async {
            let recorded = self.try_record(claimed, &claimed.saga, outcome, after_step).await?;
            if let Some(recorded) = recorded {
                return Ok(recorded);
            }
            let Some(changed) = self.reload_claimed(claimed).await? else {
                return Ok(Recorded::LeaseLost);
            };
            let recorded = self.try_record(claimed, &changed, outcome, after_step).await?;
            Ok(recorded.unwrap_or(Recorded::LeaseLost))
        };
        traced("order.record_outcome", work).await
    }
}

impl OrderRepository {
    /// Writes the transition of `saga`, if the row is unchanged and the claim still holds.
    async fn try_record(
        &self,
        claimed: &ClaimedSaga,
        saga: &Saga,
        outcome: &Outcome,
        after_step: AfterStep,
    ) -> Result<Option<Recorded>, Error> {
        let update = self.compute_update(saga, outcome, after_step);
        let fence = Fence { version: claimed.version, error: outcome.error() };
        if update.events.is_empty() {
            // One statement, which is its own transaction.
            let mut conn = self.pool.acquire().await?;
            let version = write(&mut conn, &update, fence).await?;
            return Ok(version.map(|version| committed(update, claimed.order.clone(), version)));
        }
        let mut tx = self.pool.begin().await?;
        let Some(version) = write(&mut tx, &update, fence).await? else { return Ok(None) };
        let order = self.apply_to_order(&mut tx, claimed.order.id, &update.events).await?;
        tx.commit().await?;
        Ok(Some(committed(update, order, version)))
    }

    /// Bounds the times of a checkout, which an executor with a fast clock may have written: the
    /// step is not retried longer because of it, and a stuck checkout is still noticed.
    fn clamp_times(&self, checkout: Checkout) -> Checkout {
        let now = self.env.now();
        let began_at = checkout.began_at.min(now);
        let deadline_at = checkout.deadline_at.min(now + self.step_deadline);
        Checkout { began_at, deadline_at, ..checkout }
    }

    fn compute_update(&self, saga: &Saga, outcome: &Outcome, after_step: AfterStep) -> SagaUpdate {
        let now = self.env.now();
        let next_attempt = |due_at: Timestamp, is_end: bool| {
            let claims_next = after_step == AfterStep::Continue && !is_end && due_at <= now;
            NextAttempt { due_at, lease: claims_next.then(|| self.lease()) }
        };
        match saga {
            Saga::Checkout(state) => {
                let transition = checkout::next(state, outcome, now);
                let mut state = state.apply(&transition, now, now + self.step_deadline);
                let next_attempt = next_attempt(transition.due_at, state.step.is_end());
                state.attempts += u32::from(next_attempt.lease.is_some());
                let events = transition.events;
                SagaUpdate { saga: Saga::Checkout(state), next_attempt, events, now }
            }
            Saga::Refund(state) => {
                let transition = refund::next(state, outcome, now);
                let mut state = state.apply(&transition);
                let next_attempt = next_attempt(transition.due_at, state.step.is_end());
                state.attempts += u32::from(next_attempt.lease.is_some());
                SagaUpdate {
                    saga: Saga::Refund(state),
                    next_attempt,
                    events: transition.events,
                    now,
                }
            }
            Saga::Message(message) => {
                let transition = outbox::next(message, outcome, now);
                let message = Message { state: transition.state, ..message.clone() };
                // A message has one step, so there is never a next one to claim.
                let next_attempt = next_attempt(transition.due_at, true);
                let events = transition.events;
                SagaUpdate { saga: Saga::Message(message), next_attempt, events, now }
            }
        }
    }

    /// Returns a claimed checkout as it is now, if the claim still holds. Refunds and messages are
    /// changed only by the executor that claimed them.
    async fn reload_claimed(&self, claimed: &ClaimedSaga) -> Result<Option<Saga>, Error> {
        let Saga::Checkout(checkout) = &claimed.saga else { return Ok(None) };
        let mut conn = self.pool.acquire().await?;
        let found =
            store::checkouts::find_claimed(&mut conn, checkout.order, claimed.version).await?;
        Ok(found.map(Saga::Checkout))
    }

    async fn apply_to_order(
        &self,
        conn: &mut PgConnection,
        order: OrderId,
        events: &[Event],
    ) -> Result<Order, Error> {
        let order = store::orders::lock(conn, order).await?;
        let mut order = order.ok_or(Error::UnknownStoredValue("a saga without an order"))?;
        self.apply(conn, &mut order, events).await?;
        Ok(order)
    }
}

fn claimed_message(claimed: Option<(Message, i64)>) -> Option<(OrderId, Saga, i64)> {
    claimed.map(|(message, version)| (message.order, Saga::Message(message), version))
}

/// Writes the saga and returns its new version; `None` if the fencing token was stale and nothing
/// was written.
async fn write(
    conn: &mut PgConnection,
    update: &SagaUpdate,
    fence: Fence<'_>,
) -> Result<Option<i64>, Error> {
    let SagaUpdate { saga, next_attempt, events: _, now } = update;
    match saga {
        Saga::Checkout(state) => {
            store::checkouts::record_outcome(conn, state, *next_attempt, fence).await
        }
        Saga::Refund(state) => {
            store::refunds::record_outcome(conn, state, *next_attempt, fence, *now).await
        }
        Saga::Message(message) => {
            store::outbox::record_outcome(conn, message, *next_attempt, fence).await
        }
    }
}

fn committed(update: SagaUpdate, order: Order, version: i64) -> Recorded {
    let SagaUpdate { saga, next_attempt, events, now: _ } = update;
    let next = next_attempt.lease.map(|_| Box::new(ClaimedSaga { saga, order, version }));
    Recorded::Committed { events, next }
}

#[cfg(test)]
mod tests_with_servers;
