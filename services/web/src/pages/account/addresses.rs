//! The address book.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use uuid::Uuid;

use super::{AddressFields, AddressForm, address_lines};
use crate::forms::{FormErrors, SubmittedForm};
use crate::gateway_client::{AddressEntry, CallError, SavedAddress};
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::see_other;
use crate::session::FlashCode;
use crate::view::{Head, View};

#[derive(Template)]
#[template(path = "account/addresses.html")]
struct AddressesView {
    m: &'static Messages,
    addresses: Vec<AddressCard>,
}

struct AddressCard {
    lines: Vec<String>,
    is_default: bool,
    path: String,
}

impl AddressesView {
    fn current(&self) -> &'static str {
        "/addresses"
    }
}

impl View for AddressesView {
    fn head(&self) -> Head {
        Head::private(self.m.address.title)
    }
}

#[derive(Template)]
#[template(path = "account/address.html")]
struct AddressView {
    m: &'static Messages,
    title: &'static str,
    action: String,
    form: AddressFields,
}

impl AddressView {
    fn current(&self) -> &'static str {
        "/addresses"
    }
}

impl View for AddressView {
    fn head(&self) -> Head {
        Head::private(self.title)
    }
}

/// `GET /addresses`.
pub(crate) async fn show(page: Page) -> Result<Response, PageError> {
    let addresses = page.gateway().addresses().await?;
    let m = page.messages();
    let card = |saved: &SavedAddress| AddressCard {
        lines: address_lines(&saved.address, m),
        is_default: saved.is_default,
        path: format!("/addresses/{}", saved.id),
    };
    let addresses = addresses.iter().map(card).collect();
    let view = AddressesView { m, addresses };
    page.render(view).await
}

/// `GET /addresses/new`.
pub(crate) async fn show_new(page: Page) -> Result<Response, PageError> {
    // The form of a visitor without a session would be lost.
    page.gateway().addresses().await?;
    let form = AddressForm::empty(page.shop().locale);
    let view = new_view(page.messages(), &form, FormErrors::default());
    page.render(view).await
}

/// `POST /addresses/new`.
pub(crate) async fn add(
    page: Page,
    SubmittedForm(form): SubmittedForm<AddressForm>,
) -> Result<Response, PageError> {
    let m = page.messages();
    let errors = match page.gateway().add_address(&form.entry()).await {
        Ok(_) => return Ok(saved(&page, FlashCode::AddressSaved)),
        Err(error) => form_errors(error, m)?,
    };
    let view = new_view(m, &form, errors);
    page.with_status(StatusCode::UNPROCESSABLE_ENTITY).render(view).await
}

/// `GET /addresses/{id}`.
pub(crate) async fn show_edit(page: Page, Path(id): Path<Uuid>) -> Result<Response, PageError> {
    let saved = find(&page, id).await?;
    let form = AddressForm::from_saved(&saved.address, saved.is_default);
    let view = edit_view(page.messages(), id, &form, FormErrors::default());
    page.render(view).await
}

/// `POST /addresses/{id}`.
pub(crate) async fn replace(
    page: Page,
    Path(id): Path<Uuid>,
    SubmittedForm(form): SubmittedForm<AddressForm>,
) -> Result<Response, PageError> {
    let m = page.messages();
    let errors = match page.gateway().replace_address(id, &form.entry()).await {
        Ok(()) => return Ok(saved(&page, FlashCode::AddressSaved)),
        Err(error) => form_errors(error, m)?,
    };
    let view = edit_view(m, id, &form, errors);
    page.with_status(StatusCode::UNPROCESSABLE_ENTITY).render(view).await
}

/// `POST /addresses/{id}/default`.
pub(crate) async fn set_default(page: Page, Path(id): Path<Uuid>) -> Result<Response, PageError> {
    let SavedAddress { address, .. } = find(&page, id).await?;
    let entry = AddressEntry { address, is_default: true };
    page.gateway().replace_address(id, &entry).await?;
    Ok(saved(&page, FlashCode::DefaultChanged))
}

/// `POST /addresses/{id}/delete`. An address that is deleted already is no error.
pub(crate) async fn delete(page: Page, Path(id): Path<Uuid>) -> Result<Response, PageError> {
    match page.gateway().delete_address(id).await {
        Err(error) if error.code() != "address_not_found" => Err(error.into()),
        _ => Ok(saved(&page, FlashCode::AddressDeleted)),
    }
}

async fn find(page: &Page, id: Uuid) -> Result<SavedAddress, PageError> {
    let addresses = page.gateway().addresses().await?;
    addresses.into_iter().find(|address| address.id == id).ok_or(PageError::NotFound)
}

fn saved(page: &Page, message: FlashCode) -> Response {
    page.session().flash(message.into());
    see_other("/addresses")
}

fn new_view(m: &'static Messages, form: &AddressForm, errors: FormErrors) -> AddressView {
    let (title, action) = (m.address.new_title, "/addresses/new".to_owned());
    AddressView { m, title, action, form: form.fields(m, errors) }
}

fn edit_view(
    m: &'static Messages,
    id: Uuid,
    form: &AddressForm,
    errors: FormErrors,
) -> AddressView {
    let (title, action) = (m.address.edit_title, format!("/addresses/{id}"));
    AddressView { m, title, action, form: form.fields(m, errors) }
}

fn form_errors(error: CallError, m: &Messages) -> Result<FormErrors, PageError> {
    match error.code() {
        "too_many_addresses" => Ok(FormErrors::general(m.address.too_many)),
        _ => FormErrors::from_call(error, m),
    }
}
