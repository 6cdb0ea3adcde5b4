//! Password, e-mail address and sessions.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use crate::forms::{Field, FormErrors, SubmittedForm};
use crate::gateway_client::SessionInfo;
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::see_other;
use crate::session::FlashCode;
use crate::view::{Head, View};

/// Name of the current password in the form of the e-mail address. Two fields of a page must not
/// have the same id.
const EMAIL_PASSWORD: &str = "email_password";

#[derive(Template)]
#[template(path = "account/security.html")]
struct SecurityView {
    m: &'static Messages,
    email: String,
    is_verified: bool,
    password_fields: Vec<Field>,
    password_errors: FormErrors,
    email_fields: Vec<Field>,
    email_errors: FormErrors,
    sessions: Vec<SessionEntry>,
}

struct SessionEntry {
    id: Uuid,
    is_current: bool,
    signed_in: String,
    last_used: String,
}

impl SecurityView {
    fn current(&self) -> &'static str {
        "/security"
    }
}

impl View for SecurityView {
    fn head(&self) -> Head {
        Head::private(self.m.security.title)
    }
}

/// A new password. It does not implement `Debug`: it contains passwords.
#[derive(Deserialize)]
pub(crate) struct PasswordForm {
    current_password: String,
    new_password: String,
}

/// A new e-mail address. It does not implement `Debug`: it contains a password.
#[derive(Deserialize)]
pub(crate) struct EmailForm {
    email: String,
    email_password: String,
}

/// `GET /security`.
pub(crate) async fn show(page: Page) -> Result<Response, PageError> {
    render(page, FormErrors::default(), FormErrors::default()).await
}

/// `POST /security/password`.
pub(crate) async fn change_password(
    page: Page,
    SubmittedForm(form): SubmittedForm<PasswordForm>,
) -> Result<Response, PageError> {
    match page.gateway().change_password(&form.current_password, &form.new_password).await {
        Ok(()) => Ok(done(&page, FlashCode::PasswordChanged)),
        Err(error) => {
            let errors = FormErrors::from_call(error, page.messages())?;
            let page = page.with_status(StatusCode::UNPROCESSABLE_ENTITY);
            render(page, errors, FormErrors::default()).await
        }
    }
}

/// `POST /security/email`.
pub(crate) async fn change_email(
    page: Page,
    SubmittedForm(form): SubmittedForm<EmailForm>,
) -> Result<Response, PageError> {
    match page.gateway().change_email(form.email.trim(), &form.email_password).await {
        Ok(()) => Ok(done(&page, FlashCode::EmailChangeRequested)),
        Err(error) => {
            let errors = FormErrors::from_call(error, page.messages())?;
            let errors = errors.rename("current_password", EMAIL_PASSWORD);
            let page = page.with_status(StatusCode::UNPROCESSABLE_ENTITY);
            render(page, FormErrors::default(), errors).await
        }
    }
}

/// `POST /security/verify-email`.
pub(crate) async fn resend_verification(page: Page) -> Result<Response, PageError> {
    page.gateway().resend_verification().await?;
    Ok(done(&page, FlashCode::VerificationSent))
}

/// `POST /security/sessions/{id}/end`. A session that has ended already is no error.
pub(crate) async fn end_session(page: Page, Path(id): Path<Uuid>) -> Result<Response, PageError> {
    match page.gateway().end_session(id).await {
        Err(error) if error.code() != "session_not_found" => Err(error.into()),
        _ => Ok(done(&page, FlashCode::SessionEnded)),
    }
}

/// `POST /security/sign-out-everywhere`.
pub(crate) async fn sign_out_everywhere(page: Page) -> Result<Response, PageError> {
    page.gateway().logout_everywhere().await?;
    page.session().forget();
    page.session().flash(FlashCode::SignedOutEverywhere.into());
    Ok(see_other("/login"))
}

async fn render(
    page: Page,
    password_errors: FormErrors,
    email_errors: FormErrors,
) -> Result<Response, PageError> {
    let gateway = page.gateway();
    let (user, sessions) = tokio::try_join!(gateway.me(), gateway.sessions())?;
    let (m, format) = (page.messages(), page.format());
    let entry = |session: SessionInfo| SessionEntry {
        id: session.id,
        is_current: session.current,
        signed_in: format.date_time(session.created_at),
        last_used: format.date_time(session.last_used_at),
    };
    let view = SecurityView {
        m,
        email: user.email,
        is_verified: user.email_verified,
        password_fields: password_fields(m, &password_errors),
        password_errors,
        email_fields: email_fields(m, &email_errors),
        email_errors,
        sessions: sessions.into_iter().map(entry).collect(),
    };
    page.render(view).await
}

fn password_fields(m: &Messages, errors: &FormErrors) -> Vec<Field> {
    let current = Field::password("current_password", m.forms.current_password, "current-password");
    let new = Field::password("new_password", m.forms.new_password, "new-password")
        .hint(m.forms.password_hint);
    vec![current.error(errors), new.error(errors)]
}

fn email_fields(m: &Messages, errors: &FormErrors) -> Vec<Field> {
    let email = Field::email(m.forms.new_email).error(errors);
    let password = Field::password(EMAIL_PASSWORD, m.forms.current_password, "current-password");
    vec![email, password.error(errors)]
}

fn done(page: &Page, message: FlashCode) -> Response {
    page.session().flash(message.into());
    see_other("/security")
}
