//! The layer that gives every request its session, and every response the changed cookies.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::SET_COOKIE;

use super::Session;
use crate::app::App;

/// Inserts the [`Session`] of the request into its extensions, starts the refresh that it needs,
/// and sets the cookies that changed.
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
    session.start_refresh();
    request.extensions_mut().insert(session.clone());
    let mut response = next.run(request).await;
    for cookie in session.changed_cookies() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
