//! The message of a checkout whose cart is empty.

use jiff::SignedDuration;

use crate::gateway_client::none_if_failed;
use crate::page::Page;
use crate::session::{Flash, FlashCode};

/// Age of an order up to which an empty cart means that it has been ordered.
const RECENT: SignedDuration = SignedDuration::from_mins(10);

/// Returns the message: with a link to the order that was placed in the last minutes, if any, such
/// as in another tab.
pub(super) async fn message(page: &Page) -> Flash {
    let last = none_if_failed(page.gateway().orders(None, 1, 1)).await;
    let last = last.and_then(|list| list.orders.into_iter().next());
    let now = page.app().env().now();
    match last {
        Some(order) if now.duration_since(order.created_at) < RECENT => {
            Flash::about(FlashCode::AlreadyPlaced, order.id)
        }
        _ => FlashCode::CartEmpty.into(),
    }
}
