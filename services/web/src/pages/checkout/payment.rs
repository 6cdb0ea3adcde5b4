//! The payment of the order.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use http::StatusCode;
use uuid::Uuid;

use super::preview::{Priced, preview};
use super::state::{CheckoutParams, CheckoutState, Step};
use super::steps::{StepLink, step_links};
use super::summary::Summary;
use crate::forms::{FormErrors, SubmittedForm};
use crate::gateway_client::PaymentMethod;
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::account::{CardFields, CardForm, card_name, payment_methods};
use crate::pages::see_other;
use crate::view::{Head, View};

#[derive(Template)]
#[template(path = "checkout/payment.html")]
struct PaymentView {
    m: &'static Messages,
    steps: Vec<StepLink>,
    summary: Summary,
    cards: Vec<CardChoice>,
    /// The other choices, as fields of the form that chooses a card.
    hidden: Vec<(&'static str, String)>,
    /// The target of the form of a new card: this page with its choices, so that a rejected form
    /// can be reloaded.
    action: String,
    form: CardFields,
    /// Whether the form of a new card is open.
    is_form_open: bool,
    back_href: String,
}

struct CardChoice {
    id: Uuid,
    name: String,
    expires: String,
    is_chosen: bool,
}

impl View for PaymentView {
    fn head(&self) -> Head {
        Head::checkout(self.m.checkout.payment_title)
    }
}

/// `GET /checkout/payment`.
pub(crate) async fn show(
    page: Page,
    Query(params): Query<CheckoutParams>,
) -> Result<Response, PageError> {
    render(page, params.into(), FormErrors::default()).await
}

/// `POST /checkout/payment`: saves a new card and goes on with it.
pub(crate) async fn add(
    page: Page,
    Query(params): Query<CheckoutParams>,
    SubmittedForm(form): SubmittedForm<CardForm>,
) -> Result<Response, PageError> {
    let state = CheckoutState::from(params);
    match form.save(page.gateway()).await {
        Ok(card) => {
            let state = CheckoutState { pay: Some(card.id), ..state };
            Ok(see_other(&state.url(Step::Review)))
        }
        Err(error) => {
            let errors = payment_methods::form_errors(error, page.messages())?;
            render(page.with_status(StatusCode::UNPROCESSABLE_ENTITY), state, errors).await
        }
    }
}

async fn render(
    page: Page,
    state: CheckoutState,
    errors: FormErrors,
) -> Result<Response, PageError> {
    let Some(address) = state.address else { return Ok(see_other(&state.url(Step::Address))) };
    let cards = async { page.gateway().payment_methods().await.map_err(PageError::from) };
    let priced = preview(&page, &state, address, state.ship.as_ref());
    let (priced, cards) = tokio::try_join!(priced, cards)?;
    let order = match priced {
        Priced::Order(order) => order,
        Priced::Redirect(path) => return Ok(see_other(&path)),
    };
    let m = page.messages();
    let chosen = |card: &PaymentMethod| match state.pay {
        Some(id) => card.id == id,
        None => card.is_default,
    };
    let choice = |card: &PaymentMethod| CardChoice {
        id: card.id,
        name: card_name(card),
        expires: (m.card.expires)(card.exp_month, card.exp_year),
        is_chosen: chosen(card),
    };
    let view = PaymentView {
        m,
        steps: step_links(m, &state, Step::Payment),
        summary: Summary::of_preview(&order, page.format(), m),
        is_form_open: cards.is_empty() || !errors.is_empty(),
        cards: cards.iter().map(choice).collect(),
        hidden: state.hidden_fields(Step::Payment),
        action: state.url(Step::Payment),
        form: CardFields::new(m, errors, page.new_key()),
        back_href: state.url(Step::Delivery),
    };
    page.render(view).await
}
