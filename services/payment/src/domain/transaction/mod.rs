//! State machine of payment transactions, as pure rules.
//!
//! ```text
//! authorization   open ─▶ done ─┬─ void ────▶ voided
//!                  └▶ failed    └─ timeout ─▶ expired   (nothing captured)
//! charge, capture, refund, void   open ─▶ done or failed
//! ```
//!
//! Every transaction is committed as an intent (`open`) before the provider is called. In the same
//! database transaction and under the parent's lock, its amount is claimed from its parent:
//! - `settled <= claimed <= amount` holds for a parent at each moment, regardless of the outcome of
//!   open intents. Captures therefore never exceed the authorization, and refunds never the
//!   capture.
//! - An intent that fails releases its claim; an intent that succeeds settles it. Both happen once,
//!   when the intent leaves `open`.
//! - A void sets `void_requested` on its authorization when it is requested, not when it is done:
//!   from then on nothing is captured, however late the provider responds to either.
//! - A void waits until open captures are known to have failed, and is refused when a capture is
//!   done: an authorization is captured or voided, never both.

use jiff::Timestamp;
use money::Money;

use super::ids::{IdempotencyKey, OrderId, Token, TransactionId, UserId};

/// Operation of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Reserves an amount on a card.
    Authorization,
    /// Authorizes and captures an amount in one step.
    Charge,
    /// Takes money of an authorization.
    Capture,
    /// Returns money of a capture or charge.
    Refund,
    /// Releases an authorization.
    Void,
}

/// State of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Intent: the provider's outcome is not known.
    Open,
    /// The provider executed it.
    Done,
    /// The provider declined it; the decline is final.
    Failed,
    /// Authorization that was voided.
    Voided,
    /// Authorization that expired.
    Expired,
}

impl Kind {
    /// Returns the stored name.
    #[must_use]
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
    #[must_use]
    pub fn from_stored(stored: &str) -> Option<Self> {
        [Self::Authorization, Self::Charge, Self::Capture, Self::Refund, Self::Void]
            .into_iter()
            .find(|kind| kind.as_str() == stored)
    }
}

impl State {
    /// Returns the stored name.
    #[must_use]
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
    #[must_use]
    pub fn from_stored(stored: &str) -> Option<Self> {
        [Self::Open, Self::Done, Self::Failed, Self::Voided, Self::Expired]
            .into_iter()
            .find(|state| state.as_str() == stored)
    }
}

/// Payment transaction. All its amounts have the same currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Id, which is also the idempotency key of the request to the provider.
    pub id: TransactionId,
    /// Operation.
    pub kind: Kind,
    /// Current state.
    pub state: State,
    /// Transaction that this one captures, voids or refunds.
    pub parent: Option<TransactionId>,
    /// Order that is paid.
    pub order: OrderId,
    /// Customer who pays.
    pub user: UserId,
    /// Id of the payment method in the caller's request.
    pub method: String,
    /// Provider's token of the payment method.
    pub token: Token,
    /// Provider's reference of the transaction; empty until it is known.
    pub provider_ref: String,
    /// Caller's idempotency key.
    pub key: IdempotencyKey,
    /// Amount of the transaction.
    pub amount: Money,
    /// Sum of the captures or refunds of it, including open intents.
    pub claimed: Money,
    /// Sum of the captures or refunds of it that are done.
    pub settled: Money,
    /// Whether a void of this authorization was requested.
    pub void_requested: bool,
    /// When this authorization expires.
    pub expires_at: Option<Timestamp>,
    /// Provider's decline code; empty unless the transaction failed.
    pub decline_code: String,
    /// Reason for a refund, as the caller stated it.
    pub reason: String,
    /// When the intent was recorded.
    pub created_at: Timestamp,
}

/// Reason why a request is permanently refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The idempotency key was used with another request.
    KeyReused,
    /// The authorization is voided, or its void is requested.
    Voided,
    /// The authorization has expired.
    Expired,
    /// The authorization is captured.
    Captured,
    /// The authorization was declined.
    Declined,
    /// The transaction is not an authorization.
    NotAuthorization,
    /// The transaction captured no money.
    NotRefundable,
    /// The amount is larger than the remaining amount of the authorization.
    ExceedsAuthorization,
    /// The amount is larger than the remaining amount of the capture.
    ExceedsCapture,
    /// The transaction has another currency.
    OtherCurrency,
}

impl Refusal {
    /// Returns the stable name that is stored and returned to callers.
    #[must_use]
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
    #[must_use]
    pub fn from_stored(stored: &str) -> Option<Self> {
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
        .find(|refusal| refusal.as_str() == stored)
    }

    /// Returns the message for callers.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::KeyReused => "this idempotency key was used for another request",
            Self::Voided => "the authorization was voided",
            Self::Expired => "the authorization has expired",
            Self::Captured => "the authorization was captured: refund it",
            Self::Declined => "the authorization was declined",
            Self::NotAuthorization => "the transaction is not an authorization",
            Self::NotRefundable => "the transaction captured no money that can be refunded",
            Self::ExceedsAuthorization => {
                "the amount exceeds the remaining amount of the authorization"
            }
            Self::ExceedsCapture => "the amount exceeds the remaining amount of the capture",
            Self::OtherCurrency => "the transaction has another currency",
        }
    }
}

