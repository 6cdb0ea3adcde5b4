//! Changes that customers and administrators make to orders: cancel, refund, change the status.

use audit::{Change, Recorded};
use kit::postgres::traced;
use money::Money;
use serde_json::json;

use super::{OrderRepository, require_owner};
use crate::domain::event::Actor;
use crate::domain::ids::{OrderId, RefundId, UserId};
use crate::domain::order::Order;
use crate::domain::refund::{Kind, Refund, Step};
use crate::domain::status::{Status, TransitionNotAllowed};
use crate::error::Error;
use crate::saga::SagaKind;
use crate::store;
use crate::store::orders::RequestIdentity;

/// A refund that an administrator requests.
#[derive(Clone, Debug)]
pub(crate) struct RefundRequest {
    pub(crate) order: OrderId,
    /// The amount; `None` refunds everything that is not refunded yet.
    pub(crate) amount: Option<Money>,
    pub(crate) actor: Actor,
    pub(crate) identity: RequestIdentity,
}

impl OrderRepository {
    /// Requests the cancellation of an order. The checkout of a pending order is compensated, or
    /// followed by a cancellation after the pivot; a confirmed order starts a cancellation; a
    /// cancelled order stays as it is.
    pub(crate) async fn cancel(
        &self,
        id: OrderId,
        user: Option<UserId>,
        actor: Actor,
    ) -> Result<(), Error> {
        let reason = actor.reason.clone();
        let work = async {
            let mut tx = self.pool.begin().await?;
            // Lock the checkout first, as its executor does. The checkout may end before the order
            // is locked; then the flag has no effect, and the order's status decides.
            require_owner(store::orders::find(&mut tx, id).await?, user)?;
            let now = self.env.now();
            store::checkouts::request_cancel(&mut tx, id, &actor, now).await?;
            let order = store::orders::lock(&mut tx, id).await?;
            let order = require_owner(order, user)?;
            match order.status {
                Status::Pending => {
                    store::notify_executors(&mut tx, SagaKind::Checkout.as_str()).await?
                }
                Status::Confirmed => self.cancel_confirmed(&mut tx, &order, actor).await?,
                Status::Cancelled => {}
                status @ (Status::Processing
                | Status::Shipped
                | Status::Delivered
                | Status::Refunded) => return Err(Error::NotCancellable(status)),
            }
            // A customer's cancellation is in the history of the order.
            let recorded = match user {
                None => Some(self.record_cancel(&mut tx, &order, reason).await?),
                Some(_) => None,
            };
            tx.commit().await?;
            if let Some(recorded) = recorded {
                recorded.log();
            }
            Ok(())
        };
        traced("order.cancel", work).await
    }

    /// Writes an administrator's cancellation to the audit log. A repeat for a cancelled order
    /// leaves no entry.
    async fn record_cancel(
        &self,
        conn: &mut sqlx::PgConnection,
        order: &Order,
        reason: String,
    ) -> Result<Recorded, Error> {
        let before = json!({"status": order.status.as_str()});
        let after = match order.status {
            Status::Cancelled => before.clone(),
            _ => json!({"status": Status::Cancelled.as_str(), "reason": reason}),
        };
        let change = Change::updated("order.cancel", order.id.0, &before, &after);
        Ok(change.write(conn, &self.env).await?)
    }

    async fn cancel_confirmed(
        &self,
        conn: &mut sqlx::PgConnection,
        order: &Order,
        actor: Actor,
    ) -> Result<(), Error> {
        match open_refund(conn, order.id).await? {
            Some(Kind::Cancel) => Ok(()),
            Some(Kind::Refund) => Err(Error::RefundInProgress),
            None => self.begin_cancel(conn, order, actor).await,
        }
    }

    /// Whether the order's latest refund saga was a cancellation that was refused.
    pub(crate) async fn cancel_was_refused(&self, order: OrderId) -> Result<bool, Error> {
        let mut conn = self.pool.acquire().await?;
        let latest = traced("order.refund", store::refunds::latest(&mut conn, order)).await?;
        Ok(latest.is_some_and(|refund| refund.kind == Kind::Cancel && refund.step == Step::Refused))
    }

