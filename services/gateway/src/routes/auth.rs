//! `/auth`: registration, sign-in and passwords.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::codes::{signed_in, with_body};
use crate::app::App;
use crate::auth::SignedIn;
use crate::openapi::service_route;
use crate::problem::{Code, Problem};
use crate::validation::{Body, Validator};
use crate::views::auth::{
    Credentials, ForgottenPassword, Logout, PasswordChange, PasswordReset, Refresh, Registration,
    Tokens,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    let register_codes = with_body(&[Code::Conflict, Code::EmailTaken, Code::TooManyAttempts]);
    let login_codes = with_body(&[
        Code::Unauthenticated,
        Code::InvalidCredentials,
        Code::Forbidden,
        Code::AccountDisabled,
        Code::TooManyAttempts,
    ]);
    let refresh_codes = with_body(&[
        Code::Unauthenticated,
        Code::InvalidRefreshToken,
        Code::Forbidden,
        Code::AccountDisabled,
    ]);
    let logout_codes = signed_in(&with_body(&[]));
    let forgot_codes = with_body(&[Code::TooManyAttempts]);
    let reset_codes = with_body(&[Code::Forbidden, Code::AccountDisabled, Code::TooManyAttempts]);
    let change_codes = signed_in(&with_body(&[
        Code::Forbidden,
        Code::AccountDisabled,
        Code::NotFound,
        Code::UserNotFound,
        Code::TooManyAttempts,
    ]));
    OpenApiRouter::new()
        .routes(service_route(&register_codes, routes!(register)))
        .routes(service_route(&login_codes, routes!(login)))
        .routes(service_route(&refresh_codes, routes!(refresh)))
        .routes(service_route(&logout_codes, routes!(logout)))
        .routes(service_route(&forgot_codes, routes!(forgot_password)))
        .routes(service_route(&reset_codes, routes!(reset_password)))
        .routes(service_route(&change_codes, routes!(change_password)))
}

/// Register
///
/// Creates an account and signs it in. E-mail addresses are case-insensitive. Sends a mail with a
/// token that verifies the address, and a welcome mail once it is verified.
#[utoipa::path(
    post, path = "/auth/register", operation_id = "register", tag = "auth",
    request_body = Registration,
    responses((status = 201, description = "The session of the new account.", body = Tokens)),
    security(())
)]
async fn register(
    State(app): State<App>,
    Body(body): Body<Registration>,
) -> Result<(StatusCode, Json<Tokens>), Problem> {
    let mut validator = Validator::new();
    let request = body.validate(&mut validator);
    let request = validator.pass(request)?;
    let session = app.user().register(request).await?;
    Ok((StatusCode::CREATED, Json(session.into_inner().into())))
}

/// Sign in
///
/// The error is the same for an unknown e-mail address and for a wrong password.
#[utoipa::path(
    post, path = "/auth/login", operation_id = "login", tag = "auth",
    request_body = Credentials,
    responses((status = 200, description = "A new session.", body = Tokens)),
    security(())
)]
async fn login(
    State(app): State<App>,
    Body(body): Body<Credentials>,
) -> Result<Json<Tokens>, Problem> {
    let mut validator = Validator::new();
    let request = body.validate(&mut validator);
    let request = validator.pass(request)?;
    let session = app.user().login(request).await?;
    Ok(Json(session.into_inner().into()))
}

/// Refresh a session
///
/// A refresh token is valid once: use the token of the response for the next refresh. Within a
/// short grace period (for a lost response, or a second tab) the same token returns the same
/// successor. After it, a repeated token ends the session, because it may have been stolen. A
/// session also ends at its maximum age; then the customer signs in again.
#[utoipa::path(
    post, path = "/auth/refresh", operation_id = "refresh", tag = "auth",
    request_body = Refresh,
    responses((status = 200, description = "The refreshed session.", body = Tokens)),
    security(())
)]
async fn refresh(
    State(app): State<App>,
    Body(body): Body<Refresh>,
) -> Result<Json<Tokens>, Problem> {
    let mut validator = Validator::new();
    let request = body.validate(&mut validator);
    let request = validator.pass(request)?;
    let session = app.user().refresh_token(request).await?;
    Ok(Json(session.into_inner().into()))
}

/// Sign out
///
/// Ends the session of a refresh token, or all sessions of the account. Their access tokens are
/// refused within 5 seconds.
#[utoipa::path(
    post, path = "/auth/logout", operation_id = "logout", tag = "auth",
    request_body = Logout,
    responses((status = 204, description = "The session has ended.")),
    security(("bearer" = []))
)]
async fn logout(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(body): Body<Logout>,
) -> Result<StatusCode, Problem> {
    let mut validator = Validator::new();
    let request = body.validate(&mut validator, caller);
    let request = validator.pass(request)?;
    app.user().logout(request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Request a password reset
///
/// Sends a mail with a token if the account exists. The response is the same if it does not.
#[utoipa::path(
    post, path = "/auth/password/forgot", operation_id = "forgotPassword", tag = "auth",
    request_body = ForgottenPassword,
    responses((status = 202, description = "A mail is sent if the account exists.")),
    security(())
)]
async fn forgot_password(
    State(app): State<App>,
    Body(body): Body<ForgottenPassword>,
) -> Result<StatusCode, Problem> {
    let mut validator = Validator::new();
    let request = body.validate(&mut validator);
    let request = validator.pass(request)?;
    app.user().request_password_reset(request).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Reset the password with a mailed token
///
/// The token is valid once, for one hour. An invalid token is reported in `errors` as `token`. Ends
/// all sessions of the account, and verifies its e-mail address.
#[utoipa::path(
    post, path = "/auth/password/reset", operation_id = "resetPassword", tag = "auth",
    request_body = PasswordReset,
    responses((status = 204, description = "The password is changed.")),
    security(())
)]
async fn reset_password(
    State(app): State<App>,
    Body(body): Body<PasswordReset>,
) -> Result<StatusCode, Problem> {
    let mut validator = Validator::new();
    let request = body.validate(&mut validator);
    let request = validator.pass(request)?;
    app.user().reset_password(request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Change the password
///
/// Ends all sessions of the account except the caller's. A wrong current password is reported in
/// `errors` as `current_password`.
#[utoipa::path(
    post, path = "/auth/password/change", operation_id = "changePassword", tag = "auth",
    request_body = PasswordChange,
    responses((status = 204, description = "The password is changed.")),
    security(("bearer" = []))
)]
async fn change_password(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(body): Body<PasswordChange>,
) -> Result<StatusCode, Problem> {
    let mut validator = Validator::new();
    let request = body.validate(&mut validator, caller);
    let request = validator.pass(request)?;
    let changed = app.user().change_password(request).await;
    changed.map_err(Problem::not_found_as(Code::UserNotFound))?;
    Ok(StatusCode::NO_CONTENT)
}
