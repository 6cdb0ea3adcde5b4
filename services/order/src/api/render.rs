//! Renders responses.

use money::Money;
use proto::order::v1 as pb;
use wire::{Page, render};

use crate::domain::checkout::{Checkout, CompletedStep};
use crate::domain::line::Line;
use crate::domain::order::{HistoryEntry, Order};
use crate::domain::status::Status;
use crate::place_order::PricedCart;
use crate::transactions::OrderWithHistory;

pub(super) fn order((order, history): OrderWithHistory) -> pb::Order {
    let money = |money: Money| Some(render::money(money));
    let failure = order.failure.as_ref();
    pb::Order {
        id: order.id.to_string(),
        number: order.number.to_string(),
        user_id: order.user.to_string(),
        status: status(order.status).into(),
        subtotal: money(order.sums.subtotal),
        shipping: money(order.sums.shipping),
        tax: money(order.sums.tax),
        total: money(order.sums.total),
        refunded: money(order.refunded),
        failure_code: failure.map(|f| f.code.as_str().to_owned()).unwrap_or_default(),
        decline_code: failure.map(|f| f.decline_code.clone()).unwrap_or_default(),
        unavailable_product_ids: unavailable_product_ids(&order),
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

/// Renders the prices of an order that is not placed. Its lines have no ids yet.
pub(super) fn preview(priced: PricedCart) -> pb::OrderPreview {
    let money = |money: Money| Some(render::money(money));
    let without_id = |item: Line| pb::OrderItem { id: String::new(), ..line(item) };
    pb::OrderPreview {
        cart_version: priced.cart_version,
        items: priced.lines.into_iter().map(without_id).collect(),
        quotes: priced.quotes,
        subtotal: money(priced.sums.subtotal),
        shipping: money(priced.sums.shipping),
        tax: money(priced.sums.tax),
        total: money(priced.sums.total),
    }
}

fn unavailable_product_ids(order: &Order) -> Vec<String> {
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

fn entry(entry: HistoryEntry) -> pb::OrderStatusHistory {
    pb::OrderStatusHistory {
        id: entry.id.to_string(),
        status: status(entry.status).into(),
        notes: entry.actor.reason,
        created_at: entry.created_at.to_string(),
        actor_id: entry.actor.id,
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

pub(super) fn page(
    (orders, total): (Vec<OrderWithHistory>, i64),
    page: Page,
) -> pb::ListOrdersResponse {
    pb::ListOrdersResponse {
        orders: orders.into_iter().map(order).collect(),
        pagination: Some(render::page(page, total)),
    }
}

/// Renders the completed steps and the one in progress.
pub(super) fn checkout(checkout: Checkout, last_error: String) -> pb::GetCheckoutResponse {
    let mut steps: Vec<pb::CheckoutStep> =
        checkout.data.completed_steps.into_iter().map(step).collect();
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

fn step(completed: CompletedStep) -> pb::CheckoutStep {
    pb::CheckoutStep {
        name: completed.step.as_str().into(),
        outcome: completed.outcome,
        attempts: i32::try_from(completed.attempts).unwrap_or(i32::MAX),
        started_at: completed.began_at.to_string(),
        finished_at: completed.ended_at.to_string(),
        error: completed.error,
    }
}
