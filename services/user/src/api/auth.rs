//! Parsing of requests about sign-in, sessions and passwords.

use proto::user::v1 as pb;
use secrecy::SecretString;
use tonic::Status;
use wire::{Email, Fields};

use super::fields::UserFields as _;
use crate::accounts::{PasswordChange, Registration, SessionsToEnd};
use crate::domain::account::Profile;
use crate::domain::ids::UserId;
use crate::domain::password::Password;
use crate::domain::token::OpaqueToken;

pub(super) fn register(request: &pb::RegisterRequest) -> Result<Registration, Status> {
    let mut fields = Fields::default();
    let f = &mut fields;
    let email = f.email("email", &request.email);
    let password = f.new_password("password", &request.password);
    let password = match (password, &email) {
        (Some(password), Some(email)) => match password.for_account(email) {
            Ok(password) => Some(password),
            Err(error) => f.reject("password", error.to_string()),
        },
        (password, _) => password,
    };
    let first_name = f.name("first_name", &request.first_name);
    let last_name = f.name("last_name", &request.last_name);
    let read = || {
        let profile =
            Profile { first_name: first_name?, last_name: last_name?, ..Profile::default() };
        Some(Registration { email: email?, password: password?, profile })
    };
    let read = read();
    fields.finish(read)
}

pub(super) fn login(request: &pb::LoginRequest) -> Result<(Email, SecretString), Status> {
    let mut fields = Fields::default();
    let email = fields.email("email", &request.email);
    let password = fields.secret("password", &request.password).map(SecretString::from);
    fields.finish(email.zip(password))
}

/// Reads the refresh token; `None` if the text cannot be a token.
pub(super) fn refresh(request: &pb::RefreshTokenRequest) -> Result<Option<OpaqueToken>, Status> {
    let mut fields = Fields::default();
    let token = fields.secret("refresh_token", &request.refresh_token).map(OpaqueToken::parse);
    fields.finish(token)
}

pub(super) fn validate(request: &pb::ValidateTokenRequest) -> Result<&str, Status> {
    let mut fields = Fields::default();
    let token = fields.secret("token", &request.token);
    fields.finish(token)
}

pub(super) fn logout(request: &pb::LogoutRequest) -> Result<(UserId, SessionsToEnd), Status> {
    let mut fields = Fields::default();
    let user = fields.id("user_id", &request.user_id);
    let sessions = if request.all {
        Some(SessionsToEnd::All)
    } else {
        let token = fields.secret("refresh_token", &request.refresh_token);
        token.map(|token| SessionsToEnd::OfToken(OpaqueToken::parse(token)))
    };
    fields.finish(user.zip(sessions))
}

pub(super) fn change_password(
    request: &pb::ChangePasswordRequest,
) -> Result<PasswordChange, Status> {
    let mut fields = Fields::default();
    let user = fields.id("user_id", &request.user_id);
    let current = fields.secret("current_password", &request.current_password);
    let new = fields.new_password("new_password", &request.new_password);
    let session = fields.id_or_none("session_id", &request.session_id);
    let read = || {
        let current = SecretString::from(current?);
        Some(PasswordChange { user: user?, current, new: new?, session: session? })
    };
    fields.finish(read())
}

pub(super) fn request_reset(request: &pb::RequestPasswordResetRequest) -> Result<Email, Status> {
    let mut fields = Fields::default();
    let email = fields.email("email", &request.email);
    fields.finish(email)
}

pub(super) fn reset(
    request: &pb::ResetPasswordRequest,
) -> Result<(Option<OpaqueToken>, Password), Status> {
    let mut fields = Fields::default();
    let token = fields.secret("token", &request.token).map(OpaqueToken::parse);
    let new = fields.new_password("new_password", &request.new_password);
    fields.finish(token.zip(new))
}
