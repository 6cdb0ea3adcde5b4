//! Shopping carts.

use std::ops::RangeInclusive;

use proto::cart::v1;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::money::Money;
use super::non_empty;
use crate::auth::{Caller, CartOwner};
use crate::cart_token::CartToken;
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

/// A cart after an addition.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExtendedCart {
    /// The cart.
    #[serde(flatten)]
    cart: Cart,
    /// Token of the cart, if the request created it for a guest; otherwise `null`. No other
    /// response contains it. Send it as `Cart-Token`.
    #[schema(
        example = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA",
        min_length = 43,
        max_length = 43
    )]
    cart_token: Option<String>,
}

impl ExtendedCart {
    /// Converts a cart, and the token if the cart was created.
    pub(crate) fn new(cart: v1::Cart, created: Option<CartToken>) -> Self {
        Self { cart: cart.into(), cart_token: created.map(|token| token.encode()) }
    }
}

/// A cart after the cart of a guest was merged into it.
#[derive(Serialize, ToSchema)]
pub(crate) struct MergedCart {
    /// The cart.
    #[serde(flatten)]
    cart: Cart,
    /// Lines of the guest's cart that did not fit, because a cart has at most 100 lines.
    not_merged: Vec<CartItem>,
}

impl From<v1::MergeCartResponse> for MergedCart {
    fn from(merged: v1::MergeCartResponse) -> Self {
        Self {
            cart: merged.cart.unwrap_or_default().into(),
            not_merged: merged.not_merged.into_iter().map(CartItem::from).collect(),
        }
    }
}

/// Cart of a guest to merge.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct GuestCart {
    /// Token of the guest's cart.
    #[schema(value_type = String, required, min_length = 43, max_length = 43,
        example = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA")]
    #[serde(default)]
    cart_token: Field<String>,
}

impl GuestCart {
    /// Validates the field, and builds the message for the cart of a customer.
    pub(crate) fn validate(
        self,
        validator: &mut Validator,
        caller: Caller,
    ) -> Option<v1::MergeCartRequest> {
        let token = validator.required("cart_token", self.cart_token)?;
        let token = validator.cart_token("cart_token", &token)?;
        Some(v1::MergeCartRequest {
            from_user_id: token.owner_id().to_string(),
            user_id: caller.user_id.to_string(),
        })
    }
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
        CartOwner(owner): CartOwner,
    ) -> Option<v1::AddItemRequest> {
        let product = validator.required("product_id", self.product_id);
        let product = validator.uuid("product_id", product.as_deref());
        let quantity = validator.required("quantity", self.quantity);
        let quantity = validator.number("quantity", quantity, QUANTITY);
        Some(v1::AddItemRequest {
            user_id: owner.to_string(),
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
        CartOwner(owner): CartOwner,
        id: Uuid,
    ) -> Option<v1::UpdateItemRequest> {
        let quantity = validator.required("quantity", self.quantity);
        let quantity = validator.number("quantity", quantity, QUANTITY)?;
        Some(v1::UpdateItemRequest {
            user_id: owner.to_string(),
            product_id: id.to_string(),
            quantity,
        })
    }
}
