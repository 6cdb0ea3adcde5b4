//! The layers of the session: every request gets its session, every response the changed cookies,
//! and the refresh of a page starts before its handler.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::SET_COOKIE;

use super::Session;
use crate::app::App;

/// Longest wait for a refresh after the response is ready. The refresh runs beside the handler, so
/// that a page is late only if the refresh takes longer than it; and a user service that hangs must
/// not stop visitors from browsing. A later result is for the next page: it is kept for as long as
/// the old token counts.
const MAX_REFRESH_WAIT: Duration = Duration::from_secs(2);

/// Inserts the [`Session`] of the request into its extensions, and sets the cookies that changed.
///
/// A refresh that the request started is awaited, whether or not the handler needed its result, and
/// whether or not it failed: the old refresh token is used up, so that a browser without its
/// successor loses the session.
pub(crate) async fn provide_session(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Response {
    let session = Session::new(
        request.headers(),
        app.cookies(),
        app.refresher().clone(),
        super::visitor(request.extensions()),
    );
    request.extensions_mut().insert(session.clone());
    let mut response = next.run(request).await;
    session.finish_refresh(MAX_REFRESH_WAIT).await;
    for cookie in session.changed_cookies() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// Starts the refresh that the session of a page or a form needs, in parallel with its handler.
pub(crate) async fn start_refresh(request: Request, next: Next) -> Response {
    if let Some(session) = request.extensions().get::<Session>() {
        session.start_refresh();
    }
    next.run(request).await
}
