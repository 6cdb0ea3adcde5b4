//! Requests and responses about the sessions of an account.

use proto::user::v1 as pb;
use tonic::Status;
use wire::Fields;

use crate::domain::ids::{SessionId, UserId};
use crate::domain::session::Session;

pub(super) fn end(request: &pb::EndSessionRequest) -> Result<(UserId, SessionId), Status> {
    let mut fields = Fields::default();
    let id = fields.id("id", &request.id);
    let user = fields.id("user_id", &request.user_id);
    fields.finish(user.zip(id))
}

pub(super) fn render(sessions: Vec<Session>) -> pb::ListSessionsResponse {
    pb::ListSessionsResponse { sessions: sessions.into_iter().map(session).collect() }
}

fn session(session: Session) -> pb::Session {
    let Session { id, created_at, last_used_at, expires_at } = session;
    pb::Session {
        id: id.to_string(),
        created_at: created_at.to_string(),
        last_used_at: last_used_at.to_string(),
        expires_at: expires_at.to_string(),
    }
}
