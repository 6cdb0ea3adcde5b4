//! Settlement of intents: from an intent to its outcome.
//!
//! Any process may settle an intent without an outcome: the call that recorded it, a retry, a
//! worker in any replica, or several of them concurrently. The provider executes a request once for
//! each key and returns the same outcome to all. The first process to record the outcome succeeds;
//! the others read it.

use jiff::SignedDuration;

use super::Ledger;
use crate::domain::ids::TransactionId;
use crate::domain::transaction::{Kind, State, Transaction};
use crate::error::Error;
use crate::provider::{Command, Outcome, UnknownOutcome};
use crate::store;

/// Age up to which an intent without a record at the provider is sent again. Providers keep
/// idempotency keys for at least a day, so that an intent that arrived after all is executed only
/// once.
const RESEND_FOR: SignedDuration = SignedDuration::from_hours(12);

/// Age at which an intent without a record at the provider is recorded as failed. It is an hour
/// above [`RESEND_FOR`], so that no request is in flight any more by the clock of any replica.
const FAIL_AFTER: SignedDuration = SignedDuration::from_hours(13);

/// Decline code of an intent that never reached the provider.
const NOT_PROCESSED: &str = "not_processed";

/// Initial and longest exponential backoff between two attempts of the workers to settle an intent.
/// A provider that is down for hours is called every ten minutes for each intent.
const BACKOFF_SECS: (i32, i32) = (5, 600);

impl Ledger {
    /// Settles an intent that was just recorded, with its parent if that was just read.
    pub(super) async fn settle_new(
        &self,
        intent: Transaction,
        parent: Option<Transaction>,
    ) -> Result<Transaction, Error> {
        let parent = match parent.filter(|parent| parent.state != State::Open) {
            None => self.parent(&intent).await?,
            parent => parent,
        };
        let Some(command) = command(&intent, parent.as_ref())? else {
            return self.record_outcome(&intent, nothing_to_do()).await;
        };
        let outcome = self.provider.perform(intent.id, &command).await?;
        self.record_outcome(&intent, outcome).await
    }

    /// Settles an intent that may have been sent before. A transaction with an outcome is returned
    /// unchanged.
    pub(super) async fn settle(&self, intent: Transaction) -> Result<Transaction, Error> {
        if intent.state != State::Open {
            return Ok(intent);
        }
        let parent = self.parent(&intent).await?;
        match command(&intent, parent.as_ref())? {
            Some(command) => self.look_up_or_resend(&intent, &command).await,
            None => self.record_outcome(&intent, nothing_to_do()).await,
        }
    }

    /// Claims one due intent, if there is one. It is due again after the backoff, so no other
    /// worker claims it until then.
    pub(crate) async fn claim_due(&self) -> Result<Option<Transaction>, Error> {
        let mut conn = self.pool.acquire().await?;
        let (name, now) = (self.provider.name(), self.env.now());
        let due = store::intents::claim_due(&mut conn, name, now, BACKOFF_SECS).await?;
        let Some(id) = due else { return Ok(None) };
        let intent = store::transactions::find(&mut conn, id).await?;
        intent.map(Some).ok_or(Error::UnknownStoredValue("transactions.id"))
    }

    /// Settles a claimed intent. If the outcome stays unknown, the intent is retried later.
    pub(crate) async fn settle_claimed(&self, intent: Transaction) -> Result<(), Error> {
        let id = intent.id;
        match self.settle(intent).await {
            Ok(settled) => {
                let (kind, state) = (settled.kind.as_str(), settled.state.as_str());
                tracing::info!(transaction = %id, kind, state, "open intent settled");
            }
            Err(error @ Error::Provider(_)) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, transaction = %id, "intent stays open: outcome unknown");
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Returns the parent of an intent. Only the parent of a void may itself be open: it is settled
    /// first.
    async fn parent(&self, intent: &Transaction) -> Result<Option<Transaction>, Error> {
        let Some(id) = intent.parent else { return Ok(None) };
        let parent = self.find_transaction(id).await?;
        if parent.state != State::Open {
            return Ok(Some(parent));
        }
        // This includes an authorization that never reached the provider. After it is sent and
        // voided, no request that is still in flight can reserve money.
        match command(&parent, None)? {
            Some(command) => self.look_up_or_resend(&parent, &command).await.map(Some),
            None => Ok(Some(parent)),
        }
    }

    /// Looks up the outcome of an intent, and sends the intent again if the provider has no record
    /// of it.
    async fn look_up_or_resend(
        &self,
        intent: &Transaction,
        command: &Command,
    ) -> Result<Transaction, Error> {
        let age = self.env.now().duration_since(intent.created_at);
        let outcome = match self.provider.look_up(intent.id).await? {
            Some(outcome) => outcome,
            None if age < RESEND_FOR => self.provider.perform(intent.id, command).await?,
            None if age < FAIL_AFTER => return Err(UnknownOutcome::NotReceived.into()),
            None => Outcome::Declined { code: NOT_PROCESSED.to_owned() },
        };
        self.record_outcome(intent, outcome).await
    }

    /// Records an outcome and its effect on the parent; returns the transaction as it is stored
    /// afterwards.
    async fn record_outcome(
        &self,
        intent: &Transaction,
        outcome: Outcome,
    ) -> Result<Transaction, Error> {
        let (state, reference, code) = match outcome {
            Outcome::Done { reference } => (State::Done, reference, String::new()),
            Outcome::Declined { code } => (State::Failed, String::new(), code),
        };
        let (effect, now) = (intent.parent_effect(state == State::Done), self.env.now());
        let mut conn = self.pool.acquire().await?;
        let result = (&*reference, &*code);
        match store::transactions::record_outcome(
            &mut conn,
            intent.id,
            state,
            result,
            (effect, now),
        )
        .await?
        {
            Some(finished) => Ok(finished),
            // Another process recorded it first.
            None => store::transactions::find(&mut conn, intent.id)
                .await?
                .ok_or(Error::UnknownStoredValue("transactions.id")),
        }
    }

    pub(super) async fn find_transaction(&self, id: TransactionId) -> Result<Transaction, Error> {
        let mut conn = self.pool.acquire().await?;
        let transaction = store::transactions::find(&mut conn, id).await?;
        transaction.ok_or(Error::NotFound("transaction"))
    }
}

/// Outcome of the void of an authorization that reserved no money.
fn nothing_to_do() -> Outcome {
    Outcome::Done { reference: String::new() }
}

/// Returns the command for the provider; `None` if the intent requires no call.
fn command(intent: &Transaction, parent: Option<&Transaction>) -> Result<Option<Command>, Error> {
    let amount = intent.amount;
    let token = intent.token.clone();
    let reference = || {
        let parent = parent.ok_or(Error::UnknownStoredValue("transactions.parent_id"))?;
        Ok::<_, Error>(parent.provider_ref.clone())
    };
    Ok(Some(match intent.kind {
        Kind::Authorization => {
            let expires_at =
                intent.expires_at.ok_or(Error::UnknownStoredValue("transactions.expires_at"))?;
            Command::Authorize { token, amount, expires_at }
        }
        Kind::Charge => Command::Charge { token, amount },
        Kind::Capture => Command::Capture { authorization_ref: reference()?, amount },
        Kind::Refund => Command::Refund { capture_ref: reference()?, amount },
        Kind::Void if parent.is_some_and(|parent| parent.state == State::Failed) => {
            return Ok(None);
        }
        Kind::Void => Command::Void { authorization_ref: reference()?, amount },
    }))
}
