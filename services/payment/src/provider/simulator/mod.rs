//! Simulated payment provider for trials and tests: deterministic, and no money moves.
//!
//! The simulator takes the place of a remote provider: it receives the same calls, keeps its own
//! records over its own connections, and uses no data of the service except the idempotency keys.
//! Test results with it therefore apply to a remote provider too.

mod records;
mod rules;

use std::time::Duration;

use kit::Runtime;
use sqlx::PgPool;
use tokio::sync::oneshot;
use tokio::time::sleep;

use self::rules::CardBehavior;
use super::{Command, Outcome, Provider, UnknownOutcome};
use crate::domain::card::Card;
use crate::domain::ids::{Token, TransactionId};

/// Name that is stored with payment methods and transactions.
pub(crate) const NAME: &str = "simulator";

/// Simulated payment provider.
#[derive(Clone, Debug)]
pub(crate) struct Simulator {
    /// Connections of the simulator alone.
    pub(crate) pool: PgPool,
    pub(crate) runtime: Runtime,
    /// Delay before each response.
    pub(crate) latency: Duration,
    /// Delay before a response that `pm_test_timeout` makes late.
    pub(crate) late_answer: Duration,
}

#[tonic::async_trait]
impl Provider for Simulator {
    fn name(&self) -> &'static str {
        NAME
    }

    fn test_method(&self, id: &str) -> Option<Token> {
        CardBehavior::for_test_method(id).map(|_| Token::new(id))
    }

    async fn tokenize(&self, key: &str, card: &Card) -> Result<Token, UnknownOutcome> {
        sleep(self.latency).await;
        let behavior = CardBehavior::for_card(card.number.expose());
        let token = Token::new(format!("sim_card_{}", self.runtime.env.uuid()));
        let mut conn = self.pool.acquire().await.map_err(UnknownOutcome::Failed)?;
        records::store_card(&mut conn, key, &token, behavior).await.map_err(UnknownOutcome::Failed)
    }

    /// Executes the command in a separate task, as a remote provider does: a command that was sent
    /// is executed even if the caller no longer waits.
    async fn perform(
        &self,
        key: TransactionId,
        command: &Command,
    ) -> Result<Outcome, UnknownOutcome> {
        let (sender, receiver) = oneshot::channel();
        let (simulator, command) = (self.clone(), command.clone());
        self.runtime.spawn("simulator", async move {
            if sender.send(simulator.execute(key, &command).await).is_err() {
                tracing::debug!("caller no longer waits for the response");
            }
        });
        receiver.await.unwrap_or(Err(UnknownOutcome::ReplyLost))
    }

    async fn look_up(&self, key: TransactionId) -> Result<Option<Outcome>, UnknownOutcome> {
        sleep(self.latency).await;
        let mut conn = self.pool.acquire().await.map_err(UnknownOutcome::Failed)?;
        records::find(&mut conn, key).await.map_err(UnknownOutcome::Failed)
    }
}

impl Simulator {
    async fn execute(
        &self,
        key: TransactionId,
        command: &Command,
    ) -> Result<Outcome, UnknownOutcome> {
        sleep(self.latency).await;
        let execution = records::execute(&self.pool, &self.runtime.env, key, command).await;
        let execution = execution.map_err(UnknownOutcome::Failed)?;
        match execution.behavior {
            Some(CardBehavior::AnswersLate) if execution.is_first => sleep(self.late_answer).await,
            Some(CardBehavior::LosesReply) if execution.is_first => {
                return Err(UnknownOutcome::ReplyLost);
            }
            _ => {}
        }
        Ok(execution.outcome)
    }
}
