use uuid::Uuid;

use super::*;
use crate::domain::failure::FailureCode;
use crate::domain::fixtures::order;
use crate::domain::ids::RefundId;

fn usd(cents: i64) -> Money {
    Money::new(cents, Currency::USD)
}

fn refund_event(cents: i64) -> Event {
    let refund = RefundId(Uuid::from_u128(9));
    Event::Refunded { refund, amount: usd(cents), actor: Actor::system("") }
}

fn paid() -> Order {
    let mut order = order();
    let now = order.created_at;
    order.apply(&Event::Paid { transaction: "t".into() }, now).unwrap();
    order.apply(&Event::Confirmed { tracking_number: "1Z".into() }, now).unwrap();
    order
}

#[test]
fn checkout_events_set_payment_status_and_messages() {
    let mut order = order();
    let now = order.created_at;
    let applied = order.apply(&Event::Paid { transaction: "t".into() }, now).unwrap();
    assert_eq!(applied.messages, [Topic::TakeFromCart]);
    assert_eq!(order.status, Status::Pending);
    let confirmed = Event::Confirmed { tracking_number: "1Z".into() };
    let applied = order.apply(&confirmed, now).unwrap();
    assert_eq!((order.status, applied.status_change), (Status::Confirmed, Some(Actor::default())));
    assert_eq!(applied.messages, [Topic::ConfirmationMail]);
    assert!(order.in_cart);
    order.apply(&Event::LeftCart, now).unwrap();
    assert!(!order.in_cart);
    assert_eq!(order.unrefunded(), order.sums.total);
}

#[test]
fn failed_checkout_frees_the_cart_and_keeps_the_reason() {
    let mut order = order();
    let failure = Failure {
        code: FailureCode::PaymentDeclined,
        decline_code: "insufficient_funds".into(),
        products: Vec::new(),
    };
    let event = Event::Cancelled { failure: Some(failure.clone()), actor: Actor::system("") };
    let now = order.created_at;
    let applied = order.apply(&event, now).unwrap();
    assert_eq!(applied.messages, [Topic::CancelledMail]);
    assert_eq!(
        (order.status, order.in_cart, order.failure.clone()),
        (Status::Cancelled, false, Some(failure))
    );
    assert!(order.unrefunded().is_zero());
}

#[test]
fn partial_refunds_add_up_to_a_refunded_order() {
    let mut order = paid();
    let (now, total) = (order.created_at, order.sums.total.cents());
    order.apply(&refund_event(100), now).unwrap();
    assert_eq!((order.status, order.refunded), (Status::Confirmed, usd(100)));
    assert_eq!(order.apply(&refund_event(total), now), Err(InvalidEvent::RefundTooLarge));
    let applied = order.apply(&refund_event(total - 100), now).unwrap();
    assert_eq!((order.status, applied.status_change.is_some()), (Status::Refunded, true));
    assert!(order.unrefunded().is_zero());
    assert_eq!(order.apply(&refund_event(1), now), Err(InvalidEvent::RefundTooLarge));
}

#[test]
fn cancelled_order_stays_cancelled_after_its_refund() {
    let mut order = paid();
    let (now, total) = (order.created_at, order.sums.total.cents());
    order.apply(&Event::ShipmentCancelled { actor: Actor::system("") }, now).unwrap();
    let applied = order.apply(&refund_event(total), now).unwrap();
    assert_eq!((order.status, applied.status_change), (Status::Cancelled, None));
}

#[test]
fn invalid_event_changes_nothing() {
    let mut order = paid();
    let before = order.clone();
    let later = before.created_at + jiff::SignedDuration::from_secs(1);
    let event = Event::Confirmed { tracking_number: "2".into() };
    order.apply(&event, later).unwrap_err();
    assert_eq!(order, before);
}
