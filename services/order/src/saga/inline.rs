//! Inline executor: advances the sagas of an order within the request that waits for it.

use std::sync::Arc;
use std::time::Duration;

use kit::{Runtime, context};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout_at};

use super::{
    AfterStep, ClaimedSaga, RemoteServices, SagaKind, SagaStore as _, StepResult, execute_step,
};
use crate::domain::ids::OrderId;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::transactions::OrderRepository;

/// How often the inline executor polls for a claim while another executor holds the lease or the
/// step is backing off.
const CLAIM_POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The longest wait for the ordered units to leave the cart, and how often that is polled.
const CART_WAIT: Duration = Duration::from_secs(1);
const CART_POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Part of the caller's deadline that is reserved for returning the response.
const RESPONSE_MARGIN: Duration = Duration::from_millis(500);

/// Executes the sagas of an order for a request that waits for the result.
#[derive(Clone, Debug)]
pub(crate) struct InlineExecutor {
    pub(crate) repository: Arc<OrderRepository>,
    pub(crate) services: Arc<RemoteServices>,
    pub(crate) metrics: Metrics,
    pub(crate) runtime: Runtime,
    /// The longest time that a request waits.
    pub(crate) wait: Duration,
}

impl InlineExecutor {
    /// Executes the sagas of an order until none is open or the wait has expired, starting with
    /// `claimed` if the caller holds a claim. The work runs in a task of the process: neither a
    /// caller that disconnects nor graceful shutdown interrupts a step.
    pub(crate) async fn advance(&self, order: OrderId, claimed: Option<ClaimedSaga>) {
        let began = Instant::now();
        let caller_deadline =
            context::deadline().and_then(|deadline| deadline.checked_sub(RESPONSE_MARGIN));
        let until =
            caller_deadline.map_or(began + self.wait, |deadline| deadline.min(began + self.wait));
        let (done, ended) = oneshot::channel();
        let executor = self.clone();
        let work = async move {
            if let Err(error) = executor.run(order, claimed, until).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, %order, "inline execution failed; continues in background");
            }
            done.send(()).ok(); // the request may have stopped waiting
        };
        self.runtime.spawn_stopping("checkout", context::without_deadline(work));
        timeout_at(until, ended).await.ok(); // after a timeout the caller reads the order as it is
    }

    async fn run(
        &self,
        order: OrderId,
        mut claimed: Option<ClaimedSaga>,
        until: Instant,
    ) -> Result<(), Error> {
        let is_expired = || Instant::now() >= until || self.runtime.stopping().is_cancelled();
        loop {
            // Always execute a claimed step, so that the order never waits for its lease to expire.
            if let Some(saga) = claimed.take() {
                let result = self.execute(&saga, is_expired).await?;
                if result.ends_checkout() {
                    break;
                }
                claimed = result.next();
            } else if is_expired() {
                return Ok(());
            } else {
                claimed = self.claim(order).await?;
                if claimed.is_none() {
                    if !self.repository.is_open(order).await? {
                        break;
                    }
                    sleep(CLAIM_POLL_INTERVAL).await;
                }
            }
        }
        self.wait_for_cart(order, until.min(Instant::now() + CART_WAIT)).await
    }

    async fn claim(&self, order: OrderId) -> Result<Option<ClaimedSaga>, Error> {
        match self.repository.claim(SagaKind::Checkout, Some(order)).await? {
            None => self.repository.claim(SagaKind::Refund, Some(order)).await,
            claimed => Ok(claimed),
        }
    }

    /// Waits for the ordered units to leave the cart, so that the customer's next read of the cart
    /// does not return them. A background executor has been delivering that message since the
    /// payment. Mails are not waited for.
    async fn wait_for_cart(&self, order: OrderId, until: Instant) -> Result<(), Error> {
        while self.repository.is_in_cart(order).await? && Instant::now() < until {
            match self.repository.claim(SagaKind::Cart, Some(order)).await? {
                Some(message) => drop(self.execute(&message, || true).await?),
                None => sleep(CART_POLL_INTERVAL).await,
            }
        }
        Ok(())
    }

    async fn execute(
        &self,
        saga: &ClaimedSaga,
        is_expired: impl Fn() -> bool,
    ) -> Result<StepResult, Error> {
        let after_step = || if is_expired() { AfterStep::Release } else { AfterStep::Continue };
        let result =
            execute_step(self.repository.as_ref(), self.services.as_ref(), saga, after_step)
                .await?;
        self.metrics.record_step(&result);
        Ok(result)
    }
}
