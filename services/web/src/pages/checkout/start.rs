//! The start of the checkout.

use axum::response::Response;

use super::recent_order;
use super::state::CheckoutState;
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::see_other;

/// `GET /checkout`: redirects to the first incomplete step, with the default address and card.
pub(crate) async fn show(page: Page) -> Result<Response, PageError> {
    let gateway = page.gateway();
    let (cart, addresses, cards) =
        tokio::try_join!(gateway.cart(), gateway.addresses(), gateway.payment_methods())?;
    if cart.items.is_empty() {
        page.session().flash(recent_order::cart_empty(&page).await);
        return Ok(see_other("/cart"));
    }
    let state = CheckoutState {
        address: addresses.iter().find(|address| address.is_default).map(|address| address.id),
        ship: None,
        pay: cards.iter().find(|card| card.is_default).map(|card| card.id),
    };
    Ok(see_other(&state.url(state.first_incomplete())))
}
