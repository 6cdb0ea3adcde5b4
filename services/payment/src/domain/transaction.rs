//! What may become of a movement of money, as pure rules.
//!
//! ```text
//! authorization   open ─▶ done ─┬─ void ────────▶ voided
//!                  └▶ failed    └─ time runs out ▶ expired   (nothing captured)
//! charge, capture, refund, void   open ─▶ done or failed
//! ```
//!
//! Every movement is written as an intent (`open`) before the provider is asked, and what it would take
//! is claimed from its parent in the same transaction, under the parent's lock:
//! - `settled <= claimed <= amount` of a parent holds at each moment, whatever becomes of open intents,
//!   so that captures never exceed what is held and refunds never what was captured;
//! - an intent that fails gives its claim back, one that is done settles it; both happen once, when the
//!   intent leaves `open`;
//! - a void marks its authorisation `undone` when it is asked for, not when it is done: from then on
//!   nothing is captured, however late the provider answers to either;
//! - a void waits until captures are known to have failed, and is refused when one is done: an
//!   authorisation is captured or voided, never both.

use jiff::Timestamp;
use money::Money;

use super::ids::{Key, OrderId, Token, TransactionId, UserId};

/// What a movement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Holds money.
    Authorization,
    /// Holds and takes money in one.
    Charge,
    /// Takes held money.
    Capture,
    /// Gives taken money back.
    Refund,
    /// Lets held money go.
    Void,
}

/// Where a movement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The provider's answer is not known.
    Open,
    /// It happened.
    Done,
    /// It was declined and never will.
    Failed,
    /// An authorisation that was let go.
    Voided,
    /// An authorisation that ended by itself.
    Expired,
}

impl Kind {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Authorization => "authorization",
            Self::Charge => "charge",
            Self::Capture => "capture",
            Self::Refund => "refund",
            Self::Void => "void",
        }
    }

    /// The inverse of [`Kind::as_str`].
    pub fn from_stored(word: &str) -> Option<Self> {
        [Self::Authorization, Self::Charge, Self::Capture, Self::Refund, Self::Void]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

impl State {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Voided => "voided",
            Self::Expired => "expired",
        }
    }

    /// The inverse of [`State::as_str`].
    pub fn from_stored(word: &str) -> Option<Self> {
        [Self::Open, Self::Done, Self::Failed, Self::Voided, Self::Expired]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// A movement of money. All its amounts are of one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Its id, also the key of the request to the provider.
    pub id: TransactionId,
    /// What it does.
    pub kind: Kind,
    /// Where it stands.
    pub state: State,
    /// What it captures, voids or refunds.
    pub parent: Option<TransactionId>,
    /// The order it is for.
    pub order: OrderId,
    /// The customer.
    pub user: UserId,
    /// The method, as callers know it.
    pub method: String,
    /// The method, as the provider knows it.
    pub token: Token,
    /// The provider's name for the movement; empty while it is not known.
    pub provider_ref: String,
    /// The caller's key.
    pub key: Key,
    /// How much.
    pub amount: Money,
    /// What captures or refunds have taken of it, the open ones included.
    pub claimed: Money,
    /// What captures or refunds have taken of it for good.
    pub settled: Money,
    /// Of an authorisation: a void was asked for.
    pub undone: bool,
    /// Of an authorisation: when it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// Why it failed; empty unless it did.
    pub decline_code: String,
    /// Why money is given back, in the words of whoever did.
    pub reason: String,
    /// When it was begun.
    pub created_at: Timestamp,
}

/// A refusal that stays one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The key came with another request before.
    KeyReused,
    /// The authorisation was voided, or will be.
    Voided,
    /// The authorisation ended by itself.
    Expired,
    /// The authorisation was captured.
    Captured,
    /// The authorisation was declined.
    Declined,
    /// What was named is no authorisation.
    NotAuthorization,
    /// What was named took no money.
    NotRefundable,
    /// More than is left of what is held.
    ExceedsAuthorization,
    /// More than is left of what was captured.
    ExceedsCapture,
    /// The transaction is of another currency.
    OtherCurrency,
}

impl Refusal {
    /// Its stable name, as stored and answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KeyReused => "idempotency_key_reused",
            Self::Voided => "authorization_voided",
            Self::Expired => "authorization_expired",
            Self::Captured => "authorization_captured",
            Self::Declined => "authorization_declined",
            Self::NotAuthorization => "not_an_authorization",
            Self::NotRefundable => "not_refundable",
            Self::ExceedsAuthorization => "capture_exceeds_authorization",
            Self::ExceedsCapture => "refund_exceeds_capture",
            Self::OtherCurrency => "currency_mismatch",
        }
    }

    /// The inverse of [`Refusal::as_str`].
    pub fn from_stored(word: &str) -> Option<Self> {
        use Refusal::{
            Captured, Declined, ExceedsAuthorization, ExceedsCapture, Expired, KeyReused,
            NotAuthorization, NotRefundable, OtherCurrency, Voided,
        };
        [
            KeyReused,
            Voided,
            Expired,
            Captured,
            Declined,
            NotAuthorization,
            NotRefundable,
            ExceedsAuthorization,
            ExceedsCapture,
            OtherCurrency,
        ]
        .into_iter()
        .find(|refusal| refusal.as_str() == word)
    }

    /// A sentence for people.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::KeyReused => "this idempotency key was used for another request",
            Self::Voided => "the authorisation was voided",
            Self::Expired => "the authorisation has expired",
            Self::Captured => "the authorisation was captured: refund it",
            Self::Declined => "the authorisation was declined",
            Self::NotAuthorization => "the transaction is no authorisation",
            Self::NotRefundable => "the transaction took no money that could be given back",
            Self::ExceedsAuthorization => "more than is left of the authorisation",
            Self::ExceedsCapture => "more than is left of what was captured",
            Self::OtherCurrency => "the transaction is of another currency",
        }
    }
}

