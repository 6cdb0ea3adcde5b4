//! Verification of administrators: at each request, the user service confirms that the session is
//! active and returns the present role. A demoted or disabled administrator loses access at once,
//! not when the access token expires.

use kit::grpc::status::retry_after_of;
use kit::problem::RETRY_SHORTLY;
use proto::user::v1::VerifySessionRequest;
use tonic::Status;

use super::{Caller, Role};
use crate::app::App;
use crate::problem::{Code, Problem};

/// Returns the caller with the present role of its account.
///
/// # Errors
/// `session_ended` when the session has ended or the account is disabled; `unavailable` while the
/// user service cannot be reached.
pub(super) async fn verify(caller: Caller, app: &App) -> Result<Caller, Problem> {
    let request = VerifySessionRequest {
        user_id: caller.user_id.to_string(),
        session_id: caller.session_id.to_string(),
    };
    let session = app.user().verify_session(request).await.map_err(|s| unavailable(&s))?;
    let session = session.into_inner();
    if !session.active {
        return Err(Code::SessionEnded.problem());
    }
    let role = if session.role == "admin" { Role::Admin } else { Role::Customer };
    Ok(Caller { role, ..caller })
}

/// Without an answer, the caller may or may not be an administrator, whatever the reason is.
fn unavailable(status: &Status) -> Problem {
    tracing::warn!(code = ?status.code(), "administrator not verified");
    Code::Unavailable.problem().retry_after(retry_after_of(status).unwrap_or(RETRY_SHORTLY))
}
