//! Messages on their way out: written with what they tell of, delivered at least once, each with a
//! key of its own so that the other side acts on it once.

use jiff::Timestamp;
use money::Money;

use super::{
    call::Outcome,
    event::Event,
    ids::{MessageId, OrderId, RefundId},
    pace::{MESSAGE_CAP, pause},
};

/// What a message is about. An order has at most one message of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Takes the ordered units out of the cart.
    TakeFromCart,
    /// The order is confirmed.
    ConfirmationMail,
    /// The order is cancelled.
    CancelledMail,
    /// The order is with the carrier.
    ShippedMail,
    /// Money was given back.
    RefundMail {
        /// By which refund.
        refund: RefundId,
        /// How much.
        amount: Money,
    },
}

impl Topic {
    /// A word for metrics, and the stored name but for the refund's id.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::TakeFromCart => "cart",
            Self::ConfirmationMail => "confirmation",
            Self::CancelledMail => "cancelled",
            Self::ShippedMail => "shipped",
            Self::RefundMail { .. } => "refund",
        }
    }

    /// The key by which the other side knows a repeat.
    pub fn key(&self, order: OrderId) -> String {
        match self {
            Self::RefundMail { refund, .. } => format!("{order}:refund:{refund}"),
            Self::TakeFromCart
            | Self::ConfirmationMail
            | Self::CancelledMail
            | Self::ShippedMail => format!("{order}:{}", self.as_str()),
        }
    }
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// To be delivered.
    Waiting,
    /// The other side has it.
    Delivered,
    /// The other side refused it for good.
    Refused,
}

/// A message and how often it was tried, this try included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The order it is about.
    pub order: OrderId,
    /// What it is about.
    pub topic: Topic,
    /// Where it stands.
    pub state: State,
    /// Tries to deliver it.
    pub attempts: u32,
}

/// What becomes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Where it stands then.
    pub state: State,
    /// When it is tried again, if it waits.
    pub due_at: Timestamp,
    /// What happens to the order.
    pub events: Vec<Event>,
}

/// What comes of a try. A mail that is refused is given up. Units are never left in a cart, for they
/// could be bought twice: that is asked for until it is done.
pub fn next(message: &Message, outcome: &Outcome, now: Timestamp) -> Transition {
    let end = |state| Transition { state, due_at: now, events: Vec::new() };
    let again = || Transition {
        state: State::Waiting,
        due_at: now + pause(message.attempts, MESSAGE_CAP),
        events: Vec::new(),
    };
    match (message.state, outcome) {
        (State::Waiting, Outcome::Done(_)) => match message.topic {
            Topic::TakeFromCart => {
                Transition { events: vec![Event::LeftCart], ..end(State::Delivered) }
            }
            Topic::ConfirmationMail
            | Topic::CancelledMail
            | Topic::ShippedMail
            | Topic::RefundMail { .. } => end(State::Delivered),
        },
        (State::Waiting, Outcome::Rejected(_)) => match message.topic {
            Topic::TakeFromCart => again(),
            Topic::ConfirmationMail
            | Topic::CancelledMail
            | Topic::ShippedMail
            | Topic::RefundMail { .. } => end(State::Refused),
        },
        (State::Waiting, Outcome::Unknown(_)) => again(),
        (
            state @ (State::Delivered | State::Refused),
            Outcome::Done(_) | Outcome::Rejected(_) | Outcome::Unknown(_),
        ) => end(state),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::call::{Reason, Receipt};

    fn message(topic: Topic, state: State) -> Message {
        let (id, order) = (MessageId(Uuid::nil()), OrderId(Uuid::nil()));
        Message { id, order, topic, state, attempts: 1 }
    }

    #[test]
    fn mails_are_given_up_when_refused_and_cart_units_never() {
        let done = Outcome::Done(Receipt::default());
        let rejected = Outcome::Rejected(Reason::default());
        let unknown = Outcome::Unknown(String::new());
        let now = Timestamp::UNIX_EPOCH;
        for (topic, outcome, state) in [
            (Topic::TakeFromCart, &done, State::Delivered),
            (Topic::TakeFromCart, &rejected, State::Waiting),
            (Topic::TakeFromCart, &unknown, State::Waiting),
            (Topic::ConfirmationMail, &done, State::Delivered),
            (Topic::ConfirmationMail, &rejected, State::Refused),
            (Topic::ConfirmationMail, &unknown, State::Waiting),
        ] {
            let cart = topic == Topic::TakeFromCart;
            let turned = next(&message(topic, State::Waiting), outcome, now);
            assert_eq!(turned.state, state, "{outcome:?}");
            assert_eq!(turned.due_at > now, state == State::Waiting);
            assert_eq!(turned.events == [Event::LeftCart], cart && state == State::Delivered);
        }
    }

    #[test]
    fn what_has_ended_stays_so() {
        for state in [State::Delivered, State::Refused] {
            let outcome = Outcome::Done(Receipt::default());
            let turned =
                next(&message(Topic::TakeFromCart, state), &outcome, Timestamp::UNIX_EPOCH);
            assert_eq!((turned.state, turned.events.len()), (state, 0));
        }
    }
}
