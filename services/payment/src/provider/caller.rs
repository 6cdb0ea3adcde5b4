//! A provider with a deadline on each call, counted and timed.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::time::{Instant, timeout};

use super::{Command, Outcome, Provider, Unknown};
use crate::{
    domain::{
        card::Card,
        ids::{Token, TransactionId},
    },
    metrics::{CallOutcome, Metrics, Operation},
};

/// The longest time for one call. A checkout gives a step 5 s: within it, the answer that there is none
/// yet must still reach it.
const CALL_TIMEOUT: Duration = Duration::from_secs(4);

/// A provider, called. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    provider: Arc<dyn Provider>,
    metrics: Metrics,
}

impl Caller {
    pub(crate) fn new(provider: Arc<dyn Provider>, metrics: Metrics) -> Self {
        Self { provider, metrics }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.provider.name()
    }

    pub(crate) fn test_method(&self, id: &str) -> Option<Token> {
        self.provider.test_method(id)
    }

    pub(crate) async fn tokenise(&self, key: &str, card: &Card) -> Result<Token, Unknown> {
        let call = self.provider.tokenise(key, card);
        self.call(Operation::Tokenise, call, |_| CallOutcome::Done).await
    }

    pub(crate) async fn perform(
        &self,
        key: TransactionId,
        command: &Command,
    ) -> Result<Outcome, Unknown> {
        let call = self.provider.perform(key, command);
        self.call(Operation::Perform(command.kind()), call, |outcome| match outcome {
            Outcome::Done { .. } => CallOutcome::Done,
            Outcome::Declined { .. } => CallOutcome::Declined,
        })
        .await
    }

    pub(crate) async fn outcome(&self, key: TransactionId) -> Result<Option<Outcome>, Unknown> {
        let call = self.provider.outcome(key);
        self.call(Operation::LookUp, call, |outcome| match outcome {
            Some(_) => CallOutcome::Done,
            None => CallOutcome::Absent,
        })
        .await
    }

    async fn call<T>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<T, Unknown>>,
        outcome: impl FnOnce(&T) -> CallOutcome,
    ) -> Result<T, Unknown> {
        let began = Instant::now();
        let answer = timeout(CALL_TIMEOUT, call).await.unwrap_or(Err(Unknown::TimedOut));
        let outcome = match &answer {
            Ok(answer) => outcome(answer),
            Err(_) => CallOutcome::Unknown,
        };
        self.metrics.called(operation, outcome, began.elapsed());
        answer
    }
}
