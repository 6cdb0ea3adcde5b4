//! The account: recent orders, default address and card, missing data.

use askama::Template;
use axum::response::Response;

use super::order_view::OrderCard;
use super::{address_lines, card_name};
use crate::gateway_client::none_if_failed;
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
    /// The recent orders; `None` if they are unavailable.
    orders: Option<Vec<OrderCard>>,
    /// The lines of the default address, empty without one; `None` if it is unavailable.
    address: Option<Vec<String>>,
    /// The default card, if there is one; `None` if it is unavailable.
    card: Option<Option<String>>,
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
        none_if_failed(gateway.orders(None, 1, RECENT_ORDERS)),
        none_if_failed(gateway.addresses()),
        none_if_failed(gateway.payment_methods()),
    );
    let user = user?;
    let m = page.messages();
    let orders = orders.map(|list| {
        list.orders.iter().map(|order| OrderCard::new(order, page.format(), m)).collect()
    });
    let address = addresses.map(|saved| {
        let default = saved.iter().find(|address| address.is_default);
        default.map(|saved| address_lines(&saved.address, m)).unwrap_or_default()
    });
    let card = cards.map(|saved| saved.iter().find(|card| card.is_default).map(card_name));
    let view = OverviewView {
        m,
        greeting: (m.account.greeting)(&user.profile.first_name),
        email: user.email,
        is_verified: user.email_verified,
        orders,
        address,
        card,
    };
    page.render(view).await
}
