//! How the simulated provider decides.

use jiff::Timestamp;

use super::super::Command;

/// How payments with a card go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behaviour {
    Succeeds,
    Declined,
    InsufficientFunds,
    /// Acts, and answers the first request of a key long after.
    AnswersLate,
    /// Acts, and never answers the first request of a key.
    LosesReply,
}

impl Behaviour {
    /// As stored.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Succeeds => "succeeds",
            Self::Declined => "declined",
            Self::InsufficientFunds => "insufficient_funds",
            Self::AnswersLate => "answers_late",
            Self::LosesReply => "loses_reply",
        }
    }

    /// The inverse of [`Behaviour::as_str`].
    pub(super) fn from_stored(word: &str) -> Option<Self> {
        use Behaviour::{AnswersLate, Declined, InsufficientFunds, LosesReply, Succeeds};
        [Succeeds, Declined, InsufficientFunds, AnswersLate, LosesReply]
            .into_iter()
            .find(|behaviour| behaviour.as_str() == word)
    }

    pub(super) fn of_card(number: &str) -> Self {
        match number {
            "4000000000000002" => Self::Declined,
            "4000000000009995" => Self::InsufficientFunds,
            _ => Self::Succeeds,
        }
    }

    pub(super) fn of_test_method(id: &str) -> Option<Self> {
        match id {
            "pm_test_visa" => Some(Self::Succeeds),
            "pm_test_declined" => Some(Self::Declined),
            "pm_test_insufficient_funds" => Some(Self::InsufficientFunds),
            "pm_test_timeout" => Some(Self::AnswersLate),
            "pm_test_lost_reply" => Some(Self::LosesReply),
            _ => None,
        }
    }

    /// Why money cannot be had from the card, if it cannot.
    pub(super) fn decline(self) -> Option<&'static str> {
        match self {
            Self::Succeeds | Self::AnswersLate | Self::LosesReply => None,
            Self::Declined => Some("card_declined"),
            Self::InsufficientFunds => Some("insufficient_funds"),
        }
    }
}

/// What was held or taken before, with what became of it since.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parent {
    pub(super) takes: Takes,
    pub(super) succeeded: bool,
    pub(super) amount_cents: i64,
    /// Captures of what is held, or refunds of what was taken.
    pub(super) taken_cents: i64,
    pub(super) is_voided: bool,
    pub(super) expires_at: Option<Timestamp>,
}

/// What can be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// It is held: captures and voids.
    Captures,
    /// It was taken: refunds.
    Refunds,
    /// Neither.
    Nothing,
}

impl Parent {
    /// Why what is commanded cannot be, if it cannot.
    pub(super) fn decline(&self, command: &Command, now: Timestamp) -> Option<&'static str> {
        match command {
            Command::Capture { amount, .. } => self.capture(amount.cents(), now),
            Command::Void { .. } => self.void(),
            Command::Refund { amount, .. } => self.refund(amount.cents()),
            Command::Authorise { .. } | Command::Charge { .. } => None,
        }
    }

    /// Why it cannot be captured, if it cannot.
    fn capture(&self, cents: i64, now: Timestamp) -> Option<&'static str> {
        if self.takes != Takes::Captures || !self.succeeded {
            return Some("no_such_authorization");
        }
        if self.is_voided {
            return Some("authorization_voided");
        }
        if self.expires_at.is_some_and(|end| end <= now) {
            return Some("authorization_expired");
        }
        self.exceeds(cents)
    }

    /// Why it cannot be voided, if it cannot. What ended by itself may be voided.
    fn void(&self) -> Option<&'static str> {
        if self.takes != Takes::Captures || !self.succeeded {
            return Some("no_such_authorization");
        }
        (self.taken_cents > 0).then_some("authorization_captured")
    }

    /// Why it cannot be given back, if it cannot.
    fn refund(&self, cents: i64) -> Option<&'static str> {
        if self.takes != Takes::Refunds || !self.succeeded {
            return Some("no_such_charge");
        }
        self.exceeds(cents)
    }

    fn exceeds(&self, cents: i64) -> Option<&'static str> {
        (cents > self.amount_cents - self.taken_cents).then_some("amount_too_large")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(takes: Takes, taken_cents: i64) -> Parent {
        Parent {
            takes,
            succeeded: true,
            amount_cents: 100,
            taken_cents,
            is_voided: false,
            expires_at: Some(Timestamp::from_second(1000).unwrap()),
        }
    }

    #[test]
    fn test_cards_and_methods_behave_as_documented() {
        for (number, decline) in [
            ("4242424242424242", None),
            ("5555555555554444", None),
            ("4000000000000002", Some("card_declined")),
            ("4000000000009995", Some("insufficient_funds")),
        ] {
            assert_eq!(Behaviour::of_card(number).decline(), decline, "{number}");
        }
        for (id, decline) in [
            ("pm_test_visa", None),
            ("pm_test_timeout", None),
            ("pm_test_lost_reply", None),
            ("pm_test_declined", Some("card_declined")),
            ("pm_test_insufficient_funds", Some("insufficient_funds")),
        ] {
            let behaviour = Behaviour::of_test_method(id).unwrap();
            assert_eq!(behaviour.decline(), decline, "{id}");
            assert_eq!(Behaviour::from_stored(behaviour.as_str()), Some(behaviour));
        }
        assert_eq!(Behaviour::of_test_method("pm_test_other"), None);
    }

    #[test]
    fn held_money_is_captured_or_voided_while_it_is_held() {
        let (early, late) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(1000).unwrap());
        let held = |taken| parent(Takes::Captures, taken);
        assert_eq!(held(0).capture(100, early), None);
        assert_eq!(held(60).capture(41, early), Some("amount_too_large"));
        assert_eq!(held(0).capture(1, late), Some("authorization_expired"));
        let voided = Parent { is_voided: true, ..held(0) };
        assert_eq!(voided.capture(1, early), Some("authorization_voided"));
        assert_eq!(voided.void(), None);
        assert_eq!(held(1).void(), Some("authorization_captured"));
        let declined = Parent { succeeded: false, ..held(0) };
        assert_eq!(declined.capture(1, early), Some("no_such_authorization"));
        assert_eq!(declined.void(), Some("no_such_authorization"));
        assert_eq!(held(0).refund(1), Some("no_such_charge"));
    }

    #[test]
    fn taken_money_is_given_back_as_far_as_it_goes() {
        assert_eq!(parent(Takes::Refunds, 0).refund(100), None);
        assert_eq!(parent(Takes::Refunds, 60).refund(41), Some("amount_too_large"));
        let refund = parent(Takes::Nothing, 0);
        assert_eq!(refund.refund(1), Some("no_such_charge"));
        assert_eq!(refund.void(), Some("no_such_authorization"));
    }
}