/// Why something may not be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// It never may.
    Refused(Refusal),
    /// It depends on what is still open: ask again.
    Busy,
}

impl From<Refusal> for Hindrance {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What a void means for an authorisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undoing {
    /// It begins.
    Begin,
    /// It has begun: the request joins it.
    Join,
    /// Nothing is held.
    Nothing,
}

/// What the outcome of a movement is for its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consequence {
    /// What was claimed of it is taken for good.
    Settles(Money),
    /// What was claimed of it is given back.
    Releases(Money),
    /// It is held no more.
    Voids,
    /// Nothing.
    Nothing,
}

impl Transaction {
    /// What it is for the parent that this ends, done or not.
    pub fn consequence(&self, is_done: bool) -> Consequence {
        match self.kind {
            Kind::Capture | Kind::Refund if is_done => Consequence::Settles(self.amount),
            Kind::Capture | Kind::Refund => Consequence::Releases(self.amount),
            Kind::Void if is_done => Consequence::Voids,
            Kind::Void | Kind::Authorization | Kind::Charge => Consequence::Nothing,
        }
    }

    /// What captures or refunds can still take.
    pub fn left(&self) -> Result<Money, Refusal> {
        self.amount.minus(self.claimed).map_err(|_| Refusal::OtherCurrency)
    }

    /// How much a capture of `amount` takes.
    pub fn capture(&self, amount: Money, now: Timestamp) -> Result<Money, Hindrance> {
        if self.kind != Kind::Authorization {
            return Err(Refusal::NotAuthorization.into());
        }
        match self.state {
            State::Failed => return Err(Refusal::Declined.into()),
            State::Voided => return Err(Refusal::Voided.into()),
            State::Expired => return Err(Refusal::Expired.into()),
            State::Open | State::Done if self.undone => return Err(Refusal::Voided.into()),
            State::Open => return Err(Hindrance::Busy),
            State::Done => {}
        }
        if self.expires_at.is_some_and(|end| end <= now) {
            return Err(Refusal::Expired.into());
        }
        self.take(amount, Refusal::ExceedsAuthorization)
    }

    /// How much a refund of `amount`, or of all that is left, takes.
    pub fn refund(&self, amount: Option<Money>) -> Result<Money, Hindrance> {
        match (self.kind, self.state) {
            (Kind::Charge | Kind::Capture, State::Done) => {}
            (Kind::Charge | Kind::Capture, State::Open) => return Err(Hindrance::Busy),
            _ => return Err(Refusal::NotRefundable.into()),
        }
        let amount = match amount {
            Some(amount) => amount,
            None => self.left()?,
        };
        self.take(amount, Refusal::ExceedsCapture)
    }

    /// What a void does.
    pub fn void(&self) -> Result<Undoing, Hindrance> {
        if self.kind != Kind::Authorization {
            return Err(Refusal::NotAuthorization.into());
        }
        match self.state {
            _ if self.undone => Ok(Undoing::Join),
            State::Failed | State::Expired | State::Voided => Ok(Undoing::Nothing),
            State::Open | State::Done if !self.settled.is_zero() => Err(Refusal::Captured.into()),
            State::Open | State::Done if !self.claimed.is_zero() => Err(Hindrance::Busy),
            State::Open | State::Done => Ok(Undoing::Begin),
        }
    }

    /// Whether what the caller asked for happened, or why it did not; a refusal where the answer is
    /// none that a provider gave.
    pub fn answer(&self) -> Result<bool, Hindrance> {
        if self.undone || self.state == State::Voided {
            return Err(Refusal::Voided.into());
        }
        match self.state {
            State::Done => Ok(true),
            State::Open => Err(Hindrance::Busy),
            State::Expired => Err(Refusal::Expired.into()),
            State::Voided => Err(Refusal::Voided.into()),
            State::Failed if self.kind == Kind::Void => Err(Refusal::Captured.into()),
            // The provider's clock ran before ours.
            State::Failed if self.decline_code == Refusal::Expired.as_str() => {
                Err(Refusal::Expired.into())
            }
            State::Failed => Ok(false),
        }
    }

    fn take(&self, amount: Money, too_much: Refusal) -> Result<Money, Hindrance> {
        let rest = self.left()?.minus(amount).map_err(|_| Refusal::OtherCurrency)?;
        if rest.is_negative() || amount.is_zero() || amount.is_negative() {
            return Err(too_much.into());
        }
        Ok(amount)
    }
}

#[cfg(test)]
#[path = "transaction_tests.rs"]
mod tests;
