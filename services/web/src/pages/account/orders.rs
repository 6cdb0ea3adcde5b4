//! The list of a customer's orders.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;

use super::order_view::{OrderCard, StatusPill};
use crate::gateway_client::OrderStatus;
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::view::{Head, View};

const PAGE_SIZE: u32 = 10;

#[derive(Template)]
#[template(path = "account/orders.html")]
struct OrdersView {
    m: &'static Messages,
    orders: Vec<OrderCard>,
    filters: Vec<StatusFilter>,
    is_filtered: bool,
    newer_href: Option<String>,
    older_href: Option<String>,
}

/// A link to the orders in a status.
struct StatusFilter {
    label: &'static str,
    href: String,
    is_current: bool,
}

impl OrdersView {
    fn current(&self) -> &'static str {
        "/orders"
    }
}

impl View for OrdersView {
    fn head(&self) -> Head {
        Head::private(self.m.orders.title)
    }
}

/// The query of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct OrdersParams {
    status: String,
    page: String,
}

/// `GET /orders`.
pub(crate) async fn show(
    page: Page,
    Query(params): Query<OrdersParams>,
) -> Result<Response, PageError> {
    let m = page.messages();
    let status = OrderStatus::parse(&params.status);
    let number = params.page.parse().unwrap_or(1);
    let list = page.gateway().orders(status, number, PAGE_SIZE).await?;
    let (current, total) = (list.pagination.page, list.pagination.total_pages);
    let format = page.format();
    let view = OrdersView {
        m,
        orders: list.orders.iter().map(|order| OrderCard::new(order, format, m)).collect(),
        filters: filters(status, m),
        is_filtered: status.is_some(),
        newer_href: (current > 1).then(|| href(status, current - 1)),
        older_href: (current < total).then(|| href(status, current + 1)),
    };
    page.render(view).await
}

fn filters(current: Option<OrderStatus>, m: &Messages) -> Vec<StatusFilter> {
    let all =
        StatusFilter { label: m.orders.all, href: href(None, 1), is_current: current.is_none() };
    let others = OrderStatus::ALL.into_iter().map(|status| StatusFilter {
        label: StatusPill::new(status, m).text,
        href: href(Some(status), 1),
        is_current: current == Some(status),
    });
    [all].into_iter().chain(others).collect()
}

fn href(status: Option<OrderStatus>, page: u32) -> String {
    match (status, page) {
        (None, 1) => "/orders".to_owned(),
        (None, page) => format!("/orders?page={page}"),
        (Some(status), 1) => format!("/orders?status={}", status.name()),
        (Some(status), page) => format!("/orders?status={}&page={page}", status.name()),
    }
}
