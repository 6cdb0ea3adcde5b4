//! Parsing of requests about the state of sessions.

use proto::user::v1 as pb;
use tonic::Status;
use wire::Fields;

use crate::domain::ids::{SessionId, UserId};

pub(super) fn verify(request: &pb::VerifySessionRequest) -> Result<(UserId, SessionId), Status> {
    let mut fields = Fields::default();
    let user = fields.id("user_id", &request.user_id);
    let session = fields.id("session_id", &request.session_id);
    fields.finish(user.zip(session))
}
