//! Messages about the order that a repeated checkout has probably placed.

use jiff::SignedDuration;

use crate::gateway_client::none_if_failed;
use crate::page::Page;
use crate::pages::account::order_number;
use crate::session::{Flash, FlashCode};

/// Age of an order up to which an empty cart, or a form that was sent before, means that it has
/// been ordered, such as in another tab.
const RECENT: SignedDuration = SignedDuration::from_mins(10);

/// Returns the message of a checkout whose cart is empty.
pub(super) async fn cart_empty(page: &Page) -> Flash {
    let placed = about_recent_order(page, FlashCode::AlreadyPlaced).await;
    placed.unwrap_or_else(|| FlashCode::CartEmpty.into())
}

/// Returns the message of a form that was sent before with other choices.
pub(super) async fn form_sent_before(page: &Page) -> Flash {
    let placed = about_recent_order(page, FlashCode::FormSentBefore).await;
    placed.unwrap_or_else(|| FlashCode::FormSentBefore.into())
}

/// Returns a message with number and link of the last order, if it was placed in the last minutes.
async fn about_recent_order(page: &Page, code: FlashCode) -> Option<Flash> {
    let list = none_if_failed(page.gateway().orders(None, 1, 1)).await?;
    let order = list.orders.into_iter().next()?;
    let age = page.app().env().now().duration_since(order.created_at);
    (age < RECENT).then(|| Flash::about_order(code, order.id, order_number(&order)))
}
