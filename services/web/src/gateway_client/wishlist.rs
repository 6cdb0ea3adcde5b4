//! `/wishlist`.

use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{Call, CallError, GatewayClient, Product};

#[derive(Deserialize)]
struct Wishlist {
    items: Vec<WishlistItem>,
}

#[derive(Deserialize)]
struct WishlistItem {
    /// Absent if the product is no longer for sale.
    product: Option<Product>,
}

impl GatewayClient {
    /// Returns the products of the wishlist that are for sale, the newest entry first.
    pub(crate) async fn wishlist(&self) -> Result<Vec<Product>, CallError> {
        let list: Wishlist = self.signed_in(Call::get("/wishlist")).await?;
        Ok(list.items.into_iter().filter_map(|item| item.product).collect())
    }

    /// Adds a product to the wishlist.
    pub(crate) async fn add_to_wishlist(&self, product: Uuid) -> Result<(), CallError> {
        let call = Call::post("/wishlist").json(&json!({"product_id": product}));
        self.signed_in_unit(call).await
    }

    /// Removes a product from the wishlist.
    pub(crate) async fn remove_from_wishlist(&self, product: Uuid) -> Result<(), CallError> {
        self.signed_in_unit(Call::delete(format!("/wishlist/{product}"))).await
    }
}
