use money::Currency;
use uuid::Uuid;

use super::*;

fn usd(cents: i64) -> Money {
    Money::new(cents, Currency::USD)
}

fn timestamp(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Returns a transaction of 100 cents with the given claimed and settled amounts. An authorization
/// expires at second 1000.
fn transaction(kind: Kind, state: State, claimed: i64, settled: i64) -> Transaction {
    Transaction {
        id: TransactionId(Uuid::nil()),
        kind,
        state,
        parent: None,
        order: OrderId(Uuid::nil()),
        user: UserId(Uuid::nil()),
        method: "pm_test_visa".into(),
        token: Token::new("pm_test_visa"),
        provider_ref: String::new(),
        key: IdempotencyKey::new("key").unwrap(),
        amount: usd(100),
        claimed: usd(claimed),
        settled: usd(settled),
        void_requested: false,
        expires_at: (kind == Kind::Authorization).then(|| timestamp(1000)),
        decline_code: String::new(),
        reason: String::new(),
        created_at: timestamp(0),
    }
}

fn authorization(state: State, claimed: i64, settled: i64) -> Transaction {
    transaction(Kind::Authorization, state, claimed, settled)
}

fn void_requested(state: State) -> Transaction {
    Transaction { void_requested: true, ..authorization(state, 0, 0) }
}

#[test]
fn capture_claims_remaining_amount_of_live_authorization() {
    use Refusal::{
        Declined, ExceedsAuthorization, Expired, NotAuthorization, OtherCurrency, Voided,
    };
    let refused = |refusal| Err(Rejection::Permanent(refusal));
    for (parent, cents, now, expected) in [
        (authorization(State::Done, 0, 0), 100, 0, Ok(usd(100))),
        (authorization(State::Done, 60, 0), 40, 999, Ok(usd(40))),
        (authorization(State::Done, 60, 60), 41, 0, refused(ExceedsAuthorization)),
        (authorization(State::Done, 100, 0), 1, 0, refused(ExceedsAuthorization)),
        (authorization(State::Done, 0, 0), 0, 0, refused(ExceedsAuthorization)),
        (authorization(State::Done, 0, 0), -1, 0, refused(ExceedsAuthorization)),
        (authorization(State::Done, 0, 0), 1, 1000, refused(Expired)),
        (authorization(State::Expired, 0, 0), 1, 0, refused(Expired)),
        (authorization(State::Failed, 0, 0), 1, 0, refused(Declined)),
        (authorization(State::Voided, 0, 0), 1, 0, refused(Voided)),
        (void_requested(State::Done), 1, 0, refused(Voided)),
        (void_requested(State::Open), 1, 0, refused(Voided)),
        (authorization(State::Open, 0, 0), 1, 0, Err(Rejection::InProgress)),
        (transaction(Kind::Charge, State::Done, 0, 0), 1, 0, refused(NotAuthorization)),
    ] {
        assert_eq!(
            parent.capture(usd(cents), timestamp(now)),
            expected,
            "{cents} at {now} of {parent:?}"
        );
    }
    let euros = Money::new(1, "EUR".parse().unwrap());
    let other_currency = authorization(State::Done, 0, 0).capture(euros, timestamp(0));
    assert_eq!(other_currency, refused(OtherCurrency));
}

#[test]
fn refund_claims_remaining_amount_of_capture() {
    let refused = |refusal| Err(Rejection::Permanent(refusal));
    for kind in [Kind::Charge, Kind::Capture] {
        for (parent, amount, expected) in [
            (transaction(kind, State::Done, 0, 0), None, Ok(usd(100))),
            (transaction(kind, State::Done, 70, 30), None, Ok(usd(30))),
            (transaction(kind, State::Done, 70, 30), Some(usd(30)), Ok(usd(30))),
            (
                transaction(kind, State::Done, 70, 30),
                Some(usd(31)),
                refused(Refusal::ExceedsCapture),
            ),
            (transaction(kind, State::Done, 100, 100), None, refused(Refusal::ExceedsCapture)),
            (transaction(kind, State::Open, 0, 0), None, Err(Rejection::InProgress)),
            (transaction(kind, State::Failed, 0, 0), None, refused(Refusal::NotRefundable)),
        ] {
            assert_eq!(parent.refund(amount), expected, "{amount:?} of {parent:?}");
        }
    }
    for kind in [Kind::Authorization, Kind::Refund, Kind::Void] {
        let response = transaction(kind, State::Done, 0, 0).refund(None);
        assert_eq!(response, refused(Refusal::NotRefundable), "{kind:?}");
    }
}

#[test]
fn void_begins_once_and_never_after_capture() {
    let refused = |refusal| Err(Rejection::Permanent(refusal));
    for (parent, expected) in [
        (authorization(State::Open, 0, 0), Ok(VoidAction::Begin)),
        (authorization(State::Done, 0, 0), Ok(VoidAction::Begin)),
        (authorization(State::Failed, 0, 0), Ok(VoidAction::Nothing)),
        (authorization(State::Expired, 0, 0), Ok(VoidAction::Nothing)),
        (void_requested(State::Open), Ok(VoidAction::Join)),
        (void_requested(State::Done), Ok(VoidAction::Join)),
        (void_requested(State::Voided), Ok(VoidAction::Join)),
        (authorization(State::Done, 1, 0), Err(Rejection::InProgress)),
        (authorization(State::Done, 1, 1), refused(Refusal::Captured)),
        (authorization(State::Done, 2, 1), refused(Refusal::Captured)),
        (transaction(Kind::Charge, State::Done, 0, 0), refused(Refusal::NotAuthorization)),
    ] {
        assert_eq!(parent.void(), expected, "{parent:?}");
    }
}

#[test]
fn succeeded_reports_provider_outcome_unless_voided() {
    let refused = |refusal| Err(Rejection::Permanent(refusal));
    let expired = |kind| Transaction {
        decline_code: "authorization_expired".into(),
        ..transaction(kind, State::Failed, 0, 0)
    };
    for (transaction, expected) in [
        (authorization(State::Done, 100, 100), Ok(true)),
        (authorization(State::Failed, 0, 0), Ok(false)),
        (authorization(State::Open, 0, 0), Err(Rejection::InProgress)),
        (authorization(State::Expired, 0, 0), refused(Refusal::Expired)),
        (void_requested(State::Open), refused(Refusal::Voided)),
        (void_requested(State::Done), refused(Refusal::Voided)),
        (void_requested(State::Voided), refused(Refusal::Voided)),
        (transaction(Kind::Capture, State::Failed, 0, 0), Ok(false)),
        (expired(Kind::Capture), refused(Refusal::Expired)),
        (transaction(Kind::Void, State::Failed, 0, 0), refused(Refusal::Captured)),
    ] {
        assert_eq!(transaction.succeeded(), expected, "{transaction:?}");
    }
}

#[test]
fn parent_effect_depends_on_kind_and_outcome() {
    let amount = transaction(Kind::Capture, State::Open, 0, 0).amount;
    for (kind, done, failed) in [
        (Kind::Authorization, ParentEffect::None, ParentEffect::None),
        (Kind::Charge, ParentEffect::None, ParentEffect::None),
        (Kind::Capture, ParentEffect::Settle(amount), ParentEffect::Release(amount)),
        (Kind::Refund, ParentEffect::Settle(amount), ParentEffect::Release(amount)),
        (Kind::Void, ParentEffect::Void, ParentEffect::None),
    ] {
        let child = transaction(kind, State::Open, 0, 0);
        assert_eq!((child.parent_effect(true), child.parent_effect(false)), (done, failed));
    }
}

#[test]
fn stored_names_round_trip() {
    for kind in [Kind::Authorization, Kind::Charge, Kind::Capture, Kind::Refund, Kind::Void] {
        assert_eq!(Kind::from_stored(kind.as_str()), Some(kind));
    }
    for state in [State::Open, State::Done, State::Failed, State::Voided, State::Expired] {
        assert_eq!(State::from_stored(state.as_str()), Some(state));
    }
    for name in ["authorization_voided", "authorization_expired", "refund_exceeds_capture"] {
        assert_eq!(Refusal::from_stored(name).map(Refusal::as_str), Some(name));
    }
    assert_eq!(Refusal::from_stored("nonsense"), None);
}
