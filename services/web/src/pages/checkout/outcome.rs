//! What the customer sees after placing an order, by the response of the gateway: a pure function.

use super::preview::correction;
use super::state::{CheckoutState, Step};
use crate::gateway_client::{CallError, Order, OrderStatus, Problem};
use crate::session::{Flash, FlashCode};

/// What the customer sees next.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Another page, with a message.
    Redirect(String, Option<Flash>),
    /// The page of the review, with the total that the customer saw.
    Review { was_cents: i64 },
    /// The cart is empty. Perhaps an earlier request has ordered it.
    CartEmpty,
    /// The form was sent before, with other choices: that may have placed an order.
    FormSentBefore,
    /// Nobody knows whether the order was placed. The same form may be sent again.
    Unconfirmed,
    /// An error page.
    Failed(CallError),
}

/// Decides what follows the response to an order.
pub(super) fn decide(
    result: Result<Order, CallError>,
    state: &CheckoutState,
    total_cents: i64,
) -> Outcome {
    match result {
        Ok(order) => placed(&order),
        Err(error) if error.is_outage() => Outcome::Unconfirmed,
        Err(CallError::Problem(problem)) => {
            let known = refusal(&problem, state, total_cents);
            known.unwrap_or_else(|| Outcome::Failed(CallError::Problem(problem)))
        }
        Err(error) => Outcome::Failed(error),
    }
}

/// Returns what follows a refusal; `None` if the customer cannot do anything about it.
fn refusal(problem: &Problem, state: &CheckoutState, total_cents: i64) -> Option<Outcome> {
    let redirect = |path: String, code: FlashCode| Outcome::Redirect(path, Some(code.into()));
    let outcome = match problem.code.as_str() {
        "payment_declined" | "payment_refused" => {
            redirect(state.url(Step::Payment), decline(problem))
        }
        // The next review has a new key.
        "total_changed" | "cart_changed" => Outcome::Review { was_cents: total_cents },
        "idempotency_key_reused" => Outcome::FormSentBefore,
        "order_in_progress" => {
            let order = problem.order_id.map(|id| format!("/orders/{id}"));
            let path = order.unwrap_or_else(|| "/orders".to_owned());
            redirect(path, FlashCode::OrderInProgress)
        }
        "cart_empty" => Outcome::CartEmpty,
        "reservation_expired" | "checkout_refused" | "checkout_timed_out" => {
            redirect(state.url(Step::Review), FlashCode::CheckoutFailed)
        }
        _ => {
            let (path, message) = correction(problem, state)?;
            Outcome::Redirect(path, message.map(Flash::from))
        }
    };
    Some(outcome)
}

fn placed(order: &Order) -> Outcome {
    let message = placed_message(order.status);
    Outcome::Redirect(format!("/orders/{}", order.id), Some(message.into()))
}

/// Returns the message about an order. A repeated form gets the order that the first one placed, as
/// it is now.
fn placed_message(status: OrderStatus) -> FlashCode {
    match status {
        OrderStatus::Pending => FlashCode::OrderProcessing,
        OrderStatus::Cancelled | OrderStatus::Refunded => FlashCode::NotOrderedAgain,
        OrderStatus::Confirmed
        | OrderStatus::Processing
        | OrderStatus::Shipped
        | OrderStatus::Delivered
        | OrderStatus::Unknown => FlashCode::OrderPlaced,
    }
}

