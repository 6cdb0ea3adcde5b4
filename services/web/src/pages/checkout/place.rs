//! Placing the order.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use money::{Currency, Money};
use serde::Deserialize;
use uuid::Uuid;

use super::outcome::{Outcome, decide};
use super::recent_order;
use super::state::{CheckoutParams, CheckoutState, Step, option_value};
use crate::forms::SubmittedForm;
use crate::gateway_client::{CallError, NewOrder, Order};
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::see_other;
use crate::session::{Flash, Next};
use crate::view::{Head, View};

/// The page after an outage: the same form with the same key.
#[derive(Template)]
#[template(path = "checkout/unconfirmed.html")]
struct UnconfirmedView {
    m: &'static Messages,
    fields: Vec<(&'static str, String)>,
}

impl View for UnconfirmedView {
    fn head(&self) -> Head {
        Head::checkout(self.m.checkout.unconfirmed_title)
    }
}

/// The form of the review.
#[derive(Debug, Deserialize)]
pub(crate) struct PlaceForm {
    #[serde(flatten)]
    state: CheckoutParams,
    cart_version: String,
    total_cents: String,
    currency: Currency,
    idempotency_key: Uuid,
}

/// `POST /checkout/place`. Double click, back button and reload send the same key, and get the same
/// order.
pub(crate) async fn place(
    page: Page,
    SubmittedForm(form): SubmittedForm<PlaceForm>,
) -> Result<Response, PageError> {
    let state = CheckoutState::from(form.state);
    let number = |text: &str| text.parse::<i64>().map_err(|_| PageError::InvalidRequest);
    let (cart_version, total_cents) = (number(&form.cart_version)?, number(&form.total_cents)?);
    let (Some(address_id), Some(option), Some(payment_method_id)) =
        (state.address, state.ship.clone(), state.pay)
    else {
        return Ok(see_other(&state.url(state.first_incomplete())));
    };
    let order = NewOrder {
        address_id,
        payment_method_id,
        shipping_option: option,
        cart_version,
        expected_total: Money::new(total_cents, form.currency),
    };
    let key = form.idempotency_key.to_string();
    let result = place_with_retry(&page, &order, &key).await;
    match decide(result, &state, total_cents) {
        Outcome::Redirect(path, flash) => Ok(redirect(&page, &path, flash)),
        Outcome::Review { was_cents } => {
            Ok(see_other(&format!("{}&was={was_cents}", state.url(Step::Review))))
        }
        Outcome::CartEmpty => {
            let message = recent_order::cart_empty(&page).await;
            Ok(redirect(&page, "/cart", Some(message)))
        }
        Outcome::FormSentBefore => {
            let message = recent_order::form_sent_before(&page).await;
            Ok(redirect(&page, "/orders", Some(message)))
        }
        // The session has ended. The review has what the form had, wherever it was sent from.
        Outcome::Failed(CallError::SignedOut) => {
            let review = Next::new(&state.url(Step::Review));
            Ok(see_other(&review.sign_in_url(Some("unsaved"))))
        }
        Outcome::Failed(error) => Err(error.into()),
        Outcome::Unconfirmed => {
            let fields = repeated_fields(&order, &key);
            let view = UnconfirmedView { m: page.messages(), fields };
            page.with_status(StatusCode::SERVICE_UNAVAILABLE).render_without_gateway(view)
        }
    }
}

/// Places the order, and once more with the same key if it is unknown whether it was placed.
async fn place_with_retry(page: &Page, order: &NewOrder, key: &str) -> Result<Order, CallError> {
    match page.gateway().place_order(order, key).await {
        Err(error) if error.is_outage() => {
            tracing::warn!(%error, "placing an order is repeated");
            page.gateway().place_order(order, key).await
        }
        result => result,
    }
}

fn redirect(page: &Page, path: &str, flash: Option<Flash>) -> Response {
    if let Some(flash) = flash {
        page.session().flash(flash);
    }
    see_other(path)
}

fn repeated_fields(order: &NewOrder, key: &str) -> Vec<(&'static str, String)> {
    vec![
        ("address", order.address_id.to_string()),
        ("ship", option_value(&order.shipping_option)),
        ("pay", order.payment_method_id.to_string()),
        ("cart_version", order.cart_version.to_string()),
        ("total_cents", order.expected_total.cents().to_string()),
        ("currency", order.expected_total.currency().to_string()),
        ("idempotency_key", key.to_owned()),
    ]
}
