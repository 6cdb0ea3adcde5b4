//! The saved cards.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use uuid::Uuid;

use super::{CardFields, CardForm, card_name};
use crate::forms::{FormErrors, SubmittedForm};
use crate::gateway_client::{CallError, PaymentMethod};
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::see_other;
use crate::session::FlashCode;
use crate::view::{Head, View};

#[derive(Template)]
#[template(path = "account/payment_methods.html")]
struct PaymentMethodsView {
    m: &'static Messages,
    cards: Vec<CardEntry>,
    form: CardFields,
}

struct CardEntry {
    name: String,
    expiry: String,
    is_default: bool,
    path: String,
}

impl PaymentMethodsView {
    fn current(&self) -> &'static str {
        "/payment-methods"
    }
}

impl View for PaymentMethodsView {
    fn head(&self) -> Head {
        Head::private(self.m.card.title)
    }
}

/// `GET /payment-methods`.
pub(crate) async fn show(page: Page) -> Result<Response, PageError> {
    render(page, FormErrors::default()).await
}

/// `POST /payment-methods`.
pub(crate) async fn add(
    page: Page,
    SubmittedForm(form): SubmittedForm<CardForm>,
) -> Result<Response, PageError> {
    match form.save(page.gateway()).await {
        Ok(_) => Ok(saved(&page, FlashCode::CardSaved)),
        Err(error) => {
            let errors = form_errors(error, page.messages())?;
            render(page.with_status(StatusCode::UNPROCESSABLE_ENTITY), errors).await
        }
    }
}

/// `POST /payment-methods/{id}/default`.
pub(crate) async fn set_default(page: Page, Path(id): Path<Uuid>) -> Result<Response, PageError> {
    page.gateway().set_default_payment_method(id).await?;
    Ok(saved(&page, FlashCode::DefaultChanged))
}

/// `POST /payment-methods/{id}/delete`. A card that is deleted already is no error.
pub(crate) async fn delete(page: Page, Path(id): Path<Uuid>) -> Result<Response, PageError> {
    match page.gateway().delete_payment_method(id).await {
        Err(error) if error.code() != "payment_method_not_found" => Err(error.into()),
        _ => Ok(saved(&page, FlashCode::CardDeleted)),
    }
}

async fn render(page: Page, errors: FormErrors) -> Result<Response, PageError> {
    let cards = page.gateway().payment_methods().await?;
    let entry = |card: &PaymentMethod| CardEntry {
        name: card_name(card),
        expiry: format!("{:02}/{}", card.exp_month, card.exp_year),
        is_default: card.is_default,
        path: format!("/payment-methods/{}", card.id),
    };
    let m = page.messages();
    let form = CardFields::new(m, errors, page.new_key());
    let view = PaymentMethodsView { m, cards: cards.iter().map(entry).collect(), form };
    page.render(view).await
}

fn saved(page: &Page, message: FlashCode) -> Response {
    page.session().flash(message.into());
    see_other("/payment-methods")
}

/// Returns the errors of a rejected card.
pub(crate) fn form_errors(error: CallError, m: &Messages) -> Result<FormErrors, PageError> {
    match error.code() {
        "too_many_payment_methods" => Ok(FormErrors::general(m.card.too_many)),
        // The form was sent twice with different values: its next key is a new one.
        "idempotency_key_reused" | "request_in_progress" => {
            Ok(FormErrors::general(m.card.send_again))
        }
        _ => FormErrors::from_call(error, m),
    }
}
