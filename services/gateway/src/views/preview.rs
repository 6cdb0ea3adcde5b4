//! Previews of orders.

use proto::order::v1;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::address::NewAddress;
use super::money::Money;
use super::new_order::{CART_VERSION, Destination, ShippingOption, destination};
use super::quote::Quote;
use crate::auth::Caller;
use crate::validation::{Field, Validator};

/// A request for the prices of the caller's cart. Exactly one of `address_id` and
/// `shipping_address` must be given.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct NewPreview {
    /// Id of an address in the caller's address book.
    #[schema(value_type = Option<Uuid>)]
    #[serde(default)]
    address_id: Field<String>,
    /// Shipping address that is not in the address book.
    #[schema(value_type = Option<NewAddress>)]
    #[serde(default)]
    shipping_address: Field<NewAddress>,
    /// Shipping option from `quotes`; the cheapest if absent.
    #[schema(value_type = Option<ShippingOption>)]
    #[serde(default)]
    shipping_option: Field<ShippingOption>,
    /// Expected `version` of the cart. If the cart has changed since, it is not priced.
    #[schema(value_type = Option<i64>, minimum = 1)]
    #[serde(default)]
    cart_version: Field<i64>,
}

/// What an order of the cart costs now.
#[derive(Serialize, ToSchema)]
pub(crate) struct Preview {
    /// Version of the cart.
    #[schema(example = 1_795_341_600_000_000_i64, minimum = 1)]
    cart_version: i64,
    /// Lines, in the order of the cart.
    items: Vec<PreviewItem>,
    /// Available shipping services, cheapest first.
    quotes: Vec<Quote>,
    /// Total of the lines.
    subtotal: Money,
    /// Cost of the requested shipping option, or of the cheapest.
    shipping: Money,
    /// Tax on the subtotal.
    tax: Money,
    /// Total of subtotal, shipping and tax: what an order is charged.
    total: Money,
}

/// A line of a preview.
#[derive(Serialize, ToSchema)]
pub(crate) struct PreviewItem {
    /// Id of the product.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a10")]
    product_id: String,
    /// Name of the product.
    #[schema(example = "Laptop Backpack")]
    product_name: String,
    /// Quantity.
    #[schema(example = 2, minimum = 1)]
    quantity: i32,
    /// Unit price.
    unit_price: Money,
    /// Price of the line.
    total_price: Money,
}

impl NewPreview {
    /// Validates the fields; the message has no address yet.
    pub(crate) fn validate(
        self,
        validator: &mut Validator,
        caller: Caller,
    ) -> Option<(v1::PreviewOrderRequest, Destination)> {
        let destination = destination(validator, self.address_id, self.shipping_address);
        let option = validator.optional("shipping_option", self.shipping_option);
        let shipping_option = option.and_then(|option| option.validate(validator));
        let version = validator.optional("cart_version", self.cart_version);
        let version = validator.number("cart_version", version, CART_VERSION);
        let request = v1::PreviewOrderRequest {
            user_id: caller.user_id.to_string(),
            shipping_address: None,
            shipping_option,
            cart_version: version.unwrap_or_default(),
        };
        Some((request, destination?))
    }
}

impl From<v1::OrderPreview> for Preview {
    fn from(preview: v1::OrderPreview) -> Self {
        Self {
            cart_version: preview.cart_version,
            items: preview.items.into_iter().map(PreviewItem::from).collect(),
            quotes: preview.quotes.into_iter().map(Quote::from).collect(),
            subtotal: preview.subtotal.unwrap_or_default().into(),
            shipping: preview.shipping.unwrap_or_default().into(),
            tax: preview.tax.unwrap_or_default().into(),
            total: preview.total.unwrap_or_default().into(),
        }
    }
}

impl From<v1::OrderItem> for PreviewItem {
    fn from(item: v1::OrderItem) -> Self {
        Self {
            product_id: item.product_id,
            product_name: item.product_name,
            quantity: item.quantity,
            unit_price: item.unit_price.unwrap_or_default().into(),
            total_price: item.total_price.unwrap_or_default().into(),
        }
    }
}
