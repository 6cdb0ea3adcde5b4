//! Parsing of requests about e-mail addresses.

use proto::user::v1 as pb;
use secrecy::SecretString;
use tonic::Status;
use wire::Fields;

use super::fields::UserFields as _;
use crate::accounts::EmailChange;
use crate::domain::ids::UserId;
use crate::domain::token::OpaqueToken;

/// Reads the token; `None` if the text cannot be a token.
pub(super) fn verify(request: &pb::VerifyEmailRequest) -> Result<Option<OpaqueToken>, Status> {
    let mut fields = Fields::default();
    let token = fields.secret("token", &request.token).map(OpaqueToken::parse);
    fields.finish(token)
}

pub(super) fn request(request: &pb::RequestEmailVerificationRequest) -> Result<UserId, Status> {
    super::fields::user_id(&request.user_id)
}

pub(super) fn change(request: &pb::ChangeEmailRequest) -> Result<EmailChange, Status> {
    let mut fields = Fields::default();
    let user = fields.id("user_id", &request.user_id);
    let email = fields.email("email", &request.email);
    let current = fields.secret("current_password", &request.current_password);
    let current = current.map(SecretString::from);
    let read = || Some(EmailChange { user: user?, email: email?, current_password: current? });
    fields.finish(read())
}
