//! The address of the order.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use http::StatusCode;
use uuid::Uuid;

use super::state::{CheckoutParams, CheckoutState, Step};
use super::steps::{StepLink, step_links};
use super::summary::Summary;
use crate::forms::{FormErrors, SubmittedForm};
use crate::gateway_client::SavedAddress;
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::account::{AddressFields, AddressForm, address_lines};
use crate::pages::see_other;
use crate::view::{Head, View};

#[derive(Template)]
#[template(path = "checkout/address.html")]
struct AddressView {
    m: &'static Messages,
    steps: Vec<StepLink>,
    summary: Summary,
    addresses: Vec<AddressChoice>,
    /// The other choices, as fields of the form that chooses an address.
    hidden: Vec<(&'static str, String)>,
    /// The target of the form of a new address: this page with its choices, so that a rejected form
    /// can be reloaded.
    action: String,
    form: AddressFields,
    /// Whether the form of a new address is open.
    is_form_open: bool,
}

struct AddressChoice {
    id: Uuid,
    lines: Vec<String>,
    is_chosen: bool,
}

impl View for AddressView {
    fn head(&self) -> Head {
        Head::checkout(self.m.checkout.address_title)
    }
}

/// `GET /checkout/address`.
pub(crate) async fn show(
    page: Page,
    Query(params): Query<CheckoutParams>,
) -> Result<Response, PageError> {
    let form = AddressForm::empty(page.shop().locale);
    render(page, params.into(), &form, FormErrors::default()).await
}

/// `POST /checkout/address`: saves a new address and goes on with it.
pub(crate) async fn add(
    page: Page,
    Query(params): Query<CheckoutParams>,
    SubmittedForm(form): SubmittedForm<AddressForm>,
) -> Result<Response, PageError> {
    let state = CheckoutState::from(params);
    match page.gateway().add_address(&form.entry()).await {
        Ok(saved) => {
            let state = CheckoutState { address: Some(saved.id), ..state };
            Ok(see_other(&state.url(Step::Delivery)))
        }
        Err(error) => {
            let m = page.messages();
            let errors = match error.code() {
                "too_many_addresses" => FormErrors::general(m.address.too_many),
                _ => FormErrors::from_call(error, m)?,
            };
            let page = page.with_status(StatusCode::UNPROCESSABLE_ENTITY);
            render(page, state, &form, errors).await
        }
    }
}

async fn render(
    page: Page,
    state: CheckoutState,
    form: &AddressForm,
    errors: FormErrors,
) -> Result<Response, PageError> {
    let gateway = page.gateway();
    let (cart, addresses) = tokio::try_join!(gateway.cart(), gateway.addresses())?;
    let m = page.messages();
    let chosen = |saved: &SavedAddress| match state.address {
        Some(id) => saved.id == id,
        None => saved.is_default,
    };
    let choice = |saved: &SavedAddress| AddressChoice {
        id: saved.id,
        lines: address_lines(&saved.address, m),
        is_chosen: chosen(saved),
    };
    let view = AddressView {
        m,
        steps: step_links(m, &state, Step::Address),
        summary: Summary::of_cart(&cart, page.format(), m),
        is_form_open: addresses.is_empty() || !errors.is_empty(),
        addresses: addresses.iter().map(choice).collect(),
        hidden: state.hidden_fields(Step::Address),
        action: state.url(Step::Address),
        form: form.fields(m, errors),
    };
    page.render(view).await
}
