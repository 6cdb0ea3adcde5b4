//! The review of the order: what is charged, and the button that orders.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use money::Money;
use serde::Deserialize;

use super::delivery::arrival;
use super::preview::{Priced, preview};
use super::state::{CheckoutParams, CheckoutState, Step, option_value};
use super::steps::{StepLink, step_links};
use super::summary::Summary;
use crate::format::Format;
use crate::gateway_client::{Preview, Quote, ShippingOption};
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::account::{address_lines, card_name};
use crate::pages::see_other;
use crate::session::FlashCode;
use crate::view::{Head, View};

#[derive(Template)]
#[template(path = "checkout/review.html")]
struct ReviewView {
    m: &'static Messages,
    steps: Vec<StepLink>,
    summary: Summary,
    address: Vec<String>,
    address_href: String,
    delivery: String,
    arrives: String,
    delivery_href: String,
    card: String,
    payment_href: String,
    /// The sentence about what has changed since the customer saw the review.
    change: Option<String>,
    pay_label: String,
    fields: Vec<(&'static str, String)>,
}

impl View for ReviewView {
    fn head(&self) -> Head {
        Head::checkout(self.m.checkout.review_title)
    }
}

/// The query of the page.
#[derive(Debug, Deserialize)]
pub(crate) struct ReviewParams {
    #[serde(flatten)]
    state: CheckoutParams,
    /// The total that the customer saw before it changed, in minor units.
    #[serde(default)]
    was: String,
}

/// `GET /checkout/review`.
pub(crate) async fn show(
    page: Page,
    Query(params): Query<ReviewParams>,
) -> Result<Response, PageError> {
    let state = CheckoutState::from(params.state);
    let (Some(address), Some(pay)) = (state.address, state.pay) else {
        return Ok(see_other(&state.url(state.first_incomplete())));
    };
    let gateway = page.gateway();
    let (priced, addresses, cards) = tokio::try_join!(
        preview(&page, &state, address, state.ship.as_ref()),
        async { gateway.addresses().await.map_err(PageError::from) },
        async { gateway.payment_methods().await.map_err(PageError::from) },
    )?;
    let order = match priced {
        Priced::Order(order) => order,
        Priced::Redirect(path) => return Ok(see_other(&path)),
    };
    let preview = &order.preview;
    let address = addresses.iter().find(|saved| saved.id == address);
    let card = cards.iter().find(|card| card.id == pay);
    let quote = chosen_quote(&state, preview);
    let (Some(address), Some(card), Some(quote)) = (address, card, quote) else {
        // A choice does not exist any more: the customer makes it again, and keeps the others.
        let step = missing_choice(address.is_some(), quote.is_some());
        page.session().flash(FlashCode::ChooseAgain.into());
        return Ok(see_other(&state.without(step).url(step)));
    };
    let (m, format) = (page.messages(), page.format());
    let state = CheckoutState { ship: Some(option_of(quote)), ..state };
    let view = ReviewView {
        m,
        steps: step_links(m, &state, Step::Review),
        summary: Summary::of_preview(&order, format, m).opened(),
        address: address_lines(&address.address, m),
        address_href: state.url(Step::Address),
        delivery: format!("{} {}", quote.carrier, quote.service),
        arrives: arrival(&page, quote),
        delivery_href: state.url(Step::Delivery),
        card: card_name(card),
        payment_href: state.url(Step::Payment),
        change: change(m, format, &params.was, preview.total),
        pay_label: (m.checkout.pay)(&format.money(preview.total)),
        fields: order_fields(&state, preview, page.new_key()),
    };
    page.render(view).await
}

/// Returns the first step whose choice does not exist.
fn missing_choice(has_address: bool, has_quote: bool) -> Step {
    match (has_address, has_quote) {
        (false, _) => Step::Address,
        (true, false) => Step::Delivery,
        (true, true) => Step::Payment,
    }
}

/// Returns the quote of the chosen delivery, or the cheapest one, which is the first.
fn chosen_quote<'a>(state: &CheckoutState, preview: &'a Preview) -> Option<&'a Quote> {
    match &state.ship {
        Some(option) => preview.quotes.iter().find(|quote| option_of(quote) == *option),
        None => preview.quotes.first(),
    }
}

fn option_of(quote: &Quote) -> ShippingOption {
    ShippingOption { carrier: quote.carrier.clone(), service: quote.service.clone() }
}

/// Returns the hidden fields of the form that places the order.
fn order_fields(
    state: &CheckoutState,
    preview: &Preview,
    key: String,
) -> Vec<(&'static str, String)> {
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    vec![
        ("address", id(state.address)),
        ("ship", state.ship.as_ref().map(option_value).unwrap_or_default()),
        ("pay", id(state.pay)),
        ("cart_version", preview.cart_version.to_string()),
        ("total_cents", preview.total.cents().to_string()),
        ("currency", preview.total.currency().to_string()),
        ("idempotency_key", key),
    ]
}

/// Returns the sentence about what differs from the review that the customer saw: its total, or
/// the cart with the same total.
fn change(m: &Messages, format: &Format, was: &str, now: Money) -> Option<String> {
    let was = Money::new(was.parse().ok()?, now.currency());
    Some(match was == now {
        true => m.checkout.cart_changed.to_owned(),
        false => (m.checkout.total_changed)(&format.money(was), &format.money(now)),
    })
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use money::Currency;

    use super::*;
    use crate::locale::Locale;

    #[test]
    fn review_says_why_it_is_shown_again() {
        let m = Messages::for_locale(Locale::EnUs);
        let format = Format::new(Locale::EnUs, TimeZone::UTC);
        let change = |was| change(m, &format, was, Money::new(100, Currency::USD));
        assert_eq!(change(""), None);
        assert!(change("90").is_some_and(|text| text.contains("from $0.90 to $1.00")));
        assert_eq!(change("100").as_deref(), Some(m.checkout.cart_changed));
    }
}
