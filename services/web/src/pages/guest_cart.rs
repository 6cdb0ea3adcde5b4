//! The cart of a guest who has signed in becomes part of the customer's cart.

use crate::gateway_client::CallError;
use crate::page::Page;
use crate::session::FlashCode;

/// Merges the guest's cart of the browser, if there is one, into the cart of the customer, and
/// removes its cookie. After a failure the cookie stays, and the next sign-in or the next view of
/// the cart tries again; a repeat of a merge has no effect.
pub(crate) async fn merge_guest_cart(page: &Page) {
    let session = page.session();
    let Some(token) = session.cart_token() else { return };
    match page.gateway().merge_cart(&token).await {
        Ok(merged) => {
            session.forget_cart();
            if !merged.not_merged.is_empty() {
                session.flash(FlashCode::CartPartlyMerged.into());
            }
        }
        // The session has ended: the visitor is a guest.
        Err(CallError::SignedOut) => {}
        Err(error) => tracing::warn!(%error, "guest cart not merged; the cookie is kept"),
    }
}
