//! `/auth`. The types do not implement `Debug`: they contain secrets.

use serde::Serialize;
use serde_json::json;

use super::{Call, CallError, GatewayClient};
use crate::api::{RefreshToken, Tokens};

/// What a customer signs in with.
#[derive(Serialize)]
pub(crate) struct Credentials<'a> {
    pub(crate) email: &'a str,
    pub(crate) password: &'a str,
}

/// A new account.
#[derive(Serialize)]
pub(crate) struct Registration<'a> {
    pub(crate) email: &'a str,
    pub(crate) password: &'a str,
    pub(crate) first_name: &'a str,
    pub(crate) last_name: &'a str,
}

impl GatewayClient {
    /// Signs a customer in.
    pub(crate) async fn login(&self, credentials: &Credentials<'_>) -> Result<Tokens, CallError> {
        self.public(Call::post("/auth/login").json(credentials)).await
    }

    /// Creates an account and signs it in.
    pub(crate) async fn register(
        &self,
        registration: &Registration<'_>,
    ) -> Result<Tokens, CallError> {
        self.public(Call::post("/auth/register").json(registration)).await
    }

    /// Ends the session of a refresh token.
    pub(crate) async fn logout(&self, token: &RefreshToken) -> Result<(), CallError> {
        let body = json!({"refresh_token": token.expose()});
        self.signed_in_unit(Call::post("/auth/logout").json(&body)).await
    }

    /// Ends all sessions of the account.
    pub(crate) async fn logout_everywhere(&self) -> Result<(), CallError> {
        self.signed_in_unit(Call::post("/auth/logout").json(&json!({"all": true}))).await
    }

    /// Sends a mail that resets the password, if the account exists.
    pub(crate) async fn forgot_password(&self, email: &str) -> Result<(), CallError> {
        let call = Call::post("/auth/password/forgot").json(&json!({"email": email}));
        self.public_unit(call).await
    }

    /// Sets a new password with the token of a mail.
    pub(crate) async fn reset_password(
        &self,
        token: &str,
        new_password: &str,
    ) -> Result<(), CallError> {
        let body = json!({"token": token, "new_password": new_password});
        self.public_unit(Call::post("/auth/password/reset").json(&body)).await
    }

    /// Changes the password.
    pub(crate) async fn change_password(
        &self,
        current_password: &str,
        new_password: &str,
    ) -> Result<(), CallError> {
        let body = json!({"current_password": current_password, "new_password": new_password});
        self.signed_in_unit(Call::post("/auth/password/change").json(&body)).await
    }

    /// Verifies an e-mail address with the token of a mail.
    pub(crate) async fn verify_email(&self, token: &str) -> Result<(), CallError> {
        self.public_unit(Call::post("/auth/verify-email").json(&json!({"token": token}))).await
    }
}
