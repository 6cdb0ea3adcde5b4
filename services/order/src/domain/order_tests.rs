use uuid::Uuid;

use super::*;
use crate::domain::{fixtures::order, ids::RefundId};

fn usd(cents: i64) -> Money {
    Money::new(cents, Currency::USD)
}

fn given_back(cents: i64) -> Event {
    let refund = RefundId(Uuid::from_u128(9));
    Event::GivenBack { refund, amount: usd(cents), by: By::system("") }
}

fn paid() -> Order {
    let mut order = order();
    let now = order.created_at;
    order.apply(&Event::Paid { transaction: "t".into() }, now).unwrap();
    order.apply(&Event::Confirmed { tracking_number: "1Z".into() }, now).unwrap();
    order
}

#[test]
fn a_checkout_leaves_its_marks() {
    let mut order = order();
    let now = order.created_at;
    let applied = order.apply(&Event::Paid { transaction: "t".into() }, now).unwrap();
    assert_eq!(applied.messages, [Topic::TakeFromCart]);
    assert_eq!(order.status, Status::Pending);
    let confirmed = Event::Confirmed { tracking_number: "1Z".into() };
    let applied = order.apply(&confirmed, now).unwrap();
    assert_eq!((order.status, applied.change), (Status::Confirmed, Some(By::default())));
    assert_eq!(applied.messages, [Topic::ConfirmationMail]);
    assert!(order.in_cart);
    order.apply(&Event::LeftCart, now).unwrap();
    assert!(!order.in_cart);
    assert_eq!(order.left(), order.sums.total);
}

#[test]
fn a_refused_order_frees_the_cart_and_tells_why() {
    let mut order = order();
    let failure = Failure {
        code: FailureCode::PaymentDeclined,
        decline_code: "insufficient_funds".into(),
        products: Vec::new(),
    };
    let event = Event::Cancelled { failure: Some(failure.clone()), by: By::system("") };
    let now = order.created_at;
    let applied = order.apply(&event, now).unwrap();
    assert_eq!(applied.messages, [Topic::CancelledMail]);
    assert_eq!(
        (order.status, order.in_cart, order.failure.clone()),
        (Status::Cancelled, false, Some(failure))
    );
    assert!(order.left().is_zero());
}

#[test]
fn money_comes_back_in_parts_and_all_of_it_is_a_refunded_order() {
    let mut order = paid();
    let (now, total) = (order.created_at, order.sums.total.cents());
    order.apply(&given_back(100), now).unwrap();
    assert_eq!((order.status, order.refunded), (Status::Confirmed, usd(100)));
    assert_eq!(order.apply(&given_back(total), now), Err(Impossible::TooMuch));
    let applied = order.apply(&given_back(total - 100), now).unwrap();
    assert_eq!((order.status, applied.change.is_some()), (Status::Refunded, true));
    assert!(order.left().is_zero());
    assert_eq!(order.apply(&given_back(1), now), Err(Impossible::TooMuch));
}

#[test]
fn a_cancelled_order_stays_cancelled_when_its_money_comes_back() {
    let mut order = paid();
    let (now, total) = (order.created_at, order.sums.total.cents());
    order.apply(&Event::CalledOff { by: By::system("") }, now).unwrap();
    let applied = order.apply(&given_back(total), now).unwrap();
    assert_eq!((order.status, applied.change), (Status::Cancelled, None));
}

#[test]
fn an_impossible_event_changes_nothing() {
    let mut order = paid();
    let before = order.clone();
    let later = before.created_at + jiff::SignedDuration::from_secs(1);
    let event = Event::Confirmed { tracking_number: "2".into() };
    order.apply(&event, later).unwrap_err();
    assert_eq!(order, before);
}

#[test]
fn words_for_failures_are_read_back() {
    for code in FailureCode::ALL {
        assert_eq!(FailureCode::from_stored(code.as_str()), Some(code));
        assert!(code.sentence().ends_with('.'));
    }
}
