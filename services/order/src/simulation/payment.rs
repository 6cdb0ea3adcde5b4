//! Money, as payment keeps it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use money::Money;

use crate::domain::{
    call::{Outcome, Reason, Receipt, authorize_key, capture_key},
    ids::OrderId,
    order::Order,
};

/// Short, so that authorisations end during a run.
const TTL: SignedDuration = SignedDuration::from_mins(30);

/// What an authorisation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Authorization {
    Held(Timestamp),
    Declined,
    Captured,
    /// Voided, run out, or a tombstone.
    Over,
}

/// How the card behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Card {
    Good,
    Declines,
    /// Holds, and refuses to be captured.
    RefusesCapture,
    /// Refuses refunds that nobody is owed.
    RefusesRefunds,
}

#[derive(Debug, Default)]
pub(super) struct Payment {
    pub(super) cards: BTreeMap<OrderId, Card>,
    pub(super) authorizations: BTreeMap<String, Authorization>,
    /// The first answer of each key.
    answers: BTreeMap<String, Outcome>,
    pub(super) captured: BTreeMap<OrderId, Vec<i64>>,
    pub(super) refunded: BTreeMap<OrderId, Vec<i64>>,
}

fn refused(text: &str, decline_code: &str) -> Outcome {
    Outcome::Rejected(Reason {
        text: text.into(),
        decline_code: decline_code.into(),
        ..Reason::default()
    })
}

impl Payment {
    fn card(&self, order: OrderId) -> Card {
        self.cards.get(&order).copied().unwrap_or(Card::Good)
    }

    pub(super) fn authorize(&mut self, order: &Order, now: Timestamp) -> Outcome {
        let key = authorize_key(order.id);
        let id = Receipt(format!("authorization of {}", order.id));
        match self.authorizations.get(&key) {
            Some(Authorization::Held(_) | Authorization::Captured) => return Outcome::Done(id),
            Some(Authorization::Declined) => return refused("declined", "card_declined"),
            Some(Authorization::Over) => return refused("over", ""),
            None => {}
        }
        if self.card(order.id) == Card::Declines {
            self.authorizations.insert(key, Authorization::Declined);
            return refused("declined", "card_declined");
        }
        self.authorizations.insert(key, Authorization::Held(now + TTL));
        Outcome::Done(id)
    }

    pub(super) fn capture(&mut self, order: &Order, now: Timestamp) -> Outcome {
        let key = capture_key(order.id);
        if let Some(answer) = self.answers.get(&key) {
            return answer.clone();
        }
        let authorization = self.authorizations.get(&authorize_key(order.id)).copied();
        let refuses = self.card(order.id) == Card::RefusesCapture;
        let answer = match authorization {
            Some(Authorization::Held(until)) if until > now && !refuses => {
                self.authorizations.insert(authorize_key(order.id), Authorization::Captured);
                self.captured.entry(order.id).or_default().push(order.sums.total.cents());
                Outcome::Done(Receipt(format!("capture of {}", order.id)))
            }
            _ => refused("nothing to capture", ""),
        };
        self.answers.insert(key, answer.clone());
        answer
    }

    pub(super) fn void(&mut self, order: &Order) -> Outcome {
        let key = authorize_key(order.id);
        match self.authorizations.get(&key) {
            Some(Authorization::Captured) => return refused("captured", ""),
            Some(Authorization::Declined) => {}
            Some(Authorization::Held(_) | Authorization::Over) | None => {
                self.authorizations.insert(key, Authorization::Over);
            }
        }
        Outcome::Done(Receipt::default())
    }

    pub(super) fn refund(
        &mut self,
        order: &Order,
        key: String,
        amount: Money,
        comes_round: bool,
    ) -> Outcome {
        if let Some(answer) = self.answers.get(&key) {
            return answer.clone();
        }
        let sum = |moved: &BTreeMap<OrderId, Vec<i64>>| -> i64 {
            moved.get(&order.id).map_or(0, |cents| cents.iter().sum())
        };
        let left = sum(&self.captured) - sum(&self.refunded);
        let refuses = self.card(order.id) == Card::RefusesRefunds && !comes_round;
        let answer = if refuses || amount.cents() > left {
            refused("not refunded", "")
        } else {
            self.refunded.entry(order.id).or_default().push(amount.cents());
            Outcome::Done(Receipt(format!("refund {key}")))
        };
        self.answers.insert(key, answer.clone());
        answer
    }
}
