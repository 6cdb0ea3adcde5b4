//! What customers remember.

use std::collections::HashMap;

use proto::{catalog, user};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::product::Product;
use crate::check::{Check, Field};

/// A remembered product.
#[derive(Serialize, ToSchema)]
pub(crate) struct WishlistItem {
    /// The entry.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a40")]
    id: String,
    /// The product.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a10")]
    product_id: String,
    /// When it was added.
    #[schema(format = DateTime, example = "2026-11-22T10:00:00Z")]
    added_at: String,
    /// The product as it is now; `null` when the shop no longer sells it.
    product: Option<Product>,
}

/// All that a customer remembers.
#[derive(Serialize, ToSchema)]
pub(crate) struct Wishlist {
    /// All entries, newest first.
    items: Vec<WishlistItem>,
}

impl Wishlist {
    /// The entries with what is known of their products.
    pub(crate) fn new(
        items: Vec<user::v1::WishlistItem>,
        products: Vec<catalog::v1::Product>,
    ) -> Self {
        let sold = products.into_iter().filter(|product| product.is_active);
        let mut sold: HashMap<_, _> =
            sold.map(|product| (product.id.clone(), product.into())).collect();
        let items = items.into_iter().map(|item| WishlistItem {
            id: item.id,
            // A product is on a wishlist once.
            product: sold.remove(&item.product_id),
            product_id: item.product_id,
            added_at: item.added_at,
        });
        Self { items: items.collect() }
    }
}

/// A product to be remembered.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct Wish {
    /// The product.
    #[schema(value_type = Uuid, required, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a10")]
    #[serde(default)]
    product_id: Field<String>,
}

impl Wish {
    /// The product, or what is wrong.
    pub(crate) fn read(self, check: &mut Check) -> Option<Uuid> {
        let id = check.required("product_id", self.product_id);
        check.uuid("product_id", id.as_deref())
    }
}
