//! `/me`.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Call, CallError, GatewayClient};

/// An account.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct User {
    pub(crate) email: String,
    pub(crate) email_verified: bool,
    pub(crate) profile: Profile,
}

/// Personal details; absent ones are `""`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Profile {
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) phone: String,
}

/// Changes of the personal details.
#[derive(Serialize)]
pub(crate) struct ProfileChanges<'a> {
    pub(crate) first_name: &'a str,
    pub(crate) last_name: &'a str,
    pub(crate) phone: &'a str,
}

impl GatewayClient {
    /// Returns the account.
    pub(crate) async fn me(&self) -> Result<User, CallError> {
        self.signed_in(Call::get("/me")).await
    }

    /// Changes the personal details.
    pub(crate) async fn update_profile(
        &self,
        changes: &ProfileChanges<'_>,
    ) -> Result<(), CallError> {
        self.signed_in_unit(Call::put("/me").json(changes)).await
    }

    /// Sends the mail that verifies the e-mail address again.
    pub(crate) async fn resend_verification(&self) -> Result<(), CallError> {
        self.signed_in_unit(Call::post("/me/verify-email")).await
    }

    /// Sends a mail to a new e-mail address, whose token completes the change.
    pub(crate) async fn change_email(
        &self,
        email: &str,
        current_password: &str,
    ) -> Result<(), CallError> {
        let body = json!({"email": email, "current_password": current_password});
        self.signed_in_unit(Call::post("/me/email").json(&body)).await
    }
}