fn decline(problem: &Problem) -> FlashCode {
    match problem.decline_code.as_deref() {
        Some("insufficient_funds") => FlashCode::InsufficientFunds,
        Some("expired_card" | "card_expired") => FlashCode::CardExpired,
        _ => FlashCode::PaymentDeclined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway_client::ShippingOption;
    use uuid::Uuid;

    fn state() -> CheckoutState {
        let option = ShippingOption { carrier: "USPS".into(), service: "First Class".into() };
        CheckoutState {
            address: Some(Uuid::from_u128(1)),
            ship: Some(option),
            pay: Some(Uuid::from_u128(2)),
        }
    }

    fn problem(status: u16, code: &str) -> CallError {
        let problem = Problem { status, code: code.to_owned(), ..Problem::default() };
        CallError::Problem(Box::new(problem))
    }

    fn path_and_message(outcome: &Outcome) -> (String, Option<FlashCode>) {
        match outcome {
            Outcome::Redirect(url, flash) => {
                let path = url.split('?').next().unwrap_or_default().to_owned();
                (path, flash.as_ref().map(|flash| flash.code))
            }
            other => (format!("{other:?}"), None),
        }
    }

    #[test]
    fn refusals_lead_to_the_page_that_corrects_them() {
        use FlashCode::{
            CartTooLarge, CheckoutFailed, ChooseAgain, OrderInProgress, OutOfStock,
            PaymentDeclined, ProductUnavailable,
        };
        for (status, code, path, message) in [
            (402, "payment_declined", "/checkout/payment", Some(PaymentDeclined)),
            (409, "payment_refused", "/checkout/payment", Some(PaymentDeclined)),
            (409, "out_of_stock", "/cart", Some(OutOfStock)),
            (409, "product_unavailable", "/cart", Some(ProductUnavailable)),
            (409, "cart_too_heavy", "/cart", Some(CartTooLarge)),
            (409, "order_in_progress", "/orders", Some(OrderInProgress)),
            (409, "reservation_expired", "/checkout/review", Some(CheckoutFailed)),
            (404, "address_not_found", "/checkout/address", Some(ChooseAgain)),
            (404, "payment_method_not_found", "/checkout/payment", Some(ChooseAgain)),
            (400, "invalid_request", "/checkout/delivery", Some(ChooseAgain)),
        ] {
            let outcome = decide(Err(problem(status, code)), &state(), 100);
            assert_eq!(path_and_message(&outcome), (path.to_owned(), message), "{code}");
        }
    }

    #[test]
    fn repeated_form_of_a_cancelled_order_is_not_thanked_for() {
        for (status, message) in [
            (OrderStatus::Pending, FlashCode::OrderProcessing),
            (OrderStatus::Confirmed, FlashCode::OrderPlaced),
            (OrderStatus::Shipped, FlashCode::OrderPlaced),
            (OrderStatus::Unknown, FlashCode::OrderPlaced),
            (OrderStatus::Cancelled, FlashCode::NotOrderedAgain),
            (OrderStatus::Refunded, FlashCode::NotOrderedAgain),
        ] {
            assert_eq!(placed_message(status), message, "{status:?}");
        }
    }

    #[test]
    fn changed_total_is_reviewed_with_a_new_key() {
        for code in ["total_changed", "cart_changed"] {
            let outcome = decide(Err(problem(409, code)), &state(), 100);
            assert!(matches!(outcome, Outcome::Review { was_cents: 100 }), "{code}");
        }
    }

    #[test]
    fn form_or_cart_that_was_ordered_before_leads_to_its_order() {
        let outcome = decide(Err(problem(422, "idempotency_key_reused")), &state(), 100);
        assert!(matches!(outcome, Outcome::FormSentBefore), "{outcome:?}");
        let outcome = decide(Err(problem(409, "cart_empty")), &state(), 100);
        assert!(matches!(outcome, Outcome::CartEmpty), "{outcome:?}");
    }

    #[test]
    fn outage_keeps_the_form_and_its_key() {
        for error in [problem(503, "unavailable"), problem(504, ""), CallError::TimedOut] {
            let outcome = decide(Err(error), &state(), 100);
            assert!(matches!(outcome, Outcome::Unconfirmed), "{outcome:?}");
        }
        let failed = decide(Err(problem(500, "internal")), &state(), 100);
        assert!(matches!(failed, Outcome::Failed(_)));
    }

    #[test]
    fn decline_codes_have_messages() {
        for (code, message) in [
            (Some("insufficient_funds"), FlashCode::InsufficientFunds),
            (Some("expired_card"), FlashCode::CardExpired),
            (Some("of_a_newer_version"), FlashCode::PaymentDeclined),
            (None, FlashCode::PaymentDeclined),
        ] {
            let problem = Problem { decline_code: code.map(str::to_owned), ..Problem::default() };
            assert_eq!(decline(&problem), message);
        }
    }
}
