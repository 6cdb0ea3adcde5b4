//! Carts.

use std::ops::RangeInclusive;

use proto::cart::v1;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::money::Money;
use super::reference;
use crate::auth::Caller;
use crate::check::{Check, Field};

const QUANTITY: RangeInclusive<i64> = 1..=99;

/// A cart, with the prices of now.
#[derive(Serialize, ToSchema)]
pub(crate) struct Cart {
    /// The lines, in the order they were added.
    items: Vec<CartItem>,
    /// The sum of the lines that are available.
    total: Money,
    /// Grows with each change and never repeats.
    #[schema(example = 1_795_341_600_000_000_i64, minimum = 0)]
    version: i64,
    /// When the cart is dropped unless it changes before; `null` for an empty one.
    #[schema(format = DateTime, example = "2026-11-29T10:00:00Z")]
    expires_at: Option<String>,
    /// When it changed last; `null` for a cart that never was.
    #[schema(format = DateTime, example = "2026-11-22T10:00:00Z")]
    updated_at: Option<String>,
}

/// A line of a cart.
#[derive(Serialize, ToSchema)]
pub(crate) struct CartItem {
    /// The product.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a10")]
    product_id: String,
    /// Its name; `""` when the shop does not know it any more.
    #[schema(example = "Laptop Backpack")]
    product_name: String,
    /// How many.
    #[schema(example = 2, minimum = 1, maximum = 99)]
    quantity: i32,
    /// What one costs.
    unit_price: Money,
    /// What the line costs.
    total_price: Money,
    /// Its main picture; `""` when it has none.
    #[schema(example = "/static/products/laptop-backpack.svg")]
    image_url: String,
    /// Whether it can be bought now; what cannot is not counted in the total.
    #[schema(example = true)]
    available: bool,
}

impl From<v1::Cart> for Cart {
    fn from(cart: v1::Cart) -> Self {
        Self {
            items: cart.items.into_iter().map(CartItem::from).collect(),
            total: cart.total.unwrap_or_default().into(),
            version: cart.version,
            expires_at: reference(cart.expires_at),
            updated_at: reference(cart.updated_at),
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

/// Units to be put into a cart. Other keys, such as a price, are ignored: prices are the catalog's.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct NewCartItem {
    /// The product.
    #[schema(value_type = Uuid, required, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a10")]
    #[serde(default)]
    product_id: Field<String>,
    /// How many more; at most 99 in all.
    #[schema(value_type = i32, required, minimum = 1, maximum = 99, example = 2)]
    #[serde(default)]
    quantity: Field<i64>,
}

impl NewCartItem {
    /// The message, or all that is wrong.
    pub(crate) fn read(self, check: &mut Check, caller: Caller) -> Option<v1::AddItemRequest> {
        let product = check.required("product_id", self.product_id);
        let product = check.uuid("product_id", product.as_deref());
        let quantity = check.required("quantity", self.quantity);
        let quantity = check.number("quantity", quantity, QUANTITY);
        Some(v1::AddItemRequest {
            user_id: caller.user_id.to_string(),
            product_id: product?.to_string(),
            quantity: quantity?,
            ..v1::AddItemRequest::default()
        })
    }
}

/// How many there are to be of a line.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct Quantity {
    /// How many.
    #[schema(value_type = i32, required, minimum = 1, maximum = 99, example = 3)]
    #[serde(default)]
    quantity: Field<i64>,
}

impl Quantity {
    /// The message for the line of the product `id`, or what is wrong.
    pub(crate) fn read(
        self,
        check: &mut Check,
        caller: Caller,
        id: Uuid,
    ) -> Option<v1::UpdateItemRequest> {
        let quantity = check.required("quantity", self.quantity);
        let quantity = check.number("quantity", quantity, QUANTITY)?;
        Some(v1::UpdateItemRequest {
            user_id: caller.user_id.to_string(),
            product_id: id.to_string(),
            quantity,
        })
    }
}
