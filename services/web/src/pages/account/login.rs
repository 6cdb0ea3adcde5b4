//! Sign-in.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use super::SignInForm;
use crate::forms::{Checkbox, FormErrors, SubmittedForm};
use crate::gateway_client::{CallError, Credentials};
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::{merge_guest_cart, see_other};
use crate::session::Next;
use crate::view::{Head, View};

#[derive(Template)]
#[template(path = "account/login.html")]
struct LoginView {
    m: &'static Messages,
    /// Why the customer has to sign in.
    reason: Option<&'static str>,
    form: SignInForm,
}

impl View for LoginView {
    fn head(&self) -> Head {
        Head::private(self.m.login.title)
    }
}

/// The query of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LoginParams {
    pub(super) next: Next,
    reason: String,
}

/// The submitted form. It does not implement `Debug`: it contains a password.
#[derive(Deserialize)]
pub(crate) struct LoginForm {
    email: String,
    password: String,
    #[serde(default)]
    remember: Checkbox,
    #[serde(default)]
    next: Next,
}

/// `GET /login`.
pub(crate) async fn show(
    page: Page,
    Query(params): Query<LoginParams>,
) -> Result<Response, PageError> {
    let m = page.messages();
    let reason = match params.reason.as_str() {
        "expired" => Some(m.login.reason_expired),
        "unsaved" => Some(m.login.reason_unsaved),
        "required" => Some(m.login.reason_required),
        _ => None,
    };
    let form = SignInForm::new(m, "", true, params.next, FormErrors::default());
    page.render(LoginView { m, reason, form }).await
}

/// `POST /login`.
pub(crate) async fn sign_in(
    page: Page,
    SubmittedForm(form): SubmittedForm<LoginForm>,
) -> Result<Response, PageError> {
    let m = page.messages();
    let credentials = Credentials { email: form.email.trim(), password: &form.password };
    let errors = match page.gateway().login(&credentials).await {
        Ok(tokens) => {
            page.session().store(&tokens, form.remember.0);
            merge_guest_cart(&page).await;
            return Ok(see_other(form.next.as_str()));
        }
        Err(error) => form_errors(error, m)?,
    };
    let form = SignInForm::new(m, &form.email, form.remember.0, form.next, errors);
    let view = LoginView { m, reason: None, form };
    page.with_status(StatusCode::UNPROCESSABLE_ENTITY).render(view).await
}

fn form_errors(error: CallError, m: &Messages) -> Result<FormErrors, PageError> {
    match error.code() {
        "invalid_credentials" => Ok(FormErrors::general(m.login.invalid_credentials)),
        "account_disabled" => Ok(FormErrors::general(m.login.account_disabled)),
        _ => FormErrors::from_call(error, m),
    }
}
