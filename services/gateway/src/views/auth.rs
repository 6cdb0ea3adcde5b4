//! Registration, sign-in and passwords. The types do not implement `Debug`: they contain secrets.

use proto::user::v1;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::user::{NAME_CHARS, User};
use crate::auth::Caller;
use crate::validation::{Field, Validator};

/// Scheme of the `Authorization` header.
const TOKEN_TYPE: &str = "Bearer";

/// The tokens of a session.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tokens {
    /// Access token, to send with each request: `Authorization: Bearer <access_token>`.
    #[schema(example = "eyJhbGciOiJFZERTQSIsImtpZCI6IjEifQ.eyJzdWIiOiIwMTk5In0.c2ln")]
    access_token: String,
    /// Refresh token, valid for one refresh.
    #[schema(example = "Zm9yIG9uZSByZWZyZXNoIG9ubHk")]
    refresh_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(example = 900, minimum = 0)]
    expires_in: i64,
    /// The account.
    user: User,
}

impl From<v1::AuthResponse> for Tokens {
    fn from(message: v1::AuthResponse) -> Self {
        Self {
            access_token: message.access_token,
            refresh_token: message.refresh_token,
            token_type: TOKEN_TYPE,
            expires_in: message.expires_in,
            user: message.user.unwrap_or_default().into(),
        }
    }
}

/// A new account.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct Registration {
    /// E-mail address; unique and case-insensitive.
    #[schema(
        value_type = String, required, format = "email", max_length = 254,
        example = "ada@example.com"
    )]
    #[serde(default)]
    email: Field<String>,
    /// Password: 8 to 72 bytes of UTF-8, not blank, and not the e-mail address.
    #[schema(
        value_type = String, required, format = Password, min_length = 1,
        example = "correct horse battery"
    )]
    #[serde(default)]
    password: Field<String>,
    /// Given name; must not look like a link.
    #[schema(value_type = Option<String>, max_length = 100, example = "Ada")]
    #[serde(default)]
    first_name: Field<String>,
    /// Family name; must not look like a link.
    #[schema(value_type = Option<String>, max_length = 100, example = "Lovelace")]
    #[serde(default)]
    last_name: Field<String>,
}

impl Registration {
    /// Validates the fields and builds the request message.
    pub(crate) fn validate(self, validator: &mut Validator) -> Option<v1::RegisterRequest> {
        let email = validator.required("email", self.email);
        let email = validator.email("email", email);
        let password = validator.required("password", self.password);
        let password = validator.new_password("password", password, email.as_deref());
        let first_name = validator.optional("first_name", self.first_name);
        let first_name = validator.line("first_name", first_name, NAME_CHARS);
        let last_name = validator.optional("last_name", self.last_name);
        let last_name = validator.line("last_name", last_name, NAME_CHARS);
        Some(v1::RegisterRequest {
            email: email?,
            password: password?,
            first_name: first_name.unwrap_or_default(),
            last_name: last_name.unwrap_or_default(),
        })
    }
}

/// Credentials to sign in.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct Credentials {
    /// E-mail address, case-insensitive.
    #[schema(value_type = String, required, example = "ada@example.com")]
    #[serde(default)]
    email: Field<String>,
    /// Password.
    #[schema(value_type = String, required, format = Password, example = "correct horse battery")]
    #[serde(default)]
    password: Field<String>,
}

impl Credentials {
    /// Validates the fields and builds the request message.
    pub(crate) fn validate(self, validator: &mut Validator) -> Option<v1::LoginRequest> {
        let email = validator.required("email", self.email);
        let email = validator.non_empty("email", email);
        let password = validator.required("password", self.password);
        let password = validator.non_empty("password", password);
        Some(v1::LoginRequest { email: email?, password: password? })
    }
}

/// A session to refresh.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct Refresh {
    /// Refresh token of the last response.
    #[schema(value_type = String, required, example = "Zm9yIG9uZSByZWZyZXNoIG9ubHk")]
    #[serde(default)]
    refresh_token: Field<String>,
}

