//! A provider for trying out and for tests: deterministic, and no money moves.
//!
//! It stands where a provider elsewhere would: it is reached by the same calls, keeps records of its own
//! on connections of its own, and knows of ours only the keys. So what is proven with it holds for a
//! remote one.

mod records;
mod rules;

use std::time::Duration;

use kit::Runtime;
use sqlx::PgPool;
use tokio::{sync::oneshot, time::sleep};

use self::rules::Behaviour;
use super::{Command, Outcome, Provider, Unknown};
use crate::domain::{
    card::Card,
    ids::{Token, TransactionId},
};

/// As stored with methods and transactions.
pub(crate) const NAME: &str = "simulator";

/// The simulated provider.
#[derive(Clone, Debug)]
pub(crate) struct Simulator {
    /// Of its own.
    pub(crate) pool: PgPool,
    pub(crate) runtime: Runtime,
    /// Before each answer.
    pub(crate) latency: Duration,
    /// Before an answer that `pm_test_timeout` makes late.
    pub(crate) late_answer: Duration,
}

#[tonic::async_trait]
impl Provider for Simulator {
    fn name(&self) -> &'static str {
        NAME
    }

    fn test_method(&self, id: &str) -> Option<Token> {
        Behaviour::of_test_method(id).map(|_| Token::new(id))
    }

    async fn tokenise(&self, key: &str, card: &Card) -> Result<Token, Unknown> {
        sleep(self.latency).await;
        let behaviour = Behaviour::of_card(card.number.expose());
        let token = Token::new(format!("sim_card_{}", self.runtime.env.uuid()));
        let mut conn = self.pool.acquire().await.map_err(Unknown::Failed)?;
        records::keep_card(&mut conn, key, &token, behaviour).await.map_err(Unknown::Failed)
    }

    /// Apart from the caller, as elsewhere: what has been sent is done, also when nobody waits any more.
    async fn perform(&self, key: TransactionId, command: &Command) -> Result<Outcome, Unknown> {
        let (tell, told) = oneshot::channel();
        let (simulator, command) = (self.clone(), command.clone());
        self.runtime.spawn("simulator", async move {
            if tell.send(simulator.act(key, &command).await).is_err() {
                tracing::debug!("nobody waits for the answer");
            }
        });
        told.await.unwrap_or(Err(Unknown::Lost))
    }

    async fn outcome(&self, key: TransactionId) -> Result<Option<Outcome>, Unknown> {
        sleep(self.latency).await;
        let mut conn = self.pool.acquire().await.map_err(Unknown::Failed)?;
        records::find(&mut conn, key).await.map_err(Unknown::Failed)
    }
}

impl Simulator {
    async fn act(&self, key: TransactionId, command: &Command) -> Result<Outcome, Unknown> {
        sleep(self.latency).await;
        let done = records::act(&self.pool, &self.runtime.env, key, command).await;
        let done = done.map_err(Unknown::Failed)?;
        match done.behaviour {
            Some(Behaviour::AnswersLate) if done.is_first => sleep(self.late_answer).await,
            Some(Behaviour::LosesReply) if done.is_first => return Err(Unknown::Lost),
            _ => {}
        }
        Ok(done.outcome)
    }
}
