//! `/me/sessions`.

use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::{Call, CallError, GatewayClient};

/// A sign-in on one device.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct SessionInfo {
    pub(crate) id: Uuid,
    /// Whether it is the session of this browser.
    pub(crate) current: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) last_used_at: Timestamp,
}

#[derive(Deserialize)]
struct SessionList {
    sessions: Vec<SessionInfo>,
}

impl GatewayClient {
    /// Lists the sessions of the account, newest first.
    pub(crate) async fn sessions(&self) -> Result<Vec<SessionInfo>, CallError> {
        let list: SessionList = self.signed_in(Call::get("/me/sessions")).await?;
        Ok(list.sessions)
    }

    /// Ends a session.
    pub(crate) async fn end_session(&self, id: Uuid) -> Result<(), CallError> {
        self.signed_in_unit(Call::delete(format!("/me/sessions/{id}"))).await
    }
}
