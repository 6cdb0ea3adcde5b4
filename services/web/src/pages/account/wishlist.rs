//! The wishlist.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use crate::forms::SubmittedForm;
use crate::gateway_client::{CallError, Product};
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::see_other;
use crate::pages::shop::{ProductCard, category_tree::CategoryTree};
use crate::session::{FlashCode, Next};
use crate::view::{Head, View};

#[derive(Template)]
#[template(path = "account/wishlist.html")]
struct WishlistView {
    m: &'static Messages,
    entries: Vec<WishlistEntry>,
}

struct WishlistEntry {
    id: Uuid,
    card: ProductCard,
}

impl WishlistView {
    fn current(&self) -> &'static str {
        "/wishlist"
    }
}

impl View for WishlistView {
    fn head(&self) -> Head {
        Head::private(self.m.wishlist.title)
    }
}

/// A product to add.
#[derive(Deserialize)]
pub(crate) struct WishForm {
    product: Uuid,
    /// The page of the product.
    #[serde(default)]
    next: Next,
}

/// `GET /wishlist`.
pub(crate) async fn show(page: Page) -> Result<Response, PageError> {
    let gateway = page.gateway();
    let (products, categories) =
        tokio::try_join!(gateway.wishlist(), page.app().categories().get(gateway))?;
    let tree = CategoryTree::new(&categories);
    let entry = |product: &Product| WishlistEntry {
        id: product.id,
        card: ProductCard::new(product, &tree, page.format(), page.messages()),
    };
    let entries = products.iter().map(entry).collect();
    let view = WishlistView { m: page.messages(), entries };
    page.render(view).await
}

/// `POST /wishlist/items`.
pub(crate) async fn add(
    page: Page,
    SubmittedForm(form): SubmittedForm<WishForm>,
) -> Result<Response, PageError> {
    let message = match page.gateway().add_to_wishlist(form.product).await {
        Ok(()) => FlashCode::AddedToWishlist,
        Err(CallError::SignedOut) => {
            return Ok(see_other(&form.next.sign_in_url(Some("required"))));
        }
        Err(error) => match error.code() {
            "wishlist_full" => FlashCode::WishlistFull,
            "product_not_found" => FlashCode::ProductUnavailable,
            _ => return Err(error.into()),
        },
    };
    page.session().flash(message.into());
    Ok(see_other(form.next.as_str()))
}

/// `POST /wishlist/items/{product}/delete`.
pub(crate) async fn remove(page: Page, Path(product): Path<Uuid>) -> Result<Response, PageError> {
    page.gateway().remove_from_wishlist(product).await?;
    page.session().flash(FlashCode::RemovedFromWishlist.into());
    Ok(see_other("/wishlist"))
}
