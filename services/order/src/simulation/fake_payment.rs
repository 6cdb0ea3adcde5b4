//! The fake payment service: authorizations, captures and refunds.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use money::Money;

use crate::domain::call::{authorize_key, capture_key};
use crate::domain::ids::OrderId;
use crate::domain::order::Order;
use crate::domain::outcome::{Outcome, Reason, Receipt};

/// Short, so that authorizations expire during a run.
const AUTHORIZATION_TTL: SignedDuration = SignedDuration::from_mins(30);

/// State of an authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Authorization {
    Held(Timestamp),
    Declined,
    Captured,
    /// Voided, expired, or the tombstone of a void that came first.
    Ended,
}

/// Behavior of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Card {
    Good,
    Declines,
    /// Authorizes, but rejects the capture.
    RefusesCapture,
    /// Rejects refunds, except those that are owed after some attempts.
    RefusesRefunds,
}

#[derive(Debug, Default)]
pub(super) struct FakePayment {
    pub(super) cards: BTreeMap<OrderId, Card>,
    pub(super) authorizations: BTreeMap<String, Authorization>,
    /// The first response to each idempotency key.
    responses: BTreeMap<String, Outcome>,
    pub(super) captured: BTreeMap<OrderId, Vec<i64>>,
    pub(super) refunded: BTreeMap<OrderId, Vec<i64>>,
}

fn rejected(text: &str, decline_code: &str) -> Outcome {
    Outcome::Rejected(Reason {
        text: text.into(),
        decline_code: decline_code.into(),
        ..Reason::default()
    })
}

impl FakePayment {
    fn card(&self, order: OrderId) -> Card {
        self.cards.get(&order).copied().unwrap_or(Card::Good)
    }

    pub(super) fn authorize(&mut self, order: &Order, now: Timestamp) -> Outcome {
        let key = authorize_key(order.id);
        let id = Receipt(format!("authorization of {}", order.id));
        match self.authorizations.get(&key) {
            Some(Authorization::Held(_) | Authorization::Captured) => return Outcome::Done(id),
            Some(Authorization::Declined) => return rejected("declined", "card_declined"),
            Some(Authorization::Ended) => return rejected("authorization ended", ""),
            None => {}
        }
        if self.card(order.id) == Card::Declines {
            self.authorizations.insert(key, Authorization::Declined);
            return rejected("declined", "card_declined");
        }
        self.authorizations.insert(key, Authorization::Held(now + AUTHORIZATION_TTL));
        Outcome::Done(id)
    }

    pub(super) fn capture(&mut self, order: &Order, now: Timestamp) -> Outcome {
        let key = capture_key(order.id);
        if let Some(response) = self.responses.get(&key) {
            return response.clone();
        }
        let authorization = self.authorizations.get(&authorize_key(order.id)).copied();
        let refuses = self.card(order.id) == Card::RefusesCapture;
        let response = match authorization {
            Some(Authorization::Held(expires_at)) if expires_at > now && !refuses => {
                self.authorizations.insert(authorize_key(order.id), Authorization::Captured);
                self.captured.entry(order.id).or_default().push(order.sums.total.cents());
                Outcome::Done(Receipt(format!("capture of {}", order.id)))
            }
            _ => rejected("nothing to capture", ""),
        };
        self.responses.insert(key, response.clone());
        response
    }

    pub(super) fn void(&mut self, order: &Order) -> Outcome {
        let key = authorize_key(order.id);
        match self.authorizations.get(&key) {
            Some(Authorization::Captured) => return rejected("captured", ""),
            Some(Authorization::Declined) => {}
            Some(Authorization::Held(_) | Authorization::Ended) | None => {
                self.authorizations.insert(key, Authorization::Ended);
            }
        }
        Outcome::Done(Receipt::default())
    }

    pub(super) fn refund(
        &mut self,
        order: &Order,
        key: String,
        amount: Money,
        accepts_owed_refund: bool,
    ) -> Outcome {
        if let Some(response) = self.responses.get(&key) {
            return response.clone();
        }
        let sum = |amounts: &BTreeMap<OrderId, Vec<i64>>| -> i64 {
            amounts.get(&order.id).map_or(0, |cents| cents.iter().sum())
        };
        let remaining = sum(&self.captured) - sum(&self.refunded);
        let refuses = self.card(order.id) == Card::RefusesRefunds && !accepts_owed_refund;
        let response = if refuses || amount.cents() > remaining {
            rejected("not refunded", "")
        } else {
            self.refunded.entry(order.id).or_default().push(amount.cents());
            Outcome::Done(Receipt(format!("refund {key}")))
        };
        self.responses.insert(key, response.clone());
        response
    }
}
