//! The prices of the order, and where the customer goes if there are none.

use std::collections::HashMap;

use uuid::Uuid;

use super::recent_order;
use super::state::{CheckoutState, Step};
use crate::gateway_client::{CallError, Preview, Problem, ShippingOption, none_if_slow};
use crate::page::Page;
use crate::page_error::PageError;
use crate::session::{Flash, FlashCode};

/// The result of asking for the prices.
pub(super) enum Priced {
    /// The prices.
    Order(Box<PricedOrder>),
    /// The page on which the customer corrects what prevents the order.
    Redirect(String),
}

/// An order as it will be charged.
pub(super) struct PricedOrder {
    pub(super) preview: Preview,
    /// The images of the products, from the cart, which a preview lacks. Empty if the cart cannot
    /// be read at once.
    pub(super) image_urls: HashMap<Uuid, String>,
}

/// Asks for the prices of the order with these choices.
pub(super) async fn preview(
    page: &Page,
    state: &CheckoutState,
    address: Uuid,
    option: Option<&ShippingOption>,
) -> Result<Priced, PageError> {
    let gateway = page.gateway();
    let (preview, cart) =
        tokio::join!(gateway.preview(address, option), none_if_slow(gateway.cart()));
    match preview {
        Ok(preview) => {
            let items = cart.map(|cart| cart.items).unwrap_or_default();
            let image_urls = items.into_iter().map(|item| (item.product_id, item.image_url));
            Ok(Priced::Order(Box::new(PricedOrder { preview, image_urls: image_urls.collect() })))
        }
        Err(CallError::Problem(problem)) => match correction(&problem, state) {
            Some((path, message)) => {
                let message = match message {
                    Some(FlashCode::CartEmpty) => Some(recent_order::cart_empty(page).await),
                    message => message.map(Flash::from),
                };
                if let Some(message) = message {
                    page.session().flash(message);
                }
                Ok(Priced::Redirect(path))
            }
            None => Err(CallError::Problem(problem).into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// Returns the page on which the customer corrects what prevents an order, with a message; `None`
/// if the customer cannot.
pub(super) fn correction(
    problem: &Problem,
    state: &CheckoutState,
) -> Option<(String, Option<FlashCode>)> {
    let cart = || "/cart".to_owned();
    match problem.code.as_str() {
        "cart_empty" => Some((cart(), Some(FlashCode::CartEmpty))),
        "cart_too_heavy" | "amount_too_large" => Some((cart(), Some(FlashCode::CartTooLarge))),
        "out_of_stock" => Some((refused_cart(problem.product_ids()), Some(FlashCode::OutOfStock))),
        "product_unavailable" => {
            Some((refused_cart(problem.product_ids()), Some(FlashCode::ProductUnavailable)))
        }
        "address_not_found" => Some(choose_again(state, Step::Address)),
        "payment_method_not_found" => Some(choose_again(state, Step::Payment)),
        // The delivery that was chosen is not offered any more.
        "invalid_request" if state.ship.is_some() => Some(choose_again(state, Step::Delivery)),
        _ => None,
    }
}

/// Returns the step whose choice does not exist any more, with the message.
fn choose_again(state: &CheckoutState, step: Step) -> (String, Option<FlashCode>) {
    (state.without(step).url(step), Some(FlashCode::ChooseAgain))
}

/// Returns the URL of the cart with these lines marked.
fn refused_cart(products: impl Iterator<Item = Uuid>) -> String {
    let ids: Vec<_> = products.map(|id| id.to_string()).collect();
    match ids.is_empty() {
        true => "/cart".to_owned(),
        false => format!("/cart?refused={}", ids.join(",")),
    }
}
