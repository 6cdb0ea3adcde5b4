//! Who moves the money, seen from here.
//!
//! A provider is remote: a call may be lost before it acts, or after; its answer may come late, or
//! never. So every request has a key, a repeat of a key acts once and gets the first answer, and the
//! outcome of a key can be asked for. [`Caller`] puts the deadline and the metrics around it.

mod caller;
pub(crate) mod simulator;

use jiff::Timestamp;
use money::Money;

use crate::domain::{
    card::Card,
    ids::{Token, TransactionId},
    transaction::Kind,
};

pub(crate) use caller::Caller;

/// What a provider is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Holds an amount on a card.
    Authorise { token: Token, amount: Money, expires_at: Timestamp },
    /// Holds and takes an amount in one.
    Charge { token: Token, amount: Money },
    /// Takes of what is held.
    Capture { authorization_ref: String, amount: Money },
    /// Lets what is held go; fine too when it has ended by itself.
    Void { authorization_ref: String, amount: Money },
    /// Gives back of what was taken.
    Refund { capture_ref: String, amount: Money },
}

impl Command {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Authorise { .. } => Kind::Authorization,
            Self::Charge { .. } => Kind::Charge,
            Self::Capture { .. } => Kind::Capture,
            Self::Void { .. } => Kind::Void,
            Self::Refund { .. } => Kind::Refund,
        }
    }

    pub(crate) fn amount(&self) -> Money {
        match self {
            Self::Authorise { amount, .. }
            | Self::Charge { amount, .. }
            | Self::Capture { amount, .. }
            | Self::Void { amount, .. }
            | Self::Refund { amount, .. } => *amount,
        }
    }
}

/// What came of a request: definite, and the same for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It happened; the provider calls it so.
    Done { reference: String },
    /// It did not and will not: `insufficient_funds`.
    Declined { code: String },
}

/// The outcome is not known: the request may have acted, or may act yet.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unknown {
    /// No answer within the time for one.
    #[error("the provider took too long")]
    TimedOut,
    /// The answer was lost.
    #[error("the provider's answer was lost")]
    Lost,
    /// The request has not arrived, and may yet.
    #[error("the provider does not know the request")]
    Absent,
    /// The provider could not be asked, or could not do it now.
    #[error("the provider failed")]
    Failed(#[source] sqlx::Error),
}

/// Who moves the money. Calls are safe to repeat with the same key, also while the first still runs.
#[tonic::async_trait]
pub(crate) trait Provider: std::fmt::Debug + Send + Sync {
    /// Its name, as stored with what is its.
    fn name(&self) -> &'static str;

    /// The token behind an id that is the provider's own and anybody's, for trying out.
    fn test_method(&self, id: &str) -> Option<Token>;

    /// Takes a card into its keeping.
    async fn tokenise(&self, key: &str, card: &Card) -> Result<Token, Unknown>;

    /// Does what is commanded, once a key.
    async fn perform(&self, key: TransactionId, command: &Command) -> Result<Outcome, Unknown>;

    /// What came of a key; `None` when it never arrived.
    async fn outcome(&self, key: TransactionId) -> Result<Option<Outcome>, Unknown>;
}
