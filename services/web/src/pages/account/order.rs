//! An order: status, timeline, tracking, lines, totals.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use tokio::time::timeout;
use uuid::Uuid;

use super::order_images::order_images;
use super::order_timeline::{TimelineEntry, timeline};
use super::order_view::{StatusPill, number};
use super::{address_lines, order_live};
use crate::forms::{Field, FormErrors, SubmittedForm};
use crate::gateway_client::{
    CallError, GatewayClient, Order, OrderItem, OrderStatus, Tracking, none_if_slow,
};
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::shop::ProductImage;
use crate::pages::{SummaryLine, see_other};
use crate::session::FlashCode;
use crate::view::{Head, View};

/// Longest time in which the lines of an order are added to the cart again, one after the other:
/// with the calls before, shorter than the deadline of a page.
const MAX_BUYING: Duration = Duration::from_secs(4);

/// Maximum length of the reason of a cancellation, as for the gateway.
const MAX_REASON_CHARS: u32 = 500;

/// Maximum number of lines of "buy again": as many as a cart has.
const MAX_LINES: usize = 100;

#[derive(Template)]
#[template(path = "account/order.html")]
struct OrderView {
    m: &'static Messages,
    title: String,
    path: String,
    status: StatusPill,
    /// Sentence about the status.
    summary: &'static str,
    placed_on: String,
    /// Whether the order changes, so that the page shows changes.
    is_open: bool,
    /// The state that the page shows.
    version: String,
    can_cancel: bool,
    /// The field of the form that cancels the order.
    reason: Field,
    errors: FormErrors,
    timeline: Vec<TimelineEntry>,
    shipment: Option<String>,
    tracking_number: Option<String>,
    lines: Vec<SummaryLine>,
    subtotal: String,
    shipping: String,
    tax: String,
    total: String,
    refunded: Option<String>,
    address: Vec<String>,
}

impl OrderView {
    fn current(&self) -> &'static str {
        "/orders"
    }
}

impl View for OrderView {
    fn head(&self) -> Head {
        Head::private(self.title.clone())
    }
}

/// The reason of a cancellation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CancelForm {
    reason: String,
}

/// Query of the page.
#[derive(Debug, Deserialize)]
pub(crate) struct OrderQuery {
    /// The state that the visitor sees, to wait for another one; empty for the current one.
    wait: Option<String>,
}

/// `GET /orders/{id}`.
pub(crate) async fn show(
    page: Page,
    Path(id): Path<Uuid>,
    Query(query): Query<OrderQuery>,
) -> Result<Response, PageError> {
    if let Some(version) = &query.wait {
        order_live::wait_for_change(&page, id, version).await;
    }
    render(page, id, "", FormErrors::default()).await
}

async fn render(
    page: Page,
    id: Uuid,
    reason: &str,
    errors: FormErrors,
) -> Result<Response, PageError> {
    let gateway = page.gateway();
    let (order, tracking) = tokio::join!(gateway.order(id), none_if_slow(gateway.tracking(id)));
    let order = order?;
    let images = order_images(&page, &order).await;
    let m = page.messages();
    let reason = Field::text("reason", m.orders.cancel_reason)
        .optional()
        .max_length(MAX_REASON_CHARS)
        .value(reason)
        .error(&errors);
    let view = view(&page, &order, tracking, images, (reason, errors));
    page.render(view).await
}

/// `POST /orders/{id}/cancel`.
pub(crate) async fn cancel(
    page: Page,
    Path(id): Path<Uuid>,
    SubmittedForm(form): SubmittedForm<CancelForm>,
) -> Result<Response, PageError> {
    let message = match page.gateway().cancel_order(id, form.reason.trim()).await {
        Ok(order) if order.status == OrderStatus::Cancelled => FlashCode::OrderCancelled,
        Ok(_) => FlashCode::CancelRequested,
        Err(error) => match error.code() {
            "order_not_cancellable" | "shipment_under_way" => FlashCode::NotCancellable,
            "refund_in_progress" => FlashCode::CancelRequested,
            _ => {
                let errors = FormErrors::from_call(error, page.messages())?;
                let page = page.with_status(StatusCode::UNPROCESSABLE_ENTITY);
                return render(page, id, &form.reason, errors).await;
            }
        },
    };
    page.session().flash(message.into());
    Ok(see_other(&format!("/orders/{id}")))
}

