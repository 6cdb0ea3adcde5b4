//! The driver of a request that waits for its order.

use std::{sync::Arc, time::Duration};

use kit::{Runtime, context};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, timeout_at},
};

use super::{Claimed, Journal as _, Kind, Remotes, Then, Turn, carry_on};
use crate::{domain::ids::OrderId, error::Error, metrics::Metrics, transactions::Records};

/// How often it is looked whether an order can go on that another driver has, or that pauses.
const LOOK: Duration = Duration::from_millis(100);

/// The longest wait for the units of an order to leave the cart, and how often it is looked.
const CART_WAIT: Duration = Duration::from_secs(1);
const CART_LOOK: Duration = Duration::from_millis(20);

/// Kept back of a caller's patience, so that the answer reaches it.
const MARGIN: Duration = Duration::from_millis(500);

/// Drives orders of requests.
#[derive(Clone, Debug)]
pub(crate) struct Inline {
    pub(crate) records: Arc<Records>,
    pub(crate) remotes: Arc<Remotes>,
    pub(crate) metrics: Metrics,
    pub(crate) runtime: Runtime,
    /// The longest wait.
    pub(crate) wait: Duration,
}

impl Inline {
    /// Carries an order on until nothing of it is open, or the wait is over; from a claim on, if there
    /// is one. It is a worker of the process that does: neither a caller who leaves nor the end of the
    /// process cuts a step in two.
    pub(crate) async fn drive(&self, order: OrderId, claimed: Option<Claimed>) {
        let began = Instant::now();
        let patience = context::deadline().and_then(|deadline| deadline.checked_sub(MARGIN));
        let until = patience.map_or(began + self.wait, |patience| patience.min(began + self.wait));
        let (done, ended) = oneshot::channel();
        let driver = self.clone();
        // The request's id goes along into logs and calls, its deadline does not.
        let context =
            context::current().map(|context| context::Context { deadline: None, ..context });
        self.runtime.spawn_stopping("checkout", async move {
            let work = driver.work(order, claimed, until);
            let worked = match context {
                Some(context) => context::scope(context, work).await,
                None => work.await,
            };
            if let Err(error) = worked {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, %order, "the order goes on in the background");
            }
            done.send(()).ok(); // nobody waits any more
        });
        timeout_at(until, ended).await.ok(); // either way the order is read as it is
    }

    async fn work(
        &self,
        order: OrderId,
        mut claimed: Option<Claimed>,
        until: Instant,
    ) -> Result<(), Error> {
        let is_over = || Instant::now() >= until || self.runtime.stopping().is_cancelled();
        loop {
            // What is claimed is carried on in any case, so that nobody waits for the end of its lease.
            if let Some(flow) = claimed.take() {
                let turn = self.step(&flow, is_over).await?;
                if turn.is_end() {
                    break;
                }
                claimed = turn.next();
            } else if is_over() {
                return Ok(());
            } else {
                claimed = self.claim(order).await?;
                if claimed.is_none() {
                    if !self.records.is_open(order).await? {
                        break;
                    }
                    sleep(LOOK).await;
                }
            }
        }
        self.empty_cart(order, until.min(Instant::now() + CART_WAIT)).await
    }

    async fn claim(&self, order: OrderId) -> Result<Option<Claimed>, Error> {
        match self.records.claim(Kind::Checkout, Some(order)).await? {
            None => self.records.claim(Kind::Refund, Some(order)).await,
            claimed => Ok(claimed),
        }
    }

    /// Waits a moment for the ordered units to leave the cart, so that a customer who looks at it next
    /// does not see them there. A driver in the background is at it since they were paid; mails are
    /// nothing to wait for.
    async fn empty_cart(&self, order: OrderId, until: Instant) -> Result<(), Error> {
        while self.records.holds_cart(order).await? && Instant::now() < until {
            match self.records.claim(Kind::Cart, Some(order)).await? {
                Some(message) => drop(self.step(&message, || true).await?),
                None => sleep(CART_LOOK).await,
            }
        }
        Ok(())
    }

    async fn step(&self, flow: &Claimed, is_over: impl Fn() -> bool) -> Result<Turn, Error> {
        let then = || if is_over() { Then::LetGo } else { Then::GoOn };
        let turn = carry_on(self.records.as_ref(), self.remotes.as_ref(), flow, then).await?;
        self.metrics.turned(&turn);
        Ok(turn)
    }
}
