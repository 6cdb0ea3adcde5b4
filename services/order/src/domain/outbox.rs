//! The transactional outbox: messages are written in the transaction of the change that they
//! report, and delivered at least once. Each has an idempotency key, so that the receiver acts on
//! it once.

use jiff::{SignedDuration, Timestamp};
use money::Money;

use super::backoff::{MAX_MESSAGE_BACKOFF, backoff};
use super::event::Event;
use super::ids::{MessageId, OrderId, RefundId};
use super::outcome::Outcome;

/// Time after the first attempt at which units are no longer removed from the cart. The cart
/// service remembers the customer's last order for a day longer, so that no repeat is taken for a
/// new order.
const CART_RETRY_PERIOD: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Topic of a message. An order has at most one message of each topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Removes the ordered units from the cart.
    TakeFromCart,
    /// Mail: the order is confirmed.
    ConfirmationMail,
    /// Mail: the order is cancelled.
    CancelledMail,
    /// Mail: the carrier has the parcel.
    ShippedMail,
    /// Mail: money was refunded.
    RefundMail {
        /// The refund saga.
        refund: RefundId,
        /// Refunded amount.
        amount: Money,
    },
}

impl Topic {
    /// Returns the name for metrics, which is also stored; the id of a refund is stored in another
    /// column.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::TakeFromCart => "cart",
            Self::ConfirmationMail => "confirmation",
            Self::CancelledMail => "cancelled",
            Self::ShippedMail => "shipped",
            Self::RefundMail { .. } => "refund",
        }
    }

    /// Returns whether a message that was first tried at `tried_at` must not be sent any more.
    /// Mails do not expire.
    #[must_use]
    pub fn is_expired(&self, tried_at: Timestamp, now: Timestamp) -> bool {
        *self == Self::TakeFromCart && now.duration_since(tried_at) > CART_RETRY_PERIOD
    }

    /// Returns the idempotency key of the delivery.
    #[must_use]
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

/// State of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The message is not delivered yet.
    Waiting,
    /// The receiver accepted it.
    Delivered,
    /// The receiver permanently rejected it.
    Refused,
}

/// An outbox message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Id of the message.
    pub id: MessageId,
    /// Order that the message is about.
    pub order: OrderId,
    /// Topic of the message.
    pub topic: Topic,
    /// State of the delivery.
    pub state: State,
    /// Delivery attempts, including the current one.
    pub attempts: u32,
    /// Whether it is too late to send it: it is closed without an attempt.
    pub is_expired: bool,
}

/// Transition of a message after an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// State after the attempt.
    pub state: State,
    /// Time of the next attempt, if the message is still waiting.
    pub due_at: Timestamp,
    /// Events for the order.
    pub events: Vec<Event>,
}

/// Returns the transition after a delivery attempt. A rejected mail is abandoned. Removing units
/// from the cart is retried until the message expires: units that stay there could be bought twice.
/// Then the units stay in the cart, and the customer can order again.
#[must_use]
pub fn next(message: &Message, outcome: &Outcome, now: Timestamp) -> Transition {
    let end = |state| Transition { state, due_at: now, events: Vec::new() };
    let retry = || Transition {
        state: State::Waiting,
        due_at: now + backoff(message.attempts, MAX_MESSAGE_BACKOFF),
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
            Topic::TakeFromCart if message.is_expired => {
                Transition { events: vec![Event::LeftCart], ..end(State::Refused) }
            }
            Topic::TakeFromCart => retry(),
            Topic::ConfirmationMail
            | Topic::CancelledMail
            | Topic::ShippedMail
            | Topic::RefundMail { .. } => end(State::Refused),
        },
        (State::Waiting, Outcome::Unknown(_)) => retry(),
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
    use crate::domain::outcome::{Reason, Receipt};

    fn message(topic: Topic, state: State) -> Message {
        let (id, order) = (MessageId(Uuid::nil()), OrderId(Uuid::nil()));
        Message { id, order, topic, state, attempts: 1, is_expired: false }
    }

    #[test]
    fn rejected_mail_is_abandoned_and_cart_removal_is_retried() {
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
            let transition = next(&message(topic, State::Waiting), outcome, now);
            assert_eq!(transition.state, state, "{outcome:?}");
            assert_eq!(transition.due_at > now, state == State::Waiting);
            assert_eq!(transition.events == [Event::LeftCart], cart && state == State::Delivered);
        }
    }

    #[test]
    fn cart_removal_expires_7_days_after_first_attempt() {
        let tried_at = Timestamp::UNIX_EPOCH;
        let after = |secs| tried_at + SignedDuration::from_secs(secs);
        let week = 7 * 24 * 3600;
        assert!(!Topic::TakeFromCart.is_expired(tried_at, after(week)));
        assert!(Topic::TakeFromCart.is_expired(tried_at, after(week + 1)));
        assert!(!Topic::ConfirmationMail.is_expired(tried_at, after(week + 1)));

        let expired = Message { is_expired: true, ..message(Topic::TakeFromCart, State::Waiting) };
        let transition = next(&expired, &Outcome::Rejected(Reason::default()), tried_at);
        assert_eq!(transition.state, State::Refused);
        assert_eq!(transition.events, [Event::LeftCart], "the customer can order again");
    }

    #[test]
    fn ended_message_does_not_change() {
        for state in [State::Delivered, State::Refused] {
            let outcome = Outcome::Done(Receipt::default());
            let transition =
                next(&message(Topic::TakeFromCart, state), &outcome, Timestamp::UNIX_EPOCH);
            assert_eq!((transition.state, transition.events.len()), (state, 0));
        }
    }
}
