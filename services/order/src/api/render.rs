//! Answers, written.

use money::Money;
use proto::order::v1 as pb;
use wire::{Page, render};

use crate::{
    domain::{
        checkout::{Checkout, Trace},
        order::{Entry, Line, Order},
        status::Status,
    },
    transactions::Told,
};

pub(super) fn order((order, history): Told) -> pb::Order {
    let money = |money: Money| Some(render::money(money));
    let failure = order.failure.as_ref();
    pb::Order {
        id: order.id.to_string(),
        user_id: order.user.to_string(),
        status: status(order.status).into(),
        subtotal: money(order.sums.subtotal),
        shipping: money(order.sums.shipping),
        tax: money(order.sums.tax),
        total: money(order.sums.total),
        refunded: money(order.refunded),
        failure_code: failure.map(|f| f.code.as_str().to_owned()).unwrap_or_default(),
        decline_code: failure.map(|f| f.decline_code.clone()).unwrap_or_default(),
        unavailable_product_ids: unavailable(&order),
        items: order.lines.into_iter().map(line).collect(),
        shipping_address: Some(render::address(order.address)),
        payment_method_id: order.payment_method,
        transaction_id: order.transaction.unwrap_or_default(),
        tracking_number: order.tracking_number.unwrap_or_default(),
        history: history.into_iter().map(entry).collect(),
        created_at: order.created_at.to_string(),
        updated_at: order.updated_at.to_string(),
    }
}

fn unavailable(order: &Order) -> Vec<String> {
    let products = order.failure.iter().flat_map(|failure| &failure.products);
    products.map(ToString::to_string).collect()
}

fn line(line: Line) -> pb::OrderItem {
    pb::OrderItem {
        total_price: line.total().ok().map(render::money),
        id: line.id.to_string(),
        product_id: line.product.to_string(),
        product_name: line.name,
        quantity: line.quantity,
        unit_price: Some(render::money(line.unit_price)),
    }
}

fn entry(entry: Entry) -> pb::OrderStatusHistory {
    pb::OrderStatusHistory {
        id: entry.id.to_string(),
        status: status(entry.status).into(),
        notes: entry.by.reason,
        created_at: entry.at.to_string(),
        actor_id: entry.by.actor,
    }
}

fn status(status: Status) -> pb::OrderStatus {
    match status {
        Status::Pending => pb::OrderStatus::Pending,
        Status::Confirmed => pb::OrderStatus::Confirmed,
        Status::Processing => pb::OrderStatus::Processing,
        Status::Shipped => pb::OrderStatus::Shipped,
        Status::Delivered => pb::OrderStatus::Delivered,
        Status::Cancelled => pb::OrderStatus::Cancelled,
        Status::Refunded => pb::OrderStatus::Refunded,
    }
}

pub(super) fn page((orders, total): (Vec<Told>, i64), page: Page) -> pb::ListOrdersResponse {
    pb::ListOrdersResponse {
        orders: orders.into_iter().map(order).collect(),
        pagination: Some(render::page(page, total)),
    }
}

/// The steps that ended, and the one that is at work.
pub(super) fn checkout(checkout: Checkout, last_error: String) -> pb::GetCheckoutResponse {
    let mut steps: Vec<pb::CheckoutStep> = checkout.data.trail.into_iter().map(step).collect();
    let attempts = i32::try_from(checkout.attempts).unwrap_or(i32::MAX);
    if !checkout.step.is_end() {
        steps.push(pb::CheckoutStep {
            name: checkout.step.as_str().into(),
            outcome: String::new(),
            attempts,
            started_at: checkout.began_at.to_string(),
            finished_at: String::new(),
            error: last_error,
        });
    }
    pb::GetCheckoutResponse {
        order_id: checkout.order.to_string(),
        step: checkout.step.as_str().into(),
        attempts,
        steps,
    }
}

fn step(trace: Trace) -> pb::CheckoutStep {
    pb::CheckoutStep {
        name: trace.step.as_str().into(),
        outcome: trace.outcome,
        attempts: i32::try_from(trace.attempts).unwrap_or(i32::MAX),
        started_at: trace.began_at.to_string(),
        finished_at: trace.ended_at.to_string(),
        error: trace.error,
    }
}
