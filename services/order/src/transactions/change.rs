//! What people do to orders: cancel, give money back, move on.

use kit::postgres::traced;
use money::Money;

use super::{Records, owned};
use crate::{
    domain::{
        event::By,
        ids::{OrderId, RefundId, UserId},
        order::Order,
        refund::{Kind, Refund, Step},
        status::{NotAllowed, Status},
    },
    driver,
    error::Error,
    store::{self, orders::Asked},
};

/// A refund that an administrator asks for.
#[derive(Clone, Debug)]
pub(crate) struct RefundAsked {
    pub(crate) order: OrderId,
    /// How much; none for all that is left.
    pub(crate) amount: Option<Money>,
    pub(crate) by: By,
    pub(crate) asked: Asked,
}

impl Records {
    /// Asks for an order to be cancelled. A pending one is turned back by its checkout, or followed by a
    /// cancel; for a confirmed one a cancel begins; a cancelled one stays what it is.
    pub(crate) async fn cancel(
        &self,
        id: OrderId,
        user: Option<UserId>,
        by: By,
    ) -> Result<(), Error> {
        let work = async {
            let mut tx = self.pool.begin().await?;
            // The checkout first, as its driver does. It may end before the order is locked: then the
            // flag has no meaning, and the status says what to do.
            owned(store::orders::find(&mut tx, id).await?, user)?;
            let now = self.env.now();
            store::checkouts::want_cancel(&mut tx, id, &by, now).await?;
            let order = store::orders::lock(&mut tx, id).await?;
            let order = owned(order, user)?;
            match order.status {
                Status::Pending => store::wake(&mut tx, driver::Kind::Checkout.as_str()).await?,
                Status::Confirmed => self.cancel_confirmed(&mut tx, &order, by).await?,
                Status::Cancelled => {}
                status @ (Status::Processing
                | Status::Shipped
                | Status::Delivered
                | Status::Refunded) => return Err(Error::NotCancellable(status)),
            }
            Ok(tx.commit().await?)
        };
        traced("order.cancel", work).await
    }

    async fn cancel_confirmed(
        &self,
        conn: &mut sqlx::PgConnection,
        order: &Order,
        by: By,
    ) -> Result<(), Error> {
        match open(conn, order.id).await? {
            Some(Kind::Cancel) => Ok(()),
            Some(Kind::Refund) => Err(Error::RefundInProgress),
            None => self.begin_cancel(conn, order, by).await,
        }
    }

    /// Whether the latest flow of an order was a cancel that came to nothing.
    pub(crate) async fn cancel_was_refused(&self, order: OrderId) -> Result<bool, Error> {
        let mut conn = self.pool.acquire().await?;
        let latest = traced("order.refund", store::refunds::latest(&mut conn, order)).await?;
        Ok(latest.is_some_and(|refund| refund.kind == Kind::Cancel && refund.step == Step::Refused))
    }

    /// Begins to give money back, and tells which refund that is and whether it had begun before.
    pub(crate) async fn refund(&self, wanted: &RefundAsked) -> Result<(RefundId, bool), Error> {
        let work = async {
            let mut tx = self.pool.begin().await?;
            let order = store::orders::lock(&mut tx, wanted.order).await?;
            let order = order.ok_or(Error::NotFound("order"))?;
            if let Some(key) = &wanted.asked.key
                && let Some((refund, fingerprint)) =
                    store::refunds::of_key(&mut tx, order.id, key).await?
            {
                return match fingerprint == wanted.asked.fingerprint {
                    true => Ok((refund, true)),
                    false => Err(Error::KeyReused),
                };
            }
            if open(&mut tx, order.id).await?.is_some() {
                return Err(Error::RefundInProgress);
            }
            let refund = Refund {
                id: RefundId(self.env.uuid()),
                order: order.id,
                kind: Kind::Refund,
                amount: to_give_back(&order, wanted.amount)?,
                by: wanted.by.clone(),
                step: Kind::Refund.first_step(),
                attempts: 0,
                refusals: 0,
            };
            store::refunds::insert(&mut tx, &refund, &wanted.asked, self.env.now()).await?;
            store::wake(&mut tx, driver::Kind::Refund.as_str()).await?;
            tx.commit().await?;
            Ok((refund.id, false))
        };
        traced("order.begin_refund", work).await
    }

    /// Where a refund is.
    pub(crate) async fn refund_step(&self, refund: RefundId) -> Result<Step, Error> {
        let mut conn = self.pool.acquire().await?;
        let step = traced("order.refund_step", store::refunds::step(&mut conn, refund)).await?;
        step.ok_or(Error::NotFound("refund"))
    }

    /// Moves an order on by hand. What has its own flow (confirming, cancelling, refunding) does not go
    /// this way, and nothing goes while money is being given back.
    pub(crate) async fn go(&self, id: OrderId, to: Status, by: By) -> Result<(), Error> {
        let work = async {
            let mut tx = self.pool.begin().await?;
            let order = store::orders::lock(&mut tx, id).await?;
            let mut order = order.ok_or(Error::NotFound("order"))?;
            if !matches!(to, Status::Processing | Status::Shipped | Status::Delivered) {
                return Err(NotAllowed { from: order.status, to }.into());
            }
            if open(&mut tx, id).await?.is_some() {
                return Err(Error::RefundInProgress);
            }
            let applied = order.go(to, by, self.env.now())?;
            self.write(&mut tx, &order, applied).await?;
            Ok(tx.commit().await?)
        };
        traced("order.go", work).await
    }
}

/// The flow of a locked order that has not ended.
async fn open(conn: &mut sqlx::PgConnection, order: OrderId) -> Result<Option<Kind>, Error> {
    let latest = store::refunds::latest(conn, order).await?;
    Ok(latest.filter(|refund| !refund.step.is_end()).map(|refund| refund.kind))
}

fn to_give_back(order: &Order, wanted: Option<Money>) -> Result<Money, Error> {
    if !order.status.is_paid() || order.left().cents() <= 0 {
        return Err(Error::NothingToRefund);
    }
    match wanted {
        // The shop may have had another currency when the order was made.
        Some(wanted) if wanted.currency() != order.currency() => Err(Error::WrongCurrency),
        Some(wanted) if wanted.cents() > order.left().cents() => Err(Error::RefundTooLarge),
        Some(wanted) => Ok(wanted),
        None => Ok(order.left()),
    }
}
