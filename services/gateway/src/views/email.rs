//! Verification and change of the e-mail address. The types do not implement `Debug`: they contain
//! secrets.

use proto::user::v1;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::validation::{Field, Validator};

/// A verification of an e-mail address with a mailed token.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct EmailVerification {
    /// Token of the mail, valid once, for one day.
    #[schema(value_type = String, required, example = "dGhlIHRva2VuIG9mIHRoZSBtYWls")]
    #[serde(default)]
    token: Field<String>,
}

impl EmailVerification {
    /// Validates the fields and builds the request message.
    pub(crate) fn validate(self, validator: &mut Validator) -> Option<v1::VerifyEmailRequest> {
        let token = validator.required("token", self.token);
        let token = validator.non_empty("token", token)?;
        Some(v1::VerifyEmailRequest { token })
    }
}

/// A change of the e-mail address.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct EmailChange {
    /// New e-mail address.
    #[schema(
        value_type = String, required, format = "email", max_length = 254,
        example = "ada.lovelace@example.com"
    )]
    #[serde(default)]
    email: Field<String>,
    /// Current password.
    #[schema(value_type = String, required, format = Password, example = "correct horse battery")]
    #[serde(default)]
    current_password: Field<String>,
}

impl EmailChange {
    /// Validates the fields and builds the request message.
    pub(crate) fn validate(
        self,
        validator: &mut Validator,
        caller: Caller,
    ) -> Option<v1::ChangeEmailRequest> {
        let email = validator.required("email", self.email);
        let email = validator.email("email", email);
        let current_password = validator.required("current_password", self.current_password);
        let current_password = validator.non_empty("current_password", current_password);
        Some(v1::ChangeEmailRequest {
            user_id: caller.user_id.to_string(),
            email: email?,
            current_password: current_password?,
        })
    }
}