/// Reason why a request is rejected, permanently or temporarily.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The request is permanently refused.
    Permanent(Refusal),
    /// The request depends on an intent that is still open: retry later.
    InProgress,
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        Self::Permanent(refusal)
    }
}

/// Action that a void request requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoidAction {
    /// Record a void intent.
    Begin,
    /// Join the void that another request has begun.
    Join,
    /// Do nothing: no money is reserved.
    Nothing,
}

/// Effect that the outcome of a transaction has on its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParentEffect {
    /// The claimed amount is settled.
    Settle(Money),
    /// The claimed amount is released.
    Release(Money),
    /// The parent is voided.
    Void,
    /// The parent does not change.
    None,
}

impl Transaction {
    /// Returns the effect on the parent when this transaction succeeds or fails.
    #[must_use]
    pub fn parent_effect(&self, is_done: bool) -> ParentEffect {
        match self.kind {
            Kind::Capture | Kind::Refund if is_done => ParentEffect::Settle(self.amount),
            Kind::Capture | Kind::Refund => ParentEffect::Release(self.amount),
            Kind::Void if is_done => ParentEffect::Void,
            Kind::Void | Kind::Authorization | Kind::Charge => ParentEffect::None,
        }
    }

    /// Returns the amount that captures or refunds can still claim.
    ///
    /// # Errors
    /// Fails when the state or the amounts of the transaction do not allow it.
    pub fn remaining(&self) -> Result<Money, Refusal> {
        self.amount.minus(self.claimed).map_err(|_| Refusal::OtherCurrency)
    }

    /// Returns the amount that a capture of `amount` claims.
    ///
    /// # Errors
    /// Fails when the state or the amounts of the transaction do not allow it.
    pub fn capture(&self, amount: Money, now: Timestamp) -> Result<Money, Rejection> {
        if self.kind != Kind::Authorization {
            return Err(Refusal::NotAuthorization.into());
        }
        match self.state {
            State::Failed => return Err(Refusal::Declined.into()),
            State::Voided => return Err(Refusal::Voided.into()),
            State::Expired => return Err(Refusal::Expired.into()),
            State::Open | State::Done if self.void_requested => return Err(Refusal::Voided.into()),
            State::Open => return Err(Rejection::InProgress),
            State::Done => {}
        }
        if self.expires_at.is_some_and(|end| end <= now) {
            return Err(Refusal::Expired.into());
        }
        self.claimable(amount, Refusal::ExceedsAuthorization)
    }

    /// Returns the amount that a refund of `amount` claims; `None` refunds the remaining amount.
    ///
    /// # Errors
    /// Fails when the state or the amounts of the transaction do not allow it.
    pub fn refund(&self, amount: Option<Money>) -> Result<Money, Rejection> {
        match (self.kind, self.state) {
            (Kind::Charge | Kind::Capture, State::Done) => {}
            (Kind::Charge | Kind::Capture, State::Open) => return Err(Rejection::InProgress),
            _ => return Err(Refusal::NotRefundable.into()),
        }
        let amount = match amount {
            Some(amount) => amount,
            None => self.remaining()?,
        };
        self.claimable(amount, Refusal::ExceedsCapture)
    }

    /// Returns the action that a void of this authorization requires.
    ///
    /// # Errors
    /// Fails when the state or the amounts of the transaction do not allow it.
    pub fn void(&self) -> Result<VoidAction, Rejection> {
        if self.kind != Kind::Authorization {
            return Err(Refusal::NotAuthorization.into());
        }
        match self.state {
            _ if self.void_requested => Ok(VoidAction::Join),
            State::Failed | State::Expired | State::Voided => Ok(VoidAction::Nothing),
            State::Open | State::Done if !self.settled.is_zero() => Err(Refusal::Captured.into()),
            State::Open | State::Done if !self.claimed.is_zero() => Err(Rejection::InProgress),
            State::Open | State::Done => Ok(VoidAction::Begin),
        }
    }

    /// Returns whether the provider executed the transaction (`true`) or declined it (`false`). A
    /// result that does not come from the provider is a rejection.
    ///
    /// # Errors
    /// Fails when the state or the amounts of the transaction do not allow it.
    pub fn succeeded(&self) -> Result<bool, Rejection> {
        if self.void_requested || self.state == State::Voided {
            return Err(Refusal::Voided.into());
        }
        match self.state {
            State::Done => Ok(true),
            State::Open => Err(Rejection::InProgress),
            State::Expired => Err(Refusal::Expired.into()),
            State::Voided => Err(Refusal::Voided.into()),
            State::Failed if self.kind == Kind::Void => Err(Refusal::Captured.into()),
            // The provider's clock was ahead of this service's clock.
            State::Failed if self.decline_code == Refusal::Expired.as_str() => {
                Err(Refusal::Expired.into())
            }
            State::Failed => Ok(false),
        }
    }

    fn claimable(&self, amount: Money, exceeded: Refusal) -> Result<Money, Rejection> {
        let remaining = self.remaining()?.minus(amount).map_err(|_| Refusal::OtherCurrency)?;
        if remaining.is_negative() || amount.is_zero() || amount.is_negative() {
            return Err(exceeded.into());
        }
        Ok(amount)
    }
}

#[cfg(test)]
mod tests;
