//! Interface of payment providers.
//!
//! A provider is remote: a call may be lost before or after it takes effect, and its response may
//! arrive late or never. Therefore every request has an idempotency key: a retry with the same key
//! is executed once and gets the first outcome, and the outcome of a key can be looked up.
//! [`ProviderClient`] adds the deadline and the metrics.

mod client;
pub(crate) mod simulator;

use jiff::Timestamp;
use money::Money;

use crate::domain::card::Card;
use crate::domain::ids::{Token, TransactionId};
use crate::domain::transaction::Kind;

pub(crate) use client::ProviderClient;

/// Command for a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Reserves an amount on a card.
    Authorize { token: Token, amount: Money, expires_at: Timestamp },
    /// Authorizes and captures an amount in one step.
    Charge { token: Token, amount: Money },
    /// Captures an amount of an authorization.
    Capture { authorization_ref: String, amount: Money },
    /// Releases an authorization; also succeeds for an expired one.
    Void { authorization_ref: String, amount: Money },
    /// Refunds an amount of a capture or charge.
    Refund { capture_ref: String, amount: Money },
}

impl Command {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Authorize { .. } => Kind::Authorization,
            Self::Charge { .. } => Kind::Charge,
            Self::Capture { .. } => Kind::Capture,
            Self::Void { .. } => Kind::Void,
            Self::Refund { .. } => Kind::Refund,
        }
    }

    pub(crate) fn amount(&self) -> Money {
        match self {
            Self::Authorize { amount, .. }
            | Self::Charge { amount, .. }
            | Self::Capture { amount, .. }
            | Self::Void { amount, .. }
            | Self::Refund { amount, .. } => *amount,
        }
    }
}

/// Outcome of a command. It is final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The command was executed, under the provider's reference.
    Done { reference: String },
    /// The command was declined with a code such as `insufficient_funds`.
    Declined { code: String },
}

/// The outcome is unknown: the command may have been executed, or may still be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnknownOutcome {
    /// The provider did not respond in time.
    #[error("the payment provider timed out")]
    TimedOut,
    /// The response was lost.
    #[error("the response of the payment provider was lost")]
    ReplyLost,
    /// The request has not arrived, and may still arrive.
    #[error("the payment provider has not received the request")]
    NotReceived,
    /// The provider could not be reached, or failed.
    #[error("the payment provider failed")]
    Failed(#[source] sqlx::Error),
}

/// Payment provider. Calls can be repeated with the same idempotency key, even while the first is
/// still in progress.
#[tonic::async_trait]
pub(crate) trait Provider: std::fmt::Debug + Send + Sync {
    /// Returns the provider's name, which is stored with its payment methods and transactions.
    fn name(&self) -> &'static str;

    /// Returns the token of a test method, which every customer can use.
    fn test_method(&self, id: &str) -> Option<Token>;

    /// Stores a card at the provider and returns its token.
    async fn tokenize(&self, key: &str, card: &Card) -> Result<Token, UnknownOutcome>;

    /// Executes a command, once for each key.
    async fn perform(
        &self,
        key: TransactionId,
        command: &Command,
    ) -> Result<Outcome, UnknownOutcome>;

    /// Looks up the outcome of a key; `None` if the command never arrived.
    async fn look_up(&self, key: TransactionId) -> Result<Option<Outcome>, UnknownOutcome>;
}
