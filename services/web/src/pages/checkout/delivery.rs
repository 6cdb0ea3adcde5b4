//! The delivery of the order.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;

use super::preview::{Priced, preview};
use super::state::{CheckoutParams, CheckoutState, Step, option_value};
use super::steps::{StepLink, step_links};
use super::summary::Summary;
use crate::gateway_client::{Quote, ShippingOption};
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::{arrival_day, see_other};
use crate::view::{Head, View};

#[derive(Template)]
#[template(path = "checkout/delivery.html")]
struct DeliveryView {
    m: &'static Messages,
    steps: Vec<StepLink>,
    summary: Summary,
    quotes: Vec<QuoteChoice>,
    hidden: Vec<(&'static str, String)>,
    /// The step after this one: the review, if the payment is chosen already.
    action: &'static str,
    back_href: String,
}

struct QuoteChoice {
    value: String,
    name: String,
    arrives: String,
    cost: String,
    is_chosen: bool,
}

impl View for DeliveryView {
    fn head(&self) -> Head {
        Head::checkout(self.m.checkout.delivery_title)
    }
}

/// `GET /checkout/delivery`.
pub(crate) async fn show(
    page: Page,
    Query(params): Query<CheckoutParams>,
) -> Result<Response, PageError> {
    let state = CheckoutState::from(params);
    let Some(address) = state.address else { return Ok(see_other(&state.url(Step::Address))) };
    let order = match preview(&page, &state, address, state.ship.as_ref()).await? {
        Priced::Order(order) => order,
        Priced::Redirect(path) => return Ok(see_other(&path)),
    };
    let m = page.messages();
    let next = if state.pay.is_some() { Step::Review } else { Step::Payment };
    let view = DeliveryView {
        m,
        steps: step_links(m, &state, Step::Delivery),
        summary: Summary::of_preview(&order, page.format(), m),
        quotes: quotes(&page, &state, &order.preview.quotes),
        hidden: state.hidden_fields(Step::Delivery),
        action: next.path(),
        back_href: state.url(Step::Address),
    };
    page.render(view).await
}

/// Returns the choices. The cheapest one, which is the first, is chosen at first.
fn quotes(page: &Page, state: &CheckoutState, quotes: &[Quote]) -> Vec<QuoteChoice> {
    let chosen = |index: usize, option: &ShippingOption| match &state.ship {
        Some(chosen) => chosen == option,
        None => index == 0,
    };
    let choice = |(index, quote): (usize, &Quote)| {
        let option =
            ShippingOption { carrier: quote.carrier.clone(), service: quote.service.clone() };
        QuoteChoice {
            value: option_value(&option),
            name: format!("{} {}", quote.carrier, quote.service),
            arrives: arrival(page, quote),
            cost: page.format().money(quote.cost),
            is_chosen: chosen(index, &option),
        }
    };
    quotes.iter().enumerate().map(choice).collect()
}

/// Returns the sentence about the day on which a delivery arrives.
pub(super) fn arrival(page: &Page, quote: &Quote) -> String {
    (page.messages().checkout.arrives)(&arrival_day(page, quote.estimated_days))
}
