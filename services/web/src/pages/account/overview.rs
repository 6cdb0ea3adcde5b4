//! The account: recent orders, default address and card, missing data.

use askama::Template;
use axum::response::Response;

use super::order_view::OrderCard;
use super::{address_lines, card_name};
use crate::gateway_client::optional;
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::view::{Head, View};

/// Recent orders on the page.
const RECENT_ORDERS: u32 = 3;

#[derive(Template)]
#[template(path = "account/overview.html")]
struct OverviewView {
    m: &'static Messages,
    greeting: String,
    email: String,
    is_verified: bool,
    orders: Vec<OrderCard>,
    /// The lines of the default address; empty without one.
    address: Vec<String>,
    card: Option<String>,
}

impl OverviewView {
    fn current(&self) -> &'static str {
        "/account"
    }
}

impl View for OverviewView {
    fn head(&self) -> Head {
        Head::private(self.m.account.title)
    }
}

/// `GET /account`.
pub(crate) async fn show(page: Page) -> Result<Response, PageError> {
    let gateway = page.gateway();
    let (user, orders, addresses, cards) = tokio::join!(
        gateway.me(),
        optional(gateway.orders(None, 1, RECENT_ORDERS)),
        optional(gateway.addresses()),
        optional(gateway.payment_methods()),
    );
    let user = user?;
    let m = page.messages();
    let orders = orders.map(|list| list.orders).unwrap_or_default();
    let address = addresses.unwrap_or_default().into_iter().find(|address| address.is_default);
    let card = cards.unwrap_or_default().into_iter().find(|card| card.is_default);
    let view = OverviewView {
        m,
        greeting: (m.account.greeting)(&user.profile.first_name),
        email: user.email,
        is_verified: user.email_verified,
        orders: orders.iter().map(|order| OrderCard::new(order, page.format(), m)).collect(),
        address: address.map(|saved| address_lines(&saved.address)).unwrap_or_default(),
        card: card.map(|card| card_name(&card)),
    };
    page.render(view).await
}