/// `POST /orders/{id}/buy-again`. A repeat adds only what is missing: products that are in the cart
/// stay as they are.
pub(crate) async fn buy_again(page: Page, Path(id): Path<Uuid>) -> Result<Response, PageError> {
    let gateway = page.gateway();
    let (order, cart) = tokio::try_join!(gateway.order(id), gateway.cart())?;
    let in_cart: HashSet<Uuid> = cart.items.iter().map(|item| item.product_id).collect();
    let missing = order.items.iter().filter(|item| !in_cart.contains(&item.product_id));
    let lines: Vec<&OrderItem> = missing.take(MAX_LINES).collect();
    let message = match timeout(MAX_BUYING, add_lines(gateway, &lines)).await {
        Ok(Ok(true)) => FlashCode::BoughtAgain,
        Ok(Ok(false)) | Err(_) => FlashCode::BoughtAgainPartly,
        Ok(Err(error)) => return Err(error.into()),
    };
    page.session().flash(message.into());
    Ok(see_other("/cart"))
}

/// Adds lines of an order to the cart, and returns whether all were added. A refused line is left
/// out; an outage ends the addition.
async fn add_lines(gateway: &GatewayClient, lines: &[&OrderItem]) -> Result<bool, CallError> {
    let mut is_complete = true;
    for line in lines {
        match gateway.add_to_cart(line.product_id, line.quantity).await {
            Ok(()) => {}
            Err(CallError::Problem(problem)) if matches!(problem.status, 400 | 404 | 409) => {
                is_complete = false;
            }
            Err(error @ CallError::SignedOut) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "order bought again only partly");
                return Ok(false);
            }
        }
    }
    Ok(is_complete)
}

fn view(
    page: &Page,
    order: &Order,
    tracking: Option<Tracking>,
    mut images: HashMap<Uuid, ProductImage>,
    (reason, errors): (Field, FormErrors),
) -> OrderView {
    let (m, format) = (page.messages(), page.format());
    let shipment = tracking.as_ref().and_then(|tracking| tracking.shipment.as_ref());
    let lines = order.items.iter().map(|item| {
        SummaryLine::new(item.product_id, &item.product_name, format.money(item.total_price))
            .quantity(format!("{} × {}", item.quantity, format.money(item.unit_price)))
            .image(images.remove(&item.product_id))
    });
    OrderView {
        m,
        title: (m.orders.order_number)(&number(order)),
        path: format!("/orders/{}", order.id),
        status: StatusPill::new(order.status, m),
        summary: summary(order, m),
        placed_on: (m.orders.placed_on)(&format.date(order.created_at)),
        is_open: !order.status.is_final(),
        version: order.version(),
        can_cancel: matches!(order.status, OrderStatus::Pending | OrderStatus::Confirmed),
        reason,
        errors,
        shipment: shipment.map(|shipment| format!("{} {}", shipment.carrier, shipment.service)),
        tracking_number: shipment
            .map(|shipment| shipment.tracking_number.clone())
            .or_else(|| order.tracking_number.clone()),
        timeline: timeline(order, tracking.as_ref(), format, m),
        lines: lines.collect(),
        subtotal: format.money(order.subtotal),
        shipping: format.money(order.shipping),
        tax: format.money(order.tax),
        total: format.money(order.total),
        refunded: (!order.refunded.is_zero()).then(|| format.money(order.refunded)),
        address: address_lines(&order.shipping_address, m),
    }
}

fn summary(order: &Order, m: &Messages) -> &'static str {
    match (order.status, order.failure_code.as_deref()) {
        (OrderStatus::Cancelled, Some("payment_declined" | "payment_refused")) => {
            m.orders.summary_declined
        }
        (OrderStatus::Cancelled, Some(_)) => m.orders.summary_failed,
        (OrderStatus::Pending, _) => m.orders.summary_pending,
        (OrderStatus::Confirmed, _) => m.orders.summary_confirmed,
        (OrderStatus::Processing, _) => m.orders.summary_processing,
        (OrderStatus::Shipped, _) => m.orders.summary_shipped,
        (OrderStatus::Delivered, _) => m.orders.summary_delivered,
        (OrderStatus::Cancelled, None) => m.orders.summary_cancelled,
        (OrderStatus::Refunded, _) => m.orders.summary_refunded,
        (OrderStatus::Unknown, _) => "",
    }
}
