//! Signing in and out. None of these types can be printed: they hold passwords and tokens.

use proto::user::v1;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::user::{NAME_CHARS, User};
use crate::auth::Caller;
use crate::check::{Check, Field};

/// What is sent along as `Authorization`.
const TOKEN_TYPE: &str = "Bearer";

/// A signed-in session.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tokens {
    /// Goes along with each request: `Authorization: Bearer <access_token>`.
    #[schema(example = "eyJhbGciOiJFZERTQSIsImtpZCI6IjEifQ.eyJzdWIiOiIwMTk5In0.c2ln")]
    access_token: String,
    /// Good for one refresh.
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

/// An account to be made.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct Registration {
    /// The e-mail address; unique without regard to case.
    #[schema(value_type = String, required, format = "email", max_length = 254, example = "ada@example.com")]
    #[serde(default)]
    email: Field<String>,
    /// The password: 8 to 72 bytes of UTF-8, not blank, and not the e-mail address.
    #[schema(value_type = String, required, format = Password, min_length = 1, example = "correct horse battery")]
    #[serde(default)]
    password: Field<String>,
    /// Given name.
    #[schema(value_type = Option<String>, max_length = 100, example = "Ada")]
    #[serde(default)]
    first_name: Field<String>,
    /// Family name.
    #[schema(value_type = Option<String>, max_length = 100, example = "Lovelace")]
    #[serde(default)]
    last_name: Field<String>,
}

impl Registration {
    /// The message, or all that is wrong.
    pub(crate) fn read(self, check: &mut Check) -> Option<v1::RegisterRequest> {
        let email = check.required("email", self.email);
        let email = check.email("email", email);
        let password = check.required("password", self.password);
        let password = check.new_password("password", password, email.as_deref());
        let first_name = check.optional("first_name", self.first_name);
        let first_name = check.line("first_name", first_name, NAME_CHARS);
        let last_name = check.optional("last_name", self.last_name);
        let last_name = check.line("last_name", last_name, NAME_CHARS);
        Some(v1::RegisterRequest {
            email: email?,
            password: password?,
            first_name: first_name.unwrap_or_default(),
            last_name: last_name.unwrap_or_default(),
        })
    }
}

/// Who signs in.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct Credentials {
    /// The e-mail address, in any case.
    #[schema(value_type = String, required, example = "ada@example.com")]
    #[serde(default)]
    email: Field<String>,
    /// The password.
    #[schema(value_type = String, required, format = Password, example = "correct horse battery")]
    #[serde(default)]
    password: Field<String>,
}

impl Credentials {
    /// The message, or all that is wrong.
    pub(crate) fn read(self, check: &mut Check) -> Option<v1::LoginRequest> {
        let email = check.required("email", self.email);
        let email = check.filled("email", email);
        let password = check.required("password", self.password);
        let password = check.filled("password", password);
        Some(v1::LoginRequest { email: email?, password: password? })
    }
}

/// A session to go on.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct Refresh {
    /// The refresh token of the last answer.
    #[schema(value_type = String, required, example = "Zm9yIG9uZSByZWZyZXNoIG9ubHk")]
    #[serde(default)]
    refresh_token: Field<String>,
}

impl Refresh {
    /// The message, or what is wrong.
    pub(crate) fn read(self, check: &mut Check) -> Option<v1::RefreshTokenRequest> {
        let refresh_token = check.required("refresh_token", self.refresh_token);
        let refresh_token = check.filled("refresh_token", refresh_token)?;
        Some(v1::RefreshTokenRequest { refresh_token })
    }
}

/// What is to end: one session by its refresh token, or all of them.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct Logout {
    /// A refresh token of the session; needed unless `all` is true.
    #[schema(value_type = Option<String>, example = "Zm9yIG9uZSByZWZyZXNoIG9ubHk")]
    #[serde(default)]
    refresh_token: Field<String>,
    /// Whether every session of the account ends.
    #[schema(value_type = Option<bool>, default = false, example = false)]
    #[serde(default)]
    all: Field<bool>,
}

impl Logout {
    /// The message, or all that is wrong.
    pub(crate) fn read(self, check: &mut Check, caller: Caller) -> Option<v1::LogoutRequest> {
        let all = check.optional("all", self.all).unwrap_or_default();
        let refresh_token = match all {
            true => check.optional("refresh_token", self.refresh_token).unwrap_or_default(),
            false => {
                let token = check.required("refresh_token", self.refresh_token);
                check.filled("refresh_token", token)?
            }
        };
        Some(v1::LogoutRequest { refresh_token, user_id: caller.user_id.to_string(), all })
    }
}

/// Whose password is forgotten.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct ForgottenPassword {
    /// The e-mail address of the account.
    #[schema(value_type = String, required, format = "email", max_length = 254, example = "ada@example.com")]
    #[serde(default)]
    email: Field<String>,
}

impl ForgottenPassword {
    /// The message, or what is wrong.
    pub(crate) fn read(self, check: &mut Check) -> Option<v1::RequestPasswordResetRequest> {
        let email = check.required("email", self.email);
        let email = check.email("email", email)?;
        Some(v1::RequestPasswordResetRequest { email })
    }
}

/// A new password for a forgotten one.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct PasswordReset {
    /// The token of the mail, good once and for an hour.
    #[schema(value_type = String, required, example = "dGhlIHRva2VuIG9mIHRoZSBtYWls")]
    #[serde(default)]
    token: Field<String>,
    /// The new password: 8 to 72 bytes of UTF-8, not blank, and not the e-mail address.
    #[schema(value_type = String, required, format = Password, min_length = 1, example = "another horse battery")]
    #[serde(default)]
    new_password: Field<String>,
}

impl PasswordReset {
    /// The message, or all that is wrong.
    pub(crate) fn read(self, check: &mut Check) -> Option<v1::ResetPasswordRequest> {
        let token = check.required("token", self.token);
        let token = check.filled("token", token);
        let new_password = check.required("new_password", self.new_password);
        let new_password = check.new_password("new_password", new_password, None);
        Some(v1::ResetPasswordRequest { token: token?, new_password: new_password? })
    }
}

/// A new password for one that is known.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct PasswordChange {
    /// The password of now.
    #[schema(value_type = String, required, format = Password, example = "correct horse battery")]
    #[serde(default)]
    current_password: Field<String>,
    /// The new password: 8 to 72 bytes of UTF-8, not blank, and not the e-mail address.
    #[schema(value_type = String, required, format = Password, min_length = 1, example = "another horse battery")]
    #[serde(default)]
    new_password: Field<String>,
}

impl PasswordChange {
    /// The message, or all that is wrong.
    pub(crate) fn read(
        self,
        check: &mut Check,
        caller: Caller,
    ) -> Option<v1::ChangePasswordRequest> {
        let current_password = check.required("current_password", self.current_password);
        let current_password = check.filled("current_password", current_password);
        let new_password = check.required("new_password", self.new_password);
        let new_password = check.new_password("new_password", new_password, None);
        Some(v1::ChangePasswordRequest {
            user_id: caller.user_id.to_string(),
            current_password: current_password?,
            new_password: new_password?,
            session_id: caller.session_id.to_string(),
        })
    }
}
