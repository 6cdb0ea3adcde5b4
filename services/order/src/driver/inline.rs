//! The driver of a request that waits for its order.

use std::{sync::Arc, time::Duration};

use kit::{Runtime, context};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, timeout_at},
};

use super::{Journal as _, Kind, Remotes, carry_on};
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
    /// Carries an order on until nothing of it is open, or the wait is over. It is a worker of the
    /// process that does: neither a caller who leaves nor the end of the process cuts a step in two.
    pub(crate) async fn drive(&self, order: OrderId) {
        let began = Instant::now();
        let patience = context::deadline().and_then(|deadline| deadline.checked_sub(MARGIN));
        let until = patience.map_or(began + self.wait, |patience| patience.min(began + self.wait));
        let (done, ended) = oneshot::channel();
        let driver = self.clone();
        // The request's id goes along into logs and calls, its deadline does not.
        let context =
            context::current().map(|context| context::Context { deadline: None, ..context });
        self.runtime.spawn_stopping("checkout", async move {
            let work = driver.work(order, until);
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

    async fn work(&self, order: OrderId, until: Instant) -> Result<(), Error> {
        let stopping = self.runtime.stopping();
        while Instant::now() < until && !stopping.is_cancelled() {
            if self.step(Kind::Checkout, order).await? || self.step(Kind::Refund, order).await? {
                continue;
            }
            if !self.records.is_open(order).await? {
                return self.empty_cart(order, until.min(Instant::now() + CART_WAIT)).await;
            }
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// Waits a moment for the ordered units to leave the cart, so that a customer who looks at it next
    /// does not see them there.
    async fn empty_cart(&self, order: OrderId, until: Instant) -> Result<(), Error> {
        while self.step(Kind::Message, order).await? {}
        while Instant::now() < until && self.records.holds_cart(order).await? {
            sleep(CART_LOOK).await;
        }
        Ok(())
    }

    async fn step(&self, kind: Kind, order: OrderId) -> Result<bool, Error> {
        let Some(claimed) = self.records.claim(kind, Some(order)).await? else { return Ok(false) };
        let turn = carry_on(self.records.as_ref(), self.remotes.as_ref(), &claimed).await?;
        self.metrics.turned(&turn);
        Ok(true)
    }
}
