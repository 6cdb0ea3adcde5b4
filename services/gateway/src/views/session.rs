//! The caller's sessions.

use proto::user::v1;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;

/// A session: a sign-in on one device, with the tokens that followed from it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Session {
    /// Id of the session.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a70")]
    id: String,
    /// Whether the access token of this request belongs to the session.
    #[schema(example = true)]
    current: bool,
    /// Time of the sign-in.
    #[schema(format = DateTime, example = "2026-11-22T10:00:00Z")]
    created_at: String,
    /// Time of the last refresh, or of the sign-in.
    #[schema(format = DateTime, example = "2026-11-22T10:15:00Z")]
    last_used_at: String,
    /// Time at which the session ends unless it is refreshed before.
    #[schema(format = DateTime, example = "2026-11-29T10:15:00Z")]
    expires_at: String,
}

/// All sessions of an account.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionList {
    /// Sessions, newest first; at most 50.
    sessions: Vec<Session>,
}

impl SessionList {
    /// Converts the sessions of the caller.
    pub(crate) fn new(message: v1::ListSessionsResponse, caller: Caller) -> Self {
        let current = caller.session_id.to_string();
        let session = |session: v1::Session| Session {
            current: session.id == current,
            id: session.id,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
        };
        Self { sessions: message.sessions.into_iter().map(session).collect() }
    }
}
