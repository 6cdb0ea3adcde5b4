//! Wishlists.

use std::collections::HashMap;

use proto::{catalog, user};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::product::Product;
use crate::validation::{Field, Validator};

/// An entry of a wishlist.
#[derive(Serialize, ToSchema)]
pub(crate) struct WishlistItem {
    /// Id of the entry.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a40")]
    id: String,
    /// Id of the product.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a10")]
    product_id: String,
    /// Time at which the product was added.
    #[schema(format = DateTime, example = "2026-11-22T10:00:00Z")]
    added_at: String,
    /// Current state of the product; `null` if it is no longer for sale.
    product: Option<Product>,
}

/// The wishlist of a customer.
#[derive(Serialize, ToSchema)]
pub(crate) struct Wishlist {
    /// Entries, newest first.
    items: Vec<WishlistItem>,
}

impl Wishlist {
    /// Combines the entries with their products.
    pub(crate) fn new(
        items: Vec<user::v1::WishlistItem>,
        products: Vec<catalog::v1::Product>,
    ) -> Self {
        let sold = products.into_iter().filter(|product| product.is_active);
        let mut sold: HashMap<_, _> =
            sold.map(|product| (product.id.clone(), product.into())).collect();
        let items = items.into_iter().map(|item| WishlistItem {
            id: item.id,
            // A product is at most once on a wishlist.
            product: sold.remove(&item.product_id),
            product_id: item.product_id,
            added_at: item.added_at,
        });
        Self { items: items.collect() }
    }
}

/// A product to add to the wishlist.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct Wish {
    /// Id of the product.
    #[schema(value_type = Uuid, required, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a10")]
    #[serde(default)]
    product_id: Field<String>,
}

impl Wish {
    /// Validates and returns the id of the product.
    pub(crate) fn validate(self, validator: &mut Validator) -> Option<Uuid> {
        let id = validator.required("product_id", self.product_id);
        validator.uuid("product_id", id.as_deref())
    }
}
