//! Response to a checkout, by the state of its order.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use proto::order::v1::{self, OrderStatus};

use crate::problem::{Code, Problem};
use crate::views::order::Order;

/// Returns 201 with the order, 202 while it is pending, or the problem why it was refused. An order
/// that was cancelled or refunded later is 201, because its checkout had succeeded.
pub(super) fn into_response(order: v1::Order) -> Response {
    match order.status() {
        _ if !order.failure_code.is_empty() => checkout_failure(&order).into_response(),
        OrderStatus::Pending => (StatusCode::ACCEPTED, Json(Order::from(order))).into_response(),
        _ => (StatusCode::CREATED, Json(Order::from(order))).into_response(),
    }
}

fn checkout_failure(order: &v1::Order) -> Problem {
    let code = match &*order.failure_code {
        "payment_declined" => Code::PaymentDeclined,
        "payment_refused" => Code::PaymentRefused,
        "out_of_stock" => Code::OutOfStock,
        "reservation_expired" => Code::ReservationExpired,
        "checkout_timed_out" => Code::CheckoutTimedOut,
        _ => Code::CheckoutRefused,
    };
    let products = order.unavailable_product_ids.iter().map(String::as_str);
    let problem = Problem::about_products(code, products).member("order_id", &*order.id);
    match code {
        Code::PaymentDeclined => problem.member("decline_code", &*order.decline_code),
        _ => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(status: OrderStatus, failure_code: &str) -> v1::Order {
        let failure_code = failure_code.to_owned();
        v1::Order { status: status.into(), failure_code, ..v1::Order::default() }
    }

    #[test]
    fn response_status_follows_order_status() {
        use OrderStatus::{Cancelled, Confirmed, Delivered, Pending, Refunded};
        for (state, failure, status) in [
            (Pending, "", 202),
            (Confirmed, "", 201),
            (Delivered, "", 201),
            (Refunded, "", 201),
            (Cancelled, "", 201),
            (Cancelled, "payment_declined", 402),
            (Cancelled, "payment_refused", 409),
            (Cancelled, "out_of_stock", 409),
            (Cancelled, "reservation_expired", 409),
            (Cancelled, "checkout_refused", 409),
            (Cancelled, "checkout_timed_out", 409),
            (Cancelled, "of_a_newer_version", 409),
        ] {
            let actual = into_response(order(state, failure)).status().as_u16();
            assert_eq!(actual, status, "{state:?} {failure}");
        }
    }
}
