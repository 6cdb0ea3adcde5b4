//! Client of a payment provider, with a deadline and metrics for each call.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::{Command, Outcome, Provider, UnknownOutcome};
use crate::domain::card::Card;
use crate::domain::ids::{Token, TransactionId};
use crate::metrics::{CallOutcome, Metrics, Operation};

/// Timeout of one call. A checkout allows 5 s for a step: the response that the outcome is unknown
/// must reach it within that time.
const CALL_TIMEOUT: Duration = Duration::from_secs(4);

/// Client of a payment provider. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct ProviderClient {
    provider: Arc<dyn Provider>,
    metrics: Metrics,
}

impl ProviderClient {
    pub(crate) fn new(provider: Arc<dyn Provider>, metrics: Metrics) -> Self {
        Self { provider, metrics }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.provider.name()
    }

    pub(crate) fn test_method(&self, id: &str) -> Option<Token> {
        self.provider.test_method(id)
    }

    pub(crate) async fn tokenize(&self, key: &str, card: &Card) -> Result<Token, UnknownOutcome> {
        let call = self.provider.tokenize(key, card);
        self.call(Operation::Tokenize, call, |_| CallOutcome::Done).await
    }

    pub(crate) async fn perform(
        &self,
        key: TransactionId,
        command: &Command,
    ) -> Result<Outcome, UnknownOutcome> {
        let call = self.provider.perform(key, command);
        self.call(Operation::Perform(command.kind()), call, |outcome| match outcome {
            Outcome::Done { .. } => CallOutcome::Done,
            Outcome::Declined { .. } => CallOutcome::Declined,
        })
        .await
    }

    pub(crate) async fn look_up(
        &self,
        key: TransactionId,
    ) -> Result<Option<Outcome>, UnknownOutcome> {
        let call = self.provider.look_up(key);
        self.call(Operation::LookUp, call, |outcome| match outcome {
            Some(_) => CallOutcome::Done,
            None => CallOutcome::Absent,
        })
        .await
    }

    async fn call<T>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<T, UnknownOutcome>>,
        outcome: impl FnOnce(&T) -> CallOutcome,
    ) -> Result<T, UnknownOutcome> {
        let began = Instant::now();
        let response = timeout(CALL_TIMEOUT, call).await.unwrap_or(Err(UnknownOutcome::TimedOut));
        let outcome = match &response {
            Ok(response) => outcome(response),
            Err(_) => CallOutcome::Unknown,
        };
        self.metrics.observe_call(operation, outcome, began.elapsed());
        response
    }
}
