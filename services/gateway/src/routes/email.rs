//! Verification and change of the e-mail address.

use axum::extract::State;
use http::StatusCode;
use proto::user::v1::RequestEmailVerificationRequest;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::codes::{signed_in, with_body};
use crate::app::App;
use crate::auth::SignedIn;
use crate::openapi::service_route;
use crate::problem::{Code, Problem};
use crate::validation::{Body, Validator};
use crate::views::email::{EmailChange, EmailVerification};

pub(super) fn routes() -> OpenApiRouter<App> {
    let verify_codes = with_body(&[Code::Conflict, Code::EmailTaken]);
    let resend_codes = signed_in(&[Code::NotFound, Code::UserNotFound]);
    let change_codes =
        signed_in(&with_body(&[Code::NotFound, Code::UserNotFound, Code::TooManyAttempts]));
    OpenApiRouter::new()
        .routes(service_route(&verify_codes, routes!(verify)))
        .routes(service_route(&resend_codes, routes!(resend)))
        .routes(service_route(&change_codes, routes!(change)))
}

/// Verify an e-mail address with a mailed token
///
/// The token is valid once, for one day. If it was mailed to a new address, the account takes the
/// address over. An invalid token is reported in `errors` as `token`.
#[utoipa::path(
    post, path = "/auth/verify-email", operation_id = "verifyEmail", tag = "auth",
    request_body = EmailVerification,
    responses((status = 204, description = "The address is verified.")),
    security(())
)]
async fn verify(
    State(app): State<App>,
    Body(body): Body<EmailVerification>,
) -> Result<StatusCode, Problem> {
    let mut validator = Validator::new();
    let request = body.validate(&mut validator);
    let request = validator.pass(request)?;
    app.user().verify_email(request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send the verification mail again
///
/// Sends nothing if the address is verified, or got the maximum number of mails: 6 at once, and one
/// more per hour. An account can request as many.
#[utoipa::path(
    post, path = "/me/verify-email", operation_id = "requestEmailVerification", tag = "account",
    responses((status = 202, description = "A mail is sent if the address is not verified.")),
    security(("bearer" = []))
)]
async fn resend(State(app): State<App>, SignedIn(caller): SignedIn) -> Result<StatusCode, Problem> {
    let request = RequestEmailVerificationRequest { user_id: caller.user_id.to_string() };
    let requested = app.user().request_email_verification(request).await;
    requested.map_err(Problem::not_found_as(Code::UserNotFound))?;
    Ok(StatusCode::ACCEPTED)
}

/// Change my e-mail address
///
/// Sends a token to the new address; `POST /auth/verify-email` with the token completes the change.
/// Until then, the present address stays. The response is the same if another account has the new
/// address. A wrong password is reported in `errors` as `current_password`. An account can request
/// 6 verification mails at once, and one more per hour.
#[utoipa::path(
    post, path = "/me/email", operation_id = "changeEmail", tag = "account",
    request_body = EmailChange,
    responses((status = 202, description = "A mail is sent to the new address.")),
    security(("bearer" = []))
)]
async fn change(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(body): Body<EmailChange>,
) -> Result<StatusCode, Problem> {
    let mut validator = Validator::new();
    let request = body.validate(&mut validator, caller);
    let request = validator.pass(request)?;
    let requested = app.user().change_email(request).await;
    requested.map_err(Problem::not_found_as(Code::UserNotFound))?;
    Ok(StatusCode::ACCEPTED)
}
