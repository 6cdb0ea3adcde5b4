//! Registration.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use super::login::LoginParams;
use crate::forms::{Field, FormErrors, SubmittedForm};
use crate::gateway_client::{CallError, Registration};
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::{merge_guest_cart, see_other};
use crate::session::{FlashCode, Next};
use crate::view::{Head, View};

#[derive(Template)]
#[template(path = "account/register.html")]
struct RegisterView {
    m: &'static Messages,
    fields: Vec<Field>,
    next: Next,
    errors: FormErrors,
}

impl View for RegisterView {
    fn head(&self) -> Head {
        Head::private(self.m.register.title)
    }
}

/// The submitted form. It does not implement `Debug`: it contains a password.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct RegisterForm {
    first_name: String,
    last_name: String,
    email: String,
    password: String,
    next: Next,
}

/// `GET /register`.
pub(crate) async fn show(
    page: Page,
    Query(params): Query<LoginParams>,
) -> Result<Response, PageError> {
    let form = RegisterForm { next: params.next, ..RegisterForm::default() };
    let view = form.view(page.messages(), FormErrors::default());
    page.render(view).await
}

/// `POST /register`.
pub(crate) async fn register(
    page: Page,
    SubmittedForm(form): SubmittedForm<RegisterForm>,
) -> Result<Response, PageError> {
    let m = page.messages();
    let registration = Registration {
        email: form.email.trim(),
        password: &form.password,
        first_name: form.first_name.trim(),
        last_name: form.last_name.trim(),
    };
    let errors = match page.gateway().register(&registration).await {
        Ok(tokens) => {
            page.session().store(&tokens, true);
            page.session().flash(FlashCode::Registered.into());
            merge_guest_cart(&page).await;
            return Ok(see_other(form.next.as_str()));
        }
        Err(error) => form_errors(error, m)?,
    };
    page.with_status(StatusCode::UNPROCESSABLE_ENTITY).render(form.view(m, errors)).await
}

impl RegisterForm {
    fn view(self, m: &'static Messages, errors: FormErrors) -> RegisterView {
        let fields = [
            Field::text("first_name", m.forms.first_name)
                .autocomplete("given-name")
                .max_length(100)
                .value(&self.first_name),
            Field::text("last_name", m.forms.last_name)
                .autocomplete("family-name")
                .max_length(100)
                .value(&self.last_name),
            Field::email(m.forms.email).autocomplete("username").value(&self.email),
            Field::password("password", m.forms.password, "new-password")
                .hint(m.forms.password_hint),
        ];
        let fields = fields.map(|field| field.error(&errors)).to_vec();
        RegisterView { m, fields, next: self.next, errors }
    }
}

fn form_errors(error: CallError, m: &Messages) -> Result<FormErrors, PageError> {
    match error.code() {
        "email_taken" => Ok(FormErrors::field("email", m.register.email_taken)),
        _ => FormErrors::from_call(error, m),
    }
}
