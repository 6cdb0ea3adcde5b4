use money::Currency;
use uuid::Uuid;

use super::*;

fn usd(cents: i64) -> Money {
    Money::new(cents, Currency::USD)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// 100 cents, of which `claimed` and `settled` are taken; expires at second 1000.
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
        key: Key::new("key").unwrap(),
        amount: usd(100),
        claimed: usd(claimed),
        settled: usd(settled),
        undone: false,
        expires_at: (kind == Kind::Authorization).then(|| at(1000)),
        decline_code: String::new(),
        reason: String::new(),
        created_at: at(0),
    }
}

fn authorization(state: State, claimed: i64, settled: i64) -> Transaction {
    transaction(Kind::Authorization, state, claimed, settled)
}

fn undone(state: State) -> Transaction {
    Transaction { undone: true, ..authorization(state, 0, 0) }
}

#[test]
fn a_capture_takes_what_is_left_of_a_live_authorisation() {
    use Refusal::{
        Declined, ExceedsAuthorization, Expired, NotAuthorization, OtherCurrency, Voided,
    };
    let refused = |refusal| Err(Hindrance::Refused(refusal));
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
        (undone(State::Done), 1, 0, refused(Voided)),
        (undone(State::Open), 1, 0, refused(Voided)),
        (authorization(State::Open, 0, 0), 1, 0, Err(Hindrance::Busy)),
        (transaction(Kind::Charge, State::Done, 0, 0), 1, 0, refused(NotAuthorization)),
    ] {
        assert_eq!(parent.capture(usd(cents), at(now)), expected, "{cents} at {now} of {parent:?}");
    }
    let euros = Money::new(1, "EUR".parse().unwrap());
    let of_dollars = authorization(State::Done, 0, 0).capture(euros, at(0));
    assert_eq!(of_dollars, refused(OtherCurrency));
}

#[test]
fn a_refund_takes_what_is_left_of_money_that_was_taken() {
    let refused = |refusal| Err(Hindrance::Refused(refusal));
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
            (transaction(kind, State::Open, 0, 0), None, Err(Hindrance::Busy)),
            (transaction(kind, State::Failed, 0, 0), None, refused(Refusal::NotRefundable)),
        ] {
            assert_eq!(parent.refund(amount), expected, "{amount:?} of {parent:?}");
        }
    }
    for kind in [Kind::Authorization, Kind::Refund, Kind::Void] {
        let answer = transaction(kind, State::Done, 0, 0).refund(None);
        assert_eq!(answer, refused(Refusal::NotRefundable), "{kind:?}");
    }
}

#[test]
fn a_void_begins_once_and_never_after_a_capture() {
    let refused = |refusal| Err(Hindrance::Refused(refusal));
    for (parent, expected) in [
        (authorization(State::Open, 0, 0), Ok(Undoing::Begin)),
        (authorization(State::Done, 0, 0), Ok(Undoing::Begin)),
        (authorization(State::Failed, 0, 0), Ok(Undoing::Nothing)),
        (authorization(State::Expired, 0, 0), Ok(Undoing::Nothing)),
        (undone(State::Open), Ok(Undoing::Join)),
        (undone(State::Done), Ok(Undoing::Join)),
        (undone(State::Voided), Ok(Undoing::Join)),
        (authorization(State::Done, 1, 0), Err(Hindrance::Busy)),
        (authorization(State::Done, 1, 1), refused(Refusal::Captured)),
        (authorization(State::Done, 2, 1), refused(Refusal::Captured)),
        (transaction(Kind::Charge, State::Done, 0, 0), refused(Refusal::NotAuthorization)),
    ] {
        assert_eq!(parent.void(), expected, "{parent:?}");
    }
}

#[test]
fn an_answer_is_what_the_provider_said_unless_the_undo_was_first() {
    let refused = |refusal| Err(Hindrance::Refused(refusal));
    let expired = |kind| Transaction {
        decline_code: "authorization_expired".into(),
        ..transaction(kind, State::Failed, 0, 0)
    };
    for (transaction, expected) in [
        (authorization(State::Done, 100, 100), Ok(true)),
        (authorization(State::Failed, 0, 0), Ok(false)),
        (authorization(State::Open, 0, 0), Err(Hindrance::Busy)),
        (authorization(State::Expired, 0, 0), refused(Refusal::Expired)),
        (undone(State::Open), refused(Refusal::Voided)),
        (undone(State::Done), refused(Refusal::Voided)),
        (undone(State::Voided), refused(Refusal::Voided)),
        (transaction(Kind::Capture, State::Failed, 0, 0), Ok(false)),
        (expired(Kind::Capture), refused(Refusal::Expired)),
        (transaction(Kind::Void, State::Failed, 0, 0), refused(Refusal::Captured)),
    ] {
        assert_eq!(transaction.answer(), expected, "{transaction:?}");
    }
}

#[test]
fn a_parent_is_settled_released_or_voided_by_how_its_child_ended() {
    let amount = transaction(Kind::Capture, State::Open, 0, 0).amount;
    for (kind, done, failed) in [
        (Kind::Authorization, Consequence::Nothing, Consequence::Nothing),
        (Kind::Charge, Consequence::Nothing, Consequence::Nothing),
        (Kind::Capture, Consequence::Settles(amount), Consequence::Releases(amount)),
        (Kind::Refund, Consequence::Settles(amount), Consequence::Releases(amount)),
        (Kind::Void, Consequence::Voids, Consequence::Nothing),
    ] {
        let movement = transaction(kind, State::Open, 0, 0);
        assert_eq!((movement.consequence(true), movement.consequence(false)), (done, failed));
    }
}

#[test]
fn words_are_read_back() {
    for kind in [Kind::Authorization, Kind::Charge, Kind::Capture, Kind::Refund, Kind::Void] {
        assert_eq!(Kind::from_stored(kind.as_str()), Some(kind));
    }
    for state in [State::Open, State::Done, State::Failed, State::Voided, State::Expired] {
        assert_eq!(State::from_stored(state.as_str()), Some(state));
    }
    for word in ["authorization_voided", "authorization_expired", "refund_exceeds_capture"] {
        assert_eq!(Refusal::from_stored(word).map(Refusal::as_str), Some(word));
    }
    assert_eq!(Refusal::from_stored("nonsense"), None);
}
