//! Forgotten passwords: the mail, and the page to which it leads.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use crate::forms::{Field, FormErrors, SubmittedForm};
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::see_other;
use crate::session::FlashCode;
use crate::view::{Head, View};

#[derive(Template)]
#[template(path = "account/forgot_password.html")]
struct ForgotView {
    m: &'static Messages,
    email: Field,
    /// Whether the mail was requested. The page is the same for every address.
    is_sent: bool,
    errors: FormErrors,
}

impl View for ForgotView {
    fn head(&self) -> Head {
        Head::private(self.m.password_reset.forgot_title)
    }
}

#[derive(Template)]
#[template(path = "account/reset_password.html")]
struct ResetView {
    m: &'static Messages,
    token: String,
    password: Field,
    errors: FormErrors,
}

impl View for ResetView {
    fn head(&self) -> Head {
        Head::private(self.m.password_reset.reset_title)
    }
}

/// The submitted address.
#[derive(Debug, Deserialize)]
pub(crate) struct ForgotForm {
    email: String,
}

/// The token of the mail. It does not implement `Debug`: it is a secret.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ResetParams {
    pub(super) token: String,
}

/// The submitted password. It does not implement `Debug`: it contains secrets.
#[derive(Deserialize)]
pub(crate) struct ResetForm {
    token: String,
    new_password: String,
}

/// The query of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ForgotParams {
    /// Not empty after the mail was requested.
    sent: String,
}

/// `GET /forgot-password`.
pub(crate) async fn show_forgot(
    page: Page,
    Query(params): Query<ForgotParams>,
) -> Result<Response, PageError> {
    let is_sent = !params.sent.is_empty();
    let view = forgot_view(page.messages(), "", is_sent, FormErrors::default());
    page.render(view).await
}

/// `POST /forgot-password`. A reload of the page that follows requests no further mail.
pub(crate) async fn forgot(
    page: Page,
    SubmittedForm(form): SubmittedForm<ForgotForm>,
) -> Result<Response, PageError> {
    let m = page.messages();
    match page.gateway().forgot_password(form.email.trim()).await {
        Ok(()) => Ok(see_other("/forgot-password?sent=1")),
        Err(error) => {
            let errors = FormErrors::from_call(error, m)?;
            let view = forgot_view(m, &form.email, false, errors);
            page.with_status(StatusCode::UNPROCESSABLE_ENTITY).render(view).await
        }
    }
}

/// `GET /reset-password`.
pub(crate) async fn show_reset(
    page: Page,
    Query(params): Query<ResetParams>,
) -> Result<Response, PageError> {
    let view = reset_view(page.messages(), params.token, FormErrors::default());
    page.render(view).await
}

/// `POST /reset-password`.
pub(crate) async fn reset(
    page: Page,
    SubmittedForm(form): SubmittedForm<ResetForm>,
) -> Result<Response, PageError> {
    let m = page.messages();
    let error = match page.gateway().reset_password(&form.token, &form.new_password).await {
        Ok(()) => {
            page.session().forget();
            page.session().flash(FlashCode::PasswordReset.into());
            return Ok(see_other("/login"));
        }
        Err(error) => error,
    };
    let errors = FormErrors::from_call(error, m)?;
    let errors = match errors.error_of_field("token") {
        Some(_) => FormErrors::general(m.password_reset.invalid_token),
        None => errors,
    };
    let view = reset_view(m, form.token, errors);
    page.with_status(StatusCode::UNPROCESSABLE_ENTITY).render(view).await
}

fn forgot_view(m: &'static Messages, email: &str, is_sent: bool, errors: FormErrors) -> ForgotView {
    let email = Field::email(m.forms.email).autocomplete("username").value(email).error(&errors);
    ForgotView { m, email, is_sent, errors }
}

fn reset_view(m: &'static Messages, token: String, errors: FormErrors) -> ResetView {
    let password = Field::password("new_password", m.forms.new_password, "new-password")
        .hint(m.forms.password_hint)
        .error(&errors);
    ResetView { m, token, password, errors }
}
