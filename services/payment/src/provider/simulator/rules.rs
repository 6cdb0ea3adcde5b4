//! Decision rules of the simulated provider.

use jiff::Timestamp;

use super::super::Command;

/// Behavior of a test card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CardBehavior {
    Succeeds,
    Declined,
    InsufficientFunds,
    /// Executes the command, and responds to the first request of a key with a long delay.
    AnswersLate,
    /// Executes the command, and never responds to the first request of a key.
    LosesReply,
}

impl CardBehavior {
    /// Returns the stored name.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Succeeds => "succeeds",
            Self::Declined => "declined",
            Self::InsufficientFunds => "insufficient_funds",
            Self::AnswersLate => "answers_late",
            Self::LosesReply => "loses_reply",
        }
    }

    /// The inverse of [`CardBehavior::as_str`].
    pub(super) fn from_stored(stored: &str) -> Option<Self> {
        use CardBehavior::{AnswersLate, Declined, InsufficientFunds, LosesReply, Succeeds};
        [Succeeds, Declined, InsufficientFunds, AnswersLate, LosesReply]
            .into_iter()
            .find(|behavior| behavior.as_str() == stored)
    }

    pub(super) fn for_card(number: &str) -> Self {
        match number {
            "4000000000000002" => Self::Declined,
            "4000000000009995" => Self::InsufficientFunds,
            _ => Self::Succeeds,
        }
    }

    pub(super) fn for_test_method(id: &str) -> Option<Self> {
        match id {
            "pm_test_visa" => Some(Self::Succeeds),
            "pm_test_declined" => Some(Self::Declined),
            "pm_test_insufficient_funds" => Some(Self::InsufficientFunds),
            "pm_test_timeout" => Some(Self::AnswersLate),
            "pm_test_lost_reply" => Some(Self::LosesReply),
            _ => None,
        }
    }

    /// Returns the decline code of payments with the card, if it declines them.
    pub(super) fn decline(self) -> Option<&'static str> {
        match self {
            Self::Succeeds | Self::AnswersLate | Self::LosesReply => None,
            Self::Declined => Some("card_declined"),
            Self::InsufficientFunds => Some("insufficient_funds"),
        }
    }
}

/// Earlier movement, with the sum of what followed it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parent {
    pub(super) follow_up: FollowUp,
    pub(super) succeeded: bool,
    pub(super) amount_cents: i64,
    /// Captures of an authorization, or refunds of a capture or charge.
    pub(super) taken_cents: i64,
    pub(super) is_voided: bool,
    pub(super) expires_at: Option<Timestamp>,
}

/// Commands that can follow a movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FollowUp {
    /// After an authorization: captures and voids.
    CaptureOrVoid,
    /// After a capture or charge: refunds.
    Refund,
    /// No command.
    None,
}

impl Parent {
    /// Returns the decline code of a command on this movement, if it is declined.
    pub(super) fn decline(&self, command: &Command, now: Timestamp) -> Option<&'static str> {
        match command {
            Command::Capture { amount, .. } => self.capture(amount.cents(), now),
            Command::Void { .. } => self.void(),
            Command::Refund { amount, .. } => self.refund(amount.cents()),
            Command::Authorize { .. } | Command::Charge { .. } => None,
        }
    }

    /// Returns the decline code of a capture, if it is declined.
    fn capture(&self, cents: i64, now: Timestamp) -> Option<&'static str> {
        if self.follow_up != FollowUp::CaptureOrVoid || !self.succeeded {
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

    /// Returns the decline code of a void, if it is declined. An expired authorization may be
    /// voided.
    fn void(&self) -> Option<&'static str> {
        if self.follow_up != FollowUp::CaptureOrVoid || !self.succeeded {
            return Some("no_such_authorization");
        }
        (self.taken_cents > 0).then_some("authorization_captured")
    }

    /// Returns the decline code of a refund, if it is declined.
    fn refund(&self, cents: i64) -> Option<&'static str> {
        if self.follow_up != FollowUp::Refund || !self.succeeded {
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

    fn parent(follow_up: FollowUp, taken_cents: i64) -> Parent {
        Parent {
            follow_up,
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
            assert_eq!(CardBehavior::for_card(number).decline(), decline, "{number}");
        }
        for (id, decline) in [
            ("pm_test_visa", None),
            ("pm_test_timeout", None),
            ("pm_test_lost_reply", None),
            ("pm_test_declined", Some("card_declined")),
            ("pm_test_insufficient_funds", Some("insufficient_funds")),
        ] {
            let behavior = CardBehavior::for_test_method(id).unwrap();
            assert_eq!(behavior.decline(), decline, "{id}");
            assert_eq!(CardBehavior::from_stored(behavior.as_str()), Some(behavior));
        }
        assert_eq!(CardBehavior::for_test_method("pm_test_other"), None);
    }

    #[test]
    fn authorization_is_captured_or_voided_until_it_expires() {
        let (before_expiry, at_expiry) =
            (Timestamp::UNIX_EPOCH, Timestamp::from_second(1000).unwrap());
        let authorization = |taken_cents| parent(FollowUp::CaptureOrVoid, taken_cents);
        assert_eq!(authorization(0).capture(100, before_expiry), None);
        assert_eq!(authorization(60).capture(41, before_expiry), Some("amount_too_large"));
        assert_eq!(authorization(0).capture(1, at_expiry), Some("authorization_expired"));
        let voided = Parent { is_voided: true, ..authorization(0) };
        assert_eq!(voided.capture(1, before_expiry), Some("authorization_voided"));
        assert_eq!(voided.void(), None);
        assert_eq!(authorization(1).void(), Some("authorization_captured"));
        let declined = Parent { succeeded: false, ..authorization(0) };
        assert_eq!(declined.capture(1, before_expiry), Some("no_such_authorization"));
        assert_eq!(declined.void(), Some("no_such_authorization"));
        assert_eq!(authorization(0).refund(1), Some("no_such_charge"));
    }

    #[test]
    fn refund_is_limited_to_captured_amount() {
        assert_eq!(parent(FollowUp::Refund, 0).refund(100), None);
        assert_eq!(parent(FollowUp::Refund, 60).refund(41), Some("amount_too_large"));
        let refund = parent(FollowUp::None, 0);
        assert_eq!(refund.refund(1), Some("no_such_charge"));
        assert_eq!(refund.void(), Some("no_such_authorization"));
    }
}
