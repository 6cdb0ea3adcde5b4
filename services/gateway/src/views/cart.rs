//! Shopping carts.

use std::ops::RangeInclusive;

use proto::cart::v1;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::money::Money;
use super::non_empty;
use crate::auth::Caller;
use crate::validation::{Field, Validator};

const QUANTITY: RangeInclusive<i64> = 1..=99;

/// A cart with current prices.
#[derive(Serialize, ToSchema)]
pub(crate) struct Cart {
    /// Lines, in the order in which they were added.
    items: Vec<CartItem>,
    /// Total of the available lines.
    total: Money,
    /// Version of the cart; increases with each change and never repeats.
    #[schema(example = 1_795_341_600_000_000_i64, minimum = 0)]
    version: i64,
    /// Time at which an unchanged cart expires; `null` for an empty cart.
    #[schema(format = DateTime, example = "2026-11-29T10:00:00Z")]
    expires_at: Option<String>,
    /// Time of the last change; `null` for a cart that was never used.
    #[schema(format = DateTime, example = "2026-11-22T10:00:00Z")]
    updated_at: Option<String>,
}

/// A line of a cart.
#[derive(Serialize, ToSchema)]
pub(crate) struct CartItem {
    /// Id of the product.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a10")]
    product_id: String,
    /// Name of the product; `""` if the product no longer exists.
    #[schema(example = "Laptop Backpack")]
    product_name: String,
    /// Quantity.
    #[schema(example = 2, minimum = 1, maximum = 99)]
    quantity: i32,
    /// Unit price.
    unit_price: Money,
    /// Price of the line.
    total_price: Money,
    /// Main image; `""` if the product has none.
    #[schema(example = "/static/products/laptop-backpack.svg")]
    image_url: String,
    /// Whether the product is for sale; otherwise the line is excluded from the total.
    #[schema(example = true)]
    available: bool,
}

impl From<v1::Cart> for Cart {
    fn from(cart: v1::Cart) -> Self {
        Self {
            items: cart.items.into_iter().map(CartItem::from).collect(),
            total: cart.total.unwrap_or_default().into(),
            version: cart.version,
            expires_at: non_empty(cart.expires_at),
            updated_at: non_empty(cart.updated_at),
        }
    }
}

impl From<v1::CartItem> for CartItem {
    fn from(item: v1::CartItem) -> Self {
        Self {
            product_id: item.product_id,
            product_name: item.product_name,
            quantity: item.quantity,
            unit_price: item.unit_price.unwrap_or_default().into(),
            total_price: item.total_price.unwrap_or_default().into(),
            image_url: item.image_url,
            available: item.available,
        }
    }
}

/// Units to add to a cart. Other keys, such as a price, are ignored: prices come from the catalog.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct NewCartItem {
    /// Id of the product.
    #[schema(value_type = Uuid, required, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a10")]
    #[serde(default)]
    product_id: Field<String>,
    /// Units to add; at most 99 in the cart.
    #[schema(value_type = i32, required, minimum = 1, maximum = 99, example = 2)]
    #[serde(default)]
    quantity: Field<i64>,
}

impl NewCartItem {
    /// Validates the fields and builds the request message.
    pub(crate) fn validate(
        self,
        validator: &mut Validator,
        caller: Caller,
    ) -> Option<v1::AddItemRequest> {
        let product = validator.required("product_id", self.product_id);
        let product = validator.uuid("product_id", product.as_deref());
        let quantity = validator.required("quantity", self.quantity);
        let quantity = validator.number("quantity", quantity, QUANTITY);
        Some(v1::AddItemRequest {
            user_id: caller.user_id.to_string(),
            product_id: product?.to_string(),
            quantity: quantity?,
            ..v1::AddItemRequest::default()
        })
    }
}

/// New quantity of a line.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct Quantity {
    /// Quantity.
    #[schema(value_type = i32, required, minimum = 1, maximum = 99, example = 3)]
    #[serde(default)]
    quantity: Field<i64>,
}

impl Quantity {
    /// Validates the fields and builds the message for the line of the product `id`.
    pub(crate) fn validate(
        self,
        validator: &mut Validator,
        caller: Caller,
        id: Uuid,
    ) -> Option<v1::UpdateItemRequest> {
        let quantity = validator.required("quantity", self.quantity);
        let quantity = validator.number("quantity", quantity, QUANTITY)?;
        Some(v1::UpdateItemRequest {
            user_id: caller.user_id.to_string(),
            product_id: id.to_string(),
            quantity,
        })
    }
}
