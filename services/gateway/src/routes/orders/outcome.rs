//! What an order came to, as its customer is told.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use proto::order::v1::{self, OrderStatus};

use crate::problem::{Code, Problem};
use crate::views::order::Order;

/// 201 with the order, 202 while it is pending, or why it was refused. One that somebody cancelled or
/// gave back later was made all the same.
pub(super) fn of(order: v1::Order) -> Response {
    match order.status() {
        _ if !order.failure_code.is_empty() => refusal(&order).into_response(),
        OrderStatus::Pending => (StatusCode::ACCEPTED, Json(Order::from(order))).into_response(),
        _ => (StatusCode::CREATED, Json(Order::from(order))).into_response(),
    }
}

fn refusal(order: &v1::Order) -> Problem {
    let code = match &*order.failure_code {
        "payment_declined" => Code::PaymentDeclined,
        "payment_refused" => Code::PaymentRefused,
        "out_of_stock" => Code::OutOfStock,
        "reservation_expired" => Code::ReservationExpired,
        "checkout_timed_out" => Code::CheckoutTimedOut,
        _ => Code::CheckoutRefused,
    };
    let products = order.unavailable_product_ids.iter().map(String::as_str);
    let problem = Problem::of_products(code, products).member("order_id", &*order.id);
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
    fn an_order_is_told_with_the_status_of_its_state() {
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
            let told = of(order(state, failure)).status().as_u16();
            assert_eq!(told, status, "{state:?} {failure}");
        }
    }
}