    /// Begins a refund. Returns its id, and whether an earlier request had begun it already.
    pub(crate) async fn begin_refund(
        &self,
        request: &RefundRequest,
    ) -> Result<(RefundId, bool), Error> {
        let work = async {
            let mut tx = self.pool.begin().await?;
            let order = store::orders::lock(&mut tx, request.order).await?;
            let order = order.ok_or(Error::NotFound("order"))?;
            if let Some(key) = &request.identity.key
                && let Some((refund, fingerprint)) =
                    store::refunds::find_by_key(&mut tx, order.id, key).await?
            {
                return match fingerprint == request.identity.fingerprint {
                    true => Ok((refund, true)),
                    false => Err(Error::KeyReused),
                };
            }
            if open_refund(&mut tx, order.id).await?.is_some() {
                return Err(Error::RefundInProgress);
            }
            let refund = Refund {
                id: RefundId(self.env.uuid()),
                order: order.id,
                kind: Kind::Refund,
                amount: refund_amount(&order, request.amount)?,
                actor: request.actor.clone(),
                step: Kind::Refund.first_step(),
                attempts: 0,
                refusals: 0,
            };
            store::refunds::insert(&mut tx, &refund, &request.identity, self.env.now()).await?;
            store::notify_executors(&mut tx, SagaKind::Refund.as_str()).await?;
            let after = json!({
                "refund_id": refund.id.0,
                "amount_cents": refund.amount.cents(),
                "currency": refund.amount.currency().code(),
                "reason": refund.actor.reason,
            });
            let change = Change::created("order.refund", order.id.0, &after);
            let recorded = change.write(&mut tx, &self.env).await?;
            tx.commit().await?;
            recorded.log();
            Ok((refund.id, false))
        };
        traced("order.begin_refund", work).await
    }

    /// Returns the current step of a refund.
    pub(crate) async fn refund_step(&self, refund: RefundId) -> Result<Step, Error> {
        let mut conn = self.pool.acquire().await?;
        let step = traced("order.refund_step", store::refunds::step(&mut conn, refund)).await?;
        step.ok_or(Error::NotFound("refund"))
    }

    /// Changes the status of an order on an administrator's request. Transitions that are executed
    /// by a saga (confirm, cancel, refund) are not allowed here, and none is allowed while a refund
    /// is in progress.
    pub(crate) async fn change_status(
        &self,
        id: OrderId,
        to: Status,
        actor: Actor,
    ) -> Result<(), Error> {
        let work = async {
            let mut tx = self.pool.begin().await?;
            let order = store::orders::lock(&mut tx, id).await?;
            let mut order = order.ok_or(Error::NotFound("order"))?;
            if !matches!(to, Status::Processing | Status::Shipped | Status::Delivered) {
                return Err(TransitionNotAllowed { from: order.status, to }.into());
            }
            if open_refund(&mut tx, id).await?.is_some() {
                return Err(Error::RefundInProgress);
            }
            let before = json!({"status": order.status.as_str()});
            let after = json!({"status": to.as_str(), "reason": actor.reason});
            let applied = order.change_status(to, actor, self.env.now())?;
            self.write(&mut tx, &order, applied).await?;
            let change = Change::updated("order.status", id.0, &before, &after);
            let recorded = change.write(&mut tx, &self.env).await?;
            tx.commit().await?;
            recorded.log();
            Ok(())
        };
        traced("order.change_status", work).await
    }
}

/// Returns the kind of a locked order's open refund saga.
async fn open_refund(conn: &mut sqlx::PgConnection, order: OrderId) -> Result<Option<Kind>, Error> {
    let latest = store::refunds::latest(conn, order).await?;
    Ok(latest.filter(|refund| !refund.step.is_end()).map(|refund| refund.kind))
}

fn refund_amount(order: &Order, requested: Option<Money>) -> Result<Money, Error> {
    if !order.status.is_paid() || order.unrefunded().cents() <= 0 {
        return Err(Error::NothingToRefund);
    }
    match requested {
        // The shop may have had another currency when the order was made.
        Some(requested) if requested.currency() != order.currency() => Err(Error::WrongCurrency),
        Some(requested) if requested.cents() > order.unrefunded().cents() => {
            Err(Error::RefundTooLarge)
        }
        Some(requested) => Ok(requested),
        None => Ok(order.unrefunded()),
    }
}
