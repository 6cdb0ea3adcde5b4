//! Verification of an e-mail address. The link of the mail shows a button, because programs that
//! check mails for malware follow links, and the token is valid once.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use super::password_reset::ResetParams;
use crate::forms::SubmittedForm;
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::see_other;
use crate::session::FlashCode;
use crate::view::{Head, View};

#[derive(Template)]
#[template(path = "account/verify_email.html")]
struct VerifyView {
    m: &'static Messages,
    token: String,
    error: Option<&'static str>,
}

impl View for VerifyView {
    fn head(&self) -> Head {
        Head::private(self.m.verify_email.title)
    }
}

/// The submitted token. It does not implement `Debug`: it is a secret.
#[derive(Deserialize)]
pub(crate) struct VerifyForm {
    token: String,
}

/// `GET /verify-email`.
pub(crate) async fn show(
    page: Page,
    Query(params): Query<ResetParams>,
) -> Result<Response, PageError> {
    let view = VerifyView { m: page.messages(), token: params.token, error: None };
    page.render(view).await
}

/// `POST /verify-email`.
pub(crate) async fn verify(
    page: Page,
    SubmittedForm(form): SubmittedForm<VerifyForm>,
) -> Result<Response, PageError> {
    let m = page.messages();
    let error = match page.gateway().verify_email(&form.token).await {
        Ok(()) => {
            page.session().flash(FlashCode::EmailVerified.into());
            let next = if page.session().is_signed_in() { "/account" } else { "/login" };
            return Ok(see_other(next));
        }
        Err(error) => error,
    };
    let message = match error.code() {
        "invalid_request" => m.verify_email.invalid_token,
        "email_taken" => m.register.email_taken,
        _ => return Err(error.into()),
    };
    let view = VerifyView { m, token: form.token, error: Some(message) };
    page.with_status(StatusCode::UNPROCESSABLE_ENTITY).render(view).await
}
