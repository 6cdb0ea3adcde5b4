//! `/auth`: signing in and out.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::codes::{signed_in, with_body};
use crate::app::App;
use crate::auth::SignedIn;
use crate::check::{Body, Check};
use crate::openapi::raising;
use crate::problem::{Code, Problem};
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
        .routes(raising(&register_codes, routes!(register)))
        .routes(raising(&login_codes, routes!(login)))
        .routes(raising(&refresh_codes, routes!(refresh)))
        .routes(raising(&logout_codes, routes!(logout)))
        .routes(raising(&forgot_codes, routes!(forgot_password)))
        .routes(raising(&reset_codes, routes!(reset_password)))
        .routes(raising(&change_codes, routes!(change_password)))
}

/// Register
///
/// Makes an account and signs it in. E-mail addresses are the same whatever their case. A welcome
/// is mailed.
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
    let mut check = Check::new();
    let request = body.read(&mut check);
    let request = check.pass(request)?;
    let session = app.user().register(request).await?;
    Ok((StatusCode::CREATED, Json(session.into_inner().into())))
}

/// Sign in
///
/// The answer to a wrong pair is the same whether there is an account or not.
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
    let mut check = Check::new();
    let request = body.read(&mut check);
    let request = check.pass(request)?;
    let session = app.user().login(request).await?;
    Ok(Json(session.into_inner().into()))
}

/// Refresh a session
///
/// The refresh token is used up: take the one of the answer from now on. Sent again within a short
/// grace (for an answer that was lost, or a second tab) it is answered with another successor; after
/// that the whole session ends, for somebody has stolen a token.
#[utoipa::path(
    post, path = "/auth/refresh", operation_id = "refresh", tag = "auth",
    request_body = Refresh,
    responses((status = 200, description = "The session goes on.", body = Tokens)),
    security(())
)]
async fn refresh(
    State(app): State<App>,
    Body(body): Body<Refresh>,
) -> Result<Json<Tokens>, Problem> {
    let mut check = Check::new();
    let request = body.read(&mut check);
    let request = check.pass(request)?;
    let session = app.user().refresh_token(request).await?;
    Ok(Json(session.into_inner().into()))
}

/// Sign out
///
/// Ends the session of a refresh token, or all sessions of the account. Access tokens that are out
/// work until they expire.
#[utoipa::path(
    post, path = "/auth/logout", operation_id = "logout", tag = "auth",
    request_body = Logout,
    responses((status = 204, description = "It has ended.")),
    security(("bearer" = []))
)]
async fn logout(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(body): Body<Logout>,
) -> Result<StatusCode, Problem> {
    let mut check = Check::new();
    let request = body.read(&mut check, caller);
    let request = check.pass(request)?;
    app.user().logout(request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask for a new password
///
/// Mails a token when there is an account; the answer is the same when there is none.
#[utoipa::path(
    post, path = "/auth/password/forgot", operation_id = "forgotPassword", tag = "auth",
    request_body = ForgottenPassword,
    responses((status = 202, description = "If there is an account, a mail is on its way.")),
    security(())
)]
async fn forgot_password(
    State(app): State<App>,
    Body(body): Body<ForgottenPassword>,
) -> Result<StatusCode, Problem> {
    let mut check = Check::new();
    let request = body.read(&mut check);
    let request = check.pass(request)?;
    app.user().request_password_reset(request).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Set a new password by a mailed token
///
/// The token is good once and for an hour; one that is not is named in `errors` as `token`. All
/// sessions of the account end.
#[utoipa::path(
    post, path = "/auth/password/reset", operation_id = "resetPassword", tag = "auth",
    request_body = PasswordReset,
    responses((status = 204, description = "It is the password from now on.")),
    security(())
)]
async fn reset_password(
    State(app): State<App>,
    Body(body): Body<PasswordReset>,
) -> Result<StatusCode, Problem> {
    let mut check = Check::new();
    let request = body.read(&mut check);
    let request = check.pass(request)?;
    app.user().reset_password(request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Change the password
///
/// All sessions of the account end but the caller's own. A wrong password of now is named in
/// `errors` as `current_password`.
#[utoipa::path(
    post, path = "/auth/password/change", operation_id = "changePassword", tag = "auth",
    request_body = PasswordChange,
    responses((status = 204, description = "It is the password from now on.")),
    security(("bearer" = []))
)]
async fn change_password(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(body): Body<PasswordChange>,
) -> Result<StatusCode, Problem> {
    let mut check = Check::new();
    let request = body.read(&mut check, caller);
    let request = check.pass(request)?;
    let changed = app.user().change_password(request).await;
    changed.map_err(Problem::where_missing_is(Code::UserNotFound))?;
    Ok(StatusCode::NO_CONTENT)
}
