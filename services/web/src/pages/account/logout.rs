//! Sign-out.

use axum::response::Response;

use crate::page::Page;
use crate::pages::see_other;
use crate::session::FlashCode;

/// `POST /logout`. The browser is signed out even if the session cannot be ended now: it then ends
/// by itself, because its refresh token is gone.
pub(crate) async fn sign_out(page: Page) -> Response {
    let session = page.session();
    if let Some(token) = session.refresh_token()
        && let Err(error) = page.gateway().logout(&token).await
    {
        tracing::info!(%error, "session not ended at sign-out");
    }
    session.forget();
    session.flash(FlashCode::SignedOut.into());
    see_other("/")
}
