//! From an intent to its outcome.
//!
//! Whoever holds an intent without outcome may settle it: the call that wrote it, a repeat, a worker in
//! any replica, several at once. The provider acts once a key and answers everybody the same; the first
//! to write the outcome down does, and the others read it.

use jiff::SignedDuration;

use super::Ledger;
use crate::{
    domain::{
        ids::TransactionId,
        transaction::{Kind, State, Transaction},
    },
    error::Error,
    provider::{Command, Outcome, Unknown},
    store,
};

/// An intent that never reached the provider is sent again for this time. Providers remember keys for a
/// day at least, so that one that did reach it after all acts once.
const RESEND_FOR: SignedDuration = SignedDuration::from_hours(12);

/// After this time it has failed: an hour after the last was sent, by whichever replica's clock, nothing
/// is on its way any more.
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(13);

/// The decline of an intent that never reached the provider.
const NOT_PROCESSED: &str = "not_processed";

/// First and longest pause between two times that a worker asks about an intent: a provider that is
/// down for hours is asked every ten minutes.
const PAUSES_SECS: (i32, i32) = (5, 600);

impl Ledger {
    /// Settles an intent that was written just now, of a parent that was read just now.
    pub(super) async fn send(
        &self,
        intent: Transaction,
        parent: Option<Transaction>,
    ) -> Result<Transaction, Error> {
        let parent = match parent.filter(|parent| parent.state != State::Open) {
            None => self.parent(&intent).await?,
            parent => parent,
        };
        let Some(command) = command(&intent, parent.as_ref())? else {
            return self.record(&intent, nothing_to_do()).await;
        };
        let outcome = self.provider.perform(intent.id, &command).await?;
        self.record(&intent, outcome).await
    }

    /// Settles an intent that may have been sent before; what has an outcome is left as it is.
    pub(super) async fn settle(&self, intent: Transaction) -> Result<Transaction, Error> {
        if intent.state != State::Open {
            return Ok(intent);
        }
        let parent = self.parent(&intent).await?;
        match command(&intent, parent.as_ref())? {
            Some(command) => self.ask(&intent, &command).await,
            None => self.record(&intent, nothing_to_do()).await,
        }
    }

    /// Settles one intent that is due; `false` when there is none. What the provider does not tell now
    /// is asked for again later.
    pub(crate) async fn finish_one(&self) -> Result<bool, Error> {
        let mut conn = self.pool.acquire().await?;
        let (name, now) = (self.provider.name(), self.env.now());
        let due = store::intents::claim_due(&mut conn, name, now, PAUSES_SECS).await?;
        let Some(id) = due else { return Ok(false) };
        let intent = store::transactions::find(&mut conn, id).await?;
        drop(conn);
        let intent = intent.ok_or(Error::Stored("transactions.id"))?;
        match self.settle(intent).await {
            Ok(settled) => {
                let (kind, state) = (settled.kind.as_str(), settled.state.as_str());
                tracing::info!(transaction = %id, kind, state, "an open intent was finished");
            }
            Err(error @ Error::Provider(_)) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, transaction = %id, "an intent stays open");
            }
            Err(error) => return Err(error),
        }
        Ok(true)
    }

    /// The parent of an intent. Only a void has one that may itself be open: it is settled first.
    async fn parent(&self, intent: &Transaction) -> Result<Option<Transaction>, Error> {
        let Some(id) = intent.parent else { return Ok(None) };
        let parent = self.read(id).await?;
        if parent.state != State::Open {
            return Ok(Some(parent));
        }
        // Also one that never reached the provider: once it did, and is voided, none that is still on
        // its way can hold money.
        match command(&parent, None)? {
            Some(command) => self.ask(&parent, &command).await.map(Some),
            None => Ok(Some(parent)),
        }
    }

    /// Asks what came of an intent, and sends it again if nothing did.
    async fn ask(&self, intent: &Transaction, command: &Command) -> Result<Transaction, Error> {
        let age = self.env.now().duration_since(intent.created_at);
        let outcome = match self.provider.outcome(intent.id).await? {
            Some(outcome) => outcome,
            None if age < RESEND_FOR => self.provider.perform(intent.id, command).await?,
            None if age < GIVE_UP_AFTER => return Err(Unknown::Absent.into()),
            None => Outcome::Declined { code: NOT_PROCESSED.to_owned() },
        };
        self.record(intent, outcome).await
    }

    /// Writes an outcome down, and what follows from it for the parent; gives what is true then.
    async fn record(&self, intent: &Transaction, outcome: Outcome) -> Result<Transaction, Error> {
        let (state, reference, code) = match outcome {
            Outcome::Done { reference } => (State::Done, reference, String::new()),
            Outcome::Declined { code } => (State::Failed, String::new(), code),
        };
        let then = (intent.consequence(state == State::Done), self.env.now());
        let mut conn = self.pool.acquire().await?;
        let words = (&*reference, &*code);
        match store::transactions::finish(&mut conn, intent.id, state, words, then).await? {
            Some(finished) => Ok(finished),
            // Somebody else wrote it down.
            None => store::transactions::find(&mut conn, intent.id)
                .await?
                .ok_or(Error::Stored("transactions.id")),
        }
    }

    pub(super) async fn read(&self, id: TransactionId) -> Result<Transaction, Error> {
        let mut conn = self.pool.acquire().await?;
        let transaction = store::transactions::find(&mut conn, id).await?;
        transaction.ok_or(Error::NotFound("transaction"))
    }
}

/// A void of what is not held.
fn nothing_to_do() -> Outcome {
    Outcome::Done { reference: String::new() }
}

/// What the provider is to be asked for an intent; `None` when there is nothing to ask it.
fn command(intent: &Transaction, parent: Option<&Transaction>) -> Result<Option<Command>, Error> {
    let amount = intent.amount;
    let token = intent.token.clone();
    let reference = || {
        let parent = parent.ok_or(Error::Stored("transactions.parent_id"))?;
        Ok::<_, Error>(parent.provider_ref.clone())
    };
    Ok(Some(match intent.kind {
        Kind::Authorization => {
            let expires_at = intent.expires_at.ok_or(Error::Stored("transactions.expires_at"))?;
            Command::Authorise { token, amount, expires_at }
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