impl Refresh {
    /// Validates the fields and builds the request message.
    pub(crate) fn validate(self, validator: &mut Validator) -> Option<v1::RefreshTokenRequest> {
        let refresh_token = validator.required("refresh_token", self.refresh_token);
        let refresh_token = validator.non_empty("refresh_token", refresh_token)?;
        Some(v1::RefreshTokenRequest { refresh_token })
    }
}

/// The session to end, by its refresh token, or all sessions.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct Logout {
    /// Refresh token of the session; required unless `all` is true.
    #[schema(value_type = Option<String>, example = "Zm9yIG9uZSByZWZyZXNoIG9ubHk")]
    #[serde(default)]
    refresh_token: Field<String>,
    /// Whether to end all sessions of the account.
    #[schema(value_type = Option<bool>, default = false, example = false)]
    #[serde(default)]
    all: Field<bool>,
}

impl Logout {
    /// Validates the fields and builds the request message.
    pub(crate) fn validate(
        self,
        validator: &mut Validator,
        caller: Caller,
    ) -> Option<v1::LogoutRequest> {
        let all = validator.optional("all", self.all).unwrap_or_default();
        let refresh_token = match all {
            true => validator.optional("refresh_token", self.refresh_token).unwrap_or_default(),
            false => {
                let token = validator.required("refresh_token", self.refresh_token);
                validator.non_empty("refresh_token", token)?
            }
        };
        Some(v1::LogoutRequest { refresh_token, user_id: caller.user_id.to_string(), all })
    }
}

/// A request for a password reset.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct ForgottenPassword {
    /// E-mail address of the account.
    #[schema(
        value_type = String, required, format = "email", max_length = 254,
        example = "ada@example.com"
    )]
    #[serde(default)]
    email: Field<String>,
}

impl ForgottenPassword {
    /// Validates the fields and builds the request message.
    pub(crate) fn validate(
        self,
        validator: &mut Validator,
    ) -> Option<v1::RequestPasswordResetRequest> {
        let email = validator.required("email", self.email);
        let email = validator.email("email", email)?;
        Some(v1::RequestPasswordResetRequest { email })
    }
}

/// A password reset with a mailed token.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct PasswordReset {
    /// Token of the mail, valid once, for one hour.
    #[schema(value_type = String, required, example = "dGhlIHRva2VuIG9mIHRoZSBtYWls")]
    #[serde(default)]
    token: Field<String>,
    /// New password: 8 to 72 bytes of UTF-8, not blank, and not the e-mail address.
    #[schema(
        value_type = String, required, format = Password, min_length = 1,
        example = "another horse battery"
    )]
    #[serde(default)]
    new_password: Field<String>,
}

impl PasswordReset {
    /// Validates the fields and builds the request message.
    pub(crate) fn validate(self, validator: &mut Validator) -> Option<v1::ResetPasswordRequest> {
        let token = validator.required("token", self.token);
        let token = validator.non_empty("token", token);
        let new_password = validator.required("new_password", self.new_password);
        let new_password = validator.new_password("new_password", new_password, None);
        Some(v1::ResetPasswordRequest { token: token?, new_password: new_password? })
    }
}

/// A change of the password.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct PasswordChange {
    /// Current password.
    #[schema(value_type = String, required, format = Password, example = "correct horse battery")]
    #[serde(default)]
    current_password: Field<String>,
    /// New password: 8 to 72 bytes of UTF-8, not blank, and not the e-mail address.
    #[schema(
        value_type = String, required, format = Password, min_length = 1,
        example = "another horse battery"
    )]
    #[serde(default)]
    new_password: Field<String>,
}

impl PasswordChange {
    /// Validates the fields and builds the request message.
    pub(crate) fn validate(
        self,
        validator: &mut Validator,
        caller: Caller,
    ) -> Option<v1::ChangePasswordRequest> {
        let current_password = validator.required("current_password", self.current_password);
        let current_password = validator.non_empty("current_password", current_password);
        let new_password = validator.required("new_password", self.new_password);
        let new_password = validator.new_password("new_password", new_password, None);
        Some(v1::ChangePasswordRequest {
            user_id: caller.user_id.to_string(),
            current_password: current_password?,
            new_password: new_password?,
            session_id: caller.session_id.to_string(),
        })
    }
}
